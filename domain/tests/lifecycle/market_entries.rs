//! Orders at the market: the next price after receipt, and what makes them no trade.

use domain::execution::ExecutionModel;
use domain::lifecycle::{Ending, State, What};
use domain::reading::Entry;

use crate::story::*;

#[test]
fn an_order_at_the_market_takes_the_next_price_and_slips() {
    let signal = long(Entry::Market(None), &["110"], "95");
    let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&[trade(1, "100")]);
    assert!(matches!(
        story.told[0].what,
        What::Filled { price, .. } if price == p("100.02")
    ));
}

#[test]
fn a_short_slips_the_other_way() {
    let signal = short(Entry::Market(None), &["90"], "105");
    let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&[trade(1, "100")]);
    assert!(matches!(
        story.told[0].what,
        What::Filled { price, .. } if price == p("99.98")
    ));
}

#[test]
fn r_is_measured_from_the_price_that_the_author_stated() {
    let signal = long(Entry::Market(Some(p("100"))), &["110"], "95");
    let story = Story::free(&signal).see(&[trade(1, "102"), trade(2, "111")]);
    assert_eq!(story.r().0, d("1.6"));
}

#[test]
fn a_market_fill_next_to_the_stop_does_not_make_a_hundred_r() {
    let signal = long(Entry::Market(None), &["110"], "99.9");
    let story =
        Story::of(&signal, &ExecutionModel::DEFAULT).see(&[trade(1, "100"), trade(2, "111")]);
    assert_eq!(story.endings().0, Ending::Invalidated);
    assert_eq!(story.outcome().pessimistic.r, None);
}

#[test]
fn a_market_order_beyond_its_stop_is_no_trade() {
    let signal = long(Entry::Market(Some(p("100"))), &["110"], "95");
    let story = Story::free(&signal).see(&[trade(1, "95")]);
    assert_eq!(story.endings(), (Ending::Invalidated, Ending::Invalidated));
}

#[test]
fn a_market_order_beyond_all_its_targets_is_missed() {
    let signal = long(Entry::Market(Some(p("100"))), &["102", "104"], "95");
    let story = Story::free(&signal).see(&[trade(1, "104")]);
    assert_eq!(
        story.endings(),
        (Ending::MissedTarget, Ending::MissedTarget)
    );
}

#[test]
fn a_target_that_was_passed_before_the_entry_is_nobodys_gain() {
    let signal = long(Entry::Market(Some(p("100"))), &["102", "110"], "95");
    let story = Story::free(&signal).see(&[trade(1, "103"), trade(2, "111")]);
    assert_eq!(story.outcome().pessimistic.targets, 1);
    assert_eq!(story.r().0, d("1.4"));
}

#[test]
fn a_target_in_the_candle_of_a_market_entry_waits_too() {
    let signal = long(Entry::Market(None), &["110"], "95");
    let story = Story::free(&signal).see(&[candle(0, ["100", "111", "99", "105"])]);
    assert_eq!(story.state(), State::Active);
    assert_eq!(
        story.track.optimistic.state,
        State::Ended(Ending::AllTargets)
    );
}

fn scaled() -> Entry {
    Entry::Scaled {
        low: p("96"),
        high: p("96"),
    }
}

#[test]
fn half_is_entered_at_once_and_half_where_the_author_adds() {
    let signal = long(scaled(), &["108"], "92");
    let path = [trade(1, "100"), trade(2, "95.9"), trade(3, "108.1")];
    let story = Story::free(&signal).see(&path);
    // The published entry is 98: half earned 8 and half 12, of a risk of 6.
    assert_eq!(story.r().0.round_dp(6), d("1.666667"));
}

#[test]
fn what_is_never_added_earns_nothing_and_counts_in_the_risk() {
    let signal = long(scaled(), &["108"], "92");
    let story = Story::free(&signal).see(&[trade(1, "100"), trade(2, "108.1")]);
    assert_eq!(story.r().0.round_dp(6), d("0.666667"));
    assert_eq!(story.outcome().pessimistic.filled, d("0.5"));
}

#[test]
fn a_stop_behind_what_was_added_costs_one_r() {
    let signal = long(scaled(), &["108"], "92");
    let path = [trade(1, "100"), trade(2, "95"), trade(3, "92")];
    assert_eq!(Story::free(&signal).see(&path).r().0, d("-1"));
}

#[test]
fn a_stop_above_where_is_added_is_no_trade() {
    let signal = long(scaled(), &["108"], "97");
    let story = Story::free(&signal).see(&[trade(1, "100")]);
    assert_eq!(story.endings(), (Ending::Invalidated, Ending::Invalidated));
}
