//! Data sets: signals that are over, with what was known at their receipt and what came of them.
//!
//! A row is a signal that was entered, whose whole way is known, and whose levels say something.
//! Rows stand in the order of their receipt, and nothing here looks at one before its time.

use domain::ids::{ChannelId, SignalId};
use domain::lifecycle::{Ending, Outcome};
use domain::market::Instrument;
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::prelude::ToPrimitive as _;
use sha2::{Digest as _, Sha256};

use crate::features::Features;

pub mod called;
#[cfg(test)]
pub(crate) mod made;
mod split;
mod unique;
pub mod walk;

pub(crate) use split::share;
pub use split::{EMBARGO, Fold, HOLDOUT, folds, holdout, purged};
pub use unique::uniqueness;

/// What came of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was reached before the stop.
    Target,
    /// The stop came first.
    Stop,
    /// Neither came before it was over: its time was up, or its author ended it.
    Neither,
}

/// A signal that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub id: SignalId,
    /// Whose.
    pub channel: ChannelId,
    /// On what.
    pub instrument: Instrument,
    /// When it was received.
    pub received: Timestamp,
    /// When its outcome could be known.
    pub ended: Timestamp,
    /// What was known at its receipt.
    pub features: Features,
    /// What came of each target.
    pub fates: Vec<Fate>,
    /// What it earned in R, net.
    pub r: f64,
}

impl Row {
    /// The row of a signal; none where it was not entered, has no R, or its way is not wholly known.
    #[must_use]
    pub fn of(signal: &Signal, outcome: &Outcome, features: Features) -> Option<Self> {
        let result = &outcome.pessimistic;
        result.entered_at.filter(|_| !outcome.incomplete)?;
        let beyond = beyond(result.ending)?;
        let fates = (0..signal.targets.len())
            .map(|nth| {
                if nth < usize::from(result.targets) {
                    Fate::Target
                } else {
                    beyond
                }
            })
            .collect();
        Some(Self {
            id: signal.id,
            channel: signal.channel.clone(),
            instrument: signal.instrument.clone(),
            received: signal.received,
            ended: result.ended_at.max(outcome.optimistic.ended_at),
            features,
            fates,
            r: result.r?.to_f64()?,
        })
    }

    /// Was the first target reached?
    #[must_use]
    pub fn won(&self) -> bool {
        self.fates[0] == Fate::Target
    }
}

/// What came of the targets that were not reached; none where nothing was entered.
const fn beyond(ending: Ending) -> Option<Fate> {
    match ending {
        Ending::AllTargets
        | Ending::StoppedOut
        | Ending::StoppedAfterTarget(_)
        | Ending::Liquidated => Some(Fate::Stop),
        // A stop that stood elsewhere is not the published one.
        Ending::StoppedAtBreakeven
        | Ending::Trailed
        | Ending::ClosedByAuthor
        | Ending::OppositeSignal
        | Ending::ExpiredOpen => Some(Fate::Neither),
        Ending::ExpiredUnfilled
        | Ending::MissedTarget
        | Ending::CancelledByAuthor
        | Ending::Invalidated => None,
    }
}

/// Puts rows in the order of their receipt.
pub fn sort(rows: &mut [Row]) {
    rows.sort_by(|one, other| {
        (one.received, one.id.to_string()).cmp(&(other.received, other.id.to_string()))
    });
}

/// The SHA-256 of rows, in hexadecimal: which signals, what was known and what came of them.
#[must_use]
pub fn hash<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        hash.update(row.id.to_string());
        hash.update(row.received.as_micros().to_le_bytes());
        hash.update(row.ended.as_micros().to_le_bytes());
        hash.update(row.r.to_le_bytes());
        for fate in &row.fates {
            hash.update([*fate as u8]);
        }
        let features = &row.features;
        let window = features.window.fine.iter().chain(&features.window.coarse);
        let targets = features.targets.iter().flatten();
        for value in features.signal.iter().chain(targets).chain(window) {
            hash.update(value.to_le_bytes());
        }
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
