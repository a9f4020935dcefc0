//! Lessons: the records and candles that models are trained and measured on.
//!
//! They come from posts that are replayed against candles, from strategies on the same candles, from
//! the store, or from the simulator's history. However they come, [`Lessons::rows`] goes through
//! them as the live path would have.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::execution::ExecutionModel;
use domain::ids::ChannelId;
use domain::market::{Instrument, Interval};
use domain::ports::store::Store;
use domain::strategy::Strategy;
use domain::time::Timestamp;
use scoring::dataset::Row;
use scoring::dataset::called::{Caller, called};
use scoring::dataset::walk::{self, Told};
use scoring::registry::TrainedOn;

use crate::belief::lineup::world;
use crate::replay::candles::{self, PricePath};
use crate::replay::progress::Progress;
use crate::replay::{self, Plan};

pub mod kept;
pub mod records;
mod simulated;

pub use simulated::simulated;

/// What models are trained and measured on.
#[derive(Default)]
pub struct Lessons {
    /// What is on record of each signal.
    pub told: Vec<Told>,
    /// The candles of its instruments, and of others.
    pub paths: BTreeMap<Instrument, PricePath>,
    /// When whatever is learned from was received; all of it where this is none. The rest is only what
    /// was known by then.
    pub learned: Option<Vec<Range<Timestamp>>>,
}

/// On which candles strategies call.
pub const INTERVALS: [Interval; 3] = [Interval::Minute, Interval::FiveMinutes, Interval::Quarter];

impl Lessons {
    /// Posts that are replayed against candles.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the house cannot be kept standing.
    pub async fn replayed(plan: &Plan) -> anyhow::Result<Self> {
        let plan = Plan {
            lessons: true,
            ..plan.clone()
        };
        let replayed = replay::run(&plan).await?;
        Ok(Self {
            told: replayed.told,
            paths: replayed.paths,
            learned: None,
        })
    }

    /// Candles alone; nobody has called anything yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn of_candles(wanted: &candles::Wanted, quiet: bool) -> anyhow::Result<Self> {
        let reading = Progress::new("reading", "files of candles", quiet);
        let known = candles::read(wanted, |done, total| reading.at(done, total))?;
        reading.finish();
        Ok(Self {
            told: Vec::new(),
            paths: known
                .into_iter()
                .map(|(on, known)| (on, known.path))
                .collect(),
            learned: None,
        })
    }

    /// What is stored of every channel whose signals are of one world, beside these candles.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn add_stored(&mut self, store: &dyn Store, of: TrainedOn) -> anyhow::Result<()> {
        let told = records::told(store).await?.into_iter();
        self.told
            .extend(told.filter(|told| world(told.signal.origin) == of));
        Ok(())
    }

    /// Lets every strategy call on every instrument and length of candles, each in a channel of its
    /// own (`breakout.15m`).
    pub fn add_strategies(&mut self, model: &ExecutionModel, quiet: bool) -> anyhow::Result<()> {
        let callers = callers()?;
        let bar = Progress::new("calling", "instruments", quiet);
        for (nth, (on, path)) in self.paths.iter().enumerate() {
            bar.at(nth as u64, self.paths.len() as u64);
            self.told
                .extend(called(on, path.clone().ticks(), &callers, model));
        }
        bar.finish();
        Ok(())
    }

    /// The rows, as the live path would have seen each signal.
    #[must_use]
    pub fn rows(self) -> Vec<Row> {
        let paths = self.paths.into_iter();
        let paths = paths.map(|(on, path)| (on, Box::new(path.ticks()) as walk::Path<'static>));
        let mut rows = walk::rows(&self.told, paths.collect());
        if let Some(learned) = self.learned {
            rows.retain(|row| learned.iter().any(|during| during.contains(&row.received)));
        }
        rows
    }
}

/// Every strategy on every length of candles.
fn callers() -> anyhow::Result<Vec<Caller>> {
    let named = Strategy::NAMES.into_iter();
    let strategies = named.filter_map(|name| Some((name, Strategy::named(name)?)));
    let mut callers = Vec::new();
    for (name, strategy) in strategies {
        for interval in INTERVALS {
            callers.push(Caller {
                channel: ChannelId::parse(&format!("{name}.{}", interval.label()))?,
                strategy: strategy.clone(),
                interval,
            });
        }
    }
    Ok(callers)
}

/// The origin for which a model of these may score.
#[must_use]
pub const fn scored(trained_on: TrainedOn) -> domain::post::Origin {
    match trained_on {
        TrainedOn::Real => domain::post::Origin::Live,
        TrainedOn::Simulator => domain::post::Origin::Simulator,
    }
}
