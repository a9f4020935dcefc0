//! Ticks a second through a real market with a thousand open signals, beside the bare loop.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bench::figures::{per_second, ratio};
use bench::house::{self, Run, Scene};
use bench::medium::Medium;
use bench::{row, table};
use domain::execution::ExecutionModel;
use domain::lifecycle::Track;
use domain::market::{Price, Tick, Trade};
use rust_decimal::Decimal;
use tokio::sync::oneshot;
use touchstone::store::Durability;

const SIGNALS: usize = 1_000;
const CHANNELS: usize = 20;
const TICKS: usize = 20_000;

/// Where all enter, and where the first target lies; the others lie one dollar above each other.
const ENTRY: i64 = 50_000;
const FIRST: i64 = 52_000;

fn main() -> anyhow::Result<()> {
    actix::System::new().block_on(measure(&bench::folder()))
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    table(
        "Ticks a second through a market with 1,000 open signals",
        &[
            "ticks that hit",
            "ticks in a batch",
            "ticks/s",
            "µs a tick",
            "bare loop ticks/s",
            "ratio of times",
        ],
    );
    for hit_every in [None, Some(100)] {
        for at_once in [1, 64] {
            let (market, bare) = one(folder, hit_every, at_once).await?;
            row(&[
                hit_every.map_or("none", |_| "1 %").to_owned(),
                at_once.to_string(),
                per_second(TICKS, market),
                format!("{:.1}", micros_a_tick(market)),
                per_second(TICKS, bare),
                ratio(market, bare),
            ]);
        }
    }
    println!("\nEach hit is stored (durability full) before the next batch is taken.");
    Ok(())
}

fn micros_a_tick(spent: Duration) -> f64 {
    spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(TICKS).unwrap_or(u32::MAX))
}

/// A house with its signals entered, then the ticks; and the same ticks over bare tracks.
async fn one(
    folder: &Path,
    hit_every: Option<usize>,
    at_once: usize,
) -> anyhow::Result<(Duration, Duration)> {
    let channels = house::channels(CHANNELS)?;
    let scene = house::raise(
        &Medium::File(folder.to_owned(), Durability::Full),
        &channels,
    )
    .await?;
    for number in 0..SIGNALS {
        let channel = &channels[number % CHANNELS];
        let levels = [ENTRY, FIRST + i64::try_from(number)?, 45_000];
        let levels =
            [levels[0], levels[1], levels[2]].map(|level| usize::try_from(level).unwrap_or(0));
        let post = house::post(channel, number, levels, house::now());
        house::bring(&scene.house, post).await?;
    }
    let open = scene.store.port().open_on(&house::instrument()?).await?;
    let mut tracks: Vec<_> = open
        .iter()
        .map(|open| Track::open(&open.signal, &ExecutionModel::DEFAULT))
        .collect();
    anyhow::ensure!(tracks.len() == SIGNALS, "{} are open", tracks.len());

    let (entering, ticks) = tape(hit_every)?;
    let mut out = Vec::new();
    for tick in &entering {
        tracks
            .iter_mut()
            .for_each(|track| track.step(tick, &mut out));
    }
    anyhow::ensure!(out.len() >= SIGNALS, "only {} have entered", out.len());
    let entered = out.len();
    let begun = Instant::now();
    for tick in &ticks {
        for track in &mut tracks {
            black_box(track).step(black_box(tick), &mut out);
        }
    }
    let bare = begun.elapsed();
    let hits = hit_every.map_or(0, |every| TICKS / every);
    let changed = out.len() - entered;
    anyhow::ensure!(
        (hits == 0) == (changed == 0) && changed >= hits,
        "{changed} changes by {hits} hits"
    );

    play(&scene, entering, 1).await?;
    let market = play(&scene, ticks, at_once).await?;
    let left = scene
        .store
        .port()
        .open_on(&house::instrument()?)
        .await?
        .len();
    anyhow::ensure!(left == SIGNALS - hits, "{left} are left open");
    scene.house.household.stop().await;
    scene.store.close().await;
    Ok((market, bare))
}

async fn play(scene: &Scene, ticks: Vec<Tick>, at_once: usize) -> anyhow::Result<Duration> {
    let (done, told) = oneshot::channel();
    let run = Run {
        ticks,
        at_once,
        done,
    };
    scene.runs.send(run).await.ok().context("no market")?;
    Ok(told.await?)
}

/// The ticks by which all enter, and those that are timed: a walk among the levels of none, which
/// touches the next target as often as is asked.
fn tape(hit_every: Option<usize>) -> anyhow::Result<(Vec<Tick>, Vec<Tick>)> {
    let begin = house::now() + Duration::from_secs(1);
    let trade = |nth: usize, cents: i64| -> anyhow::Result<Tick> {
        let later = Duration::from_millis(u64::try_from(nth)?);
        Ok(Tick::Trade(Trade {
            id: u64::try_from(nth)? + 1,
            at: begin + later,
            price: Price::new(Decimal::new(cents, 2))?,
        }))
    };
    let entering = vec![trade(0, (ENTRY + 1) * 100)?, trade(1, (ENTRY - 10) * 100)?];
    let mut random: u64 = 7;
    let mut next = FIRST;
    let ticks = (0..TICKS).map(|nth| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let wander = i64::try_from((random >> 33) % 100_000)?;
        let cents = match hit_every {
            Some(every) if nth % every == every - 1 => {
                // Half a dollar above it: the pessimistic bound fills only what is traded through.
                next += 1;
                (next - 1) * 100 + 50
            }
            _ => (ENTRY + 500) * 100 + wander,
        };
        trade(nth + 2, cents)
    });
    Ok((entering, ticks.collect::<anyhow::Result<_>>()?))
}
