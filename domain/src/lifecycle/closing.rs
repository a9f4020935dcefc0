//! Closing at the market: what the author or the clock asked for, at the first price after it.

use rust_decimal::Decimal;

use super::run::Wanted;
use super::walk::Walk;
use super::{Bound, Ending, What};
use crate::market::Price;
use crate::time::Timestamp;

impl Walk<'_> {
    /// What the last price decides: orders at the market that were given inside the bar have it
    /// as the first price of which it is known that it came after them.
    pub(super) fn at_close(&mut self) {
        self.execute(self.bar.close, |walk, since| walk.bar.contains(since));
    }

    /// The longest time is over and no price came: the last one has to do.
    pub(super) fn time_is_up(mut self) {
        let asked = self
            .run
            .waiting
            .iter()
            .find_map(|waiting| match waiting.what {
                Wanted::End(ending) => Some(ending),
                Wanted::Share(_) => None,
            });
        let price = self.capped(self.bar.close);
        self.leave(asked.unwrap_or(Ending::ExpiredOpen), price);
    }

    /// Carries out at `price` what became due.
    pub(super) fn execute(&mut self, price: Price, due: impl Fn(&Self, Timestamp) -> bool) {
        let price = self.capped(price);
        while self.run.is_open()
            && let Some(i) = (self.run.waiting.iter()).position(|waiting| due(self, waiting.since))
        {
            match self.run.waiting.remove(i).what {
                Wanted::Share(share) => self.reduce(share, price),
                Wanted::End(ending) => self.leave(ending, price),
            }
        }
        if self.run.is_open()
            && let Some(at) = self.run.held_until(self.terms)
            && due(self, at)
        {
            self.leave(Ending::ExpiredOpen, price);
        }
    }

    /// The author or the clock ends the position inside this bar.
    pub(super) fn ends_inside(&self) -> bool {
        let inside = |since| self.bar.contains(since);
        self.run.waiting.iter().any(|waiting| inside(waiting.since))
            || self.run.held_until(self.terms).is_some_and(inside)
    }

    /// What an order at the market gets while a target rests nearer than the price: the
    /// pessimistic bound does not give a target that it made wait more than that target's price.
    fn capped(&self, price: Price) -> Price {
        match (self.bound, self.run.goals.first()) {
            (Bound::Pessimistic, Some(goal)) => self.terms.worst_of(price, goal.price),
            _ => price,
        }
    }

    /// Takes a part at the market.
    fn reduce(&mut self, part: Decimal, price: Price) {
        let share = self.run.open * part;
        let paid = self.terms.slipped_out(price);
        self.be_paid(share, paid, self.terms.costs.taker);
        self.tell(What::Reduced { share, price: paid });
    }

    /// Closes the rest at the market.
    pub(super) fn leave(&mut self, ending: Ending, price: Price) {
        let paid = self.terms.slipped_out(price);
        self.run.widen(self.terms, price, price);
        self.be_paid(self.run.open, paid, self.terms.costs.taker);
        self.end(ending, Some(paid));
    }

    pub(super) fn be_paid(&mut self, share: Decimal, price: Price, fee: Decimal) {
        self.run.be_paid(self.terms.side, share, price, fee);
    }
}
