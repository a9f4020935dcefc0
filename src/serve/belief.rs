//! Belief, wired: what is known at start, which models there are, and which markets are watched.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::floor::Followed;
use actors::scorer::Models;
use anyhow::Context as _;
use domain::market::{Instrument, MarketKind, Pair, Venue};
use domain::ports::predictions::Predictions;
use domain::ports::store::Store;
use domain::ports::{Candles, Clock};
use domain::post::Origin;

use super::world::SIMULATOR;
use crate::belief::candles::Watcher;
use crate::belief::drift::Drift;
use crate::belief::scorer::Believer;
use crate::belief::{Knowledge, Lineup, past};
use crate::config::{Channel, JudgeBy, Settings};

/// What scores signals.
pub(super) struct Belief {
    pub(super) knowledge: Arc<Knowledge>,
    pub(super) lineup: Arc<Lineup>,
    drift: Arc<Drift>,
    /// Markets that are watched from the start.
    always: Vec<Instrument>,
}

/// A venue as far as scoring goes.
struct Told {
    venue: Venue,
    kind: MarketKind,
    /// How finely it tells what judges.
    resolution: Duration,
}

impl Belief {
    /// Reads what is known, and loads the models.
    pub(super) async fn open(
        settings: &Settings,
        origin: Origin,
        store: &dyn Store,
        predictions: &dyn Predictions,
    ) -> anyhow::Result<Self> {
        let venues = venues(settings);
        let resolutions = venues
            .iter()
            .map(|told| (told.venue.clone(), told.resolution));
        let knowledge = Arc::new(Knowledge::new(resolutions.collect()));
        let known = past::signals(store).await;
        let known = known.context("could not read the signals of the past")?;
        knowledge.remember(&known);
        let drift = Arc::new(Drift::default());
        let remembered = drift.remember(&known, predictions).await;
        remembered.context("could not read what models saw of the signals of the past")?;
        let promoted = predictions.promotion(origin).await;
        let promoted = promoted.context("could not read which model speaks")?;
        let usual = match origin {
            Origin::Simulator => &settings.scoring.simulator,
            Origin::Live | Origin::Import => &settings.scoring.real,
        };
        let wanted: Vec<String> = promoted
            .map(|promotion| promotion.model)
            .into_iter()
            .chain([usual.clone()])
            .collect();
        let scoring = &settings.scoring;
        let folders = [scoring.models.clone(), scoring.trained.clone()];
        let mut always = past::markets(&known);
        always.extend(bitcoin(&venues));
        always.extend(strategies(settings, &venues));
        always.sort();
        always.dedup();
        Ok(Self {
            knowledge,
            lineup: Arc::new(Lineup::load(&folders, origin, &wanted)),
            drift,
            always,
        })
    }

    /// Who scores, anew for each thread.
    pub(super) fn models(&self) -> Models {
        let (knowledge, lineup) = (Arc::clone(&self.knowledge), Arc::clone(&self.lineup));
        let drift = Arc::clone(&self.drift);
        Arc::new(move || {
            let believer = Believer::new(
                Arc::clone(&knowledge),
                Arc::clone(&lineup),
                Arc::clone(&drift),
            );
            Box::new(believer)
        })
    }

    /// Who fills the knowledge with candles.
    pub(super) fn watcher(
        &self,
        venues: BTreeMap<Venue, Arc<dyn Candles>>,
        followed: Followed,
        clock: &Arc<dyn Clock>,
    ) -> Watcher {
        Watcher {
            knowledge: Arc::clone(&self.knowledge),
            venues,
            followed,
            always: self.always.clone(),
            clock: Arc::clone(clock),
        }
    }
}

fn venues(settings: &Settings) -> Vec<Told> {
    if settings.simulator.enabled {
        return vec![Told {
            venue: Venue::new(SIMULATOR),
            kind: MarketKind::Spot,
            resolution: Duration::ZERO,
        }];
    }
    let told = settings.venues.iter().map(|(name, venue)| Told {
        venue: Venue::new(name),
        kind: venue.kind.market(),
        resolution: match venue.judge_by {
            JudgeBy::Trades => Duration::ZERO,
            JudgeBy::Candles => Duration::from_secs(60),
        },
    });
    told.collect()
}

/// Bitcoin against a dollar, wherever it is traded: a venue that does not is asked once.
fn bitcoin(venues: &[Told]) -> impl Iterator<Item = Instrument> {
    venues.iter().flat_map(|told| {
        let pairs = ["USDT", "USD"].map(|quote| Pair::new("BTC", quote).ok());
        pairs.into_iter().flatten().map(|pair| Instrument {
            venue: told.venue.clone(),
            kind: told.kind,
            pair,
        })
    })
}

/// What strategies watch is what they will call.
fn strategies(settings: &Settings, venues: &[Told]) -> Vec<Instrument> {
    let mut watched = Vec::new();
    for (name, channel) in &settings.channels {
        let Channel::Strategy(watch) = channel else {
            continue;
        };
        let told = venues.iter().find(|told| {
            let named = watch.venue.as_deref();
            named.is_none_or(|venue| venue == told.venue.as_str())
        });
        let pairs = watch.pairs(&format!("channels.{name}")).unwrap_or_default();
        watched.extend(told.into_iter().flat_map(|told| {
            pairs.iter().map(|pair| Instrument {
                venue: told.venue.clone(),
                kind: told.kind,
                pair: pair.clone(),
            })
        }));
    }
    watched
}
