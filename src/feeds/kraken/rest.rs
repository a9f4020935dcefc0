//! Kraken's REST side: the listing and what was traded while nobody listened.

use std::collections::HashMap;

use reqwest::header::HeaderMap;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use domain::market::{Candle, Instrument, Interval, Pair, Price};
use domain::ports::{BoxError, FeedError};
use domain::time::Timestamp;

use crate::feeds::venue::asker::{Asker, BadAnswer};
use crate::feeds::venue::protocol::{Run, Start, Trades};

/// Trades that one page holds.
const PAGE: usize = 1_000;

/// What Kraken's REST side calls assets otherwise than its socket and everybody else.
const OLD_NAMES: [(&str, &str); 2] = [("XBT", "BTC"), ("XDG", "DOGE")];

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default)]
    error: Vec<String>,
    result: Option<T>,
}

#[derive(Deserialize)]
struct RawPair {
    /// `XBT/USD`; dark pools have none.
    wsname: Option<String>,
    /// `online`, or what is not possible now.
    status: Option<String>,
}

#[derive(Deserialize)]
struct RawTicker {
    /// The last trade: price and amount.
    c: Vec<String>,
}

/// Rows under the pair's name, and `last`.
type Rows = HashMap<String, Box<RawValue>>;

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

    /// What is traded now, by Kraken's inner name: all of it or one instrument.
    pub(super) async fn pairs(
        &self,
        only: Option<&Instrument>,
    ) -> Result<Vec<(String, Pair)>, FeedError> {
        let query: Vec<_> = only
            .map(|instrument| ("pair", old_symbol(&instrument.pair)))
            .into_iter()
            .collect();
        let pairs: HashMap<String, RawPair> = self.ask(only, "AssetPairs", &query).await?;
        let online = |pair: &RawPair| pair.status.as_deref().is_none_or(|at| at == "online");
        Ok(pairs
            .into_iter()
            .filter(|(_, pair)| online(pair))
            .filter_map(|(name, pair)| Some((name, new_pair(pair.wsname.as_deref()?)?)))
            .collect())
    }

    /// The last price of everything, by Kraken's inner name.
    pub(super) async fn prices(&self) -> Result<HashMap<String, Price>, FeedError> {
        let tickers: HashMap<String, RawTicker> = self.ask(None, "Ticker", &[]).await?;
        let priced = |(name, ticker): (String, RawTicker)| {
            let last = ticker.c.first()?;
            Some((name, Price::parse(last).ok()?))
        };
        Ok(tickers.into_iter().filter_map(priced).collect())
    }

    /// A page of trades. Kraken continues after a nanosecond, which is what its cursor is.
    pub(super) async fn trades(
        &self,
        instrument: &Instrument,
        from: Start,
    ) -> Result<Trades, FeedError> {
        let since = match from {
            // What was traded in that very microsecond belongs to it.
            Start::Time(at) => (i128::from(at.as_micros()) * 1_000 - 1).to_string(),
            Start::Cursor(nanos) => nanos.to_string(),
        };
        let query = [
            ("pair", old_symbol(&instrument.pair)),
            ("since", since),
            ("count", PAGE.to_string()),
        ];
        let mut rows: Rows = self.ask(Some(instrument), "Trades", &query).await?;
        let last = rows.remove("last").ok_or_else(|| self.no_column())?;
        let page: Vec<Vec<Box<RawValue>>> = self.only(rows)?;
        let read = |columns: &Vec<Box<RawValue>>| {
            let id: u64 = serde_json::from_str(columns.get(6)?.get()).ok()?;
            let seconds = Decimal::from_str_exact(columns.get(2)?.get()).ok()?;
            let micros = (seconds * Decimal::from(1_000_000)).to_i64()?;
            let price: String = serde_json::from_str(columns.first()?.get()).ok()?;
            Some(Run {
                first: id,
                last: id,
                at: Timestamp::from_micros(micros),
                price: Price::parse(&price).ok()?,
            })
        };
        let runs: Option<Vec<Run>> = page.iter().map(read).collect();
        let runs = runs.ok_or_else(|| self.no_column())?;
        let next = || last.get().trim_matches('"').parse().ok();
        let next = if runs.len() >= PAGE { next() } else { None };
        Ok(Trades {
            runs,
            next: next.map(Start::Cursor),
        })
    }

    /// The candles that Kraken still has, of those that begin from `from` and before `to`.
    pub(super) async fn candles(
        &self,
        instrument: &Instrument,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, FeedError> {
        let query = [
            ("pair", old_symbol(&instrument.pair)),
            ("interval", interval.minutes().to_string()),
            // It answers what comes after this instant.
            ("since", (from.as_millis() / 1_000 - 1).to_string()),
        ];
        let mut rows: Rows = self.ask(Some(instrument), "OHLC", &query).await?;
        rows.remove("last");
        let page: Vec<Vec<serde_json::Value>> = self.only(rows)?;
        let read = |columns: &Vec<serde_json::Value>| {
            let text = |nth: usize| columns.get(nth)?.as_str();
            let price = |nth: usize| Price::parse(text(nth)?).ok();
            let candle = Candle {
                open_time: Timestamp::from_millis(columns.first()?.as_i64()? * 1_000),
                span: interval.span(),
                open: price(1)?,
                high: price(2)?,
                low: price(3)?,
                close: price(4)?,
                volume: Decimal::from_str_exact(text(6)?).ok()?,
            };
            candle.checked().ok()
        };
        let page: Option<Vec<Candle>> = page.iter().map(read).collect();
        let mut page = page.ok_or_else(|| self.no_column())?;
        page.retain(|candle| candle.open_time >= from && candle.open_time < to);
        Ok(page)
    }

    /// The rows under whatever name Kraken gave the pair.
    fn only<T: DeserializeOwned>(&self, rows: Rows) -> Result<T, FeedError> {
        let rows = rows.into_values().next().ok_or_else(|| self.no_column())?;
        serde_json::from_str(rows.get()).map_err(|error| self.asker.unreadable(error))
    }

    fn no_column(&self) -> FeedError {
        self.asker.unreadable(BadAnswer::Column)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        instrument: Option<&Instrument>,
        question: &str,
        query: &[(&str, String)],
    ) -> Result<T, FeedError> {
        let path = ["0", "public", question];
        let answer = self.asker.ask(&path, query, HeaderMap::new()).await?;
        if !answer.status.is_success() {
            return Err(self.asker.unreachable(BadAnswer::Status(answer.status)));
        }
        let unreadable = |error: BoxError| self.asker.unreadable(error);
        let envelope: Envelope<Box<RawValue>> =
            serde_json::from_slice(&answer.body).map_err(|error| unreadable(error.into()))?;
        // What begins with W is a warning.
        let refused = envelope.error.iter().find(|error| !error.starts_with('W'));
        if let Some(code) = refused {
            return Err(self.refusal(code, instrument));
        }
        let result = envelope.result.ok_or_else(|| self.no_column())?;
        serde_json::from_str(result.get()).map_err(|error| unreadable(error.into()))
    }

    fn refusal(&self, code: &str, instrument: Option<&Instrument>) -> FeedError {
        let refused = BadAnswer::Refused {
            code: code.to_owned(),
            why: "see Kraken's list of errors".to_owned(),
        };
        match instrument {
            Some(instrument) if code.contains("Unknown asset pair") => {
                FeedError::Unlisted(instrument.clone())
            }
            _ if code.contains("Rate limit") || code.contains("Too many requests") => {
                self.asker.refused(None);
                self.asker.unreachable(refused)
            }
            _ if code.starts_with("EService") => self.asker.unreachable(refused),
            // It was understood and turned down: asked again it would be turned down again.
            Some(_) | None => self.asker.unreadable(refused),
        }
    }
}

