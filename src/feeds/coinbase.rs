//! Coinbase's spot market, by the Advanced Trade protocol.
//!
//! Trades are numbered without gaps within a product, and frames within a connection: a missing
//! frame makes every path fetch. Answers name no request, so requests wait for one another. A
//! product that is only another name for a shared book (BTC-USDC for BTC-USD) is not listed: its
//! trades are told under the other name.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use url::Url;

use domain::market::{Instrument, Interval, MarketKind, Pair};
use domain::ports::{BoxError, FeedError, Listed};
use domain::time::Timestamp;

use super::venue::asker::Asker;
use super::venue::protocol::{Candles, Frame, Phrases, Protocol, Start, Trades, Wish};
use super::venue::{Options, Rhythm, VenueFeed};
use crate::outbound::Outbound;
use rest::Rest;

mod frames;
mod rest;

/// Where it streams.
pub const STREAM: &str = "wss://advanced-trade-ws.coinbase.com";

/// Where it answers.
pub const REST: &str = "https://api.coinbase.com";

/// How often and how long: Coinbase answers ten public questions a second.
#[must_use]
pub fn rhythm() -> Rhythm {
    Rhythm {
        between_questions: Duration::from_millis(150),
        ..Rhythm::default()
    }
}

/// Coinbase's spot market. `outbound` should allow [`super::venue::LIMITS`].
///
/// # Panics
///
/// Outside a tokio runtime.
#[must_use]
pub fn spot(options: Options, outbound: Outbound) -> VenueFeed {
    let rest = Rest::new(Asker::new(&options, outbound));
    VenueFeed::new(options, Arc::new(Coinbase { rest }))
}

/// Coinbase's language.
struct Coinbase {
    rest: Rest,
}

impl Phrases for Coinbase {
    fn asks_in_turn(&self) -> bool {
        true
    }

    fn request(&self, wish: Wish, symbols: &[SmolStr], _: u64) -> String {
        let symbols: Vec<&str> = symbols.iter().map(SmolStr::as_str).collect();
        let kind = match wish {
            Wish::Subscribe => "subscribe",
            Wish::Unsubscribe => "unsubscribe",
        };
        let request =
            serde_json::json!({"type": kind, "product_ids": symbols, "channel": "market_trades"});
        request.to_string()
    }
}

#[async_trait]
impl Protocol for Coinbase {
    fn kind(&self) -> MarketKind {
        MarketKind::Spot
    }

    fn symbol(&self, pair: &Pair) -> SmolStr {
        format!("{}-{}", pair.base(), pair.quote()).into()
    }

    fn socket(&self, base: &Url) -> Url {
        base.clone()
    }

    /// Heartbeats come first: a connection that subscribes to nothing within five seconds is cut,
    /// and so is one on which nothing is traded.
    fn greeting(&self) -> Vec<String> {
        vec![r#"{"type":"subscribe","channel":"heartbeats"}"#.to_owned()]
    }

    fn omits_quiet_candles(&self) -> bool {
        true
    }

    fn read(&self, text: &str) -> Result<Frame, BoxError> {
        Ok(frames::decode(text)?)
    }

    async fn time(&self) -> Result<Option<Timestamp>, FeedError> {
        self.rest.time().await.map(Some)
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let products = self.rest.products().await?;
        let listed = products.into_iter().filter_map(|product| {
            let (pair, price) = product.traded()?;
            Some(Listed {
                symbol: self.symbol(&pair),
                price,
                instrument: Instrument {
                    venue: self.rest.asker().venue().clone(),
                    kind: MarketKind::Spot,
                    pair,
                },
            })
        });
        Ok(listed.collect())
    }

    async fn find(&self, instrument: &Instrument, symbol: &str) -> Result<(), FeedError> {
        let product = self.rest.product(instrument, symbol).await?;
        match product.traded() {
            Some((pair, _)) if pair == instrument.pair => Ok(()),
            Some(_) | None => Err(FeedError::Unlisted(instrument.clone())),
        }
    }

    async fn trades(
        &self,
        instrument: &Instrument,
        symbol: &str,
        from: Start,
    ) -> Result<Trades, FeedError> {
        self.rest.trades(instrument, symbol, from).await
    }

    async fn candles(
        &self,
        instrument: &Instrument,
        symbol: &str,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Candles, FeedError> {
        self.rest
            .candles(instrument, symbol, interval, from, to)
            .await
    }
}
