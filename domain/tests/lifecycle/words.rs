//! The author's later words: they hold from their receipt forward.

use domain::lifecycle::words::{
    BEYOND_ENTRY, ENTERED, NOT_AHEAD, NOT_ENTERED, ONCE, OUT_OF_ORDER, RETROACTIVE, STANDS, THERE,
};
use domain::lifecycle::{Ending, State};
use domain::reading::Order;

use crate::story::*;

const IN: [&str; 4] = ["101", "101", "99", "100"];

fn entered() -> Story {
    Story::free(&long(limit("100"), &["110", "120"], "95")).see(&[candle(0, IN)])
}

#[test]
fn a_close_takes_the_next_price_after_its_receipt() {
    let story = entered()
        .hear(Order::Close, minutes(1))
        .see(&[candle(1, ["103", "121", "90", "100"])]);
    assert_eq!(
        story.endings(),
        (Ending::ClosedByAuthor, Ending::ClosedByAuthor)
    );
    assert_eq!(story.r(), (d("0.6"), d("0.6")));
}

#[test]
fn a_close_inside_a_candle_takes_its_close_unless_the_stop_came_first() {
    let closed = entered()
        .hear(Order::Close, seconds(90))
        .see(&[candle(1, ["103", "104", "98", "99"])]);
    assert_eq!(closed.r().0, d("-0.2"));
    let stopped = entered()
        .hear(Order::Close, seconds(90))
        .see(&[candle(1, ["103", "104", "94", "99"])]);
    assert_eq!(stopped.endings().0, Ending::StoppedOut);
}

#[test]
fn a_target_in_the_candle_of_a_close_is_the_optimists_only() {
    let story = entered()
        .hear(Order::Close, seconds(90))
        .see(&[candle(1, ["103", "111", "103", "104"])]);
    assert_eq!(story.outcome().pessimistic.targets, 0);
    assert_eq!(story.outcome().optimistic.targets, 1);
    assert!(story.outcome().ambiguous);
}

#[test]
fn a_pending_trade_is_cancelled_by_cancel_and_by_close() {
    for order in [Order::Cancel, Order::Close] {
        let story = Story::free(&long(limit("100"), &["110"], "95"))
            .see(&[trade(1, "101")])
            .hear(order, seconds(5))
            .see(&[trade(6, "94")]);
        let cancelled = (Ending::CancelledByAuthor, Ending::CancelledByAuthor);
        assert_eq!(story.endings(), cancelled);
        assert_eq!(story.outcome().pessimistic.ended_at, seconds(5));
    }
}

#[test]
fn a_crash_through_entry_and_stop_cannot_be_withdrawn_in_the_same_candle() {
    let story = Story::free(&long(limit("100"), &["110"], "95"))
        .see(&[candle(0, ["101", "102", "101", "101"])])
        .hear(Order::Cancel, seconds(90))
        .see(&[candle(1, ["101", "101", "94", "94"])]);
    assert_eq!(
        story.endings(),
        (Ending::StoppedOut, Ending::CancelledByAuthor)
    );
}

#[test]
fn a_cancel_of_an_entered_trade_changes_nothing() {
    let story = entered().hear(Order::Cancel, minutes(1));
    assert_eq!(story.ignored(), [ENTERED]);
    assert_eq!(story.state(), State::Active);
}

#[test]
fn a_stop_moved_into_profit_trails() {
    let story = entered()
        .see(&[candle(1, ["100", "109", "100", "108"])])
        .hear(Order::MoveStop(p("105")), minutes(2))
        .see(&[candle(2, ["108", "109", "104", "104"])]);
    assert_eq!(story.endings(), (Ending::Trailed, Ending::Trailed));
    assert_eq!(story.r().0, d("1"));
}

#[test]
fn a_stop_moved_where_the_price_has_been_already_is_retroactive() {
    let story = entered().hear(Order::MoveStop(p("104")), minutes(1));
    assert_eq!(story.ignored(), [RETROACTIVE]);
    assert_eq!(story.track.pessimistic.stop, Some(p("95")));
}

#[test]
fn risk_is_measured_to_the_first_stop_wherever_the_stop_goes() {
    let story = entered()
        .hear(Order::MoveStop(p("90")), minutes(1))
        .see(&[candle(1, ["100", "100", "89", "90"])]);
    assert_eq!(story.endings().0, Ending::StoppedOut);
    assert_eq!(story.r().0, d("-2"));
}

