//! Coinbase's REST side: the listing and what was traded while nobody listened.

use reqwest::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use domain::market::{Candle, Instrument, Interval, Pair, Price};
use domain::ports::{BoxError, FeedError};
use domain::time::Timestamp;

use super::frames::{BadFrame, number};
use crate::feeds::venue::asker::{Asker, BadAnswer};
use crate::feeds::venue::protocol::{Candles, Run, Start, Trades};
use crate::feeds::venue::time::instant;

/// Trades that one answer holds.
const PAGE: usize = 1_000;

/// Candles that one answer holds.
const CANDLES: u32 = 300;

/// The stretches of trades that are asked for, in seconds: the longest that fits into an answer.
const WINDOWS: [i64; 4] = [60, 10, 2, 1];

/// A product, as far as it matters.
#[derive(Deserialize)]
pub(super) struct Product {
    base_currency_id: String,
    quote_currency_id: String,
    price: String,
    /// The product under whose name this one's book is told, if it is another.
    #[serde(default)]
    alias: String,
    #[serde(default)]
    product_type: Option<String>,
    #[serde(default)]
    is_disabled: bool,
    #[serde(default)]
    trading_disabled: bool,
}

impl Product {
    /// What it is and its last price, if it is spot, traded now and told under its own name.
    pub(super) fn traded(&self) -> Option<(Pair, Option<Price>)> {
        let spot = self.product_type.as_deref().is_none_or(|it| it == "SPOT");
        let open = !self.is_disabled && !self.trading_disabled;
        if !spot || !open || !self.alias.is_empty() {
            return None;
        }
        let pair = Pair::new(&self.base_currency_id, &self.quote_currency_id).ok()?;
        Some((pair, Price::parse(&self.price).ok()))
    }
}

#[derive(Deserialize)]
struct Products {
    products: Vec<Product>,
}

#[derive(Deserialize)]
struct ServerTime {
    #[serde(rename = "epochMillis")]
    millis: String,
}

#[derive(Deserialize)]
struct Page {
    trades: Vec<RawTrade>,
}

#[derive(Deserialize)]
struct RawTrade {
    trade_id: String,
    price: String,
    time: String,
}

#[derive(Deserialize)]
struct CandlePage {
    candles: Vec<RawCandle>,
}

#[derive(Deserialize)]
struct RawCandle {
    start: String,
    low: String,
    high: String,
    open: String,
    close: String,
    volume: String,
}

/// The questions that can be asked.
pub(super) struct Rest {
    asker: Asker,
}

impl Rest {
    pub(super) const fn new(asker: Asker) -> Self {
        Self { asker }
    }

    pub(super) const fn asker(&self) -> &Asker {
        &self.asker
    }

    /// The venue's clock.
    pub(super) async fn time(&self) -> Result<Timestamp, FeedError> {
        let time: ServerTime = self.ask(None, &["time"], &[]).await?;
        let millis = time.millis.parse();
        let millis = millis.map_err(|_| self.asker.unreadable(BadAnswer::Column))?;
        Ok(Timestamp::from_millis(millis))
    }

    /// Every spot product, traded or not.
    pub(super) async fn products(&self) -> Result<Vec<Product>, FeedError> {
        let query = [("product_type", "SPOT".to_owned())];
        let listed: Products = self.ask(None, &["market", "products"], &query).await?;
        Ok(listed.products)
    }

    /// One product.
    pub(super) async fn product(
        &self,
        instrument: &Instrument,
        symbol: &str,
    ) -> Result<Product, FeedError> {
        let path = ["market", "products", symbol];
        self.ask(Some(instrument), &path, &[]).await
    }

