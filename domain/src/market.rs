//! Markets: what is traded, where, and at what price.

use std::fmt;
use std::time::Duration;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::time::Timestamp;

mod coarser;
mod shown;
pub use coarser::Coarser;
pub use shown::{Interval, Mark};

/// A price: exact, above zero, without trailing zeros, so equal prices print alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Decimal);

/// A number that is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no price: a decimal number above zero and up to 10^12 is needed")]
pub struct BadPrice(pub String);

impl Price {
    /// The highest price: beyond any real one, and low enough that no sum or product of prices
    /// and shares leaves the range of exact numbers: 10^12.
    pub const HIGHEST: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

    /// Takes a number above zero, up to [`Self::HIGHEST`].
    ///
    /// # Errors
    ///
    /// [`BadPrice`] when it is zero or below, or too high.
    pub fn new(value: Decimal) -> Result<Self, BadPrice> {
        if value > Decimal::ZERO && value <= Self::HIGHEST {
            Ok(Self(value.normalize()))
        } else {
            Err(BadPrice(value.to_string()))
        }
    }

    /// Reads plain decimal notation: `0.00001234`. Channels' spellings are the parser's business.
    ///
    /// # Errors
    ///
    /// [`BadPrice`] when the text is no such number.
    pub fn parse(text: &str) -> Result<Self, BadPrice> {
        Decimal::from_str_exact(text)
            .or_else(|_| Decimal::from_scientific(text))
            .map_err(|_| BadPrice(text.to_owned()))
            .and_then(Self::new)
            .map_err(|_| BadPrice(text.to_owned()))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A traded pair in the platform's one spelling: `BTC/USDT`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    base: SmolStr,
    quote: SmolStr,
}

/// Text that names no pair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pair: write it as BASE/QUOTE, for example BTC/USDT")]
pub struct BadPair(pub String);

impl Pair {
    /// From its two assets, in any case.
    ///
    /// # Errors
    ///
    /// [`BadPair`] when a half is empty, longer than 20 bytes or not made of letters and digits.
    pub fn new(base: &str, quote: &str) -> Result<Self, BadPair> {
        let fits =
            |half: &str| (1..=20).contains(&half.len()) && half.chars().all(char::is_alphanumeric);
        if fits(base) && fits(quote) {
            Ok(Self {
                base: base.to_uppercase().into(),
                quote: quote.to_uppercase().into(),
            })
        } else {
            Err(BadPair(format!("{base}/{quote}")))
        }
    }

    /// Reads the platform's spelling, `BTC/USDT`.
    ///
    /// # Errors
    ///
    /// [`BadPair`] as in [`Pair::new`], or when there is no `/`.
    pub fn parse(text: &str) -> Result<Self, BadPair> {
        let (base, quote) = text
            .split_once('/')
            .ok_or_else(|| BadPair(text.to_owned()))?;
        Self::new(base, quote).map_err(|_| BadPair(text.to_owned()))
    }

    /// What is bought and sold.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What it is paid in.
    #[must_use]
    pub fn quote(&self) -> &str {
        &self.quote
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.quote)
    }
}

/// An exchange: `binance`, `sim`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Venue(SmolStr);

impl Venue {
    /// From its lower-case name.
    #[must_use]
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of contract is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarketKind {
    /// The asset itself.
    Spot,
    /// A perpetual future margined in the quote (Binance: USD-M).
    Perpetual,
    /// A contract for difference, as brokers offer it on metals, currencies, indices and oil:
    /// whatever is no crypto asset.
    Cfd,
}

impl MarketKind {
    /// `spot`, `perpetual` or `cfd`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Perpetual => "perpetual",
            Self::Cfd => "cfd",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "spot" => Some(Self::Spot),
            "perpetual" => Some(Self::Perpetual),
            "cfd" => Some(Self::Cfd),
            _ => None,
        }
    }
}

