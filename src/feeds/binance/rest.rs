//! Binance's REST side: the listing and what was traded while nobody listened.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use domain::market::{Candle, Instrument, Price, Venue};
use domain::ports::{BoxError, Clock, FeedError};
use domain::time::Timestamp;

use super::frames::{self, AggTrade, BadFrame};
use crate::outbound::{Answer, Outbound, no_sooner};

/// The most that one page holds, of trades and of candles.
pub(super) const PAGE: usize = 1_000;

/// Questions that may be under way at once: after a reconnect every tape has one.
const AT_ONCE: usize = 4;

/// Of the weight that Binance allows in a minute, what we spend at most; the rest is for others
/// behind the same address.
const WEIGHT: u64 = 4_500;

/// How long to stay away when Binance says "too much" and not for how long.
const UNTOLD_PAUSE: Duration = Duration::from_secs(30);

/// Binance's code for a symbol that it does not know.
const UNKNOWN_SYMBOL: i64 = -1_121;

/// From where a page of trades begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// At this instant.
    Time(Timestamp),
    /// At the aggregate with this number.
    Id(u64),
}

/// A symbol of the exchange's list.
#[derive(Deserialize)]
pub(super) struct Symbol {
    pub symbol: String,
    pub status: String,
    #[serde(rename = "baseAsset")]
    pub base: String,
    #[serde(rename = "quoteAsset")]
    pub quote: String,
}

/// A symbol's last price.
#[derive(Deserialize)]
pub(super) struct LastPrice {
    pub symbol: String,
    pub price: String,
}

#[derive(Deserialize)]
struct ExchangeInfo {
    symbols: Vec<Symbol>,
}

#[derive(Deserialize)]
struct ServerTime {
    #[serde(rename = "serverTime")]
    server_time: i64,
}

#[derive(Deserialize)]
struct RawAggTrade {
    a: u64,
    f: u64,
    l: u64,
    p: String,
    #[serde(rename = "T")]
    at: i64,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    msg: String,
}

/// An answer that is no answer.
#[derive(Debug, thiserror::Error)]
enum BadAnswer {
    #[error("the venue answered {0}")]
    Status(StatusCode),
    #[error("the venue refused ({code}): {msg}")]
    Refused { code: i64, msg: String },
    #[error("a column is missing")]
    Column,
}

/// The questions that can be asked.
pub(super) struct Rest {
    venue: Venue,
    base: Url,
    outbound: Outbound,
    at_once: Semaphore,
    /// Before this instant the venue wants to hear nothing of us.
    quiet_until: Mutex<Instant>,
}

impl Rest {
    pub(super) fn new(venue: Venue, base: Url, outbound: Outbound) -> Self {
        Self {
            venue,
            base,
            outbound,
            at_once: Semaphore::new(AT_ONCE),
            quiet_until: Mutex::new(Instant::now()),
        }
    }

    /// Everything that the venue knows, traded or not.
    pub(super) async fn symbols(&self, clock: &dyn Clock) -> Result<Vec<Symbol>, FeedError> {
        let info: ExchangeInfo = self.ask(clock, None, "exchangeInfo", &[]).await?;
        Ok(info.symbols)
    }

    /// The last price of everything.
    pub(super) async fn prices(&self, clock: &dyn Clock) -> Result<Vec<LastPrice>, FeedError> {
        self.ask(clock, None, "ticker/price", &[]).await
    }

    /// Asks whether the venue knows an instrument: it is [`FeedError::Unlisted`] if not.
    pub(super) async fn find(
        &self,
        clock: &dyn Clock,
        instrument: &Instrument,
        symbol: &str,
    ) -> Result<(), FeedError> {
        let query = [("symbol", symbol.to_owned())];
        let found: LastPrice = self
            .ask(clock, Some(instrument), "ticker/price", &query)
            .await?;
        if found.symbol == symbol {
            Ok(())
        } else {
            Err(FeedError::Unlisted(instrument.clone()))
        }
    }

    /// The venue's clock.
    pub(super) async fn time(&self, clock: &dyn Clock) -> Result<Timestamp, FeedError> {
        let time: ServerTime = self.ask(clock, None, "time", &[]).await?;
        Ok(Timestamp::from_millis(time.server_time))
    }

    /// A page of trades, in order.
    pub(super) async fn trades(
        &self,
        clock: &dyn Clock,
        instrument: &Instrument,
        symbol: &str,
        from: From,
    ) -> Result<Vec<AggTrade>, FeedError> {
        let from = match from {
            From::Time(at) => ("startTime", at.as_millis().to_string()),
            From::Id(id) => ("fromId", id.to_string()),
        };
        let query = [
            ("symbol", symbol.to_owned()),
            ("limit", PAGE.to_string()),
            from,
        ];
        let page: Vec<RawAggTrade> = self
            .ask(clock, Some(instrument), "aggTrades", &query)
            .await?;
        let read = |raw: &RawAggTrade| {
            Ok(AggTrade {
                id: raw.a,
                first: raw.f,
                last: raw.l,
                at: Timestamp::from_millis(raw.at),
                price: Price::parse(&raw.p)?,
            })
        };
        let page: Result<_, BadFrame> = page.iter().map(read).collect();
        page.map_err(|error| self.unreadable(error))
    }

