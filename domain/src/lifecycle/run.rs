//! A run: one bound's position, its orders and its money.

use rust_decimal::Decimal;

use super::terms::Goal;
use super::{Ending, State};
use crate::market::Price;
use crate::time::Timestamp;

/// One way of reading the market: where the signal stands in it and what it earned so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where it stands.
    pub state: State,
    /// How many of the terms' legs are entered: they fill in their order.
    pub legs_filled: u8,
    /// The legs that are not filled yet were withdrawn.
    pub legs_cancelled: bool,
    /// The part entered so far, 0 to 1 of the intended position.
    pub filled: Decimal,
    /// The part still open.
    pub open: Decimal,
    /// Σ share × price of what was entered: over `filled` it is the average entry.
    pub basis: Decimal,
    /// Money so far in units of the price: exits less entries for a long, the reverse for a
    /// short, less fees.
    pub cash: Decimal,
    /// The stop in force.
    pub stop: Option<Price>,
    /// The stop that was in force until `stop_since`; kept for the candle that contains that instant.
    pub stop_before: Option<Price>,
    /// When the author moved the stop; a target's breakeven move needs no instant.
    pub stop_since: Timestamp,
    /// The targets still ahead, nearest first.
    pub goals: Vec<Goal>,
    /// When the author set them.
    pub goals_since: Timestamp,
    /// How many targets were reached.
    pub reached: u8,
    /// Orders of the author that wait for the next price.
    pub waiting: Vec<Waiting>,
    /// When the first part was entered.
    pub entered_at: Option<Timestamp>,
    /// When the last part was closed.
    pub ended_at: Option<Timestamp>,
    /// The most favourable price since the first fill.
    pub best: Option<Price>,
    /// The least favourable price since the first fill.
    pub worst: Option<Price>,
}

/// An order at the market that waits for the first price after its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// When the word was received.
    pub since: Timestamp,
    /// What it does.
    pub what: Wanted,
}

/// What a waiting order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Take this share (0 to 1) of what is open.
    Share(Decimal),
    /// End it, in this way.
    End(Ending),
}
