//! The candle archive: what a venue's candles were, one Parquet file for each month.
//!
//! A folder `VENUE_KIND/SYMBOL/INTERVAL/` holds `SYMBOL-INTERVAL-YYYY-MM.parquet`, named like the
//! files that Binance itself gives away, so that the replay reads both alike.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use domain::market::{MarketKind, Venue};
use smol_str::SmolStr;

pub mod fetch;
pub mod file;
pub mod month;
pub mod plan;

use month::Month;

/// A folder of candles.
#[derive(Clone, Debug)]
pub struct Archive {
    root: PathBuf,
}

/// The candles of one symbol in one interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Where it is traded.
    pub venue: Venue,
    /// In which kind of market.
    pub kind: MarketKind,
    /// What the venue calls it: `BTCUSDT`.
    pub symbol: SmolStr,
    /// How long its candles last.
    pub interval: Interval,
}

/// How long a candle lasts, as it is written: `1m`, `4h`, `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    label: &'static str,
    span: Duration,
}

/// The intervals that Binance has and that divide a day, so that every month begins with a candle.
const INTERVALS: [(&str, u64); 13] = [
    ("1m", 60),
    ("3m", 180),
    ("5m", 300),
    ("15m", 900),
    ("30m", 1_800),
    ("1h", 3_600),
    ("2h", 7_200),
    ("4h", 14_400),
    ("6h", 21_600),
    ("8h", 28_800),
    ("12h", 43_200),
    ("1d", 86_400),
    ("1s", 1),
];

impl Interval {
    /// As it is written: `1m`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.label
    }

    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Duration {
        self.span
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = INTERVALS.iter().find(|(label, _)| *label == text);
        let &(label, seconds) = known.ok_or_else(|| {
            let labels: Vec<_> = INTERVALS.iter().map(|(label, _)| *label).collect();
            format!("use one of {}", labels.join(", "))
        })?;
        Ok(Self {
            label,
            span: Duration::from_secs(seconds),
        })
    }
}

impl Archive {
    /// An archive in this folder, which is made when something is stored.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes sure that nobody else stores into it, for as long as the answer is held.
    ///
    /// # Errors
    ///
    /// When another process does, or the folder cannot be made.
    pub fn lock(&self) -> anyhow::Result<File> {
        let there = self.root.display();
        std::fs::create_dir_all(&self.root)
            .with_context(|| format!("could not make the folder {there}"))?;
        let lock = File::create(self.root.join(".lock"))
            .with_context(|| format!("could not write into {there}"))?;
        lock.try_lock()
            .with_context(|| format!("another process is fetching into {there}"))?;
        Ok(lock)
    }

    /// Where the candles of a month are kept.
    #[must_use]
    pub fn path(&self, series: &Series, month: Month) -> PathBuf {
        let (venue, kind) = (&series.venue, series.kind.label());
        let (symbol, interval) = (&series.symbol, series.interval.label());
        self.root
            .join(format!("{venue}_{kind}"))
            .join(symbol.as_str())
            .join(interval)
            .join(format!("{symbol}-{interval}-{month}.parquet"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_like_those_of_the_venue() {
        let series = Series {
            venue: Venue::new("binance"),
            kind: MarketKind::Spot,
            symbol: "BTCUSDT".into(),
            interval: "15m".parse().unwrap(),
        };
        let month = Month::of(domain::time::Timestamp::from_millis(1_740_787_200_000)).unwrap();
        assert_eq!(
            Archive::new("data/candles").path(&series, month),
            Path::new("data/candles/binance_spot/BTCUSDT/15m/BTCUSDT-15m-2025-03.parquet")
        );
    }

    #[test]
    fn an_unknown_interval_is_told_the_known_ones() {
        let refused = "7m".parse::<Interval>().unwrap_err();
        assert!(refused.contains("5m, 15m"), "{refused}");
    }
}
