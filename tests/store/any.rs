//! Any event that can be: what a property test feeds the store.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Happening};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::lifecycle::{BoundResult, Change, Ending, Evidence, Outcome, State, What};
use domain::market::{Candle, Instrument, MarketKind, Pair, Price, Side, Trade, Venue};
use domain::post::{Action, Origin};
use domain::reading::{Entry, Ladder, Order, Target};
use domain::score::{Moved, Score};
use domain::signal::Signal;
use domain::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;

/// One signal, and things that happen to it after it.
pub(crate) fn life() -> impl Strategy<Value = Vec<Happening>> {
    let later = vec((body(), option::of(time()), time()), 0..6);
    (signal(), option::of(score()), later).prop_map(|(signal, score, later)| {
        let signal = Arc::new(signal);
        let opening = Body::Signal {
            signal: signal.clone(),
            score,
        };
        let told = std::iter::once((opening, None, signal.received)).chain(later);
        told.map(|(body, scored, received)| Happening {
            signal: signal.id,
            channel: signal.channel.clone(),
            instrument: signal.instrument.clone(),
            side: signal.side,
            origin: signal.origin,
            posted: scored,
            received,
            scored,
            body,
        })
        .collect()
    })
}

/// Anything but an outcome: a signal has one at most, and [`judged`] gives it.
fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        (order(), post_key()).prop_map(|(order, post)| Body::Instruction { order, post }),
        (action(), post_key()).prop_map(|(action, post)| Body::Revision { action, post }),
        change(what()).prop_map(|change| Body::Progress(Box::new(change))),
    ]
}

/// The last thing that happens to a signal.
pub(crate) fn judged() -> impl Strategy<Value = Body> {
    let what = outcome().prop_map(|outcome| What::Judged(Box::new(outcome)));
    change(what).prop_map(|change| Body::Progress(Box::new(change)))
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn post_key() -> impl Strategy<Value = PostKey> {
    text().prop_map(PostKey::new)
}

fn time() -> impl Strategy<Value = Timestamp> {
    // From the 40th century before Christ, which is about as far back as PostgreSQL goes.
    let known =
        (-188_000_000_000_000_000_i64..=9_000_000_000_000_000_000).prop_map(Timestamp::from_micros);
    prop_oneof![8 => known, 1 => Just(Timestamp::MIN), 1 => Just(Timestamp::MAX)]
}

fn micros() -> impl Strategy<Value = Duration> {
    (0..i64::MAX as u64).prop_map(Duration::from_micros)
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<[u32; 3]>(), any::<bool>(), 0..=28_u32).prop_map(
        |([low, middle, high], below, scale)| Decimal::from_parts(low, middle, high, below, scale),
    )
}

fn price() -> impl Strategy<Value = Price> {
    decimal().prop_filter_map("no price", |number| Price::new(number.abs()).ok())
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Long), Just(Side::Short)]
}

fn origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Live),
        Just(Origin::Import),
        Just(Origin::Simulator)
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Original),
        Just(Action::Edited),
        Just(Action::Deleted),
        Just(Action::Forwarded),
    ]
}

fn instrument() -> impl Strategy<Value = Instrument> {
    let kind = prop_oneof![Just(MarketKind::Spot), Just(MarketKind::Perpetual)];
    (
        "[a-z]{1,8}",
        kind,
        "[A-Z0-9]{1,20}|币安人生",
        "[A-Z0-9]{1,20}",
    )
        .prop_map(|(venue, kind, base, quote)| Instrument {
            venue: Venue::new(venue),
            kind,
            pair: Pair::new(&base, &quote).unwrap(),
        })
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        option::of(price()).prop_map(Entry::Market),
        price().prop_map(Entry::Limit),
        price().prop_map(Entry::Breakout),
        (price(), price()).prop_map(|(low, high)| Entry::Zone { low, high }),
        (price(), price()).prop_map(|(low, high)| Entry::Scaled { low, high }),
        (price(), price()).prop_filter_map("two orders at one price", |(one, other)| {
            Ladder::equal(&[one, other]).ok().map(Entry::Ladder)
        }),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    (price(), option::of(decimal())).prop_map(|(price, weight)| Target { price, weight })
}

