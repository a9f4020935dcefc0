//! The replay: recorded posts against recorded candles, through the house that `serve` raises.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix::Arbiter;
use actors::guardian::{Household, RootCause, Vigil};
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use domain::event::Event;
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, Epoch, Seq};
use domain::market::Instrument;
use domain::ports::store::{ChannelCard, Store as _};
use domain::ports::{Encode, Nobody, View};
use domain::post::Origin;
use domain::time::Timestamp;
use scoring::dataset::walk::Told;
use scoring::geometry::Geometry;

use crate::lessons::records;
use crate::platform::{self, Adapters, Posting, Terms};
use crate::store::{Options, SqliteStore};

pub mod candles;
pub mod conductor;
mod files;
pub mod posts;
pub mod progress;
pub mod report;
pub mod strategies;
pub mod table;

use conductor::Conductor;
use progress::Progress;
use report::Report;

/// What to replay.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Which candles.
    pub candles: candles::Wanted,
    /// Which posts.
    pub posts: posts::Wanted,
    /// Which strategies call besides, from these candles.
    pub strategies: strategies::Wanted,
    /// How a follower trades.
    pub model: ExecutionModel,
    /// No bar shows on standard error how far it has come.
    pub quiet: bool,
    /// The events are wanted, too, and not what they add up to alone.
    pub events: bool,
    /// What is on record of each signal is wanted, too, and the candles: to learn from.
    pub lessons: bool,
}

/// What a replay found, and how fast.
pub struct Replayed {
    /// What came of the posts; the same input gives the same bytes.
    pub report: Report,
    /// What happened, in order; nothing where it is not wanted.
    pub events: Vec<Arc<Event>>,
    /// What is on record of each signal; nothing where it is not wanted.
    pub told: Vec<Told>,
    /// The candles; nothing where they are not wanted.
    pub paths: BTreeMap<Instrument, candles::PricePath>,
    /// How many posts.
    pub posts: usize,
    /// How many candles, and holes between them.
    pub candles: usize,
    /// How many bytes they took.
    pub candle_bytes: usize,
    /// How long it took, reading the files left out, in seconds.
    pub seconds: f64,
}

/// A replay has no sessions, so nothing is ever put into bytes.
struct NobodyListens;

impl Encode for NobodyListens {
    fn encode(&self, _: &Event, _: View) -> Bytes {
        Bytes::new()
    }
}

/// Replays, and reports.
///
/// # Errors
///
/// When a file cannot be read, or the house cannot be kept standing.
pub async fn run(plan: &Plan) -> anyhow::Result<Replayed> {
    let posts = match plan.posts.files.is_empty() && !plan.strategies.is_empty() {
        true => BTreeMap::new(),
        false => posts::read(&plan.posts)?,
    };
    judge(plan, posts).await
}

/// Replays these posts of channels instead of those that the plan names, each in order of time.
///
/// # Errors
///
/// As [`run`].
pub async fn judge(
    plan: &Plan,
    mut posts: BTreeMap<ChannelId, Vec<domain::post::Post>>,
) -> anyhow::Result<Replayed> {
    let reading = Progress::new("reading", "files of candles", plan.quiet);
    let known = candles::read(&plan.candles, |done, total| reading.at(done, total))?;
    reading.finish();
    for (channel, called) in strategies::posts(&plan.strategies, &known)? {
        ensure!(
            posts.insert(channel.clone(), called).is_none(),
            "the channel {channel} is among the posts, and a strategy's name, too"
        );
    }
    judge_on(plan, posts, known).await
}

