//! Topics: what one can listen to, by the names that Binance gives them.

use crate::market::{Market, Symbol};

/// The intervals of klines, by name and in minutes.
const INTERVALS: [(&str, i64); 7] = [
    ("1m", 1),
    ("3m", 3),
    ("5m", 5),
    ("15m", 15),
    ("30m", 30),
    ("1h", 60),
    ("4h", 240),
];

/// How many minutes an interval has.
pub(super) fn minutes(interval: &str) -> Option<i64> {
    let found = INTERVALS.iter().find(|(name, _)| *name == interval);
    found.map(|(_, minutes)| *minutes)
}

/// One stream of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topic {
    /// As the client spelled it.
    pub(super) name: String,
    pub(super) symbol: &'static Symbol,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Trade,
    AggTrade,
    BookTicker,
    Kline {
        interval: &'static str,
        minutes: i64,
    },
}

impl Topic {
    /// Reads `qbtusdt@trade`; nothing where there is no such stream.
    pub(super) fn parse(name: &str, market: &Market) -> Option<Self> {
        let (symbol, what) = name.split_once('@')?;
        if symbol.chars().any(|letter| letter.is_ascii_uppercase()) {
            return None;
        }
        let symbol = market.find(&symbol.to_ascii_uppercase())?;
        let what = match what {
            "trade" => What::Trade,
            "aggTrade" => What::AggTrade,
            "bookTicker" => What::BookTicker,
            other => {
                let interval = other.strip_prefix("kline_")?;
                let (interval, minutes) = *INTERVALS.iter().find(|(name, _)| *name == interval)?;
                What::Kline { interval, minutes }
            }
        };
        Some(Self {
            name: name.to_owned(),
            symbol,
            what,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_in_small_letters() {
        let parse = |name| Topic::parse(name, &Market::new(7));
        assert_eq!(parse("qbtusdt@trade").unwrap().what, What::Trade);
        let kline = parse("zetusdt@kline_1m").unwrap().what;
        let (interval, minutes) = ("1m", 1);
        assert_eq!(kline, What::Kline { interval, minutes });
        for wrong in [
            "QBTUSDT@trade",
            "qbtusdt",
            "qbtusdt@depth",
            "btcusdt@trade",
            "@",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
