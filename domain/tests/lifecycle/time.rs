//! Time: entries run out, and positions are not held for ever.

use std::time::Duration;

use domain::lifecycle::{Ending, State};
use domain::market::Tick;

use crate::story::*;

#[test]
fn an_entry_that_is_not_filled_in_time_is_neither_won_nor_lost() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.expires_at = minutes(2);
    let story = Story::free(&signal).see(&candles(&[
        ["101", "102", "101", "101"],
        ["101", "102", "101", "101"],
        ["101", "102", "90", "101"],
    ]));
    assert_eq!(
        story.endings(),
        (Ending::ExpiredUnfilled, Ending::ExpiredUnfilled)
    );
    assert_eq!(story.outcome().pessimistic.ended_at, minutes(2));
    assert_eq!(story.outcome().pessimistic.r, None);
}

#[test]
fn the_clock_alone_ends_an_entry_at_the_same_instant_as_a_price() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.expires_at = minutes(2);
    let by_clock = Story::free(&signal).see(&[Tick::Time(minutes(2))]);
    let by_price = Story::free(&signal).see(&[candle(7, ["101", "101", "90", "101"])]);
    assert_eq!(by_clock.told[0], by_price.told[0]);
}

#[test]
fn the_deadline_says_when_time_matters_next() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.expires_at = minutes(30);
    signal.held_at_most = Duration::from_secs(3_600);
    let story = Story::free(&signal);
    assert_eq!(story.track.next_deadline(), Some(minutes(30)));
    let story = story.see(&[trade(60, "99")]);
    assert_eq!(story.track.next_deadline(), Some(minutes(61)));
    let story = story.see(&[trade(70, "94")]);
    assert_eq!(story.track.next_deadline(), None);
}

#[test]
fn the_legs_of_a_zone_run_out_while_the_filled_ones_live_on() {
    let mut signal = long(zone("96", "100"), &["108"], "88");
    signal.expires_at = minutes(1);
    let story = Story::free(&signal).see(&candles(&[
        ["101", "101", "99", "99.5"],
        ["99.5", "100", "95", "99"],
    ]));
    assert_eq!(story.state(), State::Active);
    assert_eq!(story.track.pessimistic.legs_filled, 1);
}

#[test]
fn of_a_candle_that_contains_the_expiry_only_a_loss_is_believed() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.expires_at = seconds(30);
    let filled = Story::free(&signal).see(&candles(&[
        ["101", "111", "99", "101"],
        ["101", "101", "101", "101"],
    ]));
    assert_eq!(filled.endings().0, Ending::ExpiredUnfilled);
    let lost = Story::free(&signal).see(&candles(&[
        ["101", "101", "94", "101"],
        ["101", "101", "101", "101"],
    ]));
    assert_eq!(
        lost.endings(),
        (Ending::StoppedOut, Ending::ExpiredUnfilled)
    );
    assert!(lost.outcome().ambiguous);
}

#[test]
fn a_position_is_closed_at_the_next_price_after_its_longest_time() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.held_at_most = Duration::from_secs(60);
    let story = Story::free(&signal).see(&candles(&[
        ["101", "101", "99", "100"],
        ["100", "103", "100", "103"],
        ["104", "120", "90", "100"],
    ]));
    assert_eq!(story.endings(), (Ending::ExpiredOpen, Ending::ExpiredOpen));
    assert_eq!(story.r(), (d("0.8"), d("0.8")));
}

#[test]
fn where_no_price_comes_a_position_is_closed_at_the_last_one() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.held_at_most = Duration::from_secs(60);
    let story = Story::free(&signal).see(&[
        candle(
            0,
            ["101", "101", "99", "103"].map(|x| if x == "103" { "101" } else { x }),
        ),
        Tick::Time(minutes(2)),
    ]);
    assert_eq!(story.endings().0, Ending::ExpiredOpen);
    assert_eq!(story.r().0, d("0.2"));
}

#[test]
fn a_delisted_market_ends_a_trade_as_incomplete() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::free(&signal).see(&[
        candle(0, ["101", "101", "99", "101"]),
        Tick::Hole {
            from: minutes(1),
            to: minutes(60 * 24 * 20),
        },
    ]);
    assert_eq!(story.endings().0, Ending::ExpiredOpen);
    assert!(story.outcome().incomplete);
}

#[test]
fn a_tick_of_time_hides_nothing_of_the_candle_around_it() {
    let signal = long(limit("100"), &["110"], "95");
    let path = candles(&[["101", "101", "99", "100"], ["100", "111", "99", "105"]]);
    let timed = Story::free(&signal).see(&[path[0], Tick::Time(seconds(90)), path[1]]);
    assert_eq!(timed.told, Story::free(&signal).see(&path).told);
}
