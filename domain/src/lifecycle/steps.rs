//! Steps: the long way through a tick that may touch a level.

use super::bar::Bar;
use super::track::Track;
use super::walk::{Walk, expire, tell, withdrawn};
use super::{Bound, Change, Ending, Evidence, State, What};
use crate::market::{Candle, Trade};
use crate::time::Timestamp;

impl Track {
    #[inline(never)]
    pub(super) fn step_trade(&mut self, trade: &Trade, out: &mut Vec<Change>) {
        if trade.at > self.terms.received {
            self.look(&Bar::of_trade(trade), out);
        }
    }

    #[inline(never)]
    pub(super) fn step_candle(&mut self, candle: &Candle, out: &mut Vec<Change>) {
        let bar = Bar::of_candle(candle, self.terms.side);
        if bar.contains(self.terms.received) && !self.judged {
            // Nobody can tell which of its prices came after receipt: it fills and wins nothing.
            self.ambiguous |= self.terms.stop.is_some_and(|stop| bar.spans(stop));
            self.last = Some(candle.close);
            self.seen_until = self.seen_until.max(bar.until);
        } else if bar.after(self.terms.received) {
            self.look(&bar, out);
        }
    }

    /// Both runs go through a bar that lies after receipt.
    fn look(&mut self, bar: &Bar, out: &mut Vec<Change>) {
        if self.judged || bar.is_stale(self.seen_until) {
            return;
        }
        let first = !self.started;
        if first {
            self.begin(bar, out);
        }
        let (mut worse, mut better) = (*bar, *bar);
        if bar.began_before(self.seen_until) {
            // A part of it was seen already and must not count twice: what is new in it for
            // certain is its close. Its worst price may be new, so the pessimistic bound heeds it
            // where there is a position to lose.
            let heeds = self.pessimistic.is_open();
            worse = bar.only_close(if heeds { bar.bottom } else { bar.close });
            better = bar.only_close(bar.close);
            self.ambiguous |= self.crosses_a_stop(bar);
        } else {
            self.ambiguous |= self.crosses_a_moved_stop(bar);
        }
        for (bound, bar, run) in [
            (Bound::Pessimistic, &worse, &mut self.pessimistic),
            (Bound::Optimistic, &better, &mut self.optimistic),
        ] {
            if !run.is_over() {
                Walk {
                    terms: &self.terms,
                    bound,
                    bar,
                    first,
                    run,
                    unclear: &mut self.ambiguous,
                    out,
                }
                .go();
            }
        }
        self.last = Some(bar.close);
        self.seen_until = self.seen_until.max(bar.until);
        self.conclude(bar.until, bar.evidence, out);
    }

    /// The first price after receipt: what 1R is, and whether there is a trade at all.
    fn begin(&mut self, bar: &Bar, out: &mut Vec<Change>) {
        self.started = true;
        let unpriced = self.published.is_none();
        let first = self.terms.entry.published_at(bar.open);
        let published = *self.published.get_or_insert(first);
        let Some(stop) = self.terms.stop else { return };
        let risk = (bar.open.get() - stop.get()).abs();
        // A market order that fills next to its stop would make a hundred R of any noise.
        let hair = self.terms.nearest_stop() * bar.open.get();
        // A stop inside the zone would be met before the zone is entered.
        let inside = |limit| self.terms.reaches(stop, limit);
        let no_trade = self.terms.reaches(stop, bar.open)
            || self.terms.reaches(stop, published)
            || (self.terms.legs.iter()).any(|leg| leg.limit.is_some_and(inside))
            || (unpriced && risk < hair);
        if no_trade && !bar.after(self.terms.expires_at) {
            for (bound, run) in self.runs() {
                if run.state == State::Pending && !withdrawn(run).is_some_and(|at| bar.after(at)) {
                    run.end_unentered(Ending::Invalidated, bar.until);
                    let ended = What::Ended { price: None };
                    tell(out, bound, run.state, bar.until, bar.evidence, ended);
                }
            }
        }
    }

    /// Time alone: entries run out, withdrawals come true, positions reach their longest time.
    ///
    /// It does not count as having seen prices: the candle that contains this instant may still
    /// come, and is new.
    pub(super) fn step_time(&mut self, at: Timestamp, out: &mut Vec<Change>) {
        if self.judged || at <= self.terms.received {
            return;
        }
        let (terms, last) = (&self.terms, self.last);
        for (bound, run) in [
            (Bound::Pessimistic, &mut self.pessimistic),
            (Bound::Optimistic, &mut self.optimistic),
        ] {
            if run.state == State::Pending
                && let Some(since) = withdrawn(run).filter(|since| *since <= at)
            {
                run.end_unentered(Ending::CancelledByAuthor, since);
                let ended = What::Ended { price: None };
                tell(out, bound, run.state, since, Evidence::Author(since), ended);
            }
            if at >= terms.expires_at {
                expire(terms, run, bound, out);
            }
            if run.is_open()
                && run.held_until(terms).is_some_and(|until| until <= at)
                && let Some(price) = last
            {
                Walk {
                    terms,
                    bound,
                    bar: &Bar::of_time(at, price),
                    first: false,
                    run,
                    unclear: &mut self.ambiguous,
                    out,
                }
                .time_is_up();
            }
        }
        self.conclude(at, Evidence::Time(at), out);
    }

    /// A stop lies in the range of a bar of which nobody can tell what is new in it.
    fn crosses_a_stop(&self, bar: &Bar) -> bool {
        [&self.pessimistic, &self.optimistic]
            .into_iter()
            .any(|run| run.is_open() && run.stop.is_some_and(|stop| bar.spans(stop)))
    }

    /// A stop was moved inside the bar, and the bar touches where it stood or where it stands.
    fn crosses_a_moved_stop(&self, bar: &Bar) -> bool {
        [&self.pessimistic, &self.optimistic]
            .into_iter()
            .filter(|run| run.is_open() && bar.contains(run.stop_since))
            .any(|run| {
                let stops = [run.stop, run.stop_before];
                run.stop != run.stop_before
                    && stops.into_iter().flatten().any(|stop| bar.spans(stop))
            })
    }
}
