//! One signal through the live scorer: what is known, made into features, and what models say of it.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bench::figures::{Times, micros, ratio};
use bench::{row, table};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Candle, Instrument, Price, Side};
use domain::ports::{Asked, Scorer};
use domain::post::Origin;
use domain::reading::{Entry, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use scoring::geometry::Geometry;
use touchstone::belief::scorer::Believer;
use touchstone::belief::{Knowledge, Lineup};

/// Markets of which the last ten days are known, minute by minute.
const MARKETS: i64 = 20;

const MINUTES: i64 = 10 * 24 * 60;

/// Signals that are asked about.
const TIMES: i64 = 5_000;

fn main() -> anyhow::Result<()> {
    let mut given = std::env::args().skip(1);
    let folder = PathBuf::from(given.next().unwrap_or_else(|| "models".to_owned()));
    let speaks = given.next().unwrap_or_else(|| "simulator".to_owned());
    let knowledge = Arc::new(Knowledge::new(BTreeMap::new()));
    for market in 0..MARKETS {
        let candles: Vec<Candle> = (0..MINUTES)
            .map(|minute| candle(market, minute))
            .collect::<anyhow::Result<_>>()?;
        knowledge.learn(&instrument(market)?, &candles);
    }
    let asked: Vec<Asked> = (0..TIMES)
        .map(|nth| Ok(Asked::of(Arc::new(signal(nth)?))))
        .collect::<anyhow::Result<_>>()?;
    table(
        "One signal, with 20 markets known for ten days",
        &["who scores", "at once", "p50 µs", "p99 µs", "ratio p50"],
    );
    let bare = times(&mut Geometry, &asked, 1);
    let lineup = Arc::new(Lineup::load(&[folder], Origin::Simulator, &[speaks]));
    let mut believer = Believer::new(knowledge, Arc::clone(&lineup), Arc::default());
    let name = believer.model().to_string();
    let tried = lineup.cast().tried.len();
    for (who, at_once, times) in [
        ("geometry alone".to_owned(), 1, bare.clone()),
        (
            format!("{name}, {tried} tried beside it"),
            1,
            times(&mut believer, &asked, 1),
        ),
        (
            format!("{name}, {tried} tried beside it"),
            64,
            times(&mut believer, &asked, 64),
        ),
    ] {
        row(&[
            who,
            at_once.to_string(),
            micros(times.p50()),
            micros(times.p99()),
            ratio(times.p50(), bare.p50()),
        ]);
    }
    println!(
        "\nFeatures are made for each signal anew; with 64 at once the time is of all together."
    );
    Ok(())
}

fn times(scorer: &mut dyn Scorer, asked: &[Asked], at_once: usize) -> Times {
    // The first ones find nothing in the caches.
    for asked in asked.chunks(at_once).take(20) {
        black_box(scorer.score(asked));
    }
    let time = |asked: &[Asked]| -> Duration {
        let begun = Instant::now();
        black_box(scorer.score(black_box(asked)));
        begun.elapsed()
    };
    Times::of(asked.chunks_exact(at_once).map(time).collect())
}

fn instrument(market: i64) -> anyhow::Result<Instrument> {
    let base = ["BTC", "ETH", "SOL", "ADA"]
        .get(usize::try_from(market)?)
        .map_or_else(|| format!("C{market}"), ToString::to_string);
    Ok(Instrument::parse(&format!("sim:spot:{base}/USDT"))?)
}

/// A price that wanders around 100.
fn price(market: i64, minute: i64) -> i64 {
    let wander = (minute * 7_919 + market * 104_729) % 1_009 - 504;
    1_000_000 + wander * 10 + (minute / 60 * 31 + market) % 97 * 20
}

fn candle(market: i64, minute: i64) -> anyhow::Result<Candle> {
    let number = |units: i64| Price::new(Decimal::new(units, 4));
    let (open, close) = (price(market, minute), price(market, minute + 1));
    Ok(Candle {
        open_time: Timestamp::from_micros(minute * 60_000_000),
        span: Duration::from_secs(60),
        open: number(open)?,
        high: number(open.max(close) + 900)?,
        low: number(open.min(close) - 900)?,
        close: number(close)?,
        volume: Decimal::from(1 + minute % 17),
    })
}

fn signal(nth: i64) -> anyhow::Result<Signal> {
    let channel = ChannelId::parse("bench")?;
    let post = PostKey::new(nth.to_string());
    let market = nth % MARKETS;
    let entry = price(market, MINUTES);
    let level = |percent: i64| Price::new(Decimal::new(entry + entry / 100 * percent, 4));
    let received = Timestamp::from_micros(MINUTES * 60_000_000 + nth);
    Ok(Signal {
        id: SignalId::of(&channel, &post, 0),
        channel,
        post,
        origin: Origin::Simulator,
        instrument: instrument(market)?,
        substituted: false,
        side: Side::Long,
        entry: Entry::Market(None),
        targets: [2, 4, 6]
            .into_iter()
            .map(|percent| {
                Ok(Target {
                    price: level(percent)?,
                    weight: None,
                })
            })
            .collect::<anyhow::Result<_>>()
            .context("a level is no price")?,
        stop: Some(level(-2)?),
        leverage: None,
        breakeven_after: None,
        posted: received,
        received,
        expires_at: received,
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: Some(level(0)?),
        ambiguous: false,
    })
}
