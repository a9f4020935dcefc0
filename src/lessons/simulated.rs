//! The simulator's past: months of its channels and markets in the time that it takes to reckon
//! them, judged by the same house as everything else.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use domain::ids::{ChannelId, PostKey};
use domain::market::{Candle, Instrument, MarketKind, Pair, Price, Venue};
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use scoring::so_far::COMPANY;
use simulator::{EPOCH_MS, Happened, Kind, Kline, Market, Version, history};

use super::Lessons;
use crate::http;
use crate::replay::candles::Known;
use crate::replay::progress::Progress;
use crate::replay::{self, Plan};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// So long after a post it is received, as its page is looked at.
const LATENCY: Duration = Duration::from_millis(500);

/// So many minutes of each day are listened to: its channels post as much in a minute as real ones in
/// hours, and a day is the least that signals are thought to depend on each other.
const MINUTES_A_DAY: i64 = 10;

/// Every so many days are long: they are listened to for longer than what others say counts as company,
/// and only the end is learned from. So a model sees as little company as a platform has that was just
/// started, and as much as one that has run for days; two hours take long to reckon.
const LONG_DAYS: i64 = 4;

/// So many minutes of a long day are learned from.
const MINUTES_OF_LONG_DAYS: i64 = 20;

/// The first days have no past to look back on.
const WARMING_UP: i64 = 2;

/// The signals of so many days of the simulator's time from its beginning on, as they were judged: some
/// minutes of each day, each day later in it.
///
/// # Errors
///
/// When the house cannot be kept standing.
pub async fn simulated(seed: u64, pace: f64, days: u32, plan: &Plan) -> anyhow::Result<Lessons> {
    let market = Market::new(seed);
    let days = WARMING_UP + i64::from(days);
    let end_ms = EPOCH_MS + (days + 1) * DAY_MS;
    let bar = Progress::new("making", "markets", plan.quiet);
    let mut known = BTreeMap::new();
    let symbols = market.symbols();
    for (nth, symbol) in symbols.iter().enumerate() {
        bar.at(nth as u64, symbols.len() as u64);
        let minutes = (EPOCH_MS..end_ms).step_by(60_000);
        let klines = minutes.filter_map(|open_ms| market.kline(symbol, open_ms, 1, end_ms));
        let candles = klines
            .map(|kline| candle(&kline))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let on = Instrument {
            venue: Venue::new("sim"),
            kind: MarketKind::Spot,
            pair: Pair::new(symbol.base, symbol.quote)?,
        };
        let layers = BTreeMap::from([(Duration::from_millis(MINUTE_MS.unsigned_abs()), candles)]);
        known.insert(on, Known::of(layers));
    }
    bar.finish();
    let mut posts: BTreeMap<ChannelId, Vec<Post>> = BTreeMap::new();
    let mut learned = Vec::new();
    for day in WARMING_UP..days {
        let begin_ms = EPOCH_MS + day * DAY_MS + day * 7 % 24 * 60 * MINUTE_MS;
        let (before_ms, minutes) = match day % LONG_DAYS {
            0 => (
                COMPANY.as_secs().cast_signed() * 1_000,
                MINUTES_OF_LONG_DAYS,
            ),
            _ => (0, MINUTES_A_DAY),
        };
        let from_ms = begin_ms + before_ms;
        let end_ms = from_ms + minutes * MINUTE_MS;
        learned.push(Timestamp::from_millis(from_ms)..Timestamp::from_millis(end_ms) + LATENCY);
        for version in history(&market, pace, begin_ms * 1_000, end_ms * 1_000) {
            let post = post(version)?;
            posts.entry(post.channel.clone()).or_default().push(post);
        }
    }
    for posts in posts.values_mut() {
        posts.sort_by_key(|post| post.received);
    }
    let plan = Plan {
        lessons: true,
        ..plan.clone()
    };
    let replayed = replay::judge_on(&plan, posts, known).await?;
    Ok(Lessons {
        told: replayed.told,
        paths: replayed.paths,
        learned: Some(learned),
    })
}

/// A version of a post as the platform would receive it.
fn post(version: Version) -> anyhow::Result<Post> {
    let at = Timestamp::from_micros(version.at);
    let action = match version.what {
        Happened::Posted => Action::Original,
        Happened::Edited => Action::Edited,
        Happened::Deleted => Action::Deleted,
    };
    Ok(Post {
        channel: ChannelId::parse(version.channel)?,
        key: PostKey::new(version.id.to_string()),
        action,
        author: None,
        text: match version.kind {
            Kind::Preview => version.text,
            Kind::Webhook => http::ingest::text_of(&version.text),
        },
        media: if version.photo {
            vec!["photo".to_owned()]
        } else {
            Vec::new()
        },
        reply_to: version.reply_to.map(|id| PostKey::new(id.to_string())),
        forwarded_from: None,
        posted: at,
        received: at + LATENCY,
        origin: Origin::Simulator,
    })
}

fn candle(kline: &Kline) -> anyhow::Result<Candle> {
    let price = |amount: simulator::Amount| Price::parse(&amount.padded());
    Candle {
        open_time: Timestamp::from_millis(kline.open_ms),
        span: Duration::from_millis(MINUTE_MS.unsigned_abs()),
        open: price(kline.open)?,
        high: price(kline.high)?,
        low: price(kline.low)?,
        close: price(kline.close)?,
        volume: kline
            .volume
            .padded()
            .parse::<Decimal>()
            .context("a volume is no number")?,
    }
    .checked()
    .context("the simulator made a candle that contradicts itself")
}
