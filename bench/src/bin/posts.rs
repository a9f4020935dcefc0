//! From a post's arrival to its frame in an outbox, beside a bare commit of as many bytes.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use bench::figures::{Times, micros, per_second, ratio};
use bench::house::{self, Listener, Scene};
use bench::medium::{Bare, Medium};
use bench::{row, table};
use domain::ids::{ChannelId, SignalId};
use domain::time::Timestamp;
use futures_util::future::try_join_all;
use touchstone::store::Durability;

/// How many channels post at once.
const CHANNELS: usize = 8;

/// How many posts are timed one at a time, and how many by each of those at once.
const ALONE: usize = 800;
const EACH: usize = 150;

/// How large the row of a bare commit is: about what a frame of these posts is.
const BYTES: usize = 680;

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
            "store",
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
    let mut media: Vec<Medium> = [Durability::Full, Durability::Normal]
        .map(|durability| Medium::File(folder.to_owned(), durability))
        .to_vec();
    media.extend(bench::server().map(Medium::Server));
    let mut frame = 0;
    for medium in media {
        let channels = house::channels(CHANNELS)?;
        let scene = house::raise(&medium, &channels).await?;
        let listener = Listener::join(&scene.house, WARM + ALONE + CHANNELS * EACH).await?;

        let mut posts = Posts::default();
        for _ in 0..WARM {
            posts.bring(&scene, &channels[0]).await?;
        }
        posts.arrived.clear();
        // Post and bare commit take turns, so that both meet the same disk and the same neighbours.
        let mut bare = Bare::open(&medium, BYTES).await?;
        let (mut bare_took, mut alone_took) = (Vec::new(), Duration::ZERO);
        for _ in 0..ALONE {
            let begun = Instant::now();
            posts.bring(&scene, &channels[0]).await?;
            alone_took += begun.elapsed();
            bare_took.push(bare.commit().await?);
        }
        let alone = posts.arrived;

        let begun = Instant::now();
        let at_once = channels.iter().map(async |channel| {
            let mut posts = Posts {
                number: WARM + ALONE,
                ..Posts::default()
            };
            for _ in 0..EACH {
                posts.bring(&scene, channel).await?;
            }
            anyhow::Ok(posts.arrived)
        });
        let together = try_join_all(at_once).await?.into_iter().flatten().collect();
        let together_took = begun.elapsed();

        let seen = listener.seen()?;
        let bytes = seen.values().map(|(_, bytes)| *bytes).sum::<usize>() / seen.len();
        let bare = Times::of(bare_took);
        let times = |arrived: HashMap<SignalId, Instant>| -> Vec<Duration> {
            let taken = |(signal, at)| seen[&signal].0.duration_since(at);
            arrived.into_iter().map(taken).collect()
        };
        let rows = [
            ("1", times(alone), alone_took),
            ("8", times(together), together_took),
        ];
        for (name, times, spent) in rows {
            let count = times.len();
            let times = Times::of(times);
            row(&[
                medium.name().to_owned(),
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
        frame = bytes;
    }
    println!("\nA frame has {frame} bytes, the row of a bare commit {BYTES}.");
    Ok(())
}

/// Posts of one channel, and when each arrived.
#[derive(Default)]
struct Posts {
    number: usize,
    arrived: HashMap<SignalId, Instant>,
}

impl Posts {
    async fn bring(&mut self, scene: &Scene, channel: &ChannelId) -> anyhow::Result<()> {
        self.number += 1;
        let entry = 40_000 + self.number;
        let levels = [entry, entry + 3_000, entry - 2_000];
        let post = house::post(channel, self.number, levels, received(self.number));
        self.arrived.insert(house::signal(&post), Instant::now());
        house::bring(&scene.house, post).await
    }
}

fn received(number: usize) -> Timestamp {
    let back = APART * u32::try_from(10_000 - number).unwrap_or(0);
    house::now() - back
}
