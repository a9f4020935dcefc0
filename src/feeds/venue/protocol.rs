//! What a venue's own language must be able to say, for the connection and the tapes to use it.

use async_trait::async_trait;
use smol_str::SmolStr;
use url::Url;

use domain::market::{Candle, Instrument, Interval, Mark, MarketKind, Pair, Price, Trade};
use domain::ports::{BoxError, FeedError, Listed};
use domain::time::Timestamp;

/// What is asked for over the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feeds) enum Wish {
    Subscribe,
    Unsubscribe,
}

/// A frame, as far as anybody cares.
#[derive(Debug)]
pub(in crate::feeds) struct Frame {
    /// Its kind in the venue's words, for counting.
    pub kind: &'static str,
    /// When the venue sent it, by its own clock; none where it does not say.
    pub sent: Option<Timestamp>,
    /// Its place among the frames of this connection, where the venue numbers them.
    pub sequence: Option<u64>,
    /// What it says.
    pub said: Vec<Said>,
}

impl Frame {
    /// A frame of which nothing is wanted.
    pub(in crate::feeds) const fn silent(kind: &'static str) -> Self {
        Self {
            kind,
            sent: None,
            sequence: None,
            said: Vec::new(),
        }
    }
}

/// One thing that a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::feeds) enum Said {
    /// A trade. Its number is one more than the one before.
    Trade(SmolStr, Trade),
    /// A candle of a minute that is finished.
    Candle(SmolStr, Candle),
    /// The number of the last trade so far, at an instant of the venue's clock.
    Mentioned(SmolStr, u64, Timestamp),
    /// What the venue reckons open positions at.
    Mark(SmolStr, Mark),
    /// The answer to a request, or to one symbol of it.
    Answered {
        /// Which request; none where the venue does not number them.
        id: Option<u64>,
        /// For which symbol; none: for all of it.
        symbol: Option<SmolStr>,
        /// What was wrong with it; none when it was done.
        refused: Option<String>,
    },
    /// Everything that is subscribed now.
    Subscribed(Vec<SmolStr>),
}

/// Neighbouring trades at one price, told as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feeds) struct Run {
    /// The number of the first.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
    /// When they happened.
    pub at: Timestamp,
    /// Their price.
    pub price: Price,
}

/// From where a page of trades begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feeds) enum Start {
    /// At this instant.
    Time(Timestamp),
    /// Where the page before said: a number that only the venue understands.
    Cursor(u64),
}

/// A page of trades, in order.
#[derive(Debug)]
pub(in crate::feeds) struct Trades {
    pub runs: Vec<Run>,
    /// Where the next page begins; none at the present.
    pub next: Option<Start>,
}

/// A page of candles, in order.
#[derive(Debug)]
pub(in crate::feeds) struct Candles {
    pub candles: Vec<Candle>,
    /// Where the next page begins; none when there is nothing more.
    pub next: Option<Timestamp>,
}

/// How a venue is asked for what it streams.
pub(in crate::feeds) trait Phrases: Send + Sync {
    /// A request.
    fn request(&self, wish: Wish, symbols: &[SmolStr], id: u64) -> String;

    /// Symbols that one request names at most.
    fn symbols_per_request(&self) -> usize {
        100
    }

    /// Its answers do not say to which request they belong, so the next one waits for the answer.
    fn asks_in_turn(&self) -> bool {
        false
    }
}

/// A venue's language and where it is spoken.
#[async_trait]
pub(in crate::feeds) trait Protocol: Phrases {
    /// The kind of market that is traded there.
    fn kind(&self) -> MarketKind;

    /// What the venue calls a pair, on its socket and in [`Listed`].
    fn symbol(&self, pair: &Pair) -> SmolStr;

    /// Where its socket is, below the address that is configured.
    fn socket(&self, base: &Url) -> Url;

    /// What is said first on a new connection.
    fn greeting(&self) -> Vec<String> {
        Vec::new()
    }

    /// Where nothing was traded it tells no candle.
    fn omits_quiet_candles(&self) -> bool {
        false
    }

    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// When it is of a known kind and not as documented.
    fn read(&self, text: &str) -> Result<Frame, BoxError>;

    /// The venue's clock; none where it does not tell it well enough.
    async fn time(&self) -> Result<Option<Timestamp>, FeedError>;

    /// Everything that can be traded now.
    async fn listing(&self) -> Result<Vec<Listed>, FeedError>;

    /// Asks whether the venue knows an instrument: it is [`FeedError::Unlisted`] if not.
    async fn find(&self, instrument: &Instrument, symbol: &str) -> Result<(), FeedError>;

    /// A page of trades.
    async fn trades(
        &self,
        instrument: &Instrument,
        symbol: &str,
        from: Start,
    ) -> Result<Trades, FeedError>;

    /// A page of candles that begin from `from` and before `to`.
    async fn candles(
        &self,
        instrument: &Instrument,
        symbol: &str,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Candles, FeedError>;
}
