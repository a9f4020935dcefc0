//! Terms: what a track was opened with, fixed for its whole life.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::execution::Costs;
use crate::market::{Price, Side};
use crate::reading::Entry;
use crate::time::Timestamp;

/// What never changes while a signal is followed, whatever the market or the author do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The execution model's name.
    pub model: &'static str,
    /// Long or short.
    pub side: Side,
    /// How it is entered.
    pub entry: Entry,
    /// The limit orders, in the order in which the price comes to them; for a market or breakout
    /// entry one leg without a limit.
    pub legs: Vec<Leg>,
    /// The stop as first published: 1R is measured to it, wherever the stop goes later.
    pub stop: Option<Price>,
    /// The targets as first published, nearest first.
    pub goals: Vec<Goal>,
    /// The stop goes to the average entry once the target of this number is reached.
    pub breakeven_after: Option<u8>,
    /// The clock starts here: nothing at or before it counts.
    pub received: Timestamp,
    /// Until when an entry is valid.
    pub expires_at: Timestamp,
    /// How long a position is held at most, from its first fill.
    pub held_at_most: Duration,
    /// The market's last price at receipt, where one was known.
    pub price_at_receipt: Option<Price>,
    /// Fees and slippage.
    pub costs: Costs,
}

/// One of the equal parts in which a position is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The limit; none where it is entered at the market.
    pub limit: Option<Price>,
    /// Its part of the intended position, 0 to 1.
    pub share: Decimal,
}

/// A target with what it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its number in the author's counting, from 1.
    pub k: u8,
    /// Profit is taken here.
    pub price: Price,
    /// Its part among the goals, in any unit: what counts is its ratio to those still ahead.
    pub weight: Decimal,
}
