//! A walk: what one bar does to one run, in the order in which things can be told apart.

use super::bar::Bar;
use super::run::{Run, Wanted};
use super::terms::Terms;
use super::{Bound, Change, Ending, Evidence, State, What};
use crate::market::Price;
use crate::time::Timestamp;

/// One run on its way through one bar.
pub(super) struct Walk<'a> {
    pub(super) terms: &'a Terms,
    pub(super) bound: Bound,
    pub(super) bar: &'a Bar,
    /// It is the first bar after receipt.
    pub(super) first: bool,
    pub(super) run: &'a mut Run,
    /// Set where the bar does not tell what came first and both bounds may still agree.
    pub(super) unclear: &'a mut bool,
    pub(super) out: &'a mut Vec<Change>,
}

/// How a position was entered in the bar at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// Not in this bar.
    Before,
    /// At its open: all of the bar came after it.
    AtOpen,
    /// Somewhere in it.
    Inside,
}

impl Walk<'_> {
    /// Goes through the bar: what its open decides, then entries, then what lies inside, then
    /// what its close decides.
    pub(super) fn go(mut self) {
        if self.bar.after(self.run.stop_since) {
            self.run.stop_before = None;
        }
        self.lapse();
        if self.run.is_open() {
            self.at_open();
        }
        let entered = self.enter();
        if self.run.is_open() {
            self.inside(entered);
        }
        if self.run.is_open() {
            self.run_on(entered);
            self.at_close();
        }
        self.withdraw_inside();
    }

    /// Ends what ran out before the bar began: the validity of an entry, or the author's mind.
    fn lapse(&mut self) {
        if self.run.state == State::Pending
            && let Some(since) = self.withdrawn()
            && self.bar.after(since)
        {
            self.run.end_unentered(Ending::CancelledByAuthor, since);
            self.tell_at(since, Evidence::Author(since), What::Ended { price: None });
        }
        if self.bar.after(self.terms.expires_at) {
            expire(self.terms, self.run, self.bound, self.out);
        }
    }

    /// When the author withdrew it, or closed it before it was entered.
    pub(super) fn withdrawn(&self) -> Option<Timestamp> {
        withdrawn(self.run)
    }

    /// A withdrawal inside this bar takes effect once the bar is over.
    fn withdraw_inside(&mut self) {
        if self.run.state == State::Pending
            && let Some(since) = self.withdrawn()
            && self.bar.contains(since)
        {
            self.run.end_unentered(Ending::CancelledByAuthor, since);
            self.tell_at(since, Evidence::Author(since), What::Ended { price: None });
        }
    }

    /// The position lives on: remembers how far the price went while it was open. In the candle
    /// of entry the best price may have come before the entry, so only the close counts for it.
    fn run_on(&mut self, entered: Entered) {
        let top = match entered {
            Entered::Before | Entered::AtOpen => self.bar.top,
            Entered::Inside => self.bar.close,
        };
        self.run.widen(self.terms, top, self.bar.bottom);
    }

    /// Ends the run; `price` is what the rest was closed at.
    pub(super) fn end(&mut self, ending: Ending, price: Option<Price>) {
        self.run.state = State::Ended(ending);
        self.run.ended_at = Some(self.bar.until);
        self.tell(What::Ended { price });
    }

    /// Tells what happened, decided by the bar.
    pub(super) fn tell(&mut self, what: What) {
        self.tell_at(self.bar.until, self.bar.evidence, what);
    }

    fn tell_at(&mut self, at: Timestamp, evidence: Evidence, what: What) {
        tell(self.out, self.bound, self.run.state, at, evidence, what);
    }
}

/// When the author withdrew a run that is not entered, or closed it. Of a candle that comes late,
/// from before his word, the entry may still be filled: then a close closes it, and a withdrawal
/// came too late.
pub(super) fn withdrawn(run: &Run) -> Option<Timestamp> {
    run.waiting
        .iter()
        .find(|waiting| matches!(waiting.what, Wanted::End(_)))
        .map(|waiting| waiting.since)
}

/// The entry is no longer valid: a run without a fill is over, one with some keeps what it has.
/// It is told at the instant of expiry whichever tick shows that it has passed.
pub(super) fn expire(terms: &Terms, run: &mut Run, bound: Bound, out: &mut Vec<Change>) {
    if run.is_over() {
        return;
    }
    run.legs_cancelled |= !run.legs_left(terms).is_empty();
    if run.state == State::Pending {
        let at = terms.expires_at.max(terms.received);
        run.end_unentered(Ending::ExpiredUnfilled, at);
        let ended = What::Ended { price: None };
        tell(out, bound, run.state, at, Evidence::Time(at), ended);
    }
}

/// Adds a change to the story. The pessimistic bound tells it; the outcome tells both.
pub(super) fn tell(
    out: &mut Vec<Change>,
    bound: Bound,
    state: State,
    at: Timestamp,
    evidence: Evidence,
    what: What,
) {
    if bound == Bound::Pessimistic {
        out.push(Change {
            at,
            what,
            state,
            evidence,
        });
    }
}

impl Run {
    /// Over without a position.
    pub(super) fn end_unentered(&mut self, ending: Ending, at: Timestamp) {
        self.state = State::Ended(ending);
        self.ended_at = Some(at);
    }
}
