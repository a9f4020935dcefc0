//! Entries: which orders to get in a bar fills, and at what price.

use super::run::{Run, Wanted};
use super::terms::Leg;
use super::walk::{Entered, Walk};
use super::words::ENTERED;
use super::{Bound, Ending, State, What};
use crate::market::Price;
use crate::reading::Entry;

impl Walk<'_> {
    /// Fills what the bar fills, or finds that the trade left without us.
    pub(super) fn enter(&mut self) -> Entered {
        if self.run.legs_left(self.terms).is_empty() || !self.may_enter() {
            return Entered::Before;
        }
        if self.run.state == State::Pending && self.missed(self.bar.open) {
            self.end(Ending::MissedTarget, None);
            return Entered::Before;
        }
        let entered = match self.terms.entry {
            Entry::Market(_) => self.at_market(self.bar.open, Entered::AtOpen),
            Entry::Breakout(level) => self.break_out(level),
            Entry::Scaled { .. } if self.run.legs_filled == 0 => {
                let entered = self.at_market(self.bar.open, Entered::AtOpen);
                // The position is there from the open on, whatever is added inside.
                self.fill_limits();
                entered
            }
            Entry::Limit(_) | Entry::Zone { .. } | Entry::Ladder(_) | Entry::Scaled { .. } => {
                self.fill_limits()
            }
        };
        if self.run.state == State::Pending && self.missed(self.bar.top) {
            self.end(Ending::MissedTarget, None);
        }
        entered
    }

    /// An order counts in bars that end while it is valid. Of one that contains the end of its
    /// validity only a loss is believed: a fill that cannot be placed must not win, and a crash
    /// through entry and stop must not be withdrawn.
    fn may_enter(&self) -> bool {
        let ends = self.bar.contains(self.terms.expires_at)
            || (self.run.state == State::Pending
                && self
                    .withdrawn()
                    .is_some_and(|since| self.bar.contains(since)));
        // Orders that were moved wait for what comes after that: before, nobody knows which stood.
        let moved = (self.run.legs_since)
            .is_some_and(|since| self.bar.contains(since) || self.bar.until <= since);
        let lost = || {
            self.bound == Bound::Pessimistic
                && self
                    .run
                    .stop
                    .is_some_and(|stop| self.terms.reaches(stop, self.bar.bottom))
        };
        !(ends || moved) || lost()
    }

    /// Whether `price` is the first target before any entry. To miss a trade is the worse story,
    /// so here the pessimistic bound takes the touch and the optimistic one asks for more. An order
    /// at the market or a breakout meets its targets when it fills.
    fn missed(&self, price: Price) -> bool {
        let resting = matches!(
            self.terms.entry,
            Entry::Limit(_) | Entry::Zone { .. } | Entry::Ladder(_)
        );
        resting
            && self.run.goals.first().is_some_and(|goal| match self.bound {
                Bound::Pessimistic => self.terms.reaches(price, goal.price),
                Bound::Optimistic => self.terms.better(price, goal.price),
            })
    }

    /// In at the market. Targets that the price has passed already are gained by nobody: they are
    /// left out, and a trade without another one is missed.
    fn at_market(&mut self, price: Price, when: Entered) -> Entered {
        let ahead = |goal: &super::Goal| self.terms.better(goal.price, price);
        if !self.run.goals.is_empty() && !self.run.goals.iter().any(ahead) {
            self.end(Ending::MissedTarget, None);
            return Entered::Before;
        }
        self.run.goals.retain(ahead);
        let leg = self.terms.legs[0];
        let (paid, fee) = (self.terms.slipped_in(price), self.terms.costs.taker);
        self.fill(&leg, price, paid, fee);
        when
    }

    /// A stop order to get in: it triggers at the touch and slips. Where the price is beyond it
    /// already it fills at the open. The stop being crossed before does not matter: the author
    /// waits for the level, whatever comes first.
    fn break_out(&mut self, level: Price) -> Entered {
        if self.terms.reaches(self.bar.open, level) {
            self.at_market(self.bar.open, Entered::AtOpen)
        } else if self.terms.reaches(self.bar.top, level) {
            self.at_market(level, Entered::Inside)
        } else {
            Entered::Before
        }
    }

    fn fill_limits(&mut self) -> Entered {
        let mut entered = Entered::Before;
        while let Some(leg) = self.run.legs_left(self.terms).first().copied() {
            let Some(limit) = leg.limit else { break };
            // The author moved his stop over what is left of the zone: the price meets it first.
            if (self.run.stop).is_some_and(|stop| self.terms.reaches(stop, limit)) {
                break;
            }
            let Some((price, fee, when)) = self.limit_fill(limit) else {
                break;
            };
            self.fill(&leg, price, price, fee);
            entered = when;
        }
        // Target first would have been a missed trade, or a smaller one.
        *self.unclear |= entered == Entered::Inside
            && (self.run.goals.first())
                .is_some_and(|goal| self.terms.reaches(self.bar.top, goal.price));
        entered
    }

    /// What a limit order pays in this bar, with its fee, where the bar fills it.
    fn limit_fill(&self, limit: Price) -> Option<(Price, rust_decimal::Decimal, Entered)> {
        let (terms, bar) = (self.terms, self.bar);
        let beyond = |price| terms.better(limit, price);
        // The market was better than the limit when the order was placed: it takes what is there,
        // slips, and still never pays more than its limit.
        if self.first
            && terms.price_at_receipt.map_or(beyond(bar.open), beyond)
            && terms.reaches(limit, bar.open)
        {
            let paid = terms.worst_of(terms.slipped_in(bar.open), limit);
            return Some((paid, terms.costs.taker, Entered::AtOpen));
        }
        // A gap over a resting order: the price passed it on its way, so it was paid its limit.
        // The optimistic bound lets it have the open, but never one that its stop has gone by.
        if beyond(bar.open) {
            let stopped = self
                .run
                .stop
                .is_some_and(|stop| terms.reaches(stop, bar.open));
            let paid = match self.bound {
                Bound::Optimistic if !stopped => bar.open,
                Bound::Optimistic | Bound::Pessimistic => limit,
            };
            return Some((paid, terms.costs.maker, Entered::AtOpen));
        }
        let filled = match self.bound {
            Bound::Pessimistic => beyond(bar.bottom),
            Bound::Optimistic => terms.reaches(limit, bar.bottom),
        };
        filled.then_some((limit, terms.costs.maker, Entered::Inside))
    }

    fn fill(&mut self, leg: &Leg, raw: Price, paid: Price, fee: rust_decimal::Decimal) {
        let run: &mut Run = self.run;
        run.pay(self.terms.side, leg.share, paid, fee);
        run.legs_filled += 1;
        run.widen(self.terms, raw, raw);
        if run.entered_at.is_none() {
            run.entered_at = Some(self.bar.until);
            run.state = State::Active;
        }
        self.tell(What::Filled {
            share: leg.share,
            price: paid,
        });
        let withdrawal = Wanted::End(Ending::CancelledByAuthor);
        if let Some(i) = (self.run.waiting.iter()).position(|waiting| waiting.what == withdrawal) {
            self.run.waiting.remove(i);
            self.tell(What::Ignored { why: ENTERED });
        }
    }
}
