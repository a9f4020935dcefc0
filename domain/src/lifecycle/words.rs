//! Words: what the author says later, holding from its receipt forward.

use rust_decimal::Decimal;

use super::run::{Run, Waiting, Wanted};
use super::terms::{self, Terms, numbered};
use super::track::Track;
use super::walk::tell;
use super::{Change, Ending, Evidence, State, Unheard, What, Word};
use crate::execution::ExecutionModel;
use crate::market::Price;
use crate::reading::{Entry, Order};
use crate::time::Timestamp;

/// The price has passed the level already: an edit after the fact.
pub const RETROACTIVE: &str = "retroactive";
/// There is no position yet.
pub const NOT_ENTERED: &str = "not entered";
/// There is a position already.
pub const ENTERED: &str = "entered already";
/// The stop would stand beyond the entry: no trade could come of it.
pub const BEYOND_ENTRY: &str = "beyond the entry";
/// The stop stands there, or better.
pub const THERE: &str = "already there";
/// An order to end it waits for a price.
pub const ENDING: &str = "already ending";
/// It names no share.
pub const EMPTY: &str = "nothing named";
/// A stop that was published stands, or is moved: 1R is measured to it, and a loss that somebody
/// was told to sit out is still the loss of the plan.
pub const STANDS: &str = "a published stop stands";
/// A trade is entered once; who goes in again opens another one.
pub const ONCE: &str = "a re-entry is a trade of its own";
/// The target was reached, or there is none with this number.
pub const NOT_AHEAD: &str = "no such target ahead";
/// The target would stand before the one before it, or beyond the next.
pub const OUT_OF_ORDER: &str = "targets out of order";
/// What is entered at the market or by a breakout has no order that could be moved.
pub const NO_LIMIT: &str = "no limit order to move";

/// Who hears, and what the market was when he did.
struct Ear<'a> {
    terms: &'a Terms,
    last: Option<Price>,
    seen_until: Timestamp,
    since: Timestamp,
}

impl Track {
    /// Hears a later word. What was seen before it stays as it is; orders at the market take the
    /// first price after it.
    ///
    /// A signal on the other side ends a position and leaves a pending entry alone: the author
    /// turned, but his order still rests, and only he can withdraw it.
    ///
    /// Who follows late hears late: what a word means depends on the market and the position when
    /// it reaches him.
    pub fn hear(&mut self, word: &Word, at: Timestamp, out: &mut Vec<Change>) {
        if self.judged {
            return;
        }
        if self.terms.delay.is_zero() {
            self.take_in(word, at, out);
        } else {
            let word = word.clone();
            self.unheard.push(Unheard { at, word });
        }
    }

    /// Hears the words that have reached him before an instant.
    pub(super) fn hear_before(&mut self, instant: Timestamp, out: &mut Vec<Change>) {
        let delay = self.terms.delay;
        let due = self.unheard.iter();
        let due = due.take_while(|unheard| unheard.at + delay < instant);
        let due = due.count();
        for Unheard { at, word } in self.unheard.drain(..due).collect::<Vec<_>>() {
            self.take_in(&word, at, out);
        }
    }

    fn take_in(&mut self, word: &Word, at: Timestamp, out: &mut Vec<Change>) {
        if self.judged {
            return;
        }
        let terms = self.terms.clone();
        let ear = Ear {
            terms: &terms,
            last: self.last,
            seen_until: self.seen_until,
            since: at + terms.delay,
        };
        for (bound, run) in self.runs() {
            if run.is_over() {
                continue;
            }
            let what = match word {
                Word::Order(order, _) => ear.order(run, order),
                Word::Opposite(_) => ear.end(run, Ending::OppositeSignal),
            };
            if let Some(what) = what {
                tell(out, bound, run.state, ear.since, Evidence::Author(at), what);
            }
        }
        self.conclude(at + terms.delay, Evidence::Author(at), out);
    }
}

