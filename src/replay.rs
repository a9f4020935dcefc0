//! The replay: recorded posts against recorded candles, through the house that `serve` raises.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix::Arbiter;
use actors::guardian::{Household, RootCause, Vigil};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use domain::event::Event;
use domain::ids::{ChannelId, Epoch};
use domain::market::Instrument;
use domain::ports::store::ChannelCard;
use domain::ports::{Encode, View};
use domain::post::Origin;
use scoring::geometry::Geometry;

use crate::platform::{self, Adapters, Posting, Terms};
use crate::store::{Options, SqliteStore};

pub mod candles;
pub mod conductor;
pub mod posts;
pub mod report;

use conductor::Conductor;
use report::Report;

/// What to replay.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Candle files, or folders of them.
    pub candles: Vec<PathBuf>,
    /// Post files.
    pub posts: Vec<PathBuf>,
    /// Only these symbols of the candle folders; empty for all.
    pub symbols: Vec<String>,
}

/// What a replay found, and how fast.
pub struct Replayed {
    /// What came of the posts; the same input gives the same bytes.
    pub report: Report,
    /// How many posts.
    pub posts: usize,
    /// How many candles.
    pub candles: usize,
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
    let posts = posts::read(&plan.posts)?;
    let mut paths = candles::read(&plan.candles)?;
    if !plan.symbols.is_empty() {
        paths.retain(|instrument, _| {
            let symbol = format!("{}{}", instrument.pair.base(), instrument.pair.quote());
            plan.symbols
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(&symbol))
        });
    }
    let instruments: BTreeSet<Instrument> = paths.keys().cloned().collect();
    if instruments.is_empty() {
        bail!("none of the candle files is of the wanted symbols");
    }
    let counted = (
        posts.values().map(Vec::len).sum(),
        paths.values().map(Vec::len).sum(),
    );
    let cards = cards(&posts);
    let begun = Instant::now();
    let store = Arc::new(
        SqliteStore::open(Options {
            epoch: Some(Epoch::new("replay")),
            ..Options::memory()
        })
        .await?,
    );
    let conductor = Conductor::new(posts, paths);

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
    };
    let venues: BTreeSet<_> = instruments.iter().map(|on| on.venue.clone()).collect();
    let adapters = Adapters {
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
        encode: Arc::new(NobodyListens),
        bus: None,
    };
    let house = platform::raise(adapters, household, terms).await?;
    tokio::select! {
        () = conductor.finished() => {}
        () = given_up.notified() => {}
    }
    house.household.stop().await;
    if let Some(cause) = trouble
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    {
        bail!("the replay could not go on: {} {}", cause.child, cause.exit);
    }
    let report = Report::of(&*store, &cards, &instruments)
        .await
        .context("could not read the results")?;
    store.close().await;
    Ok(Replayed {
        report,
        posts: counted.0,
        candles: counted.1,
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