    /// A page of trades. Coinbase tells the newest of a stretch of whole seconds, so the stretch
    /// is made shorter until all of it fits; a cursor is the second at which the next one begins.
    pub(super) async fn trades(
        &self,
        instrument: &Instrument,
        symbol: &str,
        from: Start,
    ) -> Result<Trades, FeedError> {
        let (begin, exactly) = match from {
            Start::Time(at) => (at.as_micros().div_euclid(1_000_000), Some(at)),
            Start::Cursor(second) => (i64::try_from(second).unwrap_or(i64::MAX), None),
        };
        let mut page = Vec::new();
        let mut end = begin;
        for window in WINDOWS {
            end = begin.saturating_add(window);
            page = self.stretch(instrument, symbol, begin, end).await?;
            if page.len() < PAGE {
                break;
            }
        }
        let read = |raw: &RawTrade| {
            let id = number(&raw.trade_id)?;
            Ok(Run {
                first: id,
                last: id,
                at: instant(&raw.time)?,
                price: Price::parse(&raw.price)?,
            })
        };
        let runs: Result<Vec<Run>, BadFrame> = page.iter().map(read).collect();
        let mut runs = runs.map_err(|error| self.asker.unreadable(error))?;
        runs.sort_by_key(|run| run.first);
        runs.retain(|run| exactly.is_none_or(|exactly| run.at >= exactly));
        // Clocks differ; a stretch that reaches well into the future ends the present.
        let over = end.saturating_mul(1_000) > self.asker.now_millis().saturating_add(5_000);
        let next = u64::try_from(end).ok().filter(|_| !over);
        Ok(Trades {
            runs,
            next: next.map(Start::Cursor),
        })
    }

    async fn stretch(
        &self,
        instrument: &Instrument,
        symbol: &str,
        begin: i64,
        end: i64,
    ) -> Result<Vec<RawTrade>, FeedError> {
        let query = [
            ("limit", PAGE.to_string()),
            ("start", begin.to_string()),
            ("end", end.to_string()),
        ];
        let path = ["market", "products", symbol, "ticker"];
        let page: Page = self.ask(Some(instrument), &path, &query).await?;
        Ok(page.trades)
    }

    /// A page of candles that begin from `from` and before `to`, in order.
    pub(super) async fn candles(
        &self,
        instrument: &Instrument,
        symbol: &str,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Candles, FeedError> {
        let until = to.min(from + interval.span() * CANDLES);
        let query = [
            ("start", (from.as_millis() / 1_000).to_string()),
            ("end", (until.as_millis() / 1_000 - 1).to_string()),
            ("granularity", granularity(interval).to_owned()),
            ("limit", CANDLES.to_string()),
        ];
        let path = ["market", "products", symbol, "candles"];
        let page: CandlePage = self.ask(Some(instrument), &path, &query).await?;
        let read = |raw: &RawCandle| {
            let candle = Candle {
                open_time: Timestamp::from_millis(raw.start.parse::<i64>().ok()? * 1_000),
                span: interval.span(),
                open: Price::parse(&raw.open).ok()?,
                high: Price::parse(&raw.high).ok()?,
                low: Price::parse(&raw.low).ok()?,
                close: Price::parse(&raw.close).ok()?,
                volume: Decimal::from_str_exact(&raw.volume).ok()?,
            };
            candle.checked().ok()
        };
        let candles: Option<Vec<Candle>> = page.candles.iter().map(read).collect();
        let mut candles = candles.ok_or_else(|| self.asker.unreadable(BadAnswer::Column))?;
        candles.sort_by_key(|candle| candle.open_time);
        candles.retain(|candle| candle.open_time >= from && candle.open_time < until);
        Ok(Candles {
            candles,
            next: (until < to).then_some(until),
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        instrument: Option<&Instrument>,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, FeedError> {
        let mut headers = HeaderMap::new();
        // Public answers are a second old otherwise.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let whole: Vec<&str> = ["api", "v3", "brokerage"]
            .into_iter()
            .chain(path.iter().copied())
            .collect();
        let answer = self.asker.ask(&whole, query, headers).await?;
        let status = answer.status;
        if status.is_success() {
            return serde_json::from_slice(&answer.body)
                .map_err(|error| self.asker.unreadable(BoxError::from(error)));
        }
        Err(match instrument {
            Some(instrument) if status == reqwest::StatusCode::NOT_FOUND => {
                FeedError::Unlisted(instrument.clone())
            }
            // It was understood and turned down: asked again it would be turned down again.
            _ if status == reqwest::StatusCode::BAD_REQUEST => {
                self.asker.unreadable(BadAnswer::Status(status))
            }
            Some(_) | None => self.asker.unreachable(BadAnswer::Status(status)),
        })
    }
}

/// What Coinbase calls a candle's length.
const fn granularity(interval: Interval) -> &'static str {
    match interval {
        Interval::Minute => "ONE_MINUTE",
        Interval::FiveMinutes => "FIVE_MINUTE",
        Interval::Quarter => "FIFTEEN_MINUTE",
        Interval::HalfHour => "THIRTY_MINUTE",
        Interval::Hour => "ONE_HOUR",
        Interval::FourHours => "FOUR_HOUR",
        Interval::Day => "ONE_DAY",
    }
}
