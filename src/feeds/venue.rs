//! A venue that streams its trades: what all of them have in common.
//!
//! One connection hears all trades that somebody follows; what it misses is fetched over REST and
//! joined by the trades' numbers, so a path has no double and tells of every hole. Each venue adds
//! its own language (`protocol`).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use tokio::runtime::Handle;
use url::Url;

use domain::market::{Candle, Instrument, Interval, Mark, Venue};
use domain::ports::{Candles, Clock, Feed, FeedError, FeedState, Listed, Tape};
use domain::time::Timestamp;

use crate::outbound::Limits;
use candle_tape::CandleTape;
use door::Door;
use protocol::Protocol;
use skew::Skew;
use tape::VenueTape;

pub(super) mod asker;
mod candle_tape;
mod connection;
mod desk;
mod door;
mod fill;
mod path;
pub(super) mod protocol;
mod skew;
mod tape;
pub(super) mod time;

/// Where the venue is and how it is talked to.
#[derive(Clone)]
pub struct Options {
    /// Its name here: `binance`, `kraken`, `sim`.
    pub venue: Venue,
    /// Where it streams, without the path that belongs to its protocol.
    pub stream: Url,
    /// Where it answers.
    pub rest: Url,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// How often and how long.
    pub rhythm: Rhythm,
    /// What decides.
    pub judge_by: JudgeBy,
}

/// What of a venue's prices decides about signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JudgeBy {
    /// Every trade.
    #[default]
    Trades,
    /// Finished candles of a minute: a message a minute and symbol, and the doubt that candles leave.
    Candles,
}

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// Between two looks at who still listens and what time it is.
    pub pulse: Duration,
    /// How far the time that is told stays behind the last thing heard: frames may overtake.
    pub lag: Duration,
    /// A connection that says nothing for so long, not even to a ping, is dead.
    pub silence: Duration,
    /// Between two requests over the socket: Binance takes five messages a second, pings included.
    pub between_requests: Duration,
    /// Between two questions over REST.
    pub between_questions: Duration,
    /// Questions that may be under way at once: after a reconnect every tape has one.
    pub questions_at_once: usize,
    /// A connection is renewed at this age, before Binance cuts it at 24 hours.
    pub longest_life: Duration,
    /// The pause after a first failure; it doubles.
    pub first_pause: Duration,
    /// The longest pause after failures.
    pub longest_pause: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            pulse: Duration::from_secs(1),
            lag: Duration::from_secs(2),
            silence: Duration::from_secs(10),
            between_requests: Duration::from_millis(300),
            between_questions: Duration::ZERO,
            questions_at_once: 4,
            // Jittered by a quarter it stays below 24 hours.
            longest_life: Duration::from_secs(19 * 3_600),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// How large and slow an answer may be: Binance's list of everything is about 15 MB.
pub const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    connect: Duration::from_secs(5),
    body: 64 << 20,
    redirects: 0,
};

/// What goes wrong on the way, counted from nought.
const COUNTED: [&str; 7] = [
    "touchstone_feed_reconnects_total",
    "touchstone_feed_refills_total",
    "touchstone_feed_gaps_total",
    "touchstone_feed_holes_total",
    "touchstone_feed_overruns_total",
    "touchstone_feed_late_trades_total",
    "touchstone_feed_refused_total",
];

/// What the feed, its connection and its tapes have in common.
struct Shared {
    options: Options,
    protocol: Arc<dyn Protocol>,
    skew: Skew,
    /// The symbols of the last listing, if there was one.
    listed: RwLock<HashSet<SmolStr>>,
    /// What can be seen from outside of how prices arrive.
    seen: RwLock<HashMap<SmolStr, FeedState>>,
}

impl Shared {
    fn venue_time(&self) -> Timestamp {
        self.skew.venue_time(self.options.clock.now())
    }

    /// Could it be ours at all?
    fn trades(&self, instrument: &Instrument) -> bool {
        instrument.venue == self.options.venue && instrument.kind == self.protocol.kind()
    }

    fn lists(&self, symbol: &str) -> bool {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        listed.contains(symbol)
    }

    fn is_live(&self, symbol: &SmolStr) {
        self.seen().entry(symbol.clone()).or_default().live = true;
    }

