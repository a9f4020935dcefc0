//! One posted signal through the live scorer: the question to its actor and on to its thread, what is known
//! made into features, its text among it, what models say of it, and the answer back.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::guardian::{Household, Vigil};
use actors::scorer::{Ask, Models, Scorer};
use actors::supervise::{Child, Door, Manners, Place};
use anyhow::{Context as _, ensure};
use bench::figures::{Times, micros, ratio};
use bench::{row, table};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Candle, Instrument, Price, Side};
use domain::parse::{self, Assets};
use domain::ports::{Asked, Scorer as _};
use domain::post::{Action, Origin, Post};
use domain::reading::{Entry, Meaning, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use futures_util::future::join_all;
use rust_decimal::Decimal;
use scoring::geometry::Geometry;
use touchstone::belief::scorer::Believer;
use touchstone::belief::{Knowledge, Lineup};
use touchstone::clock::WallClock;

/// Markets of which the last ten days are known, minute by minute.
const MARKETS: i64 = 20;

const MINUTES: i64 = 10 * 24 * 60;

/// Signals that are asked about.
const TIMES: i64 = 5_000;

#[actix::main]
async fn main() -> anyhow::Result<()> {
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
    let asked: Vec<Asked> = (0..TIMES).map(posted).collect::<anyhow::Result<_>>()?;
    table(
        "One posted signal, with 20 markets known for ten days",
        &["who scores", "at once", "p50 µs", "p99 µs", "ratio p50"],
    );
    let house = Household::found(Arc::new(WallClock), Arc::new(|_| {}), Vigil::default());
    let geometry: Models = Arc::new(|| Box::new(Geometry));
    let geometry = raised(&house, "geometry", geometry).await;
    let bare = times(&geometry, &asked, 1).await?;
    let lineup = Arc::new(Lineup::load(&[folder], Origin::Simulator, &[speaks]));
    let tried = lineup.cast().tried.len();
    let believer =
        move || Believer::new(Arc::clone(&knowledge), Arc::clone(&lineup), Arc::default());
    let name = believer().model().to_string();
    let believer: Models = Arc::new(move || Box::new(believer()));
    let believer = raised(&house, "scorer", believer).await;
    for (who, at_once, times) in [
        ("geometry alone".to_owned(), 1, bare.clone()),
        (
            format!("{name}, {tried} tried beside it"),
            1,
            times(&believer, &asked, 1).await?,
        ),
        (
            format!("{name}, {tried} tried beside it"),
            64,
            times(&believer, &asked, 64).await?,
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
        "\nFrom the question at the scorer's door to the answer. Features are made for each signal anew; with 64 at \
         once the time is of all together."
    );
    Ok(())
}

/// The scorer as it is in the house, with these models.
async fn raised(house: &Household, name: &'static str, models: Models) -> Door<Scorer> {
    let abandoned = Arc::default();
    let factory = move || Scorer::new(Arc::clone(&models), Arc::clone(&abandoned));
    let (door, child) = Child::new("scorer", name, Place::Own, Manners::default(), factory);
    house.raise(child).await;
    door
}

async fn times(scorer: &Door<Scorer>, asked: &[Asked], at_once: usize) -> anyhow::Result<Times> {
    // The first ones find nothing in the caches.
    for asked in asked.chunks(at_once).take(20) {
        ask(scorer, asked).await?;
    }
    let mut times = Vec::with_capacity(asked.len() / at_once);
    for asked in asked.chunks_exact(at_once) {
        times.push(ask(scorer, asked).await?);
    }
    Ok(Times::of(times))
}

/// How long it takes until all of them have their score.
async fn ask(scorer: &Door<Scorer>, asked: &[Asked]) -> anyhow::Result<Duration> {
    let questions: Vec<Ask> = asked.iter().cloned().map(Ask).collect();
    let begun = Instant::now();
    let answers = join_all(questions.into_iter().map(|question| scorer.ask(question))).await;
    let took = begun.elapsed();
    for answer in answers {
        ensure!(answer?.is_some(), "a signal went out unscored");
    }
    Ok(took)
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

/// A signal with the post that it was read from.
fn posted(nth: i64) -> anyhow::Result<Asked> {
    let signal = signal(nth)?;
    let targets = signal.targets.iter().enumerate();
    let targets: String = targets
        .map(|(nth, target)| format!("🎯 Target {}: {}\n", nth + 1, target.price.get()))
        .collect();
    let (Some(now), Some(stop)) = (signal.price_at_receipt, signal.stop) else {
        anyhow::bail!("a signal of the bench has a price and a stop");
    };
    // Whatever is called: bitcoin at a hundred dollars would be held back, and rightly.
    let text = format!(
        "🚀🔥 #SOL/USDT LONG 🔥🚀\n\nEntry: {}\n{targets}🛑 Stop loss: {}\n\nHuge breakout incoming, don't miss this one! \
         Risk 1-2 % of your capital, signal number {nth} of this month for our VIP members.",
        now.get(),
        stop.get(),
    );
    let context = parse::Context {
        assets: Assets::bundled(),
    };
    let Meaning::Signals(mut drafts) = parse::read(&text, false, context).meaning else {
        anyhow::bail!("the post of the bench is no signal: {text}");
    };
    let post = Post {
        channel: signal.channel.clone(),
        key: signal.post.clone(),
        action: Action::Original,
        author: None,
        text,
        media: vec!["photo".to_owned()],
        reply_to: None,
        forwarded_from: None,
        posted: signal.posted,
        received: signal.received,
        origin: signal.origin,
    };
    Ok(Asked {
        signal: Arc::new(signal),
        post: Some(Arc::new(post)),
        draft: Some(Arc::new(drafts.remove(0))),
    })
}
