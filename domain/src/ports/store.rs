//! The store port: what is kept, in one order, by one writer.
//!
//! Promises, held by one contract suite for every implementation: a commit is whole or nothing;
//! `seq` has no gap and no double, also across crashes; a version of a post is stored once; the
//! cursor moves with what it produced.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::chain::{Published, Seal};
use crate::event::{Event, Happening};
use crate::ids::{ChannelId, Cursor, Epoch, PostKey, Seq, SignalId};
use crate::lifecycle::{Outcome, State, Track};
use crate::market::{Instrument, MarketKind, Pair, Side, Venue};
use crate::ports::roster::{Made, Words};
use crate::ports::source::Resume;
use crate::ports::{Advice, BoxError};
use crate::post::{Origin, Post};
use crate::reading::Reading;
use crate::score::{Assessment, Score};
use crate::signal::Signal;
use crate::time::Timestamp;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer now: locked, restarting, out of reach, the disk full.
    #[error("the store is unreachable")]
    Unreachable(#[source] BoxError),
    /// It refused this entry, and would refuse it again.
    #[error("the store refused an entry")]
    Refused(#[source] BoxError),
    /// It holds something that this program does not understand.
    #[error("a stored record cannot be understood: {0}")]
    Unknown(String),
}

impl StoreError {
    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Unreachable(_) => Advice::Retry,
            Self::Refused(_) => Advice::Skip,
            Self::Unknown(_) => Advice::Stop,
        }
    }
}

/// What is written together.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A version of a post and everything that was made of it.
    Post(Box<PostEntry>),
    /// What the market did to the signals of one instrument.
    Market(MarketEntry),
    /// A source moved on without anything new.
    Cursor(ChannelId, Cursor),
    /// A day is over, and its records are sealed.
    Seal(Box<SealEntry>),
}

/// A day's seal, with the figures that it closes in.
///
/// It is stored when it follows the last stored one, is a duplicate when its day is sealed already
/// (by another node, or before its answer was lost), and is refused otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealEntry {
    /// The seal.
    pub seal: Seal,
    /// What was published when the day was over, in order.
    pub figures: Vec<Published>,
}

/// A version of a post and everything that was made of it.
#[derive(Clone, Debug)]
pub struct PostEntry {
    /// The version.
    pub post: Post,
    /// What the parser made of it.
    pub reading: Reading,
    /// What the channel made of the reading where that needs a word: `ambiguous: 2 open trades fit`.
    pub note: Option<String>,
    /// What happened by it: signals, instructions, revisions.
    pub happenings: Vec<Happening>,
    /// What models made of its signals.
    pub assessments: Vec<Assessment>,
    /// Where the source stands after it, when it is the last of its batch.
    pub cursor: Option<Cursor>,
}

/// What the market did to the signals of one instrument.
///
/// It is stored whole when each of its tracks is one step further than the stored one, is a
/// duplicate when none of them is further, and is refused otherwise, or when something happens
/// to a signal whose track is not in it. So an entry whose answer was lost may be committed
/// again exactly as it was, and nothing doubles.
#[derive(Clone, Debug)]
pub struct MarketEntry {
    /// What happened, in order.
    pub happenings: Vec<Happening>,
    /// The tracks after it, also those to which nothing happened (a checkpoint).
    pub tracks: Vec<TrackRecord>,
}

/// A track as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackRecord {
    /// Whose track.
    pub signal: SignalId,
    /// How often it was stored, this time included: 1 for the first.
    pub step: u64,
    /// The last event about its instrument that it has taken in.
    pub heard: Seq,
    /// The track.
    pub track: Track,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Receipt {
    /// It is stored, and these are its events.
    Stored(Vec<Arc<Event>>),
    /// It is already stored: the same version of the post (only the cursor moved), the same
    /// steps of the tracks, or a seal of the same day.
    Duplicate,
}

impl Receipt {
    /// The events that came of the entry.
    #[must_use]
    pub fn events(&self) -> &[Arc<Event>] {
        match self {
            Self::Stored(events) => events,
            Self::Duplicate => &[],
        }
    }
}

/// The ends of the stream as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which history.
    pub epoch: Epoch,
    /// The oldest event still kept; one past the head when none is.
    pub first: Seq,
    /// The newest event.
    pub head: Seq,
}

/// A signal that is not over, with its track if it has been followed already.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenSignal {
    /// The signal.
    pub signal: Arc<Signal>,
    /// Its place in the stream.
    pub seq: Seq,
    /// Its track; none when it was never stepped.
    pub track: Option<TrackRecord>,
}

/// What a channel is, for those who ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelCard {
    /// Its name here.
    pub id: ChannelId,
    /// `telegram`, `webhook`, `file`, …
    pub platform: String,
    /// Its name there.
    pub title: String,
    /// Where its posts come from.
    pub origin: Origin,
}

