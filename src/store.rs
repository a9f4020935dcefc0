//! What is kept, behind the store port.
//!
//! The statements and the mapping between rows and the domain are written once, over what a
//! [`database::Database`] offers; [`sqlite`] is the one that needs no server. Prices and other exact
//! numbers are kept as text, times as microseconds, enums as their labels.

use std::sync::Arc;

use domain::event::Event;
use domain::ids::{ChannelId, Epoch, PostKey, Seq, SignalId};
use domain::market::Instrument;
use domain::ports::retrial::{RetrialQuery, Retrials, Retried, Wanting};
use domain::ports::review::{Review, ReviewId, ReviewQuery, Reviewable, Reviews};
use domain::ports::scrutiny::{ClaimQuery, ClaimRecord, Scrutiny, Twin};
use domain::ports::source::Resume;
use domain::ports::store::{
    ChannelCard, ChannelRecord, Entry, OpenSignal, Receipt, SignalQuery, SignalRecord, Span, Store,
    StoreError, VersionRecord,
};
use domain::post::Post;
use domain::reading::Draft;
use domain::signal::Signal;
use domain::time::Timestamp;

mod accounts;
pub mod chain;
mod columns;
pub mod copy;
pub mod database;
mod forget;
mod nodes;
mod place;
pub mod postgres;
mod predictions;
mod read;
mod reread;
mod roster;
mod shape;
pub mod sqlite;
mod steps;
mod tally;
mod write;

use self::database::Database;
pub use self::forget::Forgotten;
pub use self::place::{Cause, Connections, Kept, Opened};
pub use self::postgres::PgStore;
use self::read::{channels, posts, retrials, reviews, scrutiny, signals, stream};
pub use self::reread::Read;
pub use self::sqlite::{
    BackupError, Durability, Held, Options, Place, Progress, SqliteStore, Staged, backup,
};
pub use self::steps::Pending;

/// The store over a database.
#[derive(Debug)]
pub struct SqlStore<D> {
    database: D,
}

impl<D: Database> SqlStore<D> {
    /// Names the history anew, after the record went back: what was told under the old epoch and
    /// is lost must not be mistaken for what will have its numbers.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then the old epoch holds.
    pub async fn begin_epoch(&self, epoch: &Epoch) -> Result<(), StoreError> {
        write::begin_epoch(&self.database, epoch).await
    }

    /// Every version of every post of a channel, in the order in which they were received: what a
    /// replay of the channel needs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn history(&self, channel: &ChannelId) -> Result<Vec<Post>, StoreError> {
        posts::history(&self.database, channel).await
    }
}

#[async_trait::async_trait]
impl<D: Database> Store for SqlStore<D> {
    async fn commit(&self, entries: &[Entry], now: Timestamp) -> Result<Vec<Receipt>, StoreError> {
        write::commit(&self.database, entries, now).await
    }

    async fn span(&self) -> Result<Span, StoreError> {
        stream::span(&self.database).await
    }

    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        stream::events(&self.database, after, limit).await
    }

    async fn events_on(
        &self,
        instrument: &Instrument,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, StoreError> {
        stream::events_on(&self.database, instrument, after, limit).await
    }

    async fn events_of(&self, signal: SignalId) -> Result<Vec<Arc<Event>>, StoreError> {
        stream::events_of(&self.database, signal).await
    }

    async fn register(&self, card: &ChannelCard, now: Timestamp) -> Result<(), StoreError> {
        channels::register(&self.database, card, now).await
    }

    async fn channels(&self) -> Result<Vec<ChannelRecord>, StoreError> {
        channels::channels(&self.database).await
    }

    async fn resume(&self, channel: &ChannelId, posts: usize) -> Result<Resume, StoreError> {
        channels::resume(&self.database, channel, posts).await
    }

    async fn versions(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        posts::versions(&self.database, channel, post).await
    }

    async fn signals_in(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<SignalRecord>, StoreError> {
        signals::in_post(&self.database, channel, post).await
    }

    async fn open_of(&self, channel: &ChannelId) -> Result<Vec<SignalRecord>, StoreError> {
        signals::open_of(&self.database, channel).await
    }

    async fn signals_since(
        &self,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Vec<Arc<Signal>>, StoreError> {
        signals::since(&self.database, channel, since).await
    }

    async fn open_instruments(&self) -> Result<Vec<Instrument>, StoreError> {
        signals::open_instruments(&self.database).await
    }

    async fn open_on(&self, instrument: &Instrument) -> Result<Vec<OpenSignal>, StoreError> {
        signals::open_on(&self.database, instrument).await
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Vec<SignalRecord>, StoreError> {
        signals::matching(&self.database, query).await
    }

    async fn signal(&self, id: SignalId) -> Result<Option<SignalRecord>, StoreError> {
        signals::one(&self.database, id).await
    }
}

#[async_trait::async_trait]
impl<D: Database> Scrutiny for SqlStore<D> {
    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, StoreError> {
        scrutiny::claims(&self.database, query).await
    }

    async fn drafts(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<Vec<Draft>>, StoreError> {
        scrutiny::drafts(&self.database, channel, post).await
    }

    async fn twins(&self, of: &[SignalId]) -> Result<Vec<Twin>, StoreError> {
        scrutiny::twins(&self.database, of).await
    }
}

#[async_trait::async_trait]
impl<D: Database> Retrials for SqlStore<D> {
    async fn wanting(
        &self,
        which: Wanting,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<SignalRecord>, StoreError> {
        signals::wanting(&self.database, which, after, limit).await
    }

    async fn keep(
        &self,
        signal: SignalId,
        retried: &[Retried],
        done: Option<u32>,
    ) -> Result<usize, StoreError> {
        retrials::keep(&self.database, signal, retried, done).await
    }

    async fn retried(&self, query: &RetrialQuery) -> Result<Vec<Retried>, StoreError> {
        retrials::matching(&self.database, query).await
    }

    async fn newest(&self) -> Result<Option<Timestamp>, StoreError> {
        retrials::newest(&self.database).await
    }
}

#[async_trait::async_trait]
impl<D: Database> Reviews for SqlStore<D> {
    async fn readings(&self, query: &ReviewQuery) -> Result<Vec<Reviewable>, StoreError> {
        reviews::readings(&self.database, query).await
    }

    async fn reading(&self, id: ReviewId) -> Result<Option<Reviewable>, StoreError> {
        reviews::reading(&self.database, id).await
    }

    async fn review(&self, id: ReviewId, review: &Review) -> Result<bool, StoreError> {
        reviews::review(&self.database, id, review).await
    }
}
