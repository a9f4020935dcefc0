//! A second opinion: what became of an idea, found by walking along the trades one by one.
//!
//! It shares nothing with the platform but the rules that are published, and is slow on purpose:
//! one plain loop that can be read in one go. The author's later words are not its business.

use serde::Serialize;

use crate::amount::Amount;
use crate::idea::{Entry, Idea, Side};
use crate::market::{Market, Trade};

/// How long an entry is valid, in milliseconds.
pub const VALIDITY_MS: i64 = 24 * 60 * 60 * 1000;

/// In how many equal limit orders a zone is entered.
pub const ZONE_LEGS: i64 = 3;

/// Which of two readings of a touch is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Limits and targets fill only when the price trades beyond them.
    Pessimistic,
    /// Limits and targets fill at the touch.
    Optimistic,
}

/// One touch or fill, with the trade that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The number of that trade.
    pub trade: i64,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// What is paid or received.
    pub price: Amount,
}

/// What was touched first after the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Barrier {
    /// The stop.
    Stop,
    /// The first target.
    Target,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every target was reached.
    AllTargets,
    /// The stop came before any target.
    StoppedOut,
    /// The stop came after this many targets.
    StoppedAfterTarget(usize),
    /// The entry was not reached in time.
    Unfilled,
    /// The first target came before the entry.
    MissedTarget,
    /// The stop was crossed already when it was received.
    Invalidated,
    /// It waits for its entry.
    Waiting,
    /// It is open.
    Open,
}

/// What became of an idea in one bound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// The legs that were filled.
    pub fills: Vec<Mark>,
    /// What was touched first.
    pub first: Option<(Barrier, Mark)>,
    /// The ways out, each with its share of the whole intended position.
    pub exits: Vec<(f64, Mark)>,
    /// How it ended.
    pub end: End,
    /// The result in units of the published risk, before costs; of what has been closed.
    pub r: f64,
}

/// Both bounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The worse reading.
    pub pessimistic: Course,
    /// The better reading.
    pub optimistic: Course,
}

/// What became of `idea` for somebody who received it at `received` (in microseconds), as far as
/// it is known at `until_ms`.
#[must_use]
pub fn judge(market: &Market, idea: &Idea, received: i64, until_ms: i64) -> Verdict {
    let course = |bound| follow(market, idea, received, until_ms, bound);
    Verdict {
        pessimistic: course(Bound::Pessimistic),
        optimistic: course(Bound::Optimistic),
    }
}

/// What became of `idea` in one bound.
#[must_use]
pub fn follow(market: &Market, idea: &Idea, received: i64, until_ms: i64, bound: Bound) -> Course {
    let received_ms = received.div_euclid(1000);
    let known = market.last_id(idea.symbol, received_ms);
    let at_receipt = market.trade(idea.symbol, known).price;
    let mut walk = Walk::new(idea, bound, at_receipt);
    if walk.stopped(at_receipt) {
        walk.course.end = End::Invalidated;
        return walk.course;
    }
    for trade in market.trades(idea.symbol, known + 1) {
        if trade.at_ms > until_ms || walk.is_over() {
            break;
        }
        if walk.course.fills.is_empty() && trade.at_ms > received_ms + VALIDITY_MS {
            walk.course.end = End::Unfilled;
            break;
        }
        walk.step(&trade);
    }
    walk.course
}

struct Walk<'a> {
    idea: &'a Idea,
    bound: Bound,
    legs: Vec<Amount>,
    open: f64,
    reached: usize,
    passed: usize,
    risk: f64,
    paid: f64,
    first_trade: bool,
    course: Course,
}

impl<'a> Walk<'a> {
    fn new(idea: &'a Idea, bound: Bound, at_receipt: Amount) -> Self {
        let entry = idea.published_entry().unwrap_or(at_receipt.as_f64());
        let risk = idea
            .stop
            .map_or(f64::NAN, |stop| (entry - stop.as_f64()).abs());
        Self {
            idea,
            bound,
            legs: legs(idea),
            open: 0.0,
            reached: 0,
            passed: 0,
            risk,
            paid: 0.0,
            first_trade: true,
            course: Course {
                fills: Vec::new(),
                first: None,
                exits: Vec::new(),
                end: End::Waiting,
                r: 0.0,
            },
        }
    }

    fn is_over(&self) -> bool {
        !matches!(self.course.end, End::Waiting | End::Open)
    }

    fn step(&mut self, trade: &Trade) {
        let held = self.open > 0.0;
        if self.course.fills.is_empty() && self.missed(trade.price) {
            self.course.end = End::MissedTarget;
            return;
        }
        self.enter(trade);
        self.first_trade = false;
        if self.open <= 0.0 || self.is_over() {
            return;
        }
        if self.stopped(trade.price) {
            self.leave(self.open, trade, trade.price, Barrier::Stop);
            self.course.end = match self.reached - self.passed {
                0 => End::StoppedOut,
                reached => End::StoppedAfterTarget(reached),
            };
        } else if held {
            self.take(trade);
        }
    }