/// What is known of a channel, counted from its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRecord {
    /// Who it is.
    pub card: ChannelCard,
    /// When it was first registered.
    pub since: Timestamp,
    /// How many posts.
    pub posts: u64,
    /// How many of them were changed later.
    pub edited: u64,
    /// How many of them were deleted.
    pub deleted: u64,
    /// How many posts of each class, by what their first version was read as.
    pub classes: BTreeMap<String, u64>,
    /// How many signals.
    pub signals: u64,
    /// How many of them are judged.
    pub judged: u64,
    /// When its last post was received.
    pub last_post: Option<Timestamp>,
    /// How it was made, where it was made while the platform ran.
    pub made: Option<Made>,
    /// What its owner says of it.
    pub words: Option<Words>,
}

/// A signal with everything that is known of it at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalRecord {
    /// The signal.
    pub signal: Arc<Signal>,
    /// Its place in the stream.
    pub seq: Seq,
    /// What the scorer said at receipt.
    pub score: Option<Score>,
    /// Where it stands.
    pub state: State,
    /// R net in the pessimistic bound, once it is over there.
    pub outcome: Option<Outcome>,
    /// The author changed its post later.
    pub edited: bool,
    /// The author deleted its post later.
    pub deleted: bool,
}

/// Which signals are asked for. Empty lists and `None` mean all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalQuery {
    /// These, by their names; all where there are none.
    pub ids: Vec<SignalId>,
    /// Of these channels.
    pub channels: Vec<ChannelId>,
    /// On these pairs.
    pub pairs: Vec<Pair>,
    /// On this side.
    pub side: Option<Side>,
    /// Judged in this market of a venue.
    pub market: Option<(Venue, MarketKind)>,
    /// Of this origin.
    pub origin: Option<Origin>,
    /// In one of these states, by their labels ([`State::LABELS`]).
    pub states: Vec<&'static str>,
    /// Received at this instant or later.
    pub received_from: Option<Timestamp>,
    /// Received before this instant.
    pub received_before: Option<Timestamp>,
    /// Still open, or over.
    pub open: Option<bool>,
    /// With at least this probability of the first target.
    pub min_score: Option<Decimal>,
    /// Older than this one (they come newest first).
    pub before: Option<Seq>,
    /// At most so many.
    pub limit: usize,
}

/// A stored version of a post with what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRecord {
    /// Counted from 1.
    pub version: u32,
    /// The version.
    pub post: Post,
    /// `signal`, `claim`, `quarantined`, …
    pub class: String,
    /// Why, where the class needs a reason.
    pub reason: Option<String>,
    /// Which parser said so.
    pub parser: String,
}

/// Everything that is kept.
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    /// Stores the entries in one transaction, in order, and gives each of their happenings its
    /// place. `now` becomes the events' `stored`. Their channels must be registered.
    ///
    /// A version of a post is a duplicate when it equals the newest stored one; when it is the
    /// very arrival (`received`) of an older one, committed again; or when a source tells the
    /// original again after its edits. An edit back to an earlier text is a version of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing of it is stored. [`StoreError::Refused`] does not say which
    /// entry was to blame: commit them one by one to find out.
    async fn commit(&self, entries: &[Entry], now: Timestamp) -> Result<Vec<Receipt>, StoreError>;

    /// The ends of the stream.
    async fn span(&self) -> Result<Span, StoreError>;

    /// Up to `limit` events after `after`, in order.
    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<Arc<Event>>, StoreError>;

    /// Every event about an instrument's signals after `after`, in order, up to `limit`.
    async fn events_on(
        &self,
        instrument: &Instrument,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, StoreError>;

    /// Every event of one signal, in order.
    async fn events_of(&self, signal: SignalId) -> Result<Vec<Arc<Event>>, StoreError>;

    /// Makes a channel known, or refreshes its card.
    async fn register(&self, card: &ChannelCard, now: Timestamp) -> Result<(), StoreError>;

    /// All channels with what is known of them, by name.
    async fn channels(&self) -> Result<Vec<ChannelRecord>, StoreError>;

    /// From where a channel's source goes on; at most `posts` recent ones.
    async fn resume(&self, channel: &ChannelId, posts: usize) -> Result<Resume, StoreError>;

    /// Every stored version of a post, oldest first.
    async fn versions(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<VersionRecord>, StoreError>;

    /// The signals that were read from a post, in its order.
    async fn signals_in(
        &self,
        channel: &ChannelId,
        post: &PostKey,
    ) -> Result<Vec<SignalRecord>, StoreError>;

    /// A channel's signals that are not over in the pessimistic bound, oldest first.
    async fn open_of(&self, channel: &ChannelId) -> Result<Vec<SignalRecord>, StoreError>;

    /// A channel's signals received at or after an instant, oldest first.
    async fn signals_since(
        &self,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Vec<Arc<Signal>>, StoreError>;

    /// The instruments that have signals which are not judged yet.
    async fn open_instruments(&self) -> Result<Vec<Instrument>, StoreError>;

    /// An instrument's signals that are not judged yet, in order of `seq`.
    async fn open_on(&self, instrument: &Instrument) -> Result<Vec<OpenSignal>, StoreError>;

    /// Signals, newest first.
    async fn signals(&self, query: &SignalQuery) -> Result<Vec<SignalRecord>, StoreError>;

    /// One signal.
    async fn signal(&self, id: SignalId) -> Result<Option<SignalRecord>, StoreError>;
}
