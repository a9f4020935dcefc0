//! Exits: stops and targets, and which of them a bar lets come first.

use rust_decimal::Decimal;

use super::walk::{Entered, Walk};
use super::{Bound, Ending, State, What};
use crate::market::Price;
use crate::reading::Entry;

impl Walk<'_> {
    /// What the first price decides. It comes before all others, so nothing here is open to
    /// doubt: a gap through the stop, a gap over targets, then the orders that waited for a price.
    pub(super) fn at_open(&mut self) {
        let open = self.bar.open;
        if let Some((stop, _)) = self.stops()
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
        if let Some((before, stop)) = self.stops() {
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

    /// The stop as the bar began and the stop now. They differ in the candle in which the author
    /// moved it; a candle that comes late, from before his word, knows the old one alone.
    fn stops(&self) -> Option<(Price, Price)> {
        if self.bar.before(self.run.stop_since) {
            return self.run.stop_before.map(|before| (before, before));
        }
        let stop = self.run.stop?;
        Some((self.run.stop_before.unwrap_or(stop), stop))
    }

    /// The targets first, then a stop that must have been hit even so.
    fn best_first(&mut self, entered: Entered) {
        let stops = self.stops();
        let set = self.run.stop;
        while let Some(goal) = self.run.goals.first()
            && !self.bar.before(self.run.goals_since)
            && self.terms.reaches(self.bar.top, goal.price)
        {
            self.take(goal.price);
        }
        if !self.run.is_open() {
            return;
        }
        // A target of this bar may have moved the stop.
        let moved = self.run.stop.filter(|_| self.run.stop != set);
        let (before, stop) = match (stops, moved) {
            (Some((before, _)), Some(moved)) => (before, moved),
            (None, Some(moved)) => (moved, moved),
            (Some(stops), None) => stops,
            (None, None) => return,
        };
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
        // An author may give his last targets no weight: then nothing is left for them.
        if self.run.open.is_zero() {
            return self.end(Ending::AllTargets, None);
        }
        if let Some(to) = self.stop_after(goal.k)
            && self.run.stop.is_none_or(|stop| self.terms.better(to, stop))
        {
            self.run.stop = Some(to);
            self.tell(What::StopMoved { to });
        }
    }

    /// Where the stop goes once target `k` is reached; none where it stays.
    fn stop_after(&self, k: u8) -> Option<Price> {
        let from = |from: Option<u8>| from.is_some_and(|from| k >= from);
        let follows = from(self.terms.stop_follows_from);
        let before = self.terms.goals.iter().find(|goal| goal.k + 1 == k);
        match before.filter(|_| follows) {
            Some(goal) => Some(goal.price),
            None if from(self.terms.breakeven_after) => self.run.average(),
            None => None,
        }
    }

    /// Out at the stop. `price` is the level, or the open that gapped over it.
    fn stop_out(&mut self, level: Price, price: Price) {
        // A stop that the author moved beyond where the price was all along is met at once, and no bar
        // gives more than its best price.
        let price = self.terms.worst_of(price, self.bar.top);
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
}