    /// Whether a resting order's first target came before the order was filled.
    fn missed(&self, price: Amount) -> bool {
        let resting = matches!(self.idea.entry, Entry::Limit { .. } | Entry::Zone { .. });
        let first = self.idea.targets.first();
        resting
            && first.is_some_and(|target| match self.bound {
                Bound::Pessimistic => self.idea.side.reaches(price, *target),
                Bound::Optimistic => beyond(self.idea.side, price, *target),
            })
    }

    fn stopped(&self, price: Amount) -> bool {
        let side = self.idea.side.opposite();
        self.idea.stop.is_some_and(|stop| side.reaches(price, stop))
    }

    fn enter(&mut self, trade: &Trade) {
        let side = self.idea.side;
        match self.idea.entry {
            Entry::Market { .. } if self.course.fills.is_empty() => {
                self.fill(1.0, trade, trade.price);
            }
            Entry::Breakout { level }
                if self.course.fills.is_empty() && side.reaches(trade.price, level) =>
            {
                self.fill(1.0, trade, trade.price);
            }
            Entry::Market { .. } | Entry::Breakout { .. } => {}
            Entry::Limit { .. } | Entry::Zone { .. } => self.enter_limits(trade),
        }
    }

    fn enter_limits(&mut self, trade: &Trade) {
        let share = 1.0 / self.legs.len() as f64;
        while let Some(limit) = self.legs.get(self.course.fills.len()).copied() {
            let against = self.idea.side.opposite();
            let touched = against.reaches(trade.price, limit);
            let through = beyond(against, trade.price, limit);
            // What is better than the limit when the order arrives is taken as it is.
            let price = match self.bound {
                Bound::Pessimistic | Bound::Optimistic if self.first_trade && touched => {
                    trade.price
                }
                Bound::Pessimistic if through => limit,
                Bound::Optimistic if touched => limit,
                Bound::Pessimistic | Bound::Optimistic => return,
            };
            self.fill(share, trade, price);
        }
    }

    fn fill(&mut self, share: f64, trade: &Trade, price: Amount) {
        if self.course.fills.is_empty() {
            self.drop_passed_targets(trade.price);
            if self.passed > 0 && self.passed == self.idea.targets.len() {
                self.course.end = End::MissedTarget;
                return;
            }
        }
        self.paid = (self.paid * self.open + price.as_f64() * share) / (self.open + share);
        self.open += share;
        self.course.fills.push(mark(trade, price));
        self.course.end = End::Open;
    }

    /// An entry at the market gains nothing from targets that the price has passed already.
    fn drop_passed_targets(&mut self, price: Amount) {
        if let Entry::Market { .. } | Entry::Breakout { .. } = self.idea.entry {
            let side = self.idea.side;
            let passed = |target: &&Amount| side.reaches(price, **target);
            self.passed = self.idea.targets.iter().take_while(passed).count();
            self.reached = self.passed;
        }
    }

    fn take(&mut self, trade: &Trade) {
        while let Some(target) = self.idea.targets.get(self.reached).copied() {
            let side = self.idea.side;
            let reached = match self.bound {
                Bound::Pessimistic => beyond(side, trade.price, target),
                Bound::Optimistic => side.reaches(trade.price, target),
            };
            if !reached {
                return;
            }
            let left = self.idea.targets.len() - self.reached;
            self.leave(self.open / left as f64, trade, target, Barrier::Target);
            self.reached += 1;
            if left == 1 {
                self.course.end = End::AllTargets;
            }
        }
    }

    fn leave(&mut self, share: f64, trade: &Trade, price: Amount, barrier: Barrier) {
        let mark = mark(trade, price);
        self.course.first.get_or_insert((barrier, mark));
        self.course.exits.push((share, mark));
        self.open -= share;
        let gain = self.idea.side.sign() * (price.as_f64() - self.paid);
        self.course.r += share * gain / self.risk;
    }
}

/// The limit orders, in the order in which the price comes to them.
fn legs(idea: &Idea) -> Vec<Amount> {
    match idea.entry {
        Entry::Limit { price } => vec![price],
        Entry::Zone { low, high } => {
            let wide = high.in_units() - low.in_units();
            let nearest_first = |step: i64| match idea.side {
                Side::Long => high.in_units() - wide * step / (ZONE_LEGS - 1),
                Side::Short => low.in_units() + wide * step / (ZONE_LEGS - 1),
            };
            (0..ZONE_LEGS)
                .map(nearest_first)
                .map(Amount::units)
                .collect()
        }
        Entry::Market { .. } | Entry::Breakout { .. } => Vec::new(),
    }
}

/// Whether `price` is strictly better for `side` than `level`.
fn beyond(side: Side, price: Amount, level: Amount) -> bool {
    price != level && side.reaches(price, level)
}

const fn mark(trade: &Trade, price: Amount) -> Mark {
    Mark {
        trade: trade.id,
        at_ms: trade.at_ms,
        price,
    }
}
