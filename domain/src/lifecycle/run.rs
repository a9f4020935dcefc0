//! A run: one bound's position, its orders and its money.

use rust_decimal::Decimal;

use super::terms::{Goal, Leg, Terms};
use super::{Ending, State};
use crate::market::{Price, Side};
use crate::time::Timestamp;

/// One way of reading the market: where the signal stands in it and what it earned so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where it stands.
    pub state: State,
    /// How many of the legs are entered: they fill in their order.
    pub legs_filled: u8,
    /// The legs that the author put in the place of the terms' before any was entered.
    pub legs_moved: Option<Vec<Leg>>,
    /// When he did; nothing is entered in a bar that began before.
    pub legs_since: Option<Timestamp>,
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

impl Run {
    /// Before anything happened.
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            state: State::Pending,
            legs_filled: 0,
            legs_moved: None,
            legs_since: None,
            legs_cancelled: false,
            filled: Decimal::ZERO,
            open: Decimal::ZERO,
            basis: Decimal::ZERO,
            cash: Decimal::ZERO,
            stop: terms.stop,
            stop_before: None,
            stop_since: terms.received,
            goals: terms.goals.clone(),
            goals_since: terms.received,
            reached: 0,
            waiting: Vec::new(),
            entered_at: None,
            ended_at: None,
            best: None,
            worst: None,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// Whether there is a position.
    pub(super) fn is_open(&self) -> bool {
        !self.is_over() && self.entered_at.is_some()
    }

    /// The legs that still wait for their price.
    pub(super) fn legs_left<'a>(&'a self, terms: &'a Terms) -> &'a [Leg] {
        if self.legs_cancelled || self.is_over() {
            &[]
        } else {
            let legs = self.legs_moved.as_ref().unwrap_or(&terms.legs);
            legs.get(usize::from(self.legs_filled)..).unwrap_or(&[])
        }
    }

    /// What was paid on average, to twelve digits: a price that people can read, and far finer
    /// than any R is told.
    pub fn average(&self) -> Option<Price> {
        let average = self.basis.checked_div(self.filled)?;
        Price::new(average.round_sf(12)?).ok()
    }

    /// When a position has been held for the longest time.
    pub(super) fn held_until(&self, terms: &Terms) -> Option<Timestamp> {
        self.entered_at.map(|at| at + terms.held_at_most)
    }

    /// Pays for a part.
    pub(super) fn pay(&mut self, side: Side, share: Decimal, price: Price, fee: Decimal) {
        let money = share * price.get();
        self.filled += share;
        self.open += share;
        self.basis += money;
        self.cash -= money * (side.sign() + fee);
    }

    /// Is paid for a part.
    pub(super) fn be_paid(&mut self, side: Side, share: Decimal, price: Price, fee: Decimal) {
        let money = share * price.get();
        self.open -= share;
        self.cash += money * (side.sign() - fee);
    }

    /// Remembers how far the price went.
    #[inline]
    pub(super) fn widen(&mut self, terms: &Terms, top: Price, bottom: Price) {
        if self.best.is_none_or(|best| terms.better(top, best)) {
            self.best = Some(top);
        }
        if self.worst.is_none_or(|worst| terms.better(worst, bottom)) {
            self.worst = Some(bottom);
        }
    }
}
