//! Recorded prices: candles of a real market, played as four trades each.
//!
//! Within a candle only four prices are known, and of their order only that the first comes first
//! and the last last. So a candle plays as its open, its nearer extreme, its farther one and its
//! close, and adds up to itself again.

use std::collections::BTreeMap;

use crate::amount::Amount;

use super::symbol::Symbol;
use super::trade::Trade;

/// How many trades play a candle.
const TRADES: i64 = 4;

/// A recorded candle. Its time is in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candle {
    /// When its interval begins.
    pub open_ms: i64,
    /// The first price.
    pub open: Amount,
    /// The highest price.
    pub high: Amount,
    /// The lowest price.
    pub low: Amount,
    /// The last price.
    pub close: Amount,
    /// How much of the base changed hands.
    pub volume: Amount,
}

/// What a recording holds that cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// There is nothing in it.
    #[error("a recording without candles cannot be played")]
    Empty,
    /// An interval of no length, or of more than a day.
    #[error("candles of {0} ms cannot be played: an interval is above zero and at most a day")]
    Interval(i64),
    /// Candles out of order, or one within another.
    #[error("the candle at {0} ms begins before the one before it ends")]
    Order(i64),
    /// A candle whose extremes do not embrace its prices.
    #[error("the candle at {0} ms contradicts itself")]
    Candle(i64),
}

/// The recorded prices of one symbol.
#[derive(Debug)]
pub struct Recording {
    symbol: &'static Symbol,
    interval_ms: i64,
    candles: Vec<Candle>,
}

impl Recording {
    /// A recording of `base` in `quote`, its candles in order of time; gaps are gaps. What a
    /// recording is of is remembered as long as the process lives.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] names the first candle that cannot be played.
    pub fn new(
        base: &str,
        quote: &str,
        interval_ms: i64,
        candles: Vec<Candle>,
    ) -> Result<Self, RecordingError> {
        let first = candles.first().ok_or(RecordingError::Empty)?;
        if !(TRADES..=86_400_000).contains(&interval_ms) {
            return Err(RecordingError::Interval(interval_ms));
        }
        if let Some([_, late]) = candles
            .array_windows::<2>()
            .find(|[one, two]| two.open_ms < one.open_ms + interval_ms)
        {
            return Err(RecordingError::Order(late.open_ms));
        }
        if let Some(wrong) = candles.iter().find(|candle| !candle.is_sound()) {
            return Err(RecordingError::Candle(wrong.open_ms));
        }
        let forever = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let symbol = Box::leak(Box::new(Symbol {
            name: forever(format!("{base}{quote}")),
            base: forever(base.to_owned()),
            quote: forever(quote.to_owned()),
            tick: Amount::units(1),
            step: Amount::units(1),
            home: first.open,
            wildness: 0,
        }));
        Ok(Self {
            symbol,
            interval_ms,
            candles,
        })
    }

    /// What it is of.
    #[must_use]
    pub const fn symbol(&self) -> &'static Symbol {
        self.symbol
    }

    /// When its first candle begins.
    pub(crate) fn opened(&self) -> i64 {
        self.candles.first().map_or(0, |candle| candle.open_ms)
    }

    /// The trades from a number on.
    pub(crate) fn trades(&self, from_id: i64) -> impl Iterator<Item = Trade> {
        let end = TRADES * i64::try_from(self.candles.len()).unwrap_or(i64::MAX / TRADES);
        (from_id.max(0)..end).filter_map(|id| self.trade(id))
    }

    /// The trade of a number; the first or the last of all where there is none.
    pub(crate) fn nearest(&self, id: i64) -> Trade {
        let last = TRADES * i64::try_from(self.candles.len()).unwrap_or(0) - 1;
        let nearest = self.trade(id.clamp(0, last));
        nearest.unwrap_or_else(|| unreachable!("a recording has candles"))
    }

    /// The number of the last trade at or before an instant; negative before the first.
    pub(crate) fn last_id(&self, at_ms: i64) -> i64 {
        let begun = self
            .candles
            .partition_point(|candle| candle.open_ms <= at_ms);
        let Some(candle) = begun.checked_sub(1).map(|at| &self.candles[at]) else {
            return -1;
        };
        let first = TRADES * (i64::try_from(begun).unwrap_or(0) - 1);
        let happened = (0..TRADES).filter(|leg| self.moment(candle, *leg) <= at_ms);
        first - 1 + i64::try_from(happened.count()).unwrap_or(0)
    }

    /// The trades of a stretch of time, its end left out.
    pub(crate) fn between(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = Trade> {
        let first = self.last_id(from_ms - 1) + 1;
        self.trades(first)
            .take_while(move |trade| trade.at_ms < to_ms)
    }

    fn trade(&self, id: i64) -> Option<Trade> {
        let candle = self.candles.get(usize::try_from(id / TRADES).ok()?)?;
        let leg = id % TRADES;
        let (near, far) = if candle.close >= candle.open {
            (candle.low, candle.high)
        } else {
            (candle.high, candle.low)
        };
        let price = match leg {
            0 => candle.open,
            1 => near,
            2 => far,
            _ => candle.close,
        };
        let part = candle.volume.in_units() / TRADES;
        let rest = candle.volume.in_units() % TRADES;
        Some(Trade {
            id,
            at_ms: self.moment(candle, leg),
            price,
            quantity: Amount::units(if leg == TRADES - 1 { part + rest } else { part }),
            buyer_is_maker: leg % 2 == 1,
            bid: price,
            ask: price,
        })
    }

    /// The first at the candle's beginning, the last at its last millisecond.
    const fn moment(&self, candle: &Candle, leg: i64) -> i64 {
        candle.open_ms + leg * (self.interval_ms - 1) / (TRADES - 1)
    }
}

impl Candle {
    fn is_sound(&self) -> bool {
        let within = |price| self.low <= price && price <= self.high;
        self.low > Amount::default()
            && within(self.open)
            && within(self.close)
            && self.volume >= Amount::default()
    }
}

/// The recordings of a market, by symbol.
pub(super) type Recordings = BTreeMap<&'static str, Recording>;
