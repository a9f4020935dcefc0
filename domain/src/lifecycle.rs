//! The life of a signal: a pure state machine over what the market and the author do.
//!
//! A [`Track`] follows one signal under one execution model, in a pessimistic and an optimistic
//! bound at once. The same ticks give the same changes to the byte, live, in replay and in a what-if.

mod audit;
mod bar;
mod book;
mod closing;
mod entry;
mod exit;
mod run;
mod steps;
mod terms;
mod track;
mod verdict;
mod walk;
mod watch;
pub mod words;

use std::time::Duration;

use rust_decimal::Decimal;

pub use self::audit::{Doubt, Unsound, audit};
pub use self::book::Book;
pub use self::run::{Run, Waiting, Wanted};
pub use self::terms::{Goal, Leg, Terms};
pub use self::track::Track;
pub use self::watch::Watch;

use crate::ids::{PostKey, SignalId};
use crate::market::{Candle, Price, Trade};
use crate::time::Timestamp;

/// The version of the rules by which outcomes come about. A change of them that can change an
/// outcome is a new version: what was judged by the old ones stays as it is, and stays readable.
///
/// 1. The first.
/// 2. A stop that the author moves beyond the price is paid what the bar gives at best; by the first
///    rules it was paid its own price, also where nobody had traded there. Market and stop orders slip
///    farther where the book is thin, and contracts for difference pay what brokers quote.
/// 3. Each venue charges its own fees ([`SCHEDULE`](crate::execution::fees::SCHEDULE)); before, all of them
///    charged Binance's.
pub const POLICY: u32 = 3;

/// Where a signal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not entered yet.
    Pending,
    /// Entered, no target reached.
    Active,
    /// Entered, this many targets reached.
    Partial(u8),
    /// Over.
    Ended(Ending),
}

/// How a signal ended. Terminal: none of them is ever left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Every target was reached.
    AllTargets,
    /// The first stop was hit before any target.
    StoppedOut,
    /// Stopped after this many targets.
    StoppedAfterTarget(u8),
    /// Stopped where it was entered.
    StoppedAtBreakeven,
    /// Stopped by a stop that had been moved into profit.
    Trailed,
    /// The author ended it.
    ClosedByAuthor,
    /// The author turned to the other side.
    OppositeSignal,
    /// Held for the longest time and closed at the market.
    ExpiredOpen,
    /// The claimed margin was gone.
    Liquidated,
    /// Never entered in time.
    ExpiredUnfilled,
    /// The first target was reached before the entry.
    MissedTarget,
    /// The author withdrew it before it was entered.
    CancelledByAuthor,
    /// The stop was already crossed when it was received, or its levels make no trade at that price.
    Invalidated,
}

impl State {
    /// Every label that a state can have, an ending's among them.
    pub const LABELS: [&str; 16] = [
        "pending",
        "active",
        "partial",
        "all-targets",
        "stopped-out",
        "stopped-after-target",
        "stopped-at-breakeven",
        "trailed",
        "closed-by-author",
        "opposite-signal",
        "expired-open",
        "liquidated",
        "expired-unfilled",
        "missed-target",
        "cancelled-by-author",
        "invalidated",
    ];

    /// `pending`, `active`, `partial` or the ending's label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Partial(_) => "partial",
            Self::Ended(ending) => ending.label(),
        }
    }
}

impl Ending {
    /// Its name in lower case with `-`: `stopped-out`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::AllTargets => "all-targets",
            Self::StoppedOut => "stopped-out",
            Self::StoppedAfterTarget(_) => "stopped-after-target",
            Self::StoppedAtBreakeven => "stopped-at-breakeven",
            Self::Trailed => "trailed",
            Self::ClosedByAuthor => "closed-by-author",
            Self::OppositeSignal => "opposite-signal",
            Self::ExpiredOpen => "expired-open",
            Self::Liquidated => "liquidated",
            Self::ExpiredUnfilled => "expired-unfilled",
            Self::MissedTarget => "missed-target",
            Self::CancelledByAuthor => "cancelled-by-author",
            Self::Invalidated => "invalidated",
        }
    }

    /// Nothing was ever entered.
    #[must_use]
    pub const fn unentered(self) -> bool {
        match self {
            Self::ExpiredUnfilled
            | Self::MissedTarget
            | Self::CancelledByAuthor
            | Self::Invalidated => true,
            Self::AllTargets
            | Self::StoppedOut
            | Self::StoppedAfterTarget(_)
            | Self::StoppedAtBreakeven
            | Self::Trailed
            | Self::ClosedByAuthor
            | Self::OppositeSignal
            | Self::ExpiredOpen
            | Self::Liquidated => false,
        }
    }
}

