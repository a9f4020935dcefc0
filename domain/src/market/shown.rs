//! What is shown of a market and decides nothing: mark prices, and candles of several lengths.

use std::time::Duration;

use super::Price;
use crate::time::Timestamp;

/// What a venue reckons open positions at, and liquidates by. No outcome is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The price.
    pub price: Price,
    /// When it was reckoned, by the venue's clock.
    pub at: Timestamp,
}

/// How long a candle is, as far as every venue offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interval {
    /// `1m`
    Minute,
    /// `5m`
    FiveMinutes,
    /// `15m`
    Quarter,
    /// `30m`
    HalfHour,
    /// `1h`
    Hour,
    /// `4h`
    FourHours,
    /// `1d`, from midnight UTC
    Day,
}

impl Interval {
    /// All of them, the shortest first.
    pub const ALL: [Self; 7] = [
        Self::Minute,
        Self::FiveMinutes,
        Self::Quarter,
        Self::HalfHour,
        Self::Hour,
        Self::FourHours,
        Self::Day,
    ];

    /// `1m`, `5m`, `15m`, `30m`, `1h`, `4h` or `1d`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Quarter => "15m",
            Self::HalfHour => "30m",
            Self::Hour => "1h",
            Self::FourHours => "4h",
            Self::Day => "1d",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|interval| interval.label() == label)
    }

    /// How long it is, in minutes.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Minute => 1,
            Self::FiveMinutes => 5,
            Self::Quarter => 15,
            Self::HalfHour => 30,
            Self::Hour => 60,
            Self::FourHours => 240,
            Self::Day => 1_440,
        }
    }

    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Duration {
        Duration::from_secs(self.minutes() as u64 * 60)
    }

    /// When the candle begins in which an instant falls.
    #[must_use]
    pub fn begin_of(self, at: Timestamp) -> Timestamp {
        let span = i64::from(self.minutes()) * 60_000_000;
        Timestamp::from_micros(at.as_micros().div_euclid(span).saturating_mul(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_back_and_candles_begin_on_whole_intervals_also_before_1970() {
        for interval in Interval::ALL {
            assert_eq!(Interval::from_label(interval.label()), Some(interval));
        }
        assert_eq!(Interval::from_label("2m"), None);
        let at = Timestamp::from_micros;
        let hour = 3_600_000_000;
        assert_eq!(Interval::Hour.begin_of(at(hour)), at(hour));
        assert_eq!(Interval::Hour.begin_of(at(2 * hour - 1)), at(hour));
        assert_eq!(Interval::FourHours.begin_of(at(-1)), at(-4 * hour));
    }
}
