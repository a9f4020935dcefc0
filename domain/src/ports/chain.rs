//! The chain port: what is hashed, and what the next seal would say.
//!
//! It takes records as they were stored and writes down their hashes; only the ledger stores the seal.

use super::store::{SealEntry, StoreError};
use crate::chain::{Day, Published, Seal};
use crate::ids::Seq;
use crate::time::Timestamp;

/// How far the records are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// How many were hashed now.
    pub records: u64,
    /// Every record up to this place is hashed; none while there are more.
    pub until: Option<Seq>,
}

/// A seal as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealRecord {
    /// The seal.
    pub seal: Seal,
    /// Its place in the stream.
    pub seq: Seq,
}

/// What is kept, as a chain.
#[async_trait::async_trait]
pub trait Chain: Send + Sync {
    /// Hashes some of the records that are not hashed yet, `most` of each kind. What is hashed once
    /// keeps its hash. May be asked by several at once.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then some of them may be hashed.
    async fn gather(&self, most: usize) -> Result<Gathered, StoreError>;

    /// The seal of the first day that is over at `now` and not sealed, over the records up to
    /// `until`, which must be hashed; none when every day is sealed, or nothing was ever stored.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store does not answer.
    async fn due(&self, until: Seq, now: Timestamp) -> Result<Option<SealEntry>, StoreError>;

    /// The seals of days before `before`, newest first, up to `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store does not answer.
    async fn seals(&self, before: Option<Day>, limit: usize)
    -> Result<Vec<SealRecord>, StoreError>;

    /// What was published when a day was over, in the order in which it is hashed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store does not answer.
    async fn published(&self, day: Day) -> Result<Vec<Published>, StoreError>;
}