fn signal() -> impl Strategy<Value = Signal> {
    let who = (any::<u128>(), "[a-z0-9_.-]{1,64}", text(), origin());
    let what = (instrument(), side(), entry(), vec(target(), 0..4));
    let more = (
        option::of(price()),
        option::of(decimal()),
        option::of(any::<u8>()),
        option::of(price()),
    );
    let when = (time(), time(), time(), micros());
    (who, what, more, when, any::<bool>(), any::<bool>()).prop_map(
        |(who, what, more, when, substituted, ambiguous)| Signal {
            id: SignalId::from_uuid(uuid::Uuid::from_u128(who.0)),
            channel: ChannelId::parse(&who.1).unwrap(),
            post: PostKey::new(who.2),
            origin: who.3,
            instrument: what.0,
            substituted,
            side: what.1,
            entry: what.2,
            targets: what.3,
            stop: more.0,
            leverage: more.1,
            breakeven_after: more.2,
            posted: when.0,
            received: when.1,
            expires_at: when.2,
            held_at_most: when.3,
            price_at_receipt: more.3,
            ambiguous,
        },
    )
}

fn score() -> impl Strategy<Value = Score> {
    let finite = || prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL;
    let moved = (text(), finite()).prop_map(|(feature, by)| Moved {
        feature: feature.into(),
        by,
    });
    let chances = (vec(finite(), 0..4), option::of(finite()));
    (text(), chances, option::of(finite()), vec(moved, 0..3)).prop_map(
        |(model, (targets, expected_r), skill, moved)| Score {
            model: model.into(),
            targets,
            expected_r,
            skill,
            moved,
        },
    )
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        price().prop_map(Order::MoveStop),
        Just(Order::Breakeven),
        decimal().prop_map(Order::CloseShare),
        Just(Order::Close),
        Just(Order::Cancel),
        vec(price(), 0..4).prop_map(Order::Retarget),
        (price(), price()).prop_map(|(low, high)| Order::MoveEntry { low, high }),
        (1..17_u8, price()).prop_map(|(k, price)| Order::MoveTarget { k, price }),
        Just(Order::WithdrawStop),
        proptest::option::of(price()).prop_map(Order::Reenter),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::AllTargets),
        Just(Ending::StoppedOut),
        any::<u8>().prop_map(Ending::StoppedAfterTarget),
        Just(Ending::StoppedAtBreakeven),
        Just(Ending::Trailed),
        Just(Ending::ClosedByAuthor),
        Just(Ending::OppositeSignal),
        Just(Ending::ExpiredOpen),
        Just(Ending::Liquidated),
        Just(Ending::ExpiredUnfilled),
        Just(Ending::MissedTarget),
        Just(Ending::CancelledByAuthor),
        Just(Ending::Invalidated),
    ]
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Pending),
        Just(State::Active),
        any::<u8>().prop_map(State::Partial),
        ending().prop_map(State::Ended),
    ]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let trade = (any::<u64>(), time(), price());
    let candle = (
        time(),
        any::<Duration>(),
        [price(), price(), price(), price()],
        decimal(),
    );
    prop_oneof![
        trade.prop_map(|(id, at, price)| Evidence::Trade(Trade { id, at, price })),
        candle.prop_map(|(open_time, span, [open, high, low, close], volume)| {
            Evidence::Candle(Candle {
                open_time,
                span,
                open,
                high,
                low,
                close,
                volume,
            })
        }),
        time().prop_map(Evidence::Time),
        time().prop_map(Evidence::Author),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let k = any::<u8>();
    prop_oneof![
        (decimal(), price()).prop_map(|(share, price)| What::Filled { share, price }),
        (k, decimal(), price()).prop_map(|(k, share, price)| What::Target { k, share, price }),
        price().prop_map(|to| What::StopMoved { to }),
        Just(What::Retargeted),
        (decimal(), price()).prop_map(|(share, price)| What::Reduced { share, price }),
        prop_oneof![Just("retroactive"), Just("not entered")].prop_map(|why| What::Ignored { why }),
        option::of(price()).prop_map(|price| What::Ended { price }),
    ]
}

fn change(what: impl Strategy<Value = What>) -> impl Strategy<Value = Change> {
    (time(), what, state(), evidence()).prop_map(|(at, what, state, evidence)| Change {
        at,
        what,
        state,
        evidence,
    })
}

fn bound() -> impl Strategy<Value = BoundResult> {
    let figures = (
        option::of(decimal()),
        option::of(decimal()),
        option::of(decimal()),
    );
    let when = (option::of(time()), time());
    (ending(), figures, decimal(), any::<u8>(), when).prop_map(
        |(ending, (r, mfe, mae), filled, targets, (entered_at, ended_at))| BoundResult {
            ending,
            r,
            filled,
            targets,
            entered_at,
            ended_at,
            mfe,
            mae,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let model = prop_oneof![Just("default/1"), Just("first-target/1")];
    let policy = prop_oneof![Just(None), Just(Some(2)), Just(Some(3))];
    (
        model,
        policy,
        bound(),
        bound(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(model, policy, pessimistic, optimistic, ambiguous, incomplete)| Outcome {
                model,
                policy,
                pessimistic,
                optimistic,
                ambiguous,
                incomplete,
            },
        )
}