    fn marked(&self, symbol: SmolStr, mark: Mark) {
        self.seen().entry(symbol).or_default().mark = Some(mark);
    }

    fn forgotten(&self, symbol: &SmolStr) {
        self.seen().remove(symbol);
    }

    fn nothing_is_live(&self) {
        for state in self.seen().values_mut() {
            state.live = false;
        }
    }

    fn seen(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<SmolStr, FeedState>> {
        self.seen.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn label(&self) -> String {
        self.options.venue.as_str().to_owned()
    }

    fn count(&self, name: &'static str) {
        metrics::counter!(name, "venue" => self.label()).increment(1);
    }

    fn count_frame(&self, kind: &'static str) {
        metrics::counter!("touchstone_feed_frames_total", "venue" => self.label(), "kind" => kind)
            .increment(1);
    }

    fn show_skew(&self, micros: i64) {
        let seconds = micros as f64 / 1e6;
        metrics::gauge!("touchstone_feed_clock_skew_seconds", "venue" => self.label()).set(seconds);
    }
}

/// The prices of a venue that streams its trades.
pub struct VenueFeed {
    shared: Arc<Shared>,
    door: Arc<Door>,
}

impl VenueFeed {
    /// Gets ready; nothing is asked and no connection made before somebody wants something.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime: the connection lives on the one in which this is called.
    pub(super) fn new(options: Options, protocol: Arc<dyn Protocol>) -> Self {
        let shared = Arc::new(Shared {
            options,
            protocol,
            skew: Skew::default(),
            listed: RwLock::default(),
            seen: RwLock::default(),
        });
        for name in COUNTED {
            metrics::counter!(name, "venue" => shared.label()).increment(0);
        }
        let door = Arc::new(Door::new(Arc::clone(&shared), Handle::current()));
        Self { shared, door }
    }
}

#[async_trait]
impl Feed for VenueFeed {
    fn venue(&self) -> &Venue {
        &self.shared.options.venue
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let listed = self.shared.protocol.listing().await?;
        let known = listed.iter().map(|listed| listed.symbol.clone()).collect();
        *self
            .shared
            .listed
            .write()
            .unwrap_or_else(PoisonError::into_inner) = known;
        Ok(listed)
    }

    fn follow(&self, instrument: &Instrument, since: Option<Timestamp>) -> Box<dyn Tape> {
        let (shared, door) = (Arc::clone(&self.shared), Arc::clone(&self.door));
        match self.shared.options.judge_by {
            JudgeBy::Trades => Box::new(VenueTape::new(shared, door, instrument.clone(), since)),
            JudgeBy::Candles => Box::new(CandleTape::new(shared, door, instrument.clone(), since)),
        }
    }

    fn state(&self, instrument: &Instrument) -> FeedState {
        if !self.shared.trades(instrument) {
            return FeedState::default();
        }
        let symbol = self.shared.protocol.symbol(&instrument.pair);
        let seen = self.shared.seen.read();
        let seen = seen.unwrap_or_else(PoisonError::into_inner);
        seen.get(&symbol).copied().unwrap_or_default()
    }
}

#[async_trait]
impl Candles for VenueFeed {
    async fn candles(
        &self,
        instrument: &Instrument,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, FeedError> {
        if !self.shared.trades(instrument) {
            return Err(FeedError::Unlisted(instrument.clone()));
        }
        let protocol = &self.shared.protocol;
        let symbol = protocol.symbol(&instrument.pair);
        let mut told: Vec<Candle> = Vec::new();
        let mut next = Some(from);
        while let Some(start) = next.filter(|start| *start < to) {
            let page = protocol
                .candles(instrument, &symbol, interval, start, to)
                .await?;
            for candle in page.candles {
                let after = told.last().map_or(from, Candle::end);
                if candle.open_time >= after && candle.open_time < to {
                    told.push(candle);
                }
            }
            next = page.next.filter(|next| *next > start);
        }
        // The candle of the present still grows.
        let now = self.shared.venue_time();
        told.retain(|candle| candle.end() <= now);
        Ok(told)
    }

    fn omits_quiet(&self) -> bool {
        self.shared.protocol.omits_quiet_candles()
    }
}
