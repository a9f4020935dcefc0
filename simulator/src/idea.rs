//! What a signal says: side, entry, stop and targets.

use serde::Serialize;

use crate::amount::Amount;
use crate::market::Symbol;

/// Which way the author bets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// On a rise.
    Long,
    /// On a fall.
    Short,
}

impl Side {
    /// +1 for long, -1 for short.
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }

    /// Whether `price` is as good for this side as `level`, or better.
    #[must_use]
    pub fn reaches(self, price: Amount, level: Amount) -> bool {
        match self {
            Self::Long => price >= level,
            Self::Short => price <= level,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
}

/// How the author wants to get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Entry {
    /// Now, at what the market asks; the price is what he saw, where he names it.
    Market {
        /// What he saw.
        seen: Option<Amount>,
    },
    /// At one price or better.
    Limit {
        /// That price.
        price: Amount,
    },
    /// Between two prices, in equal limit orders.
    Zone {
        /// The lower end.
        low: Amount,
        /// The upper end.
        high: Amount,
    },
    /// When the price gets through a level in the direction of the bet.
    Breakout {
        /// That level.
        level: Amount,
    },
}

/// A signal's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Idea {
    /// The pair, as the venue spells it.
    #[serde(serialize_with = "name_of")]
    pub symbol: &'static Symbol,
    /// Which way.
    pub side: Side,
    /// How to get in.
    pub entry: Entry,
    /// Where to get out with a loss.
    pub stop: Option<Amount>,
    /// Where to get out with a gain, nearest first.
    pub targets: Vec<Amount>,
    /// How much the author tells people to borrow.
    pub leverage: Option<u8>,
}

impl Idea {
    /// The levels as they must be found in the text: entry, stop and targets.
    #[must_use]
    pub fn levels(&self) -> Vec<Amount> {
        let mut levels = match self.entry {
            Entry::Market { seen } => seen.into_iter().collect(),
            Entry::Limit { price } => vec![price],
            Entry::Zone { low, high } => vec![low, high],
            Entry::Breakout { level } => vec![level],
        };
        levels.extend(self.stop);
        levels.extend(&self.targets);
        levels
    }

    /// The middle of the published entry, where one is published.
    #[must_use]
    pub fn published_entry(&self) -> Option<f64> {
        match self.entry {
            Entry::Market { seen } => seen.map(Amount::as_f64),
            Entry::Limit { price } => Some(price.as_f64()),
            Entry::Zone { low, high } => Some(f64::midpoint(low.as_f64(), high.as_f64())),
            Entry::Breakout { level } => Some(level.as_f64()),
        }
    }
}

fn name_of<S: serde::Serializer>(symbol: &Symbol, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(symbol.name)
}
