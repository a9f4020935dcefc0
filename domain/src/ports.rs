//! Ports: everything the rooms need of the world, and what each promises.
//!
//! Adapters implement these and know no actor; actors ask them and know no adapter. Each error
//! says what its reader can do next ([`Advice`]).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use smol_str::SmolStr;

use crate::event::Event;
use crate::market::{Candle, Instrument, Interval, Mark, Price, Tick, Venue};
use crate::post::Post;
use crate::reading::Draft;
use crate::score::Assessed;
use crate::signal::Signal;
use crate::time::Timestamp;

pub mod accounts;
pub mod bus;
pub mod chain;
pub mod mail;
pub mod nodes;
pub mod predictions;
pub mod retrial;
pub mod review;
pub mod roster;
pub mod scrutiny;
pub mod source;
pub mod store;
pub mod tally;
pub mod till;

/// Anything that went wrong further down.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the reader of an error can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    /// Ask the same again, later.
    Retry,
    /// Leave this one out and go on with the next.
    Skip,
    /// Asking again cannot help: a person must look.
    Stop,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Stop => "stop",
        })
    }
}

/// Where the time comes from: the wall, or whoever replays a year in a minute.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// An instrument that a venue lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The instrument.
    pub instrument: Instrument,
    /// What the venue calls it: `BTCUSDT`.
    pub symbol: SmolStr,
    /// Its last price when the list was made; good enough to notice a decimal slip, no more.
    pub price: Option<Price>,
}

/// What can go wrong with a venue.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The venue does not trade it.
    #[error("{0} is not listed")]
    Unlisted(Instrument),
    /// The venue cannot be reached, or asked for patience.
    #[error("the venue {venue} is unreachable")]
    Unreachable {
        /// Which venue.
        venue: Venue,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The venue said something that cannot be read.
    #[error("the venue {venue} sent what cannot be read")]
    Unreadable {
        /// Which venue.
        venue: Venue,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl FeedError {
    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Unlisted(_) => Advice::Stop,
            Self::Unreachable { .. } => Advice::Retry,
            Self::Unreadable { .. } => Advice::Skip,
        }
    }
}

/// A venue's prices.
#[async_trait::async_trait]
pub trait Feed: Send + Sync {
    /// Which venue.
    fn venue(&self) -> &Venue;

    /// What it lists now.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer.
    async fn listing(&self) -> Result<Vec<Listed>, FeedError>;

    /// Opens the price path of an instrument, at once and without waiting for the venue: trouble
    /// on the way is the tape's to tell. With `since` the path begins there (what was traded
    /// meanwhile is fetched first), without it at the present.
    fn follow(&self, instrument: &Instrument, since: Option<Timestamp>) -> Box<dyn Tape>;

    /// How an instrument's prices arrive at this moment. A feed that cannot tell says nothing.
    fn state(&self, _instrument: &Instrument) -> FeedState {
        FeedState::default()
    }
}

/// How an instrument's prices arrive at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedState {
    /// Every trade arrives as it happens; if not, it is being connected, or nobody listens.
    pub live: bool,
    /// The last mark price, where the venue has one.
    pub mark: Option<Mark>,
}

/// A venue's candles, for whoever looks back. No live signal is judged by them.
#[async_trait::async_trait]
pub trait Candles: Send + Sync {
    /// Finished candles that begin from `from` and before `to`, in order and each once: those that
    /// the venue has.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer or does not know the instrument.
    async fn candles(
        &self,
        instrument: &Instrument,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, FeedError>;

    /// Whether a candle is left out where nothing was traded, so that a gap between two is a quiet
    /// time and hides nothing.
    fn omits_quiet(&self) -> bool {
        false
    }
}

/// One instrument's price path.
#[async_trait::async_trait]
pub trait Tape: Send {
    /// Waits for what comes next, in order of time, nothing twice. Asking again says that
    /// everything handed out before has been dealt with. `None`: the path has ended.
    ///
    /// Cancel safe: whoever stops waiting loses nothing.
    ///
    /// A reconnect is the tape's own business: it fetches what was missed, and where that is not
    /// to be had it says [`Tick::Hole`].
    ///
    /// # Errors
    ///
    /// [`FeedError`], after which it may be asked again as its advice says.
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError>;
}

/// A model that says how much signals deserve belief. It runs on a thread of its own and may
/// compute as long as it likes; its patience is the caller's.
pub trait Scorer: Send {
    /// Which model, `geometry/2`.
    fn model(&self) -> SmolStr;

    /// What is made of each signal, in order; none where the model cannot speak of it.
    fn score(&mut self, asked: &[Asked]) -> Vec<Option<Assessed>>;

    /// What is left to do for those that were asked about, when they have their answers.
    fn answered(&mut self) {}
}

/// A signal of which somebody asks what it is worth, and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The signal.
    pub signal: Arc<Signal>,
    /// The post that it was read from; none where somebody only asks what such a trade would score.
    pub post: Option<Arc<Post>>,
    /// What was read there.
    pub draft: Option<Arc<Draft>>,
}

impl Asked {
    /// A signal that no post called.
    #[must_use]
    pub const fn of(signal: Arc<Signal>) -> Self {
        Self {
            signal,
            post: None,
            draft: None,
        }
    }
}

/// Hears what was stored, at once and in order, before anybody is shown it.
pub trait Witness: Send + Sync {
    /// These events are stored.
    fn heard(&self, events: &[Arc<Event>]);
}

/// Where nobody needs to hear it.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Witness for Nobody {
    fn heard(&self, _: &[Arc<Event>]) {}
}

/// What a class of listeners may see of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Everything.
    Scored,
    /// Everything but scores.
    Plain,
}

/// Makes the bytes of an event that every listener of one class shares.
pub trait Encode: Send + Sync {
    /// The event as a JSON object without its opening brace, so that what belongs to one listener
    /// can stand before it.
    fn encode(&self, event: &Event, view: View) -> Bytes;
}
