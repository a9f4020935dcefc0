//! The bus: where bots outside read the events without asking the platform.
//!
//! The fast path and never the truth: whatever is on it can be made again from the store.

use std::time::Duration;

use bytes::Bytes;

use super::{Advice, BoxError};
use crate::ids::{Epoch, Seq};

/// What can go wrong with a bus.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// It cannot be reached, or does not answer in time.
    #[error("it is unreachable")]
    Unreachable(#[source] BoxError),
    /// It answers, and refuses: a wrong password, no memory left, a replica that is read-only.
    #[error("it refuses")]
    Refused(#[source] BoxError),
    /// What is on it was not written by this platform.
    #[error("what is on it cannot be read: {0}")]
    Unknown(String),
}

impl BusError {
    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            // Memory is freed and passwords are mended while the platform runs.
            Self::Unreachable(_) | Self::Refused(_) => Advice::Retry,
            Self::Unknown(_) => Advice::Stop,
        }
    }
}

/// Where the log of an epoch ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The last place that was ever appended; [`Seq::ZERO`] for a log that does not exist.
    pub seq: Seq,
    /// The event there; none when it has been trimmed.
    pub event: Option<Bytes>,
}

/// What became of events that were to be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// All of them are in the log now.
    All {
        /// So many were there already: somebody else relays, too.
        already: u64,
    },
    /// None was appended, because the log ends elsewhere and a hole would come to be: it lost its
    /// data, or went back.
    Elsewhere(Seq),
}

/// A durable log for each epoch, and a bell that is heard by whoever listens at that moment.
///
/// Events are the bytes of [`super::Encode`]: JSON objects without their opening brace.
#[async_trait::async_trait]
pub trait Bus: Send + Sync {
    /// Says which epoch is told. The log of the one before it is kept for `keep` more.
    ///
    /// # Errors
    ///
    /// [`BusError`]; then it may or may not be said.
    async fn announce(&self, epoch: &Epoch, keep: Duration) -> Result<(), BusError>;

    /// Where the log of `epoch` ends.
    ///
    /// # Errors
    ///
    /// [`BusError`] when it cannot be read.
    async fn tail(&self, epoch: &Epoch) -> Result<Tail, BusError>;

    /// Appends events, in order and without a gap between them, to a log that is known to end at
    /// `after`. Those that are there already are passed over, so it is safe to ask twice and for
    /// two to ask at once.
    ///
    /// # Errors
    ///
    /// [`BusError`]; then the first of them may have been appended.
    async fn append(
        &self,
        epoch: &Epoch,
        after: Seq,
        events: &[(Seq, Bytes)],
    ) -> Result<Appended, BusError>;

    /// Takes what lies before `first` out of the log; how many events that were.
    ///
    /// # Errors
    ///
    /// [`BusError`]; then it may be asked again.
    async fn trim(&self, epoch: &Epoch, first: Seq) -> Result<u64, BusError>;

    /// Tells events to whoever listens now.
    ///
    /// # Errors
    ///
    /// [`BusError`]; then some of them may have been told.
    async fn ring(&self, epoch: &Epoch, events: &[Bytes]) -> Result<(), BusError>;
}
