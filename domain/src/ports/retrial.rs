//! The ports of retrials: where recorded prices come from, and where what came of them is kept.

use crate::ids::{Seq, SignalId};
use crate::lifecycle::Outcome;
use crate::market::{Instrument, Tick};
use crate::ports::FeedError;
use crate::ports::store::{SignalRecord, StoreError};
use crate::retrial::Seen;
use crate::time::Timestamp;

/// Recorded prices: a venue's candles, or an archive of them.
pub trait Paths: Send + Sync {
    /// Opens the path of an instrument between two instants, without asking anybody yet; none where
    /// nobody here could know it.
    fn path(
        &self,
        instrument: &Instrument,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Box<dyn Path>>;
}

/// One path of recorded prices.
#[async_trait::async_trait]
pub trait Path: Send {
    /// What comes next, in order of time: candles, and holes where nothing is known. At its end it
    /// tells that time has come so far. Nothing where nothing more is known yet, or ever.
    ///
    /// # Errors
    ///
    /// [`FeedError`]; it may be asked again as its advice says, and goes on where it was.
    async fn next(&mut self) -> Result<Vec<Tick>, FeedError>;

    /// Where its prices come from: the venue, or `archive`.
    fn source(&self) -> &str;
}

/// What came of a signal in a retrial.
#[derive(Clone, Debug, PartialEq)]
pub struct Retried {
    /// Which signal.
    pub signal: SignalId,
    /// By the rules of this version.
    pub policy: u32,
    /// How often it was tried by them with another result or path, from 1.
    pub revision: u32,
    /// When.
    pub tried: Timestamp,
    /// Where the prices came from.
    pub source: String,
    /// What was seen of them.
    pub seen: Seen,
    /// What came of it; its model is in it.
    pub outcome: Outcome,
}

/// Which retrials are asked for.
#[derive(Clone, Debug, Default)]
pub struct RetrialQuery {
    /// Of these signals.
    pub signals: Vec<SignalId>,
    /// Under this model; every one when nothing is said.
    pub model: Option<&'static str>,
    /// By the rules of this version; by each when nothing is said.
    pub policy: Option<u32>,
    /// Earlier revisions, too.
    pub all: bool,
}

/// Which judged signals are to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanting {
    /// Those that were not tried to the end by the rules of this version.
    Untried(u32),
    /// Those of which something was not known: by these rules their newest outcome is incomplete.
    Incomplete(u32),
    /// Each.
    All,
}

/// What is kept of retrials. Nothing is overwritten: other rules, or prices that tell more, make rows of
/// their own.
#[async_trait::async_trait]
pub trait Retrials: Send + Sync {
    /// Judged signals that are to be tried, in order of `seq` after `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    async fn wanting(
        &self,
        which: Wanting,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<SignalRecord>, StoreError>;

    /// Keeps what came of a signal, and says how much of it is new: what equals the newest revision of
    /// its model and rules is not kept again. Revisions are counted here, whatever the given ones say.
    /// With `done` the signal has been tried to the end by the rules of that version.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing of it is kept.
    async fn keep(
        &self,
        signal: SignalId,
        retried: &[Retried],
        done: Option<u32>,
    ) -> Result<usize, StoreError>;

    /// What is kept, by signal, model, rules and revision.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    async fn retried(&self, query: &RetrialQuery) -> Result<Vec<Retried>, StoreError>;

    /// When the last of them was kept: whoever remembers figures of them knows whether they hold.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    async fn newest(&self) -> Result<Option<Timestamp>, StoreError>;
}