impl Ear<'_> {
    fn order(&self, run: &mut Run, order: &Order) -> Option<What> {
        match order {
            Order::MoveStop(to) => self.move_stop(run, *to),
            Order::Breakeven => self.breakeven(run),
            Order::CloseShare(share) => self.close_share(run, *share),
            Order::Close => {
                run.legs_cancelled |= run.is_open();
                self.wait(run, Wanted::End(Ending::ClosedByAuthor))
            }
            Order::Cancel if run.state == State::Pending => {
                self.wait(run, Wanted::End(Ending::CancelledByAuthor))
            }
            Order::Cancel => self.cancel_legs(run),
            Order::Retarget(prices) => self.retarget(run, prices),
            Order::MoveEntry { low, high } => self.move_entry(run, *low, *high),
            Order::WithdrawStop => ignored(STANDS),
            Order::MoveTarget { k, price } => self.move_target(run, *k, *price),
            Order::Reenter(_) => ignored(ONCE),
        }
    }

    /// The price stands at `level` or has gone by it against the trade.
    fn passed(&self, level: Price) -> bool {
        self.last
            .is_some_and(|last| self.terms.reaches(level, last))
    }

    fn move_stop(&self, run: &mut Run, to: Price) -> Option<What> {
        let worst_entry = match self.terms.entry {
            Entry::Market(_) => None,
            Entry::Breakout(level) => Some(level),
            Entry::Limit(_) | Entry::Zone { .. } | Entry::Ladder(_) | Entry::Scaled { .. } => {
                run.legs_left(self.terms).last().and_then(|leg| leg.limit)
            }
        };
        if run.stop == Some(to) {
            return ignored(THERE);
        }
        if run.state == State::Pending
            && worst_entry.is_some_and(|entry| self.terms.reaches(to, entry))
        {
            return ignored(BEYOND_ENTRY);
        }
        if self.passed(to) {
            return ignored(RETROACTIVE);
        }
        Some(self.set_stop(run, to))
    }

    /// The stop that was in force holds for the candle of the word as well, in the bound that
    /// fears it: nobody can tell what came first there.
    fn set_stop(&self, run: &mut Run, to: Price) -> What {
        let unsettled = run.stop_before.filter(|_| self.seen_until < run.stop_since);
        run.stop_before = match (unsettled, run.stop) {
            (Some(one), Some(other)) => Some(self.terms.worst_of(one, other)),
            (one, other) => one.or(other),
        };
        run.stop = Some(to);
        run.stop_since = self.since;
        What::StopMoved { to }
    }

    /// To the entry; what is not entered yet would change the entry, so it is withdrawn.
    fn breakeven(&self, run: &mut Run) -> Option<What> {
        let Some(entry) = run.average() else {
            return ignored(NOT_ENTERED);
        };
        if run.stop.is_some_and(|stop| self.terms.reaches(stop, entry)) {
            return ignored(THERE);
        }
        if self.passed(entry) {
            return ignored(RETROACTIVE);
        }
        run.legs_cancelled = true;
        Some(self.set_stop(run, entry))
    }

    fn close_share(&self, run: &mut Run, share: Decimal) -> Option<What> {
        if run.state == State::Pending {
            ignored(NOT_ENTERED)
        } else if share <= Decimal::ZERO {
            ignored(EMPTY)
        } else if share >= Decimal::ONE {
            self.end(run, Ending::ClosedByAuthor)
        } else {
            self.wait(run, Wanted::Share(share))
        }
    }

    fn cancel_legs(&self, run: &mut Run) -> Option<What> {
        if run.legs_left(self.terms).is_empty() {
            return ignored(ENTERED);
        }
        run.legs_cancelled = true;
        None
    }

    fn end(&self, run: &mut Run, ending: Ending) -> Option<What> {
        if run.state == State::Pending {
            return ignored(NOT_ENTERED);
        }
        run.legs_cancelled = true;
        self.wait(run, Wanted::End(ending))
    }

    fn wait(&self, run: &mut Run, what: Wanted) -> Option<What> {
        let is_end = |waiting: &Waiting| matches!(waiting.what, Wanted::End(_));
        if run.waiting.iter().any(is_end) {
            return ignored(ENDING);
        }
        run.waiting.push(Waiting {
            since: self.since,
            what,
        });
        None
    }

    /// Other limit orders in the place of those that wait. 1R stays what was published. Where the
    /// stop lies beyond them they are not filled until it is moved, too.
    fn move_entry(&self, run: &mut Run, low: Price, high: Price) -> Option<What> {
        if run.state != State::Pending || run.legs_filled > 0 {
            return ignored(ENTERED);
        }
        let resting = matches!(
            self.terms.entry,
            Entry::Limit(_) | Entry::Zone { .. } | Entry::Ladder(_)
        );
        if !resting {
            return ignored(NO_LIMIT);
        }
        let entry = if low == high {
            Entry::Limit(low)
        } else {
            Entry::Zone { low, high }
        };
        let legs = self
            .terms
            .zone_legs
            .unwrap_or(ExecutionModel::DEFAULT.zone_legs);
        let legs = terms::legs(&entry, self.terms.side, legs);
        run.legs_moved = Some(legs);
        run.legs_since = Some(self.since);
        entry.middle().map(|to| What::EntryMoved { to })
    }

    /// New targets, of which those that the price has passed are nobody's gain.
    fn retarget(&self, run: &mut Run, prices: &[Price]) -> Option<What> {
        if prices.is_empty() {
            run.goals.clear();
            return Some(What::Retargeted);
        }
        let ahead = |price: &Price| (self.last).is_none_or(|last| self.terms.better(*price, last));
        let mut kept: Vec<Price> = prices.iter().copied().filter(ahead).collect();
        if kept.is_empty() {
            return ignored(RETROACTIVE);
        }
        kept.sort();
        if self.terms.side == crate::market::Side::Short {
            kept.reverse();
        }
        let order = kept
            .into_iter()
            .map(|price| (price, Decimal::ONE))
            .collect();
        run.goals = numbered(order, run.reached + 1, self.terms.first_target_only);
        run.goals_since = self.since;
        Some(What::Retargeted)
    }

    /// One target is elsewhere, and the others stand.
    fn move_target(&self, run: &mut Run, k: u8, to: Price) -> Option<What> {
        if self.last.is_some_and(|last| !self.terms.better(to, last)) {
            return ignored(RETROACTIVE);
        }
        let Some(at) = run.goals.iter().position(|goal| goal.k == k) else {
            return ignored(NOT_AHEAD);
        };
        let before = at.checked_sub(1).map(|before| run.goals[before].price);
        let after = run.goals.get(at + 1).map(|goal| goal.price);
        let ordered = before.is_none_or(|before| self.terms.better(to, before))
            && after.is_none_or(|after| self.terms.better(after, to));
        if !ordered {
            return ignored(OUT_OF_ORDER);
        }
        if run.goals[at].price == to {
            return ignored(THERE);
        }
        run.goals[at].price = to;
        run.goals_since = self.since;
        Some(What::Retargeted)
    }
}

/// A word that changes nothing.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands beside words that may tell nothing"
)]
fn ignored(why: &'static str) -> Option<What> {
    Some(What::Ignored { why })
}
