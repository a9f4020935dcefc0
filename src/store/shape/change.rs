//! How what happens to a signal is kept, with the trade or candle that decided it.

use domain::lifecycle::{BoundResult, Change, Ending, Evidence, Outcome, State, What};
use domain::market::{Candle, Trade};

use super::{kept_enum, kept_struct};

kept_enum!(State {
    "pending" => Pending,
    "active" => Active,
    "partial" => Partial(k),
    "ended" => Ended(ending),
});
kept_enum!(Ending {
    "all-targets" => AllTargets,
    "stopped-out" => StoppedOut,
    "stopped-after-target" => StoppedAfterTarget(k),
    "stopped-at-breakeven" => StoppedAtBreakeven,
    "trailed" => Trailed,
    "closed-by-author" => ClosedByAuthor,
    "opposite-signal" => OppositeSignal,
    "expired-open" => ExpiredOpen,
    "liquidated" => Liquidated,
    "expired-unfilled" => ExpiredUnfilled,
    "missed-target" => MissedTarget,
    "cancelled-by-author" => CancelledByAuthor,
    "invalidated" => Invalidated,
});

kept_struct!(Trade { id, at, price });
kept_struct!(Candle {
    open_time,
    span,
    open,
    high,
    low,
    close,
    volume,
});
kept_enum!(Evidence {
    "trade" => Trade(trade),
    "candle" => Candle(candle),
    "time" => Time(at),
    "author" => Author(at),
});

kept_struct!(Change {
    at,
    what,
    state,
    evidence,
});
kept_enum!(What {
    "filled" => Filled { share, price },
    "target" => Target { k, share, price },
    "stop-moved" => StopMoved { to },
    "retargeted" => Retargeted,
    "entry-moved" => EntryMoved { to },
    "reduced" => Reduced { share, price },
    "ignored" => Ignored { why },
    "ended" => Ended { price },
    "judged" => Judged(outcome),
});
kept_struct!(Outcome {
    model,
    policy,
    pessimistic,
    optimistic,
    ambiguous,
    incomplete,
});
kept_struct!(BoundResult {
    ending,
    r,
    filled,
    targets,
    entered_at,
    ended_at,
    mfe,
    mae,
});
