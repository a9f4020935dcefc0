//! Binance's spot market, or whoever speaks its protocol.
//!
//! One connection hears all trades that somebody follows; what it misses is fetched over REST and
//! joined by the trades' numbers, so a path has no double and tells of every hole.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use tokio::runtime::Handle;
use url::Url;

use domain::market::{Instrument, MarketKind, Pair, Price, Venue};
use domain::ports::{Clock, Feed, FeedError, Listed, Tape};
use domain::time::Timestamp;

use crate::outbound::{Limits, Outbound};
use door::Door;
use rest::Rest;
use skew::Skew;
use tape::BinanceTape;

mod connection;
mod desk;
mod door;
mod fill;
pub mod frames;
pub mod klines;
mod path;
mod rest;
mod skew;
mod tape;

/// Where the venue is and how it is talked to.
#[derive(Clone)]
pub struct Options {
    /// Its name here: `binance`, `sim`.
    pub venue: Venue,
    /// Where it streams: `wss://stream.binance.com:9443`.
    pub stream: Url,
    /// Where it answers: `https://api.binance.com`.
    pub rest: Url,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// How often and how long.
    pub rhythm: Rhythm,
}

impl Options {
    /// The real one.
    ///
    /// # Panics
    ///
    /// Never: its addresses are addresses.
    #[must_use]
    pub fn live(clock: Arc<dyn Clock>) -> Self {
        let url = |text| Url::parse(text).expect("an address");
        Self {
            venue: Venue::new("binance"),
            stream: url("wss://stream.binance.com:9443"),
            rest: url("https://api.binance.com"),
            clock,
            rhythm: Rhythm::default(),
        }
    }
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
    /// Between two requests: Binance takes five messages a second, pings included.
    pub between_requests: Duration,
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
            // Jittered by a quarter it stays below 24 hours.
            longest_life: Duration::from_secs(19 * 3_600),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// How large and slow an answer may be: the list of everything is about 15 MB.
pub const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    connect: Duration::from_secs(5),
    body: 64 << 20,
    redirects: 0,
};

/// What the feed, its connection and its tapes have in common.
struct Shared {
    options: Options,
    rest: Rest,
    skew: Skew,
    /// The symbols of the last listing, if there was one.
    listed: RwLock<HashSet<SmolStr>>,
}

impl Shared {
    fn venue_time(&self) -> Timestamp {
        self.skew.venue_time(self.options.clock.now())
    }

    /// Could it be ours at all?
    fn trades(&self, instrument: &Instrument) -> bool {
        instrument.venue == self.options.venue && instrument.kind == MarketKind::Spot
    }

    fn lists(&self, symbol: &str) -> bool {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        listed.contains(symbol)
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

/// Binance's spot market.
pub struct BinanceSpot {
    shared: Arc<Shared>,
    door: Arc<Door>,
}

impl BinanceSpot {
    /// Gets ready; nothing is asked and no connection made before somebody wants something.
    /// `outbound` should allow [`LIMITS`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime: the connection lives on the one in which this is called.
    #[must_use]
    pub fn new(options: Options, outbound: Outbound) -> Self {
        let rest = Rest::new(options.venue.clone(), options.rest.clone(), outbound);
        let shared = Arc::new(Shared {
            options,
            rest,
            skew: Skew::default(),
            listed: RwLock::default(),
        });
        let door = Arc::new(Door::new(Arc::clone(&shared), Handle::current()));
        Self { shared, door }
    }
}

#[async_trait]
impl Feed for BinanceSpot {
    fn venue(&self) -> &Venue {
        &self.shared.options.venue
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let (rest, clock) = (&self.shared.rest, &*self.shared.options.clock);
        let symbols = rest.symbols(clock).await?;
        let prices: HashMap<String, String> = rest
            .prices(clock)
            .await?
            .into_iter()
            .map(|last| (last.symbol, last.price))
            .collect();
        let listed: Vec<Listed> = symbols
            .into_iter()
            .filter(|symbol| symbol.status == "TRADING")
            .filter_map(|symbol| {
                Some(Listed {
                    instrument: Instrument {
                        venue: self.venue().clone(),
                        kind: MarketKind::Spot,
                        pair: Pair::new(&symbol.base, &symbol.quote).ok()?,
                    },
                    price: prices
                        .get(&symbol.symbol)
                        .and_then(|price| Price::parse(price).ok()),
                    symbol: symbol.symbol.into(),
                })
            })
            .collect();
        let known = listed.iter().map(|listed| listed.symbol.clone()).collect();
        *self
            .shared
            .listed
            .write()
            .unwrap_or_else(PoisonError::into_inner) = known;
        Ok(listed)
    }

    fn follow(&self, instrument: &Instrument, since: Option<Timestamp>) -> Box<dyn Tape> {
        Box::new(BinanceTape::new(
            Arc::clone(&self.shared),
            Arc::clone(&self.door),
            instrument.clone(),
            since,
        ))
    }
}