#[test]
fn in_the_candle_of_a_moved_stop_the_old_one_holds_for_the_pessimist() {
    let story = entered()
        .see(&[candle(1, ["100", "109", "100", "108"])])
        .hear(Order::MoveStop(p("105")), seconds(150))
        .see(&[candle(2, ["108", "109", "94", "104"])]);
    assert_eq!(story.endings(), (Ending::StoppedOut, Ending::Trailed));
    assert!(story.outcome().ambiguous);
}

#[test]
fn breakeven_before_the_entry_is_ignored() {
    let story = Story::free(&long(limit("100"), &["110"], "95"))
        .see(&[trade(1, "101")])
        .hear(Order::Breakeven, seconds(5));
    assert_eq!(story.ignored(), [NOT_ENTERED]);
}

#[test]
fn breakeven_withdraws_the_legs_that_are_not_filled() {
    let story = Story::free(&long(zone("96", "100"), &["108"], "88"))
        .see(&candles(&[["101", "101", "99", "101"]]))
        .hear(Order::Breakeven, minutes(1))
        .see(&[candle(1, ["101", "101", "95", "96"])]);
    assert_eq!(story.endings().0, Ending::StoppedAtBreakeven);
    assert_eq!(story.outcome().pessimistic.filled.round_dp(4), d("0.3333"));
    assert_eq!(story.r().0, d("0"));
}

#[test]
fn a_stop_beyond_a_pending_entry_is_ignored() {
    let story = Story::free(&long(limit("100"), &["110"], "95"))
        .see(&[trade(1, "105")])
        .hear(Order::MoveStop(p("101")), seconds(5))
        .hear(Order::MoveStop(p("95")), seconds(6));
    assert_eq!(story.ignored(), [BEYOND_ENTRY, THERE]);
}

#[test]
fn a_share_is_taken_at_the_next_price_and_the_targets_share_the_rest() {
    let story = entered()
        .hear(Order::CloseShare(d("0.5")), minutes(1))
        .see(&[
            candle(1, ["105", "111", "105", "108"]),
            candle(2, ["108", "121", "108", "120"]),
        ]);
    // Half at +1 R, a quarter at +2 R, a quarter at +4 R.
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert_eq!(story.r().0, d("2"));
}

#[test]
fn new_targets_that_the_price_has_passed_are_left_out() {
    let story = entered()
        .hear(Order::Retarget(vec![p("99")]), minutes(1))
        .hear(Order::Retarget(vec![p("99"), p("103")]), minutes(1))
        .see(&[candle(1, ["100", "104", "100", "104"])]);
    assert_eq!(story.ignored(), [RETROACTIVE]);
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert_eq!(story.r().0, d("0.6"));
}

#[test]
fn a_signal_on_the_other_side_ends_a_position_and_leaves_a_pending_entry() {
    let open = entered()
        .turn(minutes(1))
        .see(&[candle(1, ["101", "101", "101", "101"])]);
    assert_eq!(open.endings().0, Ending::OppositeSignal);
    let pending = Story::free(&long(limit("100"), &["110"], "95"))
        .see(&[trade(1, "101")])
        .turn(seconds(5))
        .see(&[trade(6, "99")]);
    assert_eq!(pending.ignored(), [NOT_ENTERED]);
    assert_eq!(pending.state(), State::Active);
}

#[test]
fn a_late_follower_hears_late() {
    let model = domain::execution::ExecutionModel {
        delay: std::time::Duration::from_secs(60),
        ..FREE
    };
    let story = Story::of(&long(limit("100"), &["110"], "95"), &model)
        .see(&[trade(61, "101"), trade(62, "99")])
        .hear(Order::Close, seconds(70))
        .see(&[trade(100, "104")]);
    assert_eq!(story.state(), State::Active);
    let story = story.see(&[trade(131, "103")]);
    assert_eq!(story.r().0, d("0.6"));
}

#[test]
fn a_candle_that_comes_late_knows_only_the_stop_of_its_time() {
    let story = entered()
        .see(&[candle(1, ["100", "109", "100", "108"])])
        .hear(Order::MoveStop(p("105")), seconds(181))
        .see(&[candle(2, ["108", "109", "104", "107"])]);
    assert_eq!(story.state(), State::Active);
    assert_eq!(story.track.optimistic.state, State::Active);
    let story = story.see(&[
        candle(3, ["107", "108", "106", "107"]),
        candle(4, ["107", "108", "104", "104"]),
    ]);
    assert_eq!(story.endings(), (Ending::Trailed, Ending::Trailed));
}

