//! Trades: five a second, each in a slot of its own, so that a slot's number is a trade's number.

use crate::amount::Amount;
use crate::dice::{hash, mix, share, whole};

use super::path::Walk;
use super::symbol::Symbol;

/// When the venue opened: 2026-01-01T00:00:00Z, in milliseconds since 1970.
pub const EPOCH_MS: i64 = 1_767_225_600_000;

/// How long a slot is, in milliseconds.
pub(crate) const SLOT_MS: i64 = 200;

/// The spread of the book as a share of the price.
const SPREAD: f64 = 0.000_1;

/// A trade as the venue tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Counts up without a gap from the epoch on.
    pub id: i64,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// The price paid.
    pub price: Amount,
    /// How much of the base changed hands.
    pub quantity: Amount,
    /// Whether the buyer was waiting in the book.
    pub buyer_is_maker: bool,
    /// The best bid at that moment.
    pub bid: Amount,
    /// The best ask at that moment.
    pub ask: Amount,
}

/// Trades of one symbol, one after the other, without end.
pub(crate) struct Trades {
    walk: Walk,
    seed: u64,
    symbol: &'static Symbol,
    next: i64,
}

impl Trades {
    pub(crate) fn from(seed: u64, symbol: &'static Symbol, id: i64) -> Self {
        Self {
            walk: Walk::new(seed, symbol),
            seed: dealing(seed, symbol),
            symbol,
            next: id.max(0),
        }
    }

    /// The next trade; there always is one.
    pub(crate) fn one(&mut self) -> Trade {
        let id = self.next;
        self.next += 1;
        let drawn = hash(self.seed, id);
        let at_ms = moment(drawn, id);
        let middle = self.walk.middle(at_ms);
        let tick = self.symbol.tick.in_units();
        let spread = whole(middle * SPREAD / tick as f64).max(1);
        let bid = whole(middle / tick as f64 - spread as f64 / 2.0).max(1);
        let ask = bid + spread;
        let buyer_is_maker = drawn & (1 << 40) != 0;
        let paid = if buyer_is_maker { bid } else { ask };
        Trade {
            id,
            at_ms,
            price: Amount::units(paid * tick),
            quantity: quantity(mix(drawn), self.symbol),
            buyer_is_maker,
            bid: Amount::units(bid * tick),
            ask: Amount::units(ask * tick),
        }
    }
}

impl Iterator for Trades {
    type Item = Trade;

    fn next(&mut self) -> Option<Trade> {
        Some(self.one())
    }
}

/// The number of the last trade at or before an instant; negative before the first.
pub(crate) fn last_id(seed: u64, symbol: &'static Symbol, at_ms: i64) -> i64 {
    let slot = (at_ms - EPOCH_MS).div_euclid(SLOT_MS);
    let happened = moment(hash(dealing(seed, symbol), slot), slot) <= at_ms;
    if happened { slot } else { slot - 1 }
}

/// What draws the times and sizes of a symbol's trades, apart from what draws its path.
fn dealing(seed: u64, symbol: &Symbol) -> u64 {
    crate::dice::named(mix(seed), symbol.name)
}

/// The millisecond of a trade: anywhere within its slot.
fn moment(drawn: u64, id: i64) -> i64 {
    EPOCH_MS + id * SLOT_MS + (drawn % SLOT_MS.cast_unsigned()).cast_signed()
}

/// Most trades are small and a few are large: between about 10 and 20,000 USDT at home.
fn quantity(drawn: u64, symbol: &Symbol) -> Amount {
    let worth = 10.0 * (share(drawn).powi(3) * 7.6).exp();
    let step = symbol.step.in_units();
    let pieces = worth / symbol.home.as_f64() / symbol.step.as_f64();
    Amount::units(whole(pieces).max(1) * step)
}