    /// What the venue says of one symbol.
    pub(super) async fn symbol(
        &self,
        clock: &dyn Clock,
        symbol: &str,
    ) -> Result<Option<Symbol>, FeedError> {
        let query = [("symbol", symbol.to_owned())];
        let info: ExchangeInfo = self.ask(clock, None, "exchangeInfo", &query).await?;
        Ok(info
            .symbols
            .into_iter()
            .find(|found| found.symbol == symbol))
    }

    /// A page of candles of a minute that begin from `from` and before `to`, in order.
    pub(super) async fn candles(
        &self,
        clock: &dyn Clock,
        instrument: &Instrument,
        symbol: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, FeedError> {
        let query = [
            ("symbol", symbol.to_owned()),
            ("interval", "1m".to_owned()),
            ("limit", PAGE.to_string()),
            ("startTime", from.as_millis().to_string()),
            ("endTime", (to.as_millis() - 1).to_string()),
        ];
        self.klines(clock, instrument, &query).await
    }

    /// The candles that a query asks for, in order.
    pub(super) async fn klines(
        &self,
        clock: &dyn Clock,
        instrument: &Instrument,
        query: &[(&str, String)],
    ) -> Result<Vec<Candle>, FeedError> {
        let page: Vec<Vec<serde_json::Value>> =
            self.ask(clock, Some(instrument), "klines", query).await?;
        page.iter()
            .map(|columns| self.candle(columns))
            .collect::<Result<_, _>>()
    }

    fn candle(&self, columns: &[serde_json::Value]) -> Result<Candle, FeedError> {
        let number = |nth: usize| columns.get(nth).and_then(serde_json::Value::as_i64);
        let text = |nth: usize| columns.get(nth).and_then(serde_json::Value::as_str);
        let read = || {
            let prices = [text(1)?, text(2)?, text(3)?, text(4)?];
            Some(frames::candle(number(0)?, number(6)?, prices, text(5)?))
        };
        read()
            .ok_or_else(|| self.unreadable(BadAnswer::Column))?
            .map_err(|error| self.unreadable(error))
    }

    /// Asks politely: not too many at once, not too much in a minute, not when asked to stay away.
    async fn ask<T: DeserializeOwned>(
        &self,
        clock: &dyn Clock,
        instrument: Option<&Instrument>,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, FeedError> {
        let _turn = self.at_once.acquire().await;
        let quiet_until = *self.quiet();
        tokio::time::sleep_until(quiet_until).await;

        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| self.unreachable("the address of the venue is none"))?
            .pop_if_empty()
            .extend(["api", "v3"])
            .extend(path.split('/'));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = self
            .outbound
            .get(url, HeaderMap::new())
            .await
            .map_err(|error| self.unreachable(error))?;
        self.heed(&answer, clock.now());
        if answer.status.is_success() {
            return serde_json::from_slice(&answer.body).map_err(|error| self.unreadable(error));
        }
        let refusal: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
        Err(match (refusal, instrument) {
            (Some(refusal), Some(instrument)) if refusal.code == UNKNOWN_SYMBOL => {
                FeedError::Unlisted(instrument.clone())
            }
            // It was understood and turned down: asked again it would be turned down again.
            (Some(Refusal { code, msg }), _) if answer.status == StatusCode::BAD_REQUEST => {
                self.unreadable(BadAnswer::Refused { code, msg })
            }
            (Some(Refusal { code, msg }), _) => self.unreachable(BadAnswer::Refused { code, msg }),
            (None, _) => self.unreachable(BadAnswer::Status(answer.status)),
        })
    }

    /// Takes to heart what the answer says about our appetite.
    fn heed(&self, answer: &Answer, now: Timestamp) {
        let refused = matches!(answer.status.as_u16(), 418 | 429);
        let used: Option<u64> = answer
            .header("x-mbx-used-weight-1m")
            .and_then(|used| used.parse().ok());
        let pause = if refused {
            metrics::counter!("touchstone_feed_refused_total", "venue" => self.label())
                .increment(1);
            no_sooner(answer.retry_after(now).unwrap_or(UNTOLD_PAUSE))
        } else if used.is_some_and(|used| used >= WEIGHT) {
            // Binance counts by the minute of its clock.
            let into = u64::try_from(now.as_millis().rem_euclid(60_000)).unwrap_or(0);
            Duration::from_millis(60_000 - into)
        } else {
            return;
        };
        let mut quiet_until = self.quiet();
        *quiet_until = (*quiet_until).max(Instant::now() + pause);
    }

    fn quiet(&self) -> std::sync::MutexGuard<'_, Instant> {
        self.quiet_until
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn label(&self) -> String {
        self.venue.as_str().to_owned()
    }

    fn unreachable(&self, source: impl Into<BoxError>) -> FeedError {
        FeedError::Unreachable {
            venue: self.venue.clone(),
            source: source.into(),
        }
    }

    fn unreadable(&self, source: impl Into<BoxError>) -> FeedError {
        FeedError::Unreadable {
            venue: self.venue.clone(),
            source: source.into(),
        }
    }
}
