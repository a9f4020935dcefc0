//! Ports that do what they should, until they are told to do something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::event::Event;
use domain::ids::{ChannelId, PostKey, Seq, SignalId};
use domain::market::{Instrument, Tick, Venue};
use domain::ports::source::Resume;
use domain::ports::store::{
    ChannelCard, ChannelRecord, Entry, OpenSignal, Receipt, SignalQuery, SignalRecord, Span, Store,
    StoreError, VersionRecord,
};
use domain::ports::{Asked, Feed, FeedError, Listed, Scorer, Tape};
use domain::score::Assessed;
use domain::signal::Signal;
use domain::time::Timestamp;
use scoring::geometry::Geometry;
use touchstone::store::SqliteStore;

/// What a port does instead of its work, so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Panic,
    Hang,
    Fail,
}

/// Faults that are still to come.
#[derive(Clone)]
pub(crate) struct Plan {
    fault: Fault,
    left: Arc<AtomicU32>,
}

impl Plan {
    pub(crate) fn new(fault: Fault, times: u32) -> Self {
        Self {
            fault,
            left: Arc::new(AtomicU32::new(times)),
        }
    }

    pub(crate) fn none() -> Self {
        Self::new(Fault::Fail, 0)
    }

    pub(crate) fn left(&self) -> u32 {
        self.left.load(Ordering::SeqCst)
    }

    pub(crate) fn forgive(&self) {
        self.left.store(0, Ordering::SeqCst);
    }

    fn next(&self) -> Option<Fault> {
        let taken = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        taken.ok().map(|_| self.fault)
    }

    async fn strike(&self) -> Result<(), StoreError> {
        match self.next() {
            None => Ok(()),
            Some(Fault::Panic) => panic!("the store port panics, as planned"),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Fail) => Err(StoreError::Unreachable("as planned".into())),
        }
    }
}

/// The real store, with faults at commits and in what a channel of a given name asks.
pub(crate) struct Faulty {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) commits: Plan,
    /// The faults after the work was done: the answer is lost.
    pub(crate) answers: Plan,
    pub(crate) reads: Plan,
    pub(crate) reads_of: ChannelId,
}

#[async_trait]
impl Store for Faulty {
    async fn commit(&self, entries: &[Entry], now: Timestamp) -> Result<Vec<Receipt>, StoreError> {
        self.commits.strike().await?;
        let receipts = self.store.commit(entries, now).await?;
        self.answers.strike().await?;
        Ok(receipts)
    }
    async fn span(&self) -> Result<Span, StoreError> {
        self.store.span().await
    }
    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        self.store.events(after, limit).await
    }
    async fn events_on(
        &self,
        on: &Instrument,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, StoreError> {
        self.store.events_on(on, after, limit).await
    }
    async fn events_of(&self, signal: SignalId) -> Result<Vec<Arc<Event>>, StoreError> {
        self.store.events_of(signal).await
    }
    async fn register(&self, card: &ChannelCard, now: Timestamp) -> Result<(), StoreError> {
        self.store.register(card, now).await
    }
    async fn channels(&self) -> Result<Vec<ChannelRecord>, StoreError> {
        self.store.channels().await
    }
    async fn resume(&self, channel: &ChannelId, posts: usize) -> Result<Resume, StoreError> {
        self.store.resume(channel, posts).await
    }
    async fn versions(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        self.store.versions(channel, post).await
    }
    async fn signals_in(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<SignalRecord>, StoreError> {
        self.store.signals_in(channel, post).await
    }
    async fn open_of(&self, channel: &ChannelId) -> Result<Vec<SignalRecord>, StoreError> {
        self.store.open_of(channel).await
    }
    async fn signals_since(
        &self,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Vec<Arc<Signal>>, StoreError> {
        if *channel == self.reads_of {
            self.reads.strike().await?;
        }
        self.store.signals_since(channel, since).await
    }
    async fn open_instruments(&self) -> Result<Vec<Instrument>, StoreError> {
        self.store.open_instruments().await
    }
    async fn open_on(&self, instrument: &Instrument) -> Result<Vec<OpenSignal>, StoreError> {
        self.store.open_on(instrument).await
    }
    async fn signals(&self, query: &SignalQuery) -> Result<Vec<SignalRecord>, StoreError> {
        self.store.signals(query).await
    }
    async fn signal(&self, id: SignalId) -> Result<Option<SignalRecord>, StoreError> {
        self.store.signal(id).await
    }
}

/// The real model, with faults.
pub(crate) struct FaultyModel(pub(crate) Plan);

impl Scorer for FaultyModel {
    fn model(&self) -> smol_str::SmolStr {
        Geometry.model()
    }

    fn score(&mut self, asked: &[Asked]) -> Vec<Option<Assessed>> {
        match self.0.next() {
            None => Geometry.score(asked),
            Some(Fault::Panic) => panic!("the model panics, as planned"),
            Some(Fault::Hang) => loop {
                std::thread::park();
            },
            Some(Fault::Fail) => asked.iter().map(|_| None).collect(),
        }
    }
}

/// A venue that lists one pair and on which nothing is traded.
pub(crate) struct Quiet(pub(crate) Venue);

struct Silence;

#[async_trait]
impl Feed for Quiet {
    fn venue(&self) -> &Venue {
        &self.0
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let instrument = Instrument::parse(&format!("{}:spot:BTC/USDT", self.0)).unwrap();
        Ok(vec![Listed {
            instrument,
            symbol: "BTCUSDT".into(),
            price: None,
        }])
    }

    fn follow(&self, _: &Instrument, _: Option<Timestamp>) -> Box<dyn Tape> {
        Box::new(Silence)
    }
}

#[async_trait]
impl Tape for Silence {
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError> {
        std::future::pending().await
    }
}
