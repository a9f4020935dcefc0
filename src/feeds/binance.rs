//! Binance's spot market and its perpetuals margined in the quote (USD-M), or whoever speaks their
//! protocols.
//!
//! Both are one language with two dialects. Spot tells single trades, whose numbers have no gaps;
//! USD-M tells aggregates (`aggTrade`), and there it is the aggregates' numbers that have none:
//! trades of the insurance fund and of auto-deleveraging are numbered, too, and never told.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use smol_str::SmolStr;
use url::Url;

use domain::market::{Instrument, Interval, MarketKind, Pair, Price, Trade};
use domain::ports::{BoxError, FeedError, Listed};
use domain::time::Timestamp;

use super::venue::asker::Asker;
use super::venue::protocol::{Candles, Frame, Phrases, Protocol, Run, Said, Start, Trades, Wish};
use super::venue::{JudgeBy, Options, VenueFeed};
use crate::outbound::Outbound;
use frames::AggTrade;
use rest::{PAGE, Rest, Symbol};

pub mod frames;
pub mod klines;
mod rest;

/// Where the spot market streams.
pub const SPOT_STREAM: &str = "wss://stream.binance.com:9443";

/// Where the spot market answers.
pub const SPOT_REST: &str = "https://api.binance.com";

/// Where the perpetuals stream.
pub const USDM_STREAM: &str = "wss://fstream.binance.com";

/// Where the perpetuals answer.
pub const USDM_REST: &str = "https://fapi.binance.com";

/// Binance's spot market. `outbound` should allow [`super::venue::LIMITS`].
///
/// # Panics
///
/// Outside a tokio runtime.
#[must_use]
pub fn spot(options: Options, outbound: Outbound) -> VenueFeed {
    feed(Dialect::Spot, options, outbound)
}

/// Binance's perpetuals margined in the quote. `outbound` should allow [`super::venue::LIMITS`].
///
/// # Panics
///
/// Outside a tokio runtime.
#[must_use]
pub fn usdm(options: Options, outbound: Outbound) -> VenueFeed {
    feed(Dialect::Usdm, options, outbound)
}

fn feed(dialect: Dialect, options: Options, outbound: Outbound) -> VenueFeed {
    let rest = Rest::new(dialect, Asker::new(&options, outbound));
    let judge_by = options.judge_by;
    let binance = Binance {
        dialect,
        rest,
        judge_by,
    };
    VenueFeed::new(options, Arc::new(binance))
}

/// Which of Binance's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Spot,
    Usdm,
}

impl Dialect {
    /// Where its requests begin.
    const fn path(self) -> [&'static str; 2] {
        match self {
            Self::Spot => ["api", "v3"],
            Self::Usdm => ["fapi", "v1"],
        }
    }

    /// Of the weight that Binance allows in a minute (6,000 and 2,400), what we spend at most; the
    /// rest is for others behind the same address.
    const fn weight(self) -> u64 {
        match self {
            Self::Spot => 4_500,
            Self::Usdm => 1_800,
        }
    }

    /// Since 2026-04-23 USD-M serves trades and marks below `/market` and offers below `/public`;
    /// nobody here needs the offers.
    const fn socket(self) -> &'static [&'static str] {
        match self {
            Self::Spot => &["stream"],
            Self::Usdm => &["market", "stream"],
        }
    }

    /// Of spot trades, and candles of a minute: they name the last trade, also when it never
    /// arrived here. Of perpetuals aggregates (candles name no aggregates) and the mark price.
    const fn streams(self, judge_by: JudgeBy) -> &'static [&'static str] {
        match (self, judge_by) {
            (Self::Spot, JudgeBy::Trades) => &["trade", "kline_1m"],
            (Self::Usdm, JudgeBy::Trades) => &["aggTrade", "markPrice@1s"],
            (Self::Spot, JudgeBy::Candles) => &["kline_1m"],
            (Self::Usdm, JudgeBy::Candles) => &["kline_1m", "markPrice@1s"],
        }
    }

    fn run(self, trades: &AggTrade) -> Run {
        let (first, last) = match self {
            Self::Spot => (trades.first, trades.last),
            Self::Usdm => (trades.id, trades.id),
        };
        Run {
            first,
            last,
            at: trades.at,
            price: trades.price,
        }
    }

    /// Is it traded now, and by this dialect's feed? Futures that expire are not.
    fn lists(self, symbol: &Symbol) -> bool {
        let lasting = match self {
            Self::Spot => true,
            Self::Usdm => symbol.contract.as_deref() == Some("PERPETUAL"),
        };
        lasting && symbol.status == "TRADING"
    }
}

/// Binance's language.
struct Binance {
    dialect: Dialect,
    rest: Rest,
    judge_by: JudgeBy,
}

