//! A trial: one judged signal on its way through a recorded path, under several models at once.

use std::sync::Arc;
use std::time::Duration;

use domain::execution::ExecutionModel;
use domain::ids::Seq;
use domain::lifecycle::POLICY;
use domain::market::Tick;
use domain::ports::FeedError;
use domain::ports::retrial::{Path, Paths, Retried};
use domain::ports::store::{SignalQuery, SignalRecord, Store, StoreError};
use domain::retrial::{Forgotten, Retrial, Said, said};
use domain::signal::Signal;
use domain::time::Timestamp;

/// The most calls to the other side that are read: the first that meets a position ends it.
const TURNS: usize = 1_000;

/// Nobody follows later than this.
const LATEST: Duration = Duration::from_secs(86_400);

/// One signal that is tried again.
pub struct Trial {
    signal: Arc<Signal>,
    retrial: Retrial,
    path: Box<dyn Path>,
    ends_by: Timestamp,
    /// How many models had come to an end when it was last asked.
    told: usize,
    ticks: u64,
}

/// How far a trial came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every model knows what came of it.
    Over,
    /// There is more to see; ask again.
    More,
    /// Nothing more is known yet.
    Waits,
}

/// Why a signal cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum Untriable {
    /// The store does not say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What its author said later is not known.
    #[error(transparent)]
    Forgotten(#[from] Forgotten),
    /// Nobody here knows prices of its market.
    #[error("nobody here knows prices of {0}")]
    Unknown(String),
}

/// What the author said of a signal later, as it is stored.
///
/// # Errors
///
/// [`Untriable`] when the store does not answer, or does not have it any more.
pub async fn words(store: &dyn Store, signal: &Signal) -> Result<Vec<Said>, Untriable> {
    let events = store.events_of(signal.id).await?;
    let instrument = &signal.instrument;
    let query = SignalQuery {
        channels: vec![signal.channel.clone()],
        pairs: vec![instrument.pair.clone()],
        market: Some((instrument.venue.clone(), instrument.kind)),
        side: Some(signal.side.opposite()),
        received_from: Some(signal.received),
        received_before: Some(Retrial::ends_by(signal, &ExecutionModel::ALL) + LATEST),
        limit: TURNS,
        ..SignalQuery::default()
    };
    let turns = store.signals(&query).await?;
    let turns: Vec<(Seq, Arc<Signal>)> = turns
        .into_iter()
        .map(|record| (record.seq, record.signal))
        .collect();
    Ok(said(signal, &events, &turns)?)
}

impl Trial {
    /// Begins one.
    ///
    /// # Errors
    ///
    /// [`Untriable`].
    pub async fn open(
        store: &dyn Store,
        paths: &dyn Paths,
        record: &SignalRecord,
        models: &[ExecutionModel],
    ) -> Result<Self, Untriable> {
        let signal = Arc::clone(&record.signal);
        let ends_by = Retrial::ends_by(&signal, models);
        let path = paths
            .path(&signal.instrument, signal.received, ends_by)
            .ok_or_else(|| Untriable::Unknown(signal.instrument.to_string()))?;
        let said = words(store, &signal).await?;
        Ok(Self {
            retrial: Retrial::new(&signal, models, said),
            signal,
            path,
            ends_by,
            told: 0,
            ticks: 0,
        })
    }

    /// Takes the next piece of the path.
    ///
    /// # Errors
    ///
    /// [`FeedError`]; asked again it goes on where it was.
    pub async fn go_on(&mut self) -> Result<Step, FeedError> {
        if self.retrial.is_over() {
            return Ok(Step::Over);
        }
        let ticks = self.path.next().await?;
        if ticks.is_empty() {
            return Ok(Step::Waits);
        }
        for tick in &ticks {
            if self.retrial.is_over() {
                break;
            }
            if matches!(tick, Tick::Candle(_) | Tick::Trade(_)) {
                self.ticks += 1;
            }
            self.retrial.step(tick);
        }
        Ok(if self.retrial.is_over() {
            Step::Over
        } else {
            Step::More
        })
    }

    /// How many candles and trades it has seen.
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.ticks
    }

    /// By when it is over, whatever the market does.
    #[must_use]
    pub const fn ends_by(&self) -> Timestamp {
        self.ends_by
    }

    /// What came of it so far.
    #[must_use]
    pub fn retried(&self, now: Timestamp) -> Vec<Retried> {
        let verdicts = self.retrial.verdicts().flatten();
        verdicts
            .map(|verdict| Retried {
                signal: self.signal.id,
                policy: POLICY,
                revision: 1,
                tried: now,
                source: self.path.source().to_owned(),
                seen: verdict.seen,
                outcome: verdict.outcome.clone(),
            })
            .collect()
    }

    /// What came of it so far, if that is more than when it was last asked.
    #[must_use]
    pub fn news(&mut self, now: Timestamp) -> Option<Vec<Retried>> {
        let known = self.retrial.verdicts().flatten().count();
        let more = known > self.told;
        self.told = known;
        more.then(|| self.retried(now))
    }
}