/// Replays these posts against these candles.
///
/// # Errors
///
/// When the house cannot be kept standing.
pub async fn judge_on(
    plan: &Plan,
    posts: BTreeMap<ChannelId, Vec<domain::post::Post>>,
    known: BTreeMap<Instrument, candles::Known>,
) -> anyhow::Result<Replayed> {
    let mut coverage = BTreeMap::new();
    let mut paths = BTreeMap::new();
    for (instrument, known) in known {
        coverage.insert(instrument.clone(), known.coverage);
        paths.insert(instrument, known.path);
    }
    let counted = posts.values().map(Vec::len).sum::<usize>();
    let candles = paths.values().map(candles::PricePath::len).sum::<usize>();
    let candle_bytes = paths.values().map(candles::PricePath::bytes).sum();
    let kept = if plan.lessons {
        paths.clone()
    } else {
        BTreeMap::new()
    };
    let instruments: BTreeSet<Instrument> = paths.keys().cloned().collect();
    let cards = cards(&posts);
    let begun = Instant::now();
    let store = Arc::new(
        SqliteStore::open(Options {
            epoch: Some(Epoch::new("replay")),
            ..Options::memory()
        })
        .await?,
    );
    let last = posts.values().filter_map(|posts| posts.last());
    let ends = coverage.values().map(|known| known.to);
    let end = last.map(|post| post.received).chain(ends).max();
    let playing = Progress::new("judging", "days", plan.quiet);
    let moving = playing.clone();
    let conductor = Conductor::new(posts, paths, move |begin, now| {
        let days = |from: Timestamp, to: Timestamp| to.since(from).as_secs() / 86_400;
        moving.at(days(begin, now), days(begin, end.unwrap_or(now)));
    });

    let trouble: Arc<Mutex<Option<RootCause>>> = Arc::default();
    let heard = Arc::clone(&trouble);
    let given_up = Arc::new(tokio::sync::Notify::new());
    let giving_up = Arc::clone(&given_up);
    let escalate = Arc::new(move |cause| {
        heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(cause);
        giving_up.notify_one();
    });
    let household = Household::found(Arc::new(conductor.clone()), escalate, Vigil::default());
    // One thread for the whole house: see the conductor.
    let here = Arbiter::current();
    let terms = Terms {
        channels: here.clone(),
        markets: here.clone(),
        records: here,
        patient: true,
        model: plan.model.clone(),
    };
    let venues: BTreeSet<_> = instruments.iter().map(|on| on.venue.clone()).collect();
    let adapters = Adapters {
        chain: None,
        store: Arc::clone(&store) as _,
        clock: Arc::new(conductor.clone()),
        feeds: venues
            .into_iter()
            .map(|venue| conductor.feed(venue))
            .collect(),
        channels: cards
            .iter()
            .map(|card| Posting {
                card: card.clone(),
                source: Some(conductor.source(&card.id)),
            })
            .collect(),
        models: Arc::new(|| Box::new(Geometry)),
        witness: Arc::new(Nobody),
        encode: Arc::new(NobodyListens),
        bus: None,
        retrials: None,
    };
    let house = platform::raise(adapters, household, terms).await?;
    tokio::select! {
        () = conductor.finished() => {}
        () = given_up.notified() => {}
    }
    playing.finish();
    house.household.stop().await;
    if let Some(cause) = trouble
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    {
        bail!("the replay could not go on: {} {}", cause.child, cause.exit);
    }
    let report = Report::of(&*store, &cards, &coverage, plan.model.name)
        .await
        .context("could not read the results")?;
    let events = if plan.events {
        store.events(Seq::ZERO, usize::MAX).await?
    } else {
        Vec::new()
    };
    let told = if plan.lessons {
        records::told(&*store).await?
    } else {
        Vec::new()
    };
    store.close().await;
    Ok(Replayed {
        report,
        events,
        told,
        paths: kept,
        posts: counted,
        candles,
        candle_bytes,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn cards(posts: &BTreeMap<ChannelId, Vec<domain::post::Post>>) -> Vec<ChannelCard> {
    posts
        .keys()
        .map(|id| ChannelCard {
            id: id.clone(),
            platform: "file".to_owned(),
            title: id.to_string(),
            origin: Origin::Import,
        })
        .collect()
}
