//! Exits: stops, targets and orders at the market, and which of them a bar lets come first.

use rust_decimal::Decimal;

use super::run::Wanted;
use super::walk::{Entered, Walk};
use super::{Bound, Ending, State, What};
use crate::market::Price;
use crate::reading::Entry;
use crate::time::Timestamp;

impl Walk<'_> {
    /// What the first price decides. It comes before all others, so nothing here is open to
    /// doubt: a gap through the stop, a gap over targets, then the orders that waited for a price.
    pub(super) fn at_open(&mut self) {
        let open = self.bar.open;
        if let Some(stop) = self.run.stop_before.or(self.run.stop)
            && self.terms.reaches(stop, open)
        {
            return self.stop_out(stop, open);
        }
        if self.bar.after(self.run.goals_since) {
            while let Some(goal) = self.run.goals.first() {
                // The order rested at its price when the market jumped over it.
                let paid = match self.bound {
                    Bound::Pessimistic if self.terms.better(open, goal.price) => goal.price,
                    Bound::Optimistic if self.terms.reaches(open, goal.price) => open,
                    Bound::Pessimistic | Bound::Optimistic => break,
                };
                self.take(paid);
            }
        }
        self.execute(open, |walk, since| walk.bar.after(since));
    }

    /// What lies between the first price and the last.
    pub(super) fn inside(&mut self, entered: Entered) {
        match self.bound {
            Bound::Pessimistic => self.worst_first(entered),
            Bound::Optimistic => self.best_first(entered),
        }
    }

    /// The stop first, then the targets. A target in the candle of the entry waits for the next,
    /// and so does one in a candle in which the author or the clock ended the trade, or he named
    /// another target: it may have been reached too late or too soon.
    fn worst_first(&mut self, entered: Entered) {
        let bottom = self.bar.bottom;
        if let Some(stop) = self.run.stop {
            let before = self.run.stop_before.unwrap_or(stop);
            for level in [
                self.terms.worst_of(before, stop),
                self.terms.best_of(before, stop),
            ] {
                if self.terms.reaches(level, bottom) {
                    return self.stop_out(level, self.stop_price(level, entered));
                }
            }
        }
        // Had the waiting target come in time, its breakeven stop might have been hit since: both
        // bounds can agree later and still be wrong.
        *self.unclear |= entered != Entered::Before
            && self.terms.breakeven_after.is_some()
            && (self.run.goals.first())
                .is_some_and(|goal| self.terms.reaches(self.bar.top, goal.price));
        if entered != Entered::Before || self.ends_inside() || !self.bar.after(self.run.goals_since)
        {
            return;
        }
        self.run.widen(self.terms, bottom, bottom);
        let stop = self.run.stop;
        while let Some(goal) = self.run.goals.first()
            && self.terms.better(self.bar.top, goal.price)
        {
            self.take(goal.price);
        }
        // A target may have moved the stop to the entry: that the price came back to it after the
        // target is the worse story, and it can be true.
        if self.run.is_open()
            && self.run.stop != stop
            && let Some(level) = self.run.stop
            && self.terms.reaches(level, bottom)
        {
            self.stop_out(level, level);
        }
    }

    /// The targets first, then a stop that must have been hit even so.
    fn best_first(&mut self, entered: Entered) {
        let before = self.run.stop_before.or(self.run.stop);
        while let Some(goal) = self.run.goals.first()
            && self.terms.reaches(self.bar.top, goal.price)
        {
            self.take(goal.price);
        }
        let (Some(before), Some(stop)) = (before, self.run.stop) else {
            return;
        };
        if !self.run.is_open() {
            return;
        }
        // The lowest price may have come before a breakout's entry; the last one came after it.
        let breakout = matches!(self.terms.entry, Entry::Breakout(_));
        let low = if breakout && entered == Entered::Inside {
            self.bar.close
        } else {
            self.bar.bottom
        };
        if self.terms.reaches(self.terms.worst_of(before, stop), low) {
            let level = self.terms.best_of(before, stop);
            self.stop_out(level, self.stop_price(level, entered));
        } else if self.terms.reaches(stop, self.bar.close) {
            self.stop_out(stop, stop);
        }
    }

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

    /// What an order at the market gets while a target rests nearer than the price: the
    /// pessimistic bound does not give a target that it made wait more than that target's price.
    fn capped(&self, price: Price) -> Price {
        match (self.bound, self.run.goals.first()) {
            (Bound::Pessimistic, Some(goal)) => self.terms.worst_of(price, goal.price),
            _ => price,
        }
    }

    /// Carries out at `price` what became due.
    fn execute(&mut self, price: Price, due: impl Fn(&Self, Timestamp) -> bool) {
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
    fn ends_inside(&self) -> bool {
        let inside = |since| self.bar.contains(since);
        self.run.waiting.iter().any(|waiting| inside(waiting.since))
            || self.run.held_until(self.terms).is_some_and(inside)
    }

    /// Takes the next target at `price`.
    fn take(&mut self, price: Price) {
        let ahead: Decimal = self.run.goals.iter().map(|goal| goal.weight).sum();
        let goal = self.run.goals.remove(0);
        // A share of what is left, so that a zone that filled in part and a position that the
        // author reduced are taken in the same proportions as a whole one.
        let share = if self.run.goals.is_empty() || ahead.is_zero() {
            self.run.open
        } else {
            self.run.open * goal.weight / ahead
        };
        self.run.widen(self.terms, price, price);
        self.be_paid(share, price, self.terms.costs.maker);
        self.run.reached += 1;
        self.run.legs_cancelled = true;
        self.run.state = State::Partial(self.run.reached);
        self.tell(What::Target {
            k: goal.k,
            share,
            price,
        });
        if self.run.goals.is_empty() {
            return self.end(Ending::AllTargets, None);
        }
        if self.terms.breakeven_after.is_some_and(|k| goal.k >= k)
            && let Some(entry) = self.run.average()
            && self
                .run
                .stop
                .is_none_or(|stop| self.terms.better(entry, stop))
        {
            self.run.stop = Some(entry);
            self.tell(What::StopMoved { to: entry });
        }
    }

    /// Out at the stop. `price` is the level, or the open that gapped over it.
    fn stop_out(&mut self, level: Price, price: Price) {
        let entry = self.run.average();
        let moved = self.terms.stop != Some(level);
        let ending = match entry {
            Some(entry) if moved && level == entry => Ending::StoppedAtBreakeven,
            Some(entry) if moved && self.terms.better(level, entry) => Ending::Trailed,
            _ if self.run.reached > 0 => Ending::StoppedAfterTarget(self.run.reached),
            _ => Ending::StoppedOut,
        };
        self.leave(ending, price);
    }

    /// Where a stop fills inside the bar: at its level, unless the bar opened beyond it and the
    /// entry was passed in the same leap.
    fn stop_price(&self, level: Price, entered: Entered) -> Price {
        if entered == Entered::AtOpen {
            self.terms.worst_of(level, self.bar.open)
        } else {
            level
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
    fn leave(&mut self, ending: Ending, price: Price) {
        let paid = self.terms.slipped_out(price);
        self.run.widen(self.terms, price, price);
        self.be_paid(self.run.open, paid, self.terms.costs.taker);
        self.end(ending, Some(paid));
    }

    fn be_paid(&mut self, share: Decimal, price: Price, fee: Decimal) {
        self.run.be_paid(self.terms.side, share, price, fee);
    }
}
