//! The track: one signal followed under one execution model, in both bounds at once.

use super::run::Run;
use super::terms::Terms;
use super::watch::Watch;
use super::{Bound, Change, Evidence, State, Unheard, What};
use crate::execution::ExecutionModel;
use crate::market::{Price, Side, Tick};
use crate::signal::Signal;
use crate::time::Timestamp;

/// A signal on its way. Plain data: whoever stores it stores its fields, and goes on from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// What it was opened with.
    pub terms: Terms,
    /// The published entry from which 1R is measured; none until a market order without a price
    /// has met its first price.
    pub published: Option<Price>,
    /// The bound that counts.
    pub pessimistic: Run,
    /// The other bound.
    pub optimistic: Run,
    /// A price after receipt was seen.
    pub started: bool,
    /// The last price seen.
    pub last: Option<Price>,
    /// Everything up to here was seen.
    pub seen_until: Timestamp,
    /// A level was touched where nobody can tell on which side of an instant: in the candle of
    /// receipt, of a word, or of one that was partly seen before.
    pub ambiguous: bool,
    /// Nothing was known of the market for a part of its life.
    pub incomplete: bool,
    /// The outcome was told.
    pub judged: bool,
    /// Words of the author that were received and that a follower who acts late has not heard yet.
    pub unheard: Vec<Unheard>,
    /// Between these levels nothing happens. Follows from the rest; kept so that a step is short.
    pub watch: Watch,
    /// The next instant at which time alone changes something. Follows from the rest, too.
    pub deadline: Option<Timestamp>,
}

impl Track {
    /// Begins to follow a signal. Edits and deletions of its post never reach a track: it follows
    /// what was published, to its end.
    #[must_use]
    pub fn open(signal: &Signal, model: &ExecutionModel) -> Self {
        let terms = Terms::of(signal, model);
        let run = Run::new(&terms);
        let mut track = Self {
            published: signal.entry.published(),
            pessimistic: run.clone(),
            optimistic: run,
            started: false,
            last: terms.price_at_receipt,
            seen_until: terms.received,
            ambiguous: false,
            incomplete: false,
            judged: false,
            unheard: Vec::new(),
            watch: Watch::ALERT,
            deadline: None,
            terms,
        };
        track.settle();
        track
    }

    /// Lets the market go on by one tick, and tells what that changed.
    ///
    /// Ticks come in the order of time; one that brings nothing new does nothing. A tick of time
    /// promises that no price from before it will follow.
    pub fn step(&mut self, tick: &Tick, out: &mut Vec<Change>) {
        if !self.unheard.is_empty() {
            self.hear_before(tick.at(), out);
        }
        match tick {
            Tick::Trade(trade) => {
                if !self.sleeps_through(trade.at, trade.at, trade.price, trade.price) {
                    self.step_trade(trade, out);
                }
            }
            Tick::Candle(candle) => {
                let (low, high) = (candle.low, candle.high);
                if self.sleeps_through(candle.open_time, candle.end(), low, high) {
                    self.last = Some(candle.close);
                } else {
                    self.step_candle(candle, out);
                }
            }
            Tick::Time(at) => self.step_time(*at, out),
            Tick::Hole { from, to } => {
                if *to > self.terms.received && !self.judged {
                    // A hole that was seen through by other means is none.
                    self.incomplete |= *to > self.seen_until.max(*from);
                    self.seen_until = self.seen_until.max(*to);
                    self.step_time(*to, out);
                }
            }
        }
    }

    /// The short way through a tick that touches no level: only the excursions and the last
    /// price move. Two comparisons of prices decide it and nothing is allocated.
    #[inline]
    fn sleeps_through(&mut self, from: Timestamp, to: Timestamp, low: Price, high: Price) -> bool {
        let quiet = !self.judged
            && from >= self.seen_until
            && self.deadline.is_none_or(|deadline| to <= deadline)
            && self.watch.sleeps_through(low, high);
        if quiet {
            self.sleep_through(low, high, high, to);
        }
        quiet
    }

    /// Prices from `low` to `high`, the last of them `last`, went by until `to` and touched nothing:
    /// of one tick or of many.
    #[inline]
    pub(super) fn sleep_through(&mut self, low: Price, high: Price, last: Price, to: Timestamp) {
        let (top, bottom) = match self.terms.side {
            Side::Long => (high, low),
            Side::Short => (low, high),
        };
        for run in [&mut self.pessimistic, &mut self.optimistic] {
            if run.is_open() {
                run.widen(&self.terms, top, bottom);
            }
        }
        self.seen_until = to;
        self.last = Some(last);
    }

    /// After any change: where to wake next, and the outcome once both bounds are over.
    pub(super) fn conclude(&mut self, at: Timestamp, evidence: Evidence, out: &mut Vec<Change>) {
        self.settle();
        if !self.judged && self.pessimistic.is_over() && self.optimistic.is_over() {
            self.judged = true;
            if let Some(outcome) = self.outcome() {
                out.push(Change {
                    at,
                    what: What::Judged(Box::new(outcome)),
                    state: self.pessimistic.state,
                    evidence,
                });
            }
        }
    }

    /// Both runs, the one that counts first.
    pub(super) fn runs(&mut self) -> [(Bound, &mut Run); 2] {
        [
            (Bound::Pessimistic, &mut self.pessimistic),
            (Bound::Optimistic, &mut self.optimistic),
        ]
    }

    /// Where the signal stands, by the bound that counts.
    #[must_use]
    pub const fn state(&self) -> State {
        self.pessimistic.state
    }

    /// Both bounds are over and the outcome was told.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.judged
    }

    /// Prices up to here were seen.
    #[must_use]
    pub const fn seen_until(&self) -> Timestamp {
        self.seen_until
    }

    /// When a tick of time is wanted if no price comes.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// The levels between which a tick changes nothing but the excursions and the last price.
    /// Ticks that were kept back may come later as one candle, before anything else.
    #[must_use]
    pub const fn watch(&self) -> Watch {
        self.watch
    }
}