/// Which of the two ways of reading a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Limits fill when traded through; of two levels in one candle the worse came first.
    Pessimistic,
    /// Limits fill at the touch; of two levels in one candle the better came first.
    Optimistic,
}

/// What decided a change, kept with it so that anyone can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// This trade.
    Trade(Trade),
    /// This candle.
    Candle(Candle),
    /// The clock.
    Time(Timestamp),
    /// A word of the author, received at this instant.
    Author(Timestamp),
}

/// One thing that happened to a signal, told by the pessimistic bound (the outcome tells both).
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When it happened: of a candle, its end.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// Where the signal stands after it.
    pub state: State,
    /// What decided it.
    pub evidence: Evidence,
}

/// What can happen to a signal.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A part of the position was entered.
    Filled {
        /// The part, 0 to 1 of the intended position.
        share: Decimal,
        /// What was paid, slippage included.
        price: Price,
    },
    /// Target `k` (from 1) was reached.
    Target {
        /// Which one.
        k: u8,
        /// The part taken there, 0 to 1 of the intended position.
        share: Decimal,
        /// What was received, slippage included.
        price: Price,
    },
    /// The stop stands elsewhere now.
    StopMoved {
        /// Where.
        to: Price,
    },
    /// The targets stand elsewhere now.
    Retargeted,
    /// The author moved his entry, nothing of it being filled; a zone's middle.
    EntryMoved {
        /// To here.
        to: Price,
    },
    /// The author took a part.
    Reduced {
        /// The part, 0 to 1 of the intended position.
        share: Decimal,
        /// What was received, slippage included.
        price: Price,
    },
    /// An author's word that changed nothing, with the reason (`retroactive`, `not entered`, …).
    Ignored {
        /// Why.
        why: &'static str,
    },
    /// It is over in the pessimistic bound; `state` says how.
    Ended {
        /// What the rest was closed at; none where nothing was open.
        price: Option<Price>,
    },
    /// It is over in both bounds, and this came of it.
    Judged(Box<Outcome>),
}

/// What came of a signal under one execution model.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The execution model, `default/1`.
    pub model: &'static str,
    /// The version of the rules whose costs it pays; none where it was judged before outcomes told them,
    /// which was by rules 1 or 2.
    pub policy: Option<u32>,
    /// The bound that counts.
    pub pessimistic: BoundResult,
    /// The other bound.
    pub optimistic: BoundResult,
    /// The bounds disagree, or a level was touched in the rest of the candle of receipt.
    pub ambiguous: bool,
    /// Nothing was known of the market for a part of its life.
    pub incomplete: bool,
}

/// What came of a signal in one bound.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundResult {
    /// How it ended.
    pub ending: Ending,
    /// R net of costs; none without a stop or where nothing was entered.
    pub r: Option<Decimal>,
    /// The share of the intended position that was entered, 0 to 1.
    pub filled: Decimal,
    /// How many targets were reached.
    pub targets: u8,
    /// When the first part was entered.
    pub entered_at: Option<Timestamp>,
    /// When the last part was closed.
    pub ended_at: Timestamp,
    /// The best unrealised price move in R.
    pub mfe: Option<Decimal>,
    /// The worst unrealised price move in R.
    pub mae: Option<Decimal>,
}

impl BoundResult {
    /// How long there was a position; none where nothing was entered.
    #[must_use]
    pub fn held(&self) -> Option<Duration> {
        self.entered_at.map(|at| self.ended_at.since(at))
    }
}

/// A later word about a signal, as it reaches the track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// The author's order, from this post.
    Order(crate::reading::Order, PostKey),
    /// A signal of the same channel on the other side.
    Opposite(SignalId),
}

/// A word that was received and is heard later, by a follower who acts late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// When it was received.
    pub at: Timestamp,
    /// The word.
    pub word: Word,
}
