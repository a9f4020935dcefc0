//! As of receipt: what the platform could not have known does not count.

use std::time::Duration;

use domain::lifecycle::{Ending, State};

use crate::story::*;

#[test]
fn nothing_before_receipt_counts() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.received = minutes(5);
    let story = Story::free(&signal).see(&candles(&[
        ["101", "101", "99", "101"],
        ["101", "111", "101", "101"],
        ["101", "101", "90", "101"],
        ["101", "101", "101", "101"],
        ["101", "101", "101", "101"],
        ["101", "102", "100.5", "101"],
    ]));
    assert_eq!(story.state(), State::Pending);
    assert!(story.told.is_empty());
}

#[test]
fn a_trade_at_the_very_instant_of_receipt_does_not_count() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[trade(0, "99")]);
    assert_eq!(story.state(), State::Pending);
    assert!(!story.track.started);
}

#[test]
fn the_candle_of_receipt_fills_nothing_and_wins_nothing() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.received = seconds(30);
    let story = Story::free(&signal).see(&[candle(0, ["100", "111", "96", "105"])]);
    assert_eq!(story.state(), State::Pending);
    assert!(!story.track.ambiguous);
}

#[test]
fn a_stop_touched_in_the_candle_of_receipt_makes_the_outcome_ambiguous() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.received = seconds(30);
    let story = Story::free(&signal).see(&candles(&[
        ["101", "102", "94", "101"],
        ["101", "101", "99", "101"],
        ["101", "111", "101", "111"],
    ]));
    assert_eq!(story.endings(), (Ending::AllTargets, Ending::AllTargets));
    assert!(story.outcome().ambiguous);
}

#[test]
fn a_candle_that_begins_at_receipt_counts() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[candle(0, ["101", "102", "99", "101"])]);
    assert_eq!(story.state(), State::Active);
}

#[test]
fn a_stop_already_crossed_at_the_first_price_makes_no_trade() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[trade(1, "94"), trade(2, "120")]);
    assert_eq!(story.endings(), (Ending::Invalidated, Ending::Invalidated));
    assert_eq!(story.outcome().pessimistic.r, None);
}

#[test]
fn a_follower_who_comes_late_sees_only_what_came_after() {
    let model = domain::execution::ExecutionModel {
        delay: Duration::from_secs(120),
        ..FREE
    };
    let signal = long(limit("100"), &["110"], "95");
    let early = candles(&[["101", "101", "99", "101"], ["101", "111", "101", "101"]]);
    let prompt = Story::free(&signal).see(&early);
    let late = Story::of(&signal, &model).see(&early);
    assert_eq!(prompt.endings().0, Ending::AllTargets);
    assert_eq!(late.state(), State::Pending);
}

#[test]
fn a_hole_in_the_data_is_said_with_the_outcome() {
    let signal = long(limit("100"), &["110"], "95");
    let hole = domain::market::Tick::Hole {
        from: minutes(1),
        to: minutes(2),
    };
    let ticks = [
        candle(0, ["101", "101", "99", "101"]),
        hole,
        candle(2, ["101", "111", "101", "111"]),
    ];
    let story = Story::free(&signal).see(&ticks);
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert!(story.outcome().incomplete);
    let whole = Story::free(&signal).see(&[ticks[0], ticks[2]]);
    assert!(!whole.outcome().incomplete);
}

#[test]
fn a_candle_that_was_partly_seen_as_trades_does_not_count_twice() {
    let signal = long(limit("100"), &["110"], "95");
    // The candle's high came before the entry, which the trades told already.
    let story = Story::free(&signal).see(&[
        trade(1, "109"),
        trade(30, "99"),
        candle(0, ["109", "112", "98", "101"]),
    ]);
    assert_eq!(story.state(), State::Active);
    assert_eq!(story.track.optimistic.state, State::Active);
}