/// `XBTUSD` for BTC/USD.
fn old_symbol(pair: &Pair) -> String {
    let old = |name: &str| {
        let known = OLD_NAMES.iter().find(|(_, new)| *new == name);
        known.map_or_else(|| name.to_owned(), |(old, _)| (*old).to_owned())
    };
    old(pair.base()) + &old(pair.quote())
}

/// BTC/USD for `XBT/USD`.
fn new_pair(name: &str) -> Option<Pair> {
    let new = |name| {
        let known = OLD_NAMES.iter().find(|(old, _)| *old == name);
        known.map_or(name, |(_, new)| *new)
    };
    let (base, quote) = name.split_once('/')?;
    Pair::new(new(base), new(quote)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitcoin_and_dogecoin_are_spelled_both_ways_and_dollars_are_not_mixed_up() {
        for (old, socket, pair) in [
            ("XBTUSD", "XBT/USD", "BTC/USD"),
            ("XBTUSDT", "XBT/USDT", "BTC/USDT"),
            ("ETHXBT", "ETH/XBT", "ETH/BTC"),
            ("XDGEUR", "XDG/EUR", "DOGE/EUR"),
            ("SOLUSD", "SOL/USD", "SOL/USD"),
        ] {
            let pair = Pair::parse(pair).unwrap();
            assert_eq!(old_symbol(&pair), old);
            assert_eq!(new_pair(socket), Some(pair));
        }
    }
}
