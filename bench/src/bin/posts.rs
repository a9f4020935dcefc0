//! From a post's arrival to its frame in an outbox, beside a bare commit of as many bytes.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use bench::figures::{Times, micros, per_second, ratio};
use bench::house::{self, Listener, Scene};
use bench::{bare, row, table};
use domain::ids::{ChannelId, SignalId};
use domain::time::Timestamp;
use futures_util::future::try_join_all;
use touchstone::store::Durability;

/// How many channels post at once.
const CHANNELS: usize = 8;

/// How many posts are timed one at a time, and how many by each of those at once.
const ALONE: usize = 800;
const EACH: usize = 150;

/// Posts before anything is timed.
const WARM: usize = 50;

/// A channel's posts lie so far apart that none is compared with all the others for repeats, as
/// in life: a day of a busy channel, not a second.
const APART: Duration = Duration::from_secs(20 * 60);

fn main() -> anyhow::Result<()> {
    actix::System::new().block_on(measure(&bench::folder()))
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    table(
        "Post to frame in the outbox",
        &[
            "durability",
            "channels",
            "p50 µs",
            "p99 µs",
            "posts/s",
            "bare commit p50 µs",
            "p99 µs",
            "ratio p50",
            "ratio p99",
        ],
    );
    for durability in [Durability::Full, Durability::Normal] {
        let channels = house::channels(CHANNELS)?;
        let scene = house::raise(folder, durability, &channels).await?;
        let listener = Listener::join(&scene.house, WARM + ALONE + CHANNELS * EACH).await?;

        let mut posts = Posts::default();
        posts.one_by_one(&scene, &channels[0], WARM).await?;
        posts.arrived.clear();
        let begun = Instant::now();
        posts.one_by_one(&scene, &channels[0], ALONE).await?;
        let alone = (std::mem::take(&mut posts), begun.elapsed());

        let begun = Instant::now();
        let at_once = channels.iter().map(async |channel| {
            let mut posts = Posts {
                number: WARM + ALONE,
                ..Posts::default()
            };
            posts.one_by_one(&scene, channel, EACH).await?;
            anyhow::Ok(posts)
        });
        let together = (try_join_all(at_once).await?, begun.elapsed());

        let seen = listener.seen()?;
        let bytes = seen.values().map(|(_, bytes)| *bytes).sum::<usize>() / seen.len();
        let bare = bare::commits(folder, durability, bytes, ALONE).await?;
        let bare = Times::of(bare);
        let times = |arrived: &HashMap<SignalId, Instant>| -> Vec<Duration> {
            let taken = |(signal, at): (&SignalId, &Instant)| seen[signal].0.duration_since(*at);
            arrived.iter().map(taken).collect()
        };
        let all = together
            .0
            .iter()
            .flat_map(|posts| times(&posts.arrived))
            .collect();
        let rows = [
            ("1", times(&alone.0.arrived), alone.1),
            ("8", all, together.1),
        ];
        for (name, times, spent) in rows {
            let count = times.len();
            let times = Times::of(times);
            row(&[
                format!("{durability:?}").to_lowercase(),
                name.to_owned(),
                micros(times.p50()),
                micros(times.p99()),
                per_second(count, spent),
                micros(bare.p50()),
                micros(bare.p99()),
                ratio(times.p50(), bare.p50()),
                ratio(times.p99(), bare.p99()),
            ]);
        }
        scene.house.household.stop().await;
        scene.store.close().await;
        if durability == Durability::Normal {
            println!("\nA frame has {bytes} bytes; so has the row of the bare commit.");
        }
    }
    Ok(())
}

/// Posts of one channel, and when each arrived.
#[derive(Default)]
struct Posts {
    number: usize,
    arrived: HashMap<SignalId, Instant>,
}

impl Posts {
    async fn one_by_one(
        &mut self,
        scene: &Scene,
        channel: &ChannelId,
        many: usize,
    ) -> anyhow::Result<()> {
        for _ in 0..many {
            self.number += 1;
            let entry = 40_000 + self.number;
            let received = received(self.number);
            let levels = [entry, entry + 3_000, entry - 2_000];
            let post = house::post(channel, self.number, levels, received);
            self.arrived.insert(house::signal(&post), Instant::now());
            house::bring(&scene.house, post).await?;
        }
        Ok(())
    }
}

fn received(number: usize) -> Timestamp {
    let back = APART * u32::try_from(10_000 - number).unwrap_or(0);
    house::now() - back
}
