//! Limit orders, zones and breakouts: when they get in, and at what price.

use domain::lifecycle::{Ending, State, What};
use domain::reading::{Entry, Ladder, Rung};

use crate::story::*;

#[test]
fn an_unfilled_entry_is_no_win() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[
        ["101", "105", "100.5", "104"],
        ["104", "112", "104", "112"],
        ["112", "120", "99", "120"],
    ]));
    assert_eq!(
        story.endings(),
        (Ending::MissedTarget, Ending::MissedTarget)
    );
    assert_eq!(story.outcome().pessimistic.r, None);
    assert_eq!(story.outcome().optimistic.filled, d("0"));
}

#[test]
fn a_limit_fills_when_traded_through_and_only_the_optimist_takes_the_touch() {
    let signal = long(limit("100"), &["110"], "95");
    let touched = Story::free(&signal).see(&[candle(0, ["101", "102", "100", "101"])]);
    assert_eq!(touched.state(), State::Pending);
    assert_eq!(touched.track.optimistic.state, State::Active);
    let through = Story::free(&signal).see(&[candle(0, ["101", "102", "99.9", "101"])]);
    assert_eq!(through.state(), State::Active);
}

#[test]
fn to_miss_a_trade_takes_only_a_touch_of_its_target() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[candle(0, ["101", "110", "101", "105"])]);
    assert_eq!(story.state(), State::Ended(Ending::MissedTarget));
    assert_eq!(story.track.optimistic.state, State::Pending);
}

#[test]
fn a_gap_over_a_resting_limit_pays_the_limit_and_for_the_optimist_the_open() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[
        ["101", "102", "101", "101"],
        ["98", "99", "97", "98"],
        ["98", "111", "98", "111"],
    ]));
    assert_eq!(story.r(), (d("2"), d("2.4")));
}

#[test]
fn a_limit_on_the_far_side_of_the_market_takes_the_market() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.price_at_receipt = Some(p("98"));
    let story = Story::free(&signal).see(&candles(&[
        ["98", "99", "97", "98"],
        ["98", "111", "98", "111"],
    ]));
    assert_eq!(story.r(), (d("2.4"), d("2.4")));
}

#[test]
fn a_limit_never_pays_more_than_its_limit() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.price_at_receipt = Some(p("99.99"));
    let story = Story::of(&signal, &domain::execution::ExecutionModel::DEFAULT)
        .see(&[candle(0, ["99.99", "101", "99.5", "100"])]);
    let What::Filled { price, .. } = story.told[0].what else {
        panic!("{:?}", story.told)
    };
    assert_eq!(price, p("100"));
}

#[test]
fn a_zone_is_three_equal_limits_and_what_is_not_filled_earns_nothing() {
    let signal = long(zone("96", "100"), &["108"], "88");
    // Through 100 and 98, not to 96. Risk is 98 − 88.
    let story = Story::free(&signal).see(&candles(&[
        ["101", "101", "97", "99"],
        ["99", "109", "99", "109"],
    ]));
    assert_eq!(story.r().0, d("0.6"));
    assert_eq!(
        story.outcome().pessimistic.filled.round_dp(6),
        d("0.666667")
    );
}

#[test]
fn the_first_target_withdraws_the_legs_that_are_not_filled() {
    let signal = long(zone("96", "100"), &["108", "120"], "88");
    let story = Story::free(&signal).see(&candles(&[
        ["101", "101", "99", "99.5"],
        ["99.5", "109", "99.5", "109"],
        ["109", "109", "95", "100"],
    ]));
    assert_eq!(story.state(), State::Partial(1));
    assert_eq!(story.track.pessimistic.legs_filled, 1);
}

#[test]
fn a_stop_inside_the_zone_makes_no_trade() {
    let signal = long(zone("96", "100"), &["108"], "97");
    let story = Story::free(&signal).see(&[candle(0, ["101", "101", "95", "99"])]);
    assert_eq!(story.endings(), (Ending::Invalidated, Ending::Invalidated));
}

#[test]
fn a_stop_moved_over_the_rest_of_a_zone_is_met_before_it() {
    let signal = long(zone("96", "100"), &["108"], "88");
    let story = Story::free(&signal)
        .see(&[candle(0, ["101", "101", "99", "101"])])
        .hear(domain::reading::Order::MoveStop(p("97")), minutes(1))
        .see(&[candle(1, ["101", "101", "95", "99"])]);
    assert_eq!(story.endings().0, Ending::StoppedOut);
    // In at 100 and 98, out at 97: the leg at 96 never came to be.
    assert_eq!(story.r().0, d("-0.133333"));
}

#[test]
fn entry_and_stop_in_one_candle_is_a_loss() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[candle(0, ["101", "102", "94", "101"])]);
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::StoppedOut));
    assert_eq!(story.r(), (d("-1"), d("-1")));
}

#[test]
fn a_gap_through_entry_and_stop_is_a_loss_at_the_open() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[
        ["101", "102", "101", "101"],
        ["90", "91", "89", "90"],
    ]));
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::StoppedOut));
    assert_eq!(story.r().0, d("-2"));
}

#[test]
fn entry_and_target_in_one_candle_waits_for_the_next_candle() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[candle(0, ["101", "111", "99", "105"])]);
    assert_eq!(story.state(), State::Active);
    assert_eq!(
        story.track.optimistic.state,
        State::Ended(Ending::AllTargets)
    );
    let story = story.see(&[candle(1, ["105", "106", "94", "95"])]);
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::AllTargets));
    assert!(story.outcome().ambiguous);
}

#[test]
fn a_breakout_gets_in_at_its_level_and_at_the_open_where_that_is_beyond() {
    let signal = long(Entry::Breakout(p("100")), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[
        ["98", "100", "97", "99"],
        ["99", "111", "99", "111"],
    ]));
    assert_eq!(story.r(), (d("2"), d("2")));
    let gapped = Story::free(&signal).see(&candles(&[
        ["98", "99", "97", "99"],
        ["102", "103", "101", "103"],
        ["103", "111", "103", "111"],
    ]));
    assert_eq!(gapped.r(), (d("1.6"), d("1.6")));
}

#[test]
fn a_breakout_outlives_its_stop_being_crossed_before_it_triggers() {
    let signal = long(Entry::Breakout(p("100")), &["110"], "95");
    let story = Story::free(&signal).see(&candles(&[
        ["98", "99", "94", "96"],
        ["96", "101", "96", "101"],
    ]));
    assert_eq!(story.state(), State::Active);
}

#[test]
fn a_breakout_and_its_stop_in_one_candle_is_a_loss_unless_the_optimist_can_doubt_it() {
    let signal = long(Entry::Breakout(p("100")), &["110"], "95");
    let story = Story::free(&signal).see(&[candle(0, ["98", "101", "94", "101"])]);
    assert_eq!(story.state(), State::Ended(Ending::StoppedOut));
    assert_eq!(story.track.optimistic.state, State::Active);
}

#[test]
fn a_ladder_fills_its_orders_for_their_shares() {
    // 0.7 × 100 + 0.3 × 96 = 98.8 is the published entry, so 1R is 8.8; only the first order fills:
    // 0.7 × (110 − 100) / 8.8.
    let rung = |price, share| Rung {
        price: p(price),
        share: d(share),
    };
    let ladder = Ladder::new(vec![rung("96", "0.3"), rung("100", "0.7")]).unwrap();
    let signal = long(Entry::Ladder(ladder), &["110"], "90");
    let story = Story::free(&signal).see(&[trade(1, "101"), trade(2, "99"), trade(3, "111")]);
    assert_eq!(story.r().0.round_dp(6), d("0.795455"));
}
