//! Stops and targets: which comes first, and at what price.

use domain::lifecycle::{Ending, Evidence, State, What};
use domain::market::{Side, Tick};
use domain::reading::Entry;

use crate::story::*;

const IN: [&str; 4] = ["101", "101", "99", "100"];

#[test]
fn the_stop_comes_first_in_one_candle() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[IN, ["100", "111", "94", "100"]]));
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::AllTargets));
    assert_eq!(story.r(), (d("-1"), d("2")));
    assert!(story.outcome().ambiguous);
}

#[test]
fn a_gap_through_the_stop_fills_at_the_open() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[IN, ["90", "111", "90", "111"]]));
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::StoppedOut));
    assert_eq!(story.r(), (d("-2"), d("-2")));
}

#[test]
fn a_target_is_reached_when_traded_through_and_only_the_optimist_takes_the_touch() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[IN, ["100", "110", "99", "105"]]));
    assert_eq!(story.state(), State::Active);
    assert_eq!(
        story.track.optimistic.state,
        State::Ended(Ending::AllTargets)
    );
}

#[test]
fn a_gap_over_the_target_pays_the_target_and_for_the_optimist_the_open() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[IN, ["115", "116", "94", "100"]]));
    assert_eq!(story.endings(), (Ending::AllTargets, Ending::AllTargets));
    assert_eq!(story.r(), (d("2"), d("3")));
}

#[test]
fn targets_carry_equal_weights_unless_the_author_gives_them() {
    let mut signal = long(limit("100"), &["105", "110"], "95");
    let path = candles(&[IN, ["100", "111", "99", "110"]]);
    assert_eq!(Story::free(&signal).see(&path).r().0, d("1.5"));
    signal.targets[0].weight = Some(d("60"));
    signal.targets[1].weight = Some(d("20"));
    assert_eq!(Story::free(&signal).see(&path).r().0, d("1.25"));
}

#[test]
fn a_stop_after_a_target_says_how_many_were_reached() {
    let signal = long(limit("100"), &["105", "110"], "95");
    let story = Story::free(&signal).see(&candles(&[
        IN,
        ["100", "106", "99", "105"],
        ["105", "105", "94", "95"],
    ]));
    assert_eq!(story.endings().0, Ending::StoppedAfterTarget(1));
    assert_eq!(story.r().0, d("0"));
}

#[test]
fn the_stop_goes_to_the_entry_where_the_author_said_so() {
    let mut signal = long(limit("100"), &["105", "110"], "95");
    signal.breakeven_after = Some(1);
    let story = Story::free(&signal).see(&candles(&[
        IN,
        ["101", "106", "101", "105"],
        ["105", "105", "94", "95"],
    ]));
    let breakeven = (Ending::StoppedAtBreakeven, Ending::StoppedAtBreakeven);
    assert_eq!(story.endings(), breakeven);
    assert_eq!(story.r(), (d("0.5"), d("0.5")));
}

#[test]
fn a_breakeven_stop_in_the_candle_of_its_target_is_the_pessimists_only() {
    let mut signal = long(limit("100"), &["105", "110"], "95");
    signal.breakeven_after = Some(1);
    let story = Story::free(&signal).see(&candles(&[IN, ["100", "106", "99.5", "105"]]));
    assert_eq!(story.state(), State::Ended(Ending::StoppedAtBreakeven));
    assert_eq!(story.track.optimistic.state, State::Partial(1));
}

#[test]
fn a_trade_without_targets_is_followed_to_its_stop() {
    let signal = long(limit("100"), &[], "95");
    let story = Story::free(&signal).see(&candles(&[
        IN,
        ["100", "500", "99", "400"],
        ["400", "400", "94", "95"],
    ]));
    assert_eq!(story.endings().0, Ending::StoppedOut);
}

#[test]
fn a_trade_without_a_stop_has_no_r() {
    let signal = signal(Side::Long, limit("100"), &["110"], None);
    let story = Story::free(&signal).see(&candles(&[IN, ["100", "111", "1", "100"]]));
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert_eq!(story.outcome().pessimistic.r, None);
    assert_eq!(story.outcome().pessimistic.mfe, None);
}

#[test]
fn a_short_is_judged_like_a_long_in_the_mirror() {
    let signal = short(Entry::Limit(p("100")), &["90"], "105");
    let story = Story::free(&signal).see(&candles(&[
        ["99", "101", "99", "100"],
        ["100", "106", "89", "100"],
    ]));
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::AllTargets));
    assert_eq!(story.r(), (d("-1"), d("2")));
}

#[test]
fn every_change_carries_the_trade_or_candle_that_decided_it() {
    let signal = long(limit("100"), &["105", "110"], "95");
    let path = candles(&[
        IN,
        ["100", "106", "99", "105"],
        ["105", "112", "104", "110"],
    ]);
    let story = Story::free(&signal).see(&path);
    for (change, i) in story.told.iter().zip([0, 1, 2, 2, 2]) {
        let Tick::Candle(candle) = path[i] else {
            unreachable!()
        };
        assert_eq!(change.evidence, Evidence::Candle(candle));
        assert_eq!(change.at, candle.end());
    }
    assert!(matches!(story.told[4].what, What::Judged(_)));
}

#[test]
fn an_ending_is_never_left() {
    let signal = long(limit("100"), &["110"], "95");
    let over = Story::free(&signal).see(&candles(&[IN, ["100", "100", "94", "95"]]));
    let later = over
        .clone()
        .see(&[candle(2, ["100", "120", "90", "120"]), trade(200, "111")])
        .hear(domain::reading::Order::Close, seconds(300));
    assert_eq!(over.told, later.told);
    assert_eq!(over.track.pessimistic, later.track.pessimistic);
}

#[test]
fn excursions_count_from_the_entry_in_r() {
    let signal = long(limit("100"), &["120"], "95");
    let story = Story::free(&signal).see(&candles(&[
        ["101", "109", "99", "100"],
        ["100", "107", "97", "100"],
        ["100", "100", "94", "94"],
    ]));
    // The 109 may have come before the entry.
    assert_eq!(story.outcome().pessimistic.mfe, Some(d("1.4")));
    assert_eq!(story.outcome().pessimistic.mae, Some(d("-1")));
}