impl Phrases for Binance {
    fn request(&self, wish: Wish, symbols: &[SmolStr], id: u64) -> String {
        let method = match wish {
            Wish::Subscribe => "SUBSCRIBE",
            Wish::Unsubscribe => "UNSUBSCRIBE",
        };
        let streams = self.dialect.streams(self.judge_by);
        let of = |symbol: &SmolStr| {
            let symbol = symbol.to_lowercase();
            let named = streams
                .iter()
                .map(move |stream| format!("{symbol}@{stream}"));
            named.collect::<Vec<_>>()
        };
        let params: Vec<String> = symbols.iter().flat_map(of).collect();
        serde_json::json!({ "method": method, "params": params, "id": id }).to_string()
    }
}

#[async_trait]
impl Protocol for Binance {
    fn kind(&self) -> MarketKind {
        match self.dialect {
            Dialect::Spot => MarketKind::Spot,
            Dialect::Usdm => MarketKind::Perpetual,
        }
    }

    fn symbol(&self, pair: &Pair) -> SmolStr {
        format!("{}{}", pair.base(), pair.quote()).into()
    }

    fn socket(&self, base: &Url) -> Url {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(self.dialect.socket());
        }
        url
    }

    fn read(&self, text: &str) -> Result<Frame, BoxError> {
        let frame = frames::decode(text)?;
        let kind = frame.kind();
        let (sent, said) = match frame {
            frames::Frame::Trade(frame) => {
                // A perpetual's single trades would not join on to its aggregates.
                let said = (self.dialect == Dialect::Spot)
                    .then_some(Said::Trade(frame.symbol, frame.trade));
                (Some(frame.sent), said)
            }
            frames::Frame::AggTrade(frame) => {
                let trade = Trade {
                    id: frame.trades.id,
                    at: frame.trades.at,
                    price: frame.trades.price,
                };
                let said =
                    (self.dialect == Dialect::Usdm).then_some(Said::Trade(frame.symbol, trade));
                (Some(frame.sent), said)
            }
            frames::Frame::Kline(frame) if self.judge_by == JudgeBy::Candles => {
                let said = frame
                    .closed
                    .then_some(Said::Candle(frame.symbol, frame.candle));
                (Some(frame.sent), said)
            }
            frames::Frame::Kline(frame) => {
                let last = frame.last_trade.filter(|_| self.dialect == Dialect::Spot);
                let said = last.map(|last| Said::Mentioned(frame.symbol, last, frame.sent));
                (Some(frame.sent), said)
            }
            frames::Frame::Mark(frame) => {
                let sent = frame.mark.at;
                (Some(sent), Some(Said::Mark(frame.symbol, frame.mark)))
            }
            frames::Frame::Answer(answer) => {
                let said = Said::Answered {
                    id: answer.id,
                    symbol: None,
                    refused: answer.error,
                };
                (None, Some(said))
            }
            frames::Frame::BookTicker(_) | frames::Frame::Other => (None, None),
        };
        Ok(Frame {
            kind,
            sent,
            sequence: None,
            said: said.into_iter().collect(),
        })
    }

    async fn time(&self) -> Result<Option<Timestamp>, FeedError> {
        self.rest.time().await.map(Some)
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let symbols = self.rest.symbols().await?;
        let last = self.rest.prices().await?;
        let prices: HashMap<String, String> = last
            .into_iter()
            .map(|last| (last.symbol, last.price))
            .collect();
        let listed = symbols
            .into_iter()
            .filter(|symbol| self.dialect.lists(symbol));
        Ok(listed
            .filter_map(|symbol| {
                Some(Listed {
                    instrument: Instrument {
                        venue: self.rest.asker().venue().clone(),
                        kind: self.kind(),
                        pair: Pair::new(&symbol.base, &symbol.quote).ok()?,
                    },
                    price: prices
                        .get(&symbol.symbol)
                        .and_then(|price| Price::parse(price).ok()),
                    symbol: symbol.symbol.into(),
                })
            })
            .collect())
    }

    async fn find(&self, instrument: &Instrument, symbol: &str) -> Result<(), FeedError> {
        self.rest.find(instrument, symbol).await
    }

    async fn trades(
        &self,
        instrument: &Instrument,
        symbol: &str,
        from: Start,
    ) -> Result<Trades, FeedError> {
        let page = self.rest.trades(instrument, symbol, from).await?;
        let next = page.last().filter(|_| page.len() >= PAGE);
        Ok(Trades {
            next: next.map(|last| Start::Cursor(last.id + 1)),
            runs: page.iter().map(|trades| self.dialect.run(trades)).collect(),
        })
    }

    async fn candles(
        &self,
        instrument: &Instrument,
        symbol: &str,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Candles, FeedError> {
        let candles = self
            .rest
            .candles(instrument, symbol, interval, from, to)
            .await?;
        let next = candles.last().filter(|_| candles.len() >= PAGE);
        Ok(Candles {
            next: next.map(|last| last.end()),
            candles,
        })
    }
}