impl fmt::Display for MarketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// One pair at one venue in one kind of market: the thing that has a price.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instrument {
    /// Where it is traded.
    pub venue: Venue,
    /// In which kind of market.
    pub kind: MarketKind,
    /// What is traded.
    pub pair: Pair,
}

/// An instrument's name that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no instrument: write it as VENUE:KIND:BASE/QUOTE, for example binance:spot:BTC/USDT"
)]
pub struct BadInstrument(pub String);

impl Instrument {
    /// Reads what [`fmt::Display`] writes: `binance:spot:BTC/USDT`.
    ///
    /// # Errors
    ///
    /// [`BadInstrument`] when a part is missing or unknown.
    pub fn parse(text: &str) -> Result<Self, BadInstrument> {
        let bad = || BadInstrument(text.to_owned());
        let mut parts = text.splitn(3, ':');
        let (venue, kind, pair) = (parts.next(), parts.next(), parts.next());
        Ok(Self {
            venue: Venue::new(venue.filter(|venue| !venue.is_empty()).ok_or_else(bad)?),
            kind: kind.and_then(MarketKind::from_label).ok_or_else(bad)?,
            pair: pair
                .and_then(|pair| Pair::parse(pair).ok())
                .ok_or_else(bad)?,
        })
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.venue, self.kind, self.pair)
    }
}

/// Long or short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Bought first: gains when the price rises.
    Long,
    /// Sold first: gains when the price falls.
    Short,
}

impl Side {
    /// `long` or `short`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "long" => Some(Self::Long),
            "short" => Some(Self::Short),
            _ => None,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    /// +1 for long, −1 for short.
    #[must_use]
    pub const fn sign(self) -> Decimal {
        match self {
            Self::Long => Decimal::ONE,
            Self::Short => Decimal::NEGATIVE_ONE,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// One trade as the venue reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The venue's number of it.
    pub id: u64,
    /// When it happened, by the venue's clock.
    pub at: Timestamp,
    /// Its price.
    pub price: Price,
}

/// What happened between `open_time` and `open_time + span`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candle {
    /// Its first instant.
    pub open_time: Timestamp,
    /// How long it lasted.
    pub span: Duration,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// Traded amount in the base asset.
    pub volume: Decimal,
}

/// A candle that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a candle's low must be its lowest and its high its highest price: open {open}, high {high}, low {low}, close {close}"
)]
pub struct BadCandle {
    open: Price,
    high: Price,
    low: Price,
    close: Price,
}

impl Candle {
    /// Checks that low ≤ open, close ≤ high.
    ///
    /// # Errors
    ///
    /// [`BadCandle`] when it does not hold.
    pub fn checked(self) -> Result<Self, BadCandle> {
        let Self {
            open,
            high,
            low,
            close,
            ..
        } = self;
        if low <= open.min(close) && open.max(close) <= high {
            Ok(self)
        } else {
            Err(BadCandle {
                open,
                high,
                low,
                close,
            })
        }
    }

    /// The first instant that is no longer in it.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.open_time + self.span
    }
}

/// One thing that a price path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// A single trade.
    Trade(Trade),
    /// A finished candle, where trades are not to be had.
    Candle(Candle),
    /// Time has come this far, whether or not anything was traded.
    Time(Timestamp),
    /// Nothing is known of what was traded between two instants, and nothing will be.
    Hole {
        /// The first unknown instant.
        from: Timestamp,
        /// The first known instant after it.
        to: Timestamp,
    },
}

impl Tick {
    /// When all of it was over.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Trade(trade) => trade.at,
            Self::Candle(candle) => candle.end(),
            Self::Time(at) => *at,
            Self::Hole { to, .. } => *to,
        }
    }

    /// The price after it, where it tells one.
    #[must_use]
    pub const fn last_price(&self) -> Option<Price> {
        match self {
            Self::Trade(trade) => Some(trade.price),
            Self::Candle(candle) => Some(candle.close),
            Self::Time(_) | Self::Hole { .. } => None,
        }
    }
}
