//! Binance's REST side: the listing and what was traded while nobody listened.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use domain::market::{Candle, Instrument, Interval, Price};
use domain::ports::{BoxError, FeedError};
use domain::time::Timestamp;

use super::Dialect;
use super::frames::{self, AggTrade, BadFrame};
use crate::feeds::venue::asker::{Asker, BadAnswer};
use crate::feeds::venue::protocol::Start;
use crate::outbound::Answer;

/// The most that one page holds, of trades and of candles.
pub(super) const PAGE: usize = 1_000;

/// Binance's code for a symbol that it does not know.
const UNKNOWN_SYMBOL: i64 = -1_121;

/// A symbol of the exchange's list.
#[derive(Deserialize)]
pub(super) struct Symbol {
    pub symbol: String,
    pub status: String,
    #[serde(rename = "baseAsset")]
    pub base: String,
    #[serde(rename = "quoteAsset")]
    pub quote: String,
    /// Of futures only: whether it ever expires.
    #[serde(rename = "contractType")]
    pub contract: Option<String>,
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

/// The questions that can be asked.
pub(super) struct Rest {
    dialect: Dialect,
    asker: Asker,
}

impl Rest {
    pub(super) const fn new(dialect: Dialect, asker: Asker) -> Self {
        Self { dialect, asker }
    }

    pub(super) const fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Everything that the venue knows, traded or not.
    pub(super) async fn symbols(&self) -> Result<Vec<Symbol>, FeedError> {
        let info: ExchangeInfo = self.ask(None, "exchangeInfo", &[]).await?;
        Ok(info.symbols)
    }

    /// What the venue says of one symbol.
    pub(super) async fn symbol(&self, symbol: &str) -> Result<Option<Symbol>, FeedError> {
        let query = [("symbol", symbol.to_owned())];
        let info: ExchangeInfo = self.ask(None, "exchangeInfo", &query).await?;
        let mut symbols = info.symbols.into_iter();
        Ok(symbols.find(|found| found.symbol == symbol))
    }

    /// The last price of everything.
    pub(super) async fn prices(&self) -> Result<Vec<LastPrice>, FeedError> {
        self.ask(None, "ticker/price", &[]).await
    }

    /// Asks whether the venue knows an instrument: it is [`FeedError::Unlisted`] if not.
    pub(super) async fn find(
        &self,
        instrument: &Instrument,
        symbol: &str,
    ) -> Result<(), FeedError> {
        let query = [("symbol", symbol.to_owned())];
        let found: LastPrice = self.ask(Some(instrument), "ticker/price", &query).await?;
        if found.symbol == symbol {
            Ok(())
        } else {
            Err(FeedError::Unlisted(instrument.clone()))
        }
    }

    /// The venue's clock.
    pub(super) async fn time(&self) -> Result<Timestamp, FeedError> {
        let time: ServerTime = self.ask(None, "time", &[]).await?;
        Ok(Timestamp::from_millis(time.server_time))
    }

    /// A page of trades, in order.
    pub(super) async fn trades(
        &self,
        instrument: &Instrument,
        symbol: &str,
        from: Start,
    ) -> Result<Vec<AggTrade>, FeedError> {
        let from = match from {
            Start::Time(at) => ("startTime", at.as_millis().to_string()),
            Start::Cursor(id) => ("fromId", id.to_string()),
        };
        let query = [
            ("symbol", symbol.to_owned()),
            ("limit", PAGE.to_string()),
            from,
        ];
        let page: Vec<RawAggTrade> = self.ask(Some(instrument), "aggTrades", &query).await?;
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

    /// A page of candles that begin from `from` and before `to`, in order.
    pub(super) async fn candles(
        &self,
        instrument: &Instrument,
        symbol: &str,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, FeedError> {
        let query = [
            ("symbol", symbol.to_owned()),
            ("interval", interval.label().to_owned()),
            ("limit", PAGE.to_string()),
            ("startTime", from.as_millis().to_string()),
            ("endTime", (to.as_millis() - 1).to_string()),
        ];
        self.klines(instrument, &query).await
    }

    /// The candles that a query asks for, in order.
    pub(super) async fn klines(
        &self,
        instrument: &Instrument,
        query: &[(&str, String)],
    ) -> Result<Vec<Candle>, FeedError> {
        let page: Vec<Vec<serde_json::Value>> = self.ask(Some(instrument), "klines", query).await?;
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
        instrument: Option<&Instrument>,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, FeedError> {
        let path: Vec<&str> = self
            .dialect
            .path()
            .into_iter()
            .chain(path.split('/'))
            .collect();
        let answer = self.asker.ask(&path, query, HeaderMap::new()).await?;
        self.heed(&answer);
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
                self.unreadable(refused(code, msg))
            }
            (Some(Refusal { code, msg }), _) => self.asker.unreachable(refused(code, msg)),
            (None, _) => self.asker.unreachable(BadAnswer::Status(answer.status)),
        })
    }

    /// Takes to heart what the answer says about our appetite.
    fn heed(&self, answer: &Answer) {
        let used: Option<u64> = answer
            .header("x-mbx-used-weight-1m")
            .and_then(|used| used.parse().ok());
        if used.is_some_and(|used| used >= self.dialect.weight()) {
            // Binance counts by the minute of its clock.
            let into = self.asker.now_millis().rem_euclid(60_000);
            let left = u64::try_from(60_000 - into).unwrap_or(0);
            self.asker.leave_alone(Duration::from_millis(left));
        }
    }

    fn unreadable(&self, source: impl Into<BoxError>) -> FeedError {
        self.asker.unreadable(source)
    }
}

fn refused(code: i64, why: String) -> BadAnswer {
    let code = code.to_string();
    BadAnswer::Refused { code, why }
}