#[test]
fn an_entry_filled_before_a_word_that_was_heard_first_is_closed_not_withdrawn() {
    let pending = Story::free(&long(limit("100"), &["110"], "95"));
    let late = [
        candle(0, ["101", "101", "99", "101"]),
        candle(1, ["101", "104", "101", "103"]),
    ];
    let closed = pending.clone().hear(Order::Close, seconds(61)).see(&late);
    assert_eq!(closed.endings().0, Ending::ClosedByAuthor);
    assert_eq!(closed.r().0, d("0.6"));
    let withdrawn = pending.hear(Order::Cancel, seconds(61)).see(&late);
    assert_eq!(withdrawn.state(), State::Active);
    assert_eq!(withdrawn.ignored(), [ENTERED]);
}

#[test]
fn a_moved_entry_waits_where_it_was_moved_to_and_risk_stays_what_was_published() {
    let story = Story::free(&long(limit("100"), &["110"], "95"))
        .see(&[trade(1, "105")])
        .hear(
            Order::MoveEntry {
                low: p("102"),
                high: p("102"),
            },
            seconds(5),
        )
        .see(&[trade(6, "103"), trade(7, "101"), trade(8, "110.5")]);
    // In at 102, out at 110, and 1 R is the 5 between 100 and 95.
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert_eq!(story.r().0, d("1.6"));
}

#[test]
fn a_moved_entry_is_not_filled_by_the_candle_in_which_it_was_moved() {
    let to = || Order::MoveEntry {
        low: p("97"),
        high: p("98"),
    };
    let story = Story::free(&long(limit("100"), &["110"], "95"))
        .see(&[candle(0, ["105", "105", "104", "104"])])
        .hear(to(), seconds(90))
        .see(&[candle(1, ["104", "104", "96", "104"])]);
    assert_eq!(story.state(), State::Pending);
    let story = story.see(&[candle(2, ["104", "104", "97.5", "104"])]);
    assert_eq!(story.state(), State::Active);
    assert_eq!(story.track.pessimistic.average(), Some(p("98")));
    let late = entered().hear(to(), minutes(1));
    assert_eq!(late.ignored(), [ENTERED]);
}

#[test]
fn withdrawn_targets_leave_the_position_to_its_stop() {
    let story = entered()
        .hear(Order::Retarget(Vec::new()), minutes(1))
        .see(&[candle(1, ["100", "130", "100", "120"])]);
    assert_eq!(story.state(), State::Active);
    let story = story.see(&[candle(2, ["120", "120", "94", "94"])]);
    assert_eq!(story.endings().0, Ending::StoppedOut);
}

#[test]
fn a_stop_that_was_published_cannot_be_withdrawn() {
    let story = entered()
        .hear(Order::WithdrawStop, minutes(1))
        .see(&[candle(1, ["100", "100", "94", "94"])]);
    assert_eq!(story.ignored(), [STANDS]);
    assert_eq!(story.endings().0, Ending::StoppedOut);
}

#[test]
fn a_stop_that_is_moved_beyond_the_price_is_paid_no_better_than_the_market() {
    let story = entered()
        .hear(Order::MoveStop(p("99")), seconds(90))
        .see(&[candle(1, ["97", "97", "96", "96"])]);
    assert_eq!(story.r(), (d("-0.6"), d("-0.6")));
}

#[test]
fn one_target_is_moved_by_its_number_and_the_others_stand() {
    let to = |k, price| Order::MoveTarget { k, price: p(price) };
    let story = Story::free(&long(limit("100"), &["104", "110"], "95"))
        .see(&[candle(0, IN)])
        .hear(to(2, "106"), minutes(1))
        .see(&[candle(1, ["100", "107", "100", "106"])]);
    assert_eq!(story.endings().0, Ending::AllTargets);
    // Half at +0.8 R, half at +1.2 R.
    assert_eq!(story.r().0, d("1"));
}

#[test]
fn a_target_that_is_passed_or_reached_or_out_of_order_stays_where_it_is() {
    let to = |k, price| Order::MoveTarget { k, price: p(price) };
    let story = Story::free(&long(limit("100"), &["104", "110"], "95"))
        .see(&[candle(0, IN)])
        .hear(to(1, "99"), minutes(1))
        .hear(to(3, "120"), minutes(1))
        .hear(to(1, "111"), minutes(1));
    assert_eq!(story.ignored(), [RETROACTIVE, NOT_AHEAD, OUT_OF_ORDER]);
}

#[test]
fn a_re_entry_does_not_touch_the_trade_that_it_repeats() {
    let story = entered()
        .hear(Order::Reenter(None), minutes(1))
        .see(&[candle(1, ["100", "100", "94", "94"])]);
    assert_eq!(story.ignored(), [ONCE]);
    assert_eq!(story.endings().0, Ending::StoppedOut);
}
