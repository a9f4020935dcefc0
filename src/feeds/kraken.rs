//! Kraken's spot market, by version 2 of its socket protocol.
//!
//! Its socket and the platform spell pairs alike (`BTC/USD`); only its REST side still says XBT
//! and XDG. Trades are numbered without gaps within a pair. Its candles reach back no farther than
//! 720 spans, whatever is asked for; what lies before is a hole.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use url::Url;

use domain::market::{Instrument, Interval, MarketKind, Pair, Price};
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
pub const STREAM: &str = "wss://ws.kraken.com";

/// Where it answers.
pub const REST: &str = "https://api.kraken.com";

/// How often and how long: Kraken answers about one public question a second.
#[must_use]
pub fn rhythm() -> Rhythm {
    Rhythm {
        between_questions: Duration::from_secs(1),
        questions_at_once: 1,
        ..Rhythm::default()
    }
}

/// Kraken's spot market. `outbound` should allow [`super::venue::LIMITS`].
///
/// # Panics
///
/// Outside a tokio runtime.
#[must_use]
pub fn spot(options: Options, outbound: Outbound) -> VenueFeed {
    let rest = Rest::new(Asker::new(&options, outbound));
    VenueFeed::new(options, Arc::new(Kraken { rest }))
}

/// Kraken's language.
struct Kraken {
    rest: Rest,
}

impl Phrases for Kraken {
    fn request(&self, wish: Wish, symbols: &[SmolStr], id: u64) -> String {
        let symbols: Vec<&str> = symbols.iter().map(SmolStr::as_str).collect();
        match wish {
            Wish::Subscribe => serde_json::json!({
                "method": "subscribe",
                "params": {"channel": "trade", "symbol": symbols, "snapshot": false},
                "req_id": id,
            }),
            Wish::Unsubscribe => serde_json::json!({
                "method": "unsubscribe",
                "params": {"channel": "trade", "symbol": symbols},
                "req_id": id,
            }),
        }
        .to_string()
    }
}

#[async_trait]
impl Protocol for Kraken {
    fn kind(&self) -> MarketKind {
        MarketKind::Spot
    }

    fn symbol(&self, pair: &Pair) -> SmolStr {
        pair.to_string().into()
    }

    fn socket(&self, base: &Url) -> Url {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v2");
        }
        url
    }

    fn read(&self, text: &str) -> Result<Frame, BoxError> {
        Ok(frames::decode(text)?)
    }

    async fn time(&self) -> Result<Option<Timestamp>, FeedError> {
        // Its REST clock has whole seconds only; every answer over the socket has a better time.
        Ok(None)
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let pairs = self.rest.pairs(None).await?;
        let prices: HashMap<String, Price> = self.rest.prices().await?;
        Ok(pairs
            .into_iter()
            .map(|(name, pair)| Listed {
                symbol: self.symbol(&pair),
                price: prices.get(&name).copied(),
                instrument: Instrument {
                    venue: self.rest.asker().venue().clone(),
                    kind: MarketKind::Spot,
                    pair,
                },
            })
            .collect())
    }

    async fn find(&self, instrument: &Instrument, _: &str) -> Result<(), FeedError> {
        let found = self.rest.pairs(Some(instrument)).await?;
        if found.iter().any(|(_, pair)| *pair == instrument.pair) {
            Ok(())
        } else {
            Err(FeedError::Unlisted(instrument.clone()))
        }
    }

    async fn trades(
        &self,
        instrument: &Instrument,
        _: &str,
        from: Start,
    ) -> Result<Trades, FeedError> {
        self.rest.trades(instrument, from).await
    }

    async fn candles(
        &self,
        instrument: &Instrument,
        _: &str,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Candles, FeedError> {
        let candles = self.rest.candles(instrument, interval, from, to).await?;
        Ok(Candles {
            candles,
            next: None,
        })
    }
}
