//! The scrutiny port: what holds a channel against its own words, and against what others said.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::ids::{ChannelId, PostKey, SignalId};
use crate::market::Pair;
use crate::ports::store::StoreError;
use crate::post::{Origin, Post};
use crate::reading::Draft;
use crate::time::Timestamp;

/// A version of a post that reports a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRecord {
    /// Its place among the claims: the post's number, and the version.
    pub place: (u64, u32),
    /// The version.
    pub post: Arc<Post>,
    /// The pair it speaks of, where it names one.
    pub pair: Option<Pair>,
    /// The profit or loss in percent that it claims, where it names one.
    pub percent: Option<Decimal>,
}

/// Which claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimQuery {
    /// Of this channel.
    pub channel: ChannelId,
    /// Of this origin.
    pub origin: Origin,
    /// Received at this instant or later.
    pub received_from: Option<Timestamp>,
    /// Received before this instant.
    pub received_before: Timestamp,
    /// Behind this place (they come oldest post first).
    pub after: Option<(u64, u32)>,
    /// At most so many.
    pub limit: usize,
}

/// The same levels, said in another channel at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The signal that was asked about.
    pub of: SignalId,
    /// The other one.
    pub other: SignalId,
    /// Whose it is.
    pub channel: ChannelId,
    /// When it was received.
    pub received: Timestamp,
}

/// What holds a channel against its own words, and against what others said.
#[async_trait::async_trait]
pub trait Scrutiny: Send + Sync {
    /// A channel's claims, oldest post first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, StoreError>;

    /// What was read, literally, in each version of a post, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn drafts(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<Vec<Draft>>, StoreError>;

    /// Signals of other channels and the same origin with the same pair, side, published entry, stop
    /// and first target as one of these; a signal without a stop has none. In no particular order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn twins(&self, of: &[SignalId]) -> Result<Vec<Twin>, StoreError>;
}
