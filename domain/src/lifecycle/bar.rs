//! A bar: one trade or candle, seen from the trade's own side.

use super::Evidence;
use crate::market::{Candle, Price, Side, Trade};
use crate::time::Timestamp;

/// What the market did in one tick. A trade is a bar whose prices are all one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    /// The first price.
    pub(super) open: Price,
    /// The most favourable price.
    pub(super) top: Price,
    /// The least favourable price.
    pub(super) bottom: Price,
    /// The last price.
    pub(super) close: Price,
    from: Timestamp,
    /// When it was over.
    pub(super) until: Timestamp,
    /// What it was made of.
    pub(super) evidence: Evidence,
}

impl Bar {
    pub(super) fn of_trade(trade: &Trade) -> Self {
        let Trade { at, price, .. } = *trade;
        Self {
            open: price,
            top: price,
            bottom: price,
            close: price,
            from: at,
            until: at,
            evidence: Evidence::Trade(*trade),
        }
    }

    pub(super) fn of_candle(candle: &Candle, side: Side) -> Self {
        let (top, bottom) = match side {
            Side::Long => (candle.high, candle.low),
            Side::Short => (candle.low, candle.high),
        };
        Self {
            open: candle.open,
            top,
            bottom,
            close: candle.close,
            from: candle.open_time,
            until: candle.end(),
            evidence: Evidence::Candle(*candle),
        }
    }

    /// An instant at which the last price still holds.
    pub(super) fn of_time(at: Timestamp, price: Price) -> Self {
        Self {
            open: price,
            top: price,
            bottom: price,
            close: price,
            from: at,
            until: at,
            evidence: Evidence::Time(at),
        }
    }

    /// All of it came after `instant`. A candle that begins at an instant holds nothing from
    /// before it; a trade at the very instant may have come first and does not count.
    pub(super) fn after(&self, instant: Timestamp) -> bool {
        if self.from < self.until {
            self.from >= instant
        } else {
            self.from > instant
        }
    }

    /// All of it came before `instant` or at it.
    pub(super) fn before(&self, instant: Timestamp) -> bool {
        self.until <= instant
    }

    /// The instant falls inside, so its prices cannot be told apart by it.
    pub(super) fn contains(&self, instant: Timestamp) -> bool {
        !self.after(instant) && !self.before(instant)
    }

    /// It brings nothing new to who has seen everything until `instant`. Many trades share one
    /// instant, so a trade at it is new.
    pub(super) fn is_stale(&self, instant: Timestamp) -> bool {
        if self.from < self.until {
            self.until <= instant
        } else {
            self.until < instant
        }
    }

    /// It began before `instant`: a part of it was seen already.
    pub(super) fn began_before(&self, instant: Timestamp) -> bool {
        self.from < instant
    }

    /// Whether `level` lies in its range.
    pub(super) fn spans(&self, level: Price) -> bool {
        self.top.min(self.bottom) <= level && level <= self.top.max(self.bottom)
    }

    /// Only its last price, with `bottom` as the least favourable one.
    pub(super) fn only_close(&self, bottom: Price) -> Self {
        Self {
            open: self.close,
            top: self.close,
            bottom,
            from: self.until,
            ..*self
        }
    }
}
