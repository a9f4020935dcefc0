//! Markets: what is recorded, and a price that wanders for as long as one wants.

use std::path::Path;
use std::time::Duration;

use domain::market::{Candle, Price, Tick};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use touchstone::replay::candles::{self, PricePath, Wanted};

const MINUTE: Duration = Duration::from_secs(60);

/// The instruments of a market, one after the other.
pub enum Market {
    /// One that wanders for so many minutes.
    Walk(u64),
    /// Those of files, packed.
    Recorded(Vec<PricePath>),
}

/// One instrument of a market.
pub enum Instrument<'a> {
    /// See [`Market::Walk`].
    Walk(u64),
    /// See [`Market::Recorded`].
    Recorded(&'a PricePath),
}

impl Market {
    /// A price that wanders for so many minutes.
    #[must_use]
    pub const fn walk(minutes: u64) -> Self {
        Self::Walk(minutes)
    }

    /// All candles of one minute in a folder and its folders.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn recorded(folder: &Path) -> anyhow::Result<Self> {
        let mut paths = Vec::new();
        for venue in std::fs::read_dir(folder)? {
            for file in std::fs::read_dir(venue?.path())? {
                let path = file?.path();
                if path.to_string_lossy().contains("-1m-") {
                    paths.push(path);
                }
            }
        }
        let wanted = Wanted {
            paths,
            ..Wanted::default()
        };
        let known = candles::read(&wanted, |_, _| {})?;
        Ok(Self::Recorded(
            known.into_values().map(|known| known.path).collect(),
        ))
    }

    /// How many instruments there are.
    #[must_use]
    pub fn instruments(&self) -> usize {
        self.each().count()
    }

    /// Each instrument.
    pub fn each(&self) -> impl Iterator<Item = Instrument<'_>> {
        let (walk, recorded) = match self {
            Self::Walk(minutes) => (Some(Instrument::Walk(*minutes)), &[][..]),
            Self::Recorded(paths) => (None, paths.as_slice()),
        };
        walk.into_iter()
            .chain(recorded.iter().map(Instrument::Recorded))
    }

    /// How many ticks there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Walk(minutes) => *minutes,
            Self::Recorded(paths) => paths.iter().map(|path| path.len() as u64).sum(),
        }
    }

    /// There is no tick.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Instrument<'_> {
    /// Its ticks, made or unpacked one by one.
    pub fn ticks(&self) -> Box<dyn Iterator<Item = Tick>> {
        match self {
            Self::Walk(minutes) => Box::new(Walk::new(*minutes)),
            Self::Recorded(path) => Box::new((*path).clone().ticks()),
        }
    }
}

/// A price in cents that moves by about a thousandth a minute, the same at each run.
struct Walk {
    minute: u64,
    minutes: u64,
    last: i64,
    dice: Dice,
}

/// A linear congruential generator: the figures need chance, not secrets.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From zero up to `below`.
    pub(super) fn roll(&mut self, below: i64) -> i64 {
        self.0 = (self.0)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap_or(0) % below
    }
}

impl Walk {
    const LOWEST: i64 = 500_000;
    const HIGHEST: i64 = 20_000_000;

    const fn new(minutes: u64) -> Self {
        Self {
            minute: 0,
            minutes,
            last: 3_000_000,
            dice: Dice::new(7),
        }
    }
}

impl Iterator for Walk {
    type Item = Tick;

    fn next(&mut self) -> Option<Tick> {
        if self.minute == self.minutes {
            return None;
        }
        let open = self.last;
        let reach = open / 1_000;
        let close =
            (open + self.dice.roll(2 * reach + 1) - reach).clamp(Self::LOWEST, Self::HIGHEST);
        self.last = close;
        let high = open.max(close) + self.dice.roll(reach / 3 + 1);
        let low = open.min(close) - self.dice.roll(reach / 3 + 1);
        let [open, high, low, close] =
            [open, high, low, close].map(|cents| Price::new(Decimal::new(cents, 2)));
        let candle = Candle {
            open_time: Timestamp::from_millis(i64::try_from(self.minute).ok()? * 60_000),
            span: MINUTE,
            open: open.ok()?,
            high: high.ok()?,
            low: low.ok()?,
            close: close.ok()?,
            volume: Decimal::ONE,
        };
        self.minute += 1;
        Some(Tick::Candle(candle))
    }
}
