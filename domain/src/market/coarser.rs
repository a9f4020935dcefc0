//! Candles made of shorter ones.

use super::{Candle, Interval};

/// Gathers candles, in order of time, into those of an interval.
#[derive(Clone, Debug)]
pub struct Coarser {
    interval: Interval,
    /// What grows, from the first instant of its interval on and without a gap.
    growing: Option<Candle>,
}

impl Coarser {
    /// Gathers into candles of this interval.
    #[must_use]
    pub const fn new(interval: Interval) -> Self {
        Self {
            interval,
            growing: None,
        }
    }

    /// Takes a candle in; the one that is whole with it. One of whose time a part is not known, and
    /// one that is longer than the interval, makes none.
    pub fn step(&mut self, candle: &Candle) -> Option<Candle> {
        let begin = self.interval.begin_of(candle.open_time);
        let growing = match self.growing.take() {
            Some(mut growing)
                if growing.end() == candle.open_time && growing.open_time == begin =>
            {
                growing.span += candle.span;
                growing.high = growing.high.max(candle.high);
                growing.low = growing.low.min(candle.low);
                growing.close = candle.close;
                growing.volume += candle.volume;
                growing
            }
            _ if candle.open_time == begin => *candle,
            _ => return None,
        };
        let whole = growing.end() == begin + self.interval.span();
        if !whole {
            self.growing = Some(growing);
        }
        whole.then_some(growing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::market::Price;
    use crate::time::Timestamp;

    fn candle(minute: i64, minutes: u64, low: &str, close: &str, high: &str) -> Candle {
        let price = |text| Price::parse(text).unwrap();
        Candle {
            open_time: Timestamp::from_millis(minute * 60_000),
            span: Duration::from_secs(60 * minutes),
            open: price(low),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: 2.into(),
        }
    }

    #[test]
    fn five_minutes_make_one_candle_and_a_gap_makes_none() {
        let mut coarser = Coarser::new(Interval::FiveMinutes);
        let told = [
            candle(4, 1, "1", "2", "3"),
            candle(5, 1, "10", "11", "12"),
            candle(6, 3, "9", "11", "15"),
            candle(9, 1, "10", "14", "14"),
            candle(10, 1, "1", "2", "3"),
            candle(12, 3, "1", "2", "3"),
            candle(15, 5, "7", "7", "7"),
            candle(20, 15, "7", "7", "7"),
        ]
        .map(|candle| coarser.step(&candle));
        let whole: Vec<_> = told.iter().flatten().collect();
        let mut first = candle(5, 5, "9", "14", "15");
        first.open = Price::parse("10").unwrap();
        first.volume = 6.into();
        assert_eq!(whole, [&first, &candle(15, 5, "7", "7", "7")]);
    }
}
