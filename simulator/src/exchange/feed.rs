//! The feed of one connection: which frames are due on its topics, and where each one stands.

use serde_json::{Value, json};

use super::topic::{Topic, What};
use crate::market::{Kline, MINUTE_MS, Market, Trade};

/// How often an open kline is told.
const KLINE_EVERY_MS: i64 = 2_000;

/// What one connection listens to.
pub(super) struct Feed {
    market: Market,
    /// Each topic with the last trade, or the last moment, that it was told.
    topics: Vec<(Topic, i64)>,
}

impl Feed {
    pub(super) const fn new(market: Market) -> Self {
        Self {
            market,
            topics: Vec::new(),
        }
    }

    /// Listens to a topic from now on.
    pub(super) fn add(&mut self, topic: Topic, now_ms: i64) {
        if self
            .topics
            .iter()
            .any(|(known, _)| known.name == topic.name)
        {
            return;
        }
        let from = match topic.what {
            What::Kline { .. } => now_ms - now_ms.rem_euclid(self.every()),
            What::Trade | What::AggTrade | What::BookTicker => {
                self.market.last_id(topic.symbol, now_ms)
            }
        };
        self.topics.push((topic, from));
    }

    /// How often a kline is told. Whoever plays a recording leaps through its time, and is told what
    /// each minute came to.
    fn every(&self) -> i64 {
        if self.market.is_recorded() {
            MINUTE_MS
        } else {
            KLINE_EVERY_MS
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.topics.retain(|(topic, _)| topic.name != name);
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.topics.iter().map(|(topic, _)| topic.name.as_str());
        names.collect()
    }

    /// The frames that are due, in the order of their events, each with its topic's name.
    pub(super) fn due(&mut self, now_ms: i64) -> Vec<(String, Value)> {
        let mut frames = Vec::new();
        let every = self.every();
        for (topic, told) in &mut self.topics {
            match topic.what {
                What::Kline { interval, minutes } => {
                    while *told + every <= now_ms {
                        *told += every;
                        let kline = kline_frame(&self.market, topic, interval, minutes, *told);
                        frames.extend(kline.map(|data| (*told, topic.name.clone(), data)));
                    }
                }
                What::Trade | What::AggTrade | What::BookTicker => {
                    let last = self.market.last_id(topic.symbol, now_ms);
                    let count = usize::try_from(last - *told).unwrap_or(0);
                    for trade in self.market.trades(topic.symbol, *told + 1).take(count) {
                        let data = trade_frame(topic, &trade, now_ms);
                        frames.push((trade.at_ms, topic.name.clone(), data));
                    }
                    *told = last.max(*told);
                }
            }
        }
        frames.sort_by_key(|(at, _, _)| *at);
        let named = frames.into_iter().map(|(_, name, data)| (name, data));
        named.collect()
    }
}

fn trade_frame(topic: &Topic, trade: &Trade, now_ms: i64) -> Value {
    let (s, price, quantity) = (
        topic.symbol.name,
        trade.price.padded(),
        trade.quantity.padded(),
    );
    match topic.what {
        What::BookTicker => json!({
            "u": trade.id,
            "s": s,
            "b": trade.bid.padded(),
            "B": quantity,
            "a": trade.ask.padded(),
            "A": quantity,
        }),
        What::AggTrade => json!({
            "e": "aggTrade", "E": now_ms, "s": s, "a": trade.id, "p": price, "q": quantity,
            "f": trade.id, "l": trade.id, "T": trade.at_ms, "m": trade.buyer_is_maker, "M": true,
        }),
        What::Trade | What::Kline { .. } => json!({
            "e": "trade", "E": now_ms, "s": s, "t": trade.id, "p": price, "q": quantity,
            "T": trade.at_ms, "m": trade.buyer_is_maker, "M": true,
        }),
    }
}

/// The kline as it stands at a moment; at the end of its interval it is told for the last time.
fn kline_frame(
    market: &Market,
    topic: &Topic,
    interval: &str,
    minutes: i64,
    at_ms: i64,
) -> Option<Value> {
    let long = minutes * MINUTE_MS;
    let last = at_ms - 1;
    let open = last - last.rem_euclid(long);
    let kline: Kline = market.kline(topic.symbol, open, minutes, last)?;
    Some(json!({
        "e": "kline", "E": at_ms, "s": topic.symbol.name,
        "k": {
            "t": open, "T": open + long - 1, "s": topic.symbol.name, "i": interval,
            "f": kline.first_id, "L": kline.last_id,
            "o": kline.open.padded(), "c": kline.close.padded(),
            "h": kline.high.padded(), "l": kline.low.padded(),
            "v": kline.volume.padded(), "n": kline.trades(), "x": at_ms == open + long,
            "q": kline.quote_volume.padded(), "V": kline.taker_volume.padded(),
            "Q": kline.taker_quote_volume.padded(), "B": "0",
        },
    }))
}
