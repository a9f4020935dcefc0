//! The predictions port: what models said before anybody could know, and which of them speaks.

use smol_str::SmolStr;

use super::store::StoreError;
use crate::ids::SignalId;
use crate::post::Origin;
use crate::score::{Score, Seen};
use crate::signal::HELD_AT_MOST;
use crate::time::Timestamp;

/// What a model said of a signal that was entered and is over, with its whole way known.
#[derive(Clone, Debug, PartialEq)]
pub struct Fulfilled {
    /// Of which signal.
    pub signal: SignalId,
    /// When the signal was received.
    pub received: Timestamp,
    /// When it was entered.
    pub entered: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
    /// When its time is up: by then it had to be over, however the market went.
    pub due: Timestamp,
    /// P(first target before the stop), as it was said.
    pub first: f64,
    /// What was expected of it in R.
    pub expected_r: Option<f64>,
    /// The first target was reached.
    pub won: bool,
    /// What it earned in R, net.
    pub r: Option<f64>,
}

/// Until when an entry must have been valid for the signal's time to be up by now: what was entered at the
/// last moment has been held for the longest time since.
#[must_use]
pub fn settled(now: Timestamp) -> Timestamp {
    now - HELD_AT_MOST
}

/// How much a model has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Which model, `NAME/VERSION`.
    pub model: SmolStr,
    /// Of how many signals.
    pub said: u64,
    /// For how many of them it spoke; of the others it was only tried.
    pub spoke: u64,
}

/// Which model speaks for signals of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its folder's name.
    pub model: String,
    /// Since when.
    pub at: Timestamp,
    /// By what it won.
    pub why: String,
}

/// What models said, and which of them speaks.
#[async_trait::async_trait]
pub trait Predictions: Send + Sync {
    /// How much each model has said, by name.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn spoken(&self) -> Result<Vec<Spoken>, StoreError>;

    /// What a model said of signals of an origin that are over and whose entry was valid until `until` at
    /// the longest, newest first. Of the newest signals those are over first that ended fast, so whoever
    /// compares leaves out those that could still go on: see [`settled`].
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn fulfilled(
        &self,
        model: &str,
        origin: Origin,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Fulfilled>, StoreError>;

    /// Of how many signals of an origin, whose entry was valid until after the one instant and until the
    /// other at the longest, it is known both what models saw of them, by features of this schema, and
    /// what came of their entry.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn taught(
        &self,
        origin: Origin,
        schema: &str,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError>;

    /// What models saw of a signal.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn seen(&self, signal: SignalId) -> Result<Option<Seen>, StoreError>;

    /// What models said of a signal that were only tried, by name.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn tried(&self, signal: SignalId) -> Result<Vec<Score>, StoreError>;

    /// The last promotion for an origin.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn promotion(&self, origin: Origin) -> Result<Option<Promotion>, StoreError>;

    /// Keeps a promotion; those before it stay.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then the one before holds.
    async fn promote(&self, origin: Origin, promotion: &Promotion) -> Result<(), StoreError>;
}
