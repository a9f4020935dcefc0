//! How trade ideas are kept: drafts as they were read, signals as they will be judged.

use domain::market::{MarketKind, Side};
use domain::post::{Action, Origin};
use domain::reading::{
    Confidence, Draft, Entry, Field, Ladder, Manner, Margin, Order, Rung, Span, Target,
};
use domain::score::{Moved, Score};
use domain::signal::Signal;

use serde_json::Value;

use super::{Kept, Unreadable, kept_enum, kept_struct, member, members, object};

kept_enum!(Side { "long" => Long, "short" => Short });
kept_enum!(MarketKind { "spot" => Spot, "perpetual" => Perpetual, "cfd" => Cfd });
kept_enum!(Origin { "live" => Live, "import" => Import, "simulator" => Simulator });
kept_enum!(Action {
    "original" => Original,
    "edited" => Edited,
    "deleted" => Deleted,
    "forwarded" => Forwarded,
});

kept_enum!(Entry {
    "market" => Market(price),
    "limit" => Limit(price),
    "zone" => Zone { low, high },
    "ladder" => Ladder(ladder),
    "breakout" => Breakout(price),
    "market_and_limit" => Scaled { low, high },
});
kept_struct!(Rung { price, share });
kept_struct!(Target { price, weight });

impl Kept for Ladder {
    fn keep(&self) -> Value {
        self.rungs().collect::<Vec<Rung>>().keep()
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        let rungs = Vec::<Rung>::read(value)?;
        Self::new(rungs).map_err(|error| Unreadable::new(error.to_string(), "Ladder"))
    }
}

kept_struct!(Draft {
    pair,
    quote_implied,
    venue,
    kind,
    side,
    entry,
    targets,
    stop,
    stop_percent,
    target_percents,
    leverage,
    breakeven_after,
    valid_for,
    manner,
    spans,
});

/// Drafts that were kept before it existed say nothing beside the levels.
impl Kept for Manner {
    fn keep(&self) -> Value {
        let Self {
            margin,
            size,
            risk,
            timeframe,
            open_target,
            trailing,
        } = self;
        object([
            ("margin", margin.keep()),
            ("size", size.keep()),
            ("risk", risk.keep()),
            ("timeframe", timeframe.keep()),
            ("open_target", open_target.keep()),
            ("trailing", trailing.keep()),
        ])
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        if value.is_null() {
            return Ok(Self::default());
        }
        let mut members = members(value, "Manner")?;
        Ok(Self {
            margin: member(&mut members, "margin")?,
            size: member(&mut members, "size")?,
            risk: member(&mut members, "risk")?,
            timeframe: member(&mut members, "timeframe")?,
            open_target: member(&mut members, "open_target")?,
            trailing: member(&mut members, "trailing")?,
        })
    }
}
kept_struct!(Span {
    field,
    from,
    to,
    confidence,
});
kept_enum!(Field {
    "symbol" => Symbol,
    "side" => Side,
    "entry" => Entry,
    "target" => Target,
    "stop" => Stop,
    "leverage" => Leverage,
    "margin" => Margin,
    "size" => Size,
    "risk" => Risk,
    "timeframe" => Timeframe,
    "trailing" => Trailing,
});
kept_enum!(Margin { "cross" => Cross, "isolated" => Isolated });
kept_enum!(Confidence { "named" => Named, "placed" => Placed, "inferred" => Inferred });

kept_struct!(Signal {
    id,
    channel,
    post,
    origin,
    instrument,
    substituted,
    side,
    entry,
    targets,
    stop,
    leverage,
    breakeven_after,
    posted,
    received,
    expires_at,
    held_at_most,
    price_at_receipt,
    ambiguous,
});

/// As version one was written before models told their skill, where there is none to tell.
impl Kept for Score {
    fn keep(&self) -> Value {
        let Self {
            model,
            targets,
            expected_r,
            skill,
            moved,
        } = self;
        let moved = (!moved.is_empty()).then(|| moved.keep());
        object([
            ("model", model.keep()),
            ("targets", targets.keep()),
            ("expected_r", expected_r.keep()),
            ("skill", skill.keep()),
            ("moved", moved.unwrap_or(Value::Null)),
        ])
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        let mut members = members(value, "Score")?;
        let moved: Option<Vec<Moved>> = member(&mut members, "moved")?;
        Ok(Self {
            model: member(&mut members, "model")?,
            targets: member(&mut members, "targets")?,
            expected_r: member(&mut members, "expected_r")?,
            skill: member(&mut members, "skill")?,
            moved: moved.unwrap_or_default(),
        })
    }
}
kept_struct!(Moved { feature, by });

kept_enum!(Order {
    "move-stop" => MoveStop(price),
    "breakeven" => Breakeven,
    "close-share" => CloseShare(share),
    "close" => Close,
    "cancel" => Cancel,
    "retarget" => Retarget(prices),
    "move-entry" => MoveEntry { low, high },
    "withdraw-stop" => WithdrawStop,
    "move-target" => MoveTarget { k, price },
    "reenter" => Reenter(price),
});
