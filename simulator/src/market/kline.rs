//! Klines: exactly what the trades within them add up to.

use crate::amount::{Amount, Total};

use super::trade::Trade;

/// A kline as the venue tells it. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kline {
    /// When its interval begins.
    pub open_ms: i64,
    /// The price of its first trade.
    pub open: Amount,
    /// Its highest price.
    pub high: Amount,
    /// Its lowest price.
    pub low: Amount,
    /// The price of its last trade.
    pub close: Amount,
    /// How much of the base changed hands.
    pub volume: Total,
    /// What was paid for it.
    pub quote_volume: Total,
    /// How much of it takers bought.
    pub taker_volume: Total,
    /// What they paid for it.
    pub taker_quote_volume: Total,
    /// The number of its first trade.
    pub first_id: i64,
    /// The number of its last trade.
    pub last_id: i64,
}

impl Kline {
    /// The kline that begins at `open_ms` and holds these trades; nothing where there are none.
    pub(crate) fn of_trades(open_ms: i64, trades: impl Iterator<Item = Trade>) -> Option<Self> {
        trades
            .map(|trade| Self::of_trade(open_ms, &trade))
            .reduce(Self::and)
    }

    fn of_trade(open_ms: i64, trade: &Trade) -> Self {
        let quantity = Total::of(trade.quantity);
        let paid = Total::paid(trade.price, trade.quantity);
        let taker = |total| {
            if trade.buyer_is_maker {
                Total::default()
            } else {
                total
            }
        };
        Self {
            open_ms,
            open: trade.price,
            high: trade.price,
            low: trade.price,
            close: trade.price,
            volume: quantity,
            quote_volume: paid,
            taker_volume: taker(quantity),
            taker_quote_volume: taker(paid),
            first_id: trade.id,
            last_id: trade.id,
        }
    }

    /// This kline and the one after it as one.
    #[must_use]
    pub(crate) fn and(self, later: Self) -> Self {
        Self {
            open_ms: self.open_ms,
            open: self.open,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
            volume: self.volume.and(later.volume),
            quote_volume: self.quote_volume.and(later.quote_volume),
            taker_volume: self.taker_volume.and(later.taker_volume),
            taker_quote_volume: self.taker_quote_volume.and(later.taker_quote_volume),
            first_id: self.first_id,
            last_id: later.last_id,
        }
    }

    /// How many trades it holds.
    #[must_use]
    pub const fn trades(&self) -> i64 {
        self.last_id - self.first_id + 1
    }
}
