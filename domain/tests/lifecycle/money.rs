//! R: what is left after costs, in units of the published risk.

use domain::execution::{ExecutionModel, GettingIn};
use domain::lifecycle::{Ending, POLICY};
use domain::market::{Instrument, MarketKind};
use domain::reading::Entry;

use crate::story::*;

#[test]
fn nine_tiny_targets_gain_nothing_compared_with_the_risk() {
    let targets = [
        "100.1", "100.2", "100.3", "100.4", "100.5", "100.6", "100.7", "100.8", "100.9",
    ];
    let signal = long(limit("100"), &targets, "90");
    let path = candles(&[
        ["101", "100.05", "99", "100"].map(|price| if price == "101" { "100.05" } else { price }),
        ["100", "100.95", "99", "100"],
        ["100", "100", "89", "90"],
    ]);
    let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&path);
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert!(story.r().0 < d("0.05"), "{}", story.r().0);
    let first = Story::of(&signal, &ExecutionModel::named("first-target/1").unwrap()).see(&path);
    assert_eq!(first.outcome().pessimistic.targets, 1);
    assert!(first.r().0 < d("0"));
}

#[test]
fn fees_can_turn_a_profit_into_a_loss() {
    let signal = long(limit("100"), &["100.15"], "95");
    let path = candles(&[
        ["100.1", "100.1", "99", "100"],
        ["100", "101", "100", "101"],
    ]);
    let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&path);
    assert_eq!(story.endings().0, Ending::AllTargets);
    assert_eq!(Story::free(&signal).see(&path).r().0, d("0.03"));
    // 0.1 % of 100 and of 100.15, over a risk of 5.
    assert_eq!(story.r().0, d("-0.01003"));
}

#[test]
fn a_stopped_trade_costs_more_than_one_r() {
    let signal = long(limit("100"), &["110"], "95");
    let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&candles(&[
        ["101", "101", "99", "100"],
        ["100", "100", "94", "95"],
    ]));
    // Out at 94.981, fees of 0.1 and 0.094981.
    assert_eq!(story.r().0, d("-1.042796"));
}

#[test]
fn leverage_never_improves_r() {
    let mut signal = long(Entry::Market(Some(p("100"))), &["110"], "95");
    let path = [trade(1, "100"), trade(2, "111")];
    let plain = Story::free(&signal).see(&path);
    signal.leverage = Some(d("125"));
    assert_eq!(plain, Story::free(&signal).see(&path));
}

#[test]
fn perpetuals_pay_the_fees_of_perpetuals() {
    let mut signal = long(limit("100"), &["110"], "95");
    signal.instrument.kind = MarketKind::Perpetual;
    let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&candles(&[
        ["101", "101", "99", "100"],
        ["100", "111", "100", "111"],
    ]));
    // Maker on both sides: 0.02 + 0.022 over 5.
    assert_eq!(story.r().0, d("1.9916"));
}

#[test]
fn each_venue_takes_its_own_fees_and_dear_ones_make_no_trade_void() {
    // A risk of 5 % is less than three round trips at the dearest venue: the trade is dear, not void.
    let mut signal = long(Entry::Market(None), &["110"], "95");
    let path = [trade(1, "100"), trade(2, "111")];
    let mut earned = |market: &str| {
        signal.instrument = Instrument::parse(market).unwrap();
        let story = Story::of(&signal, &ExecutionModel::DEFAULT).see(&path);
        assert_eq!(story.endings().0, Ending::AllTargets, "{market}");
        assert_eq!(story.outcome().policy, Some(POLICY));
        story.r().0
    };
    // In at 100.02 by a taker's fee and out at 110 by a maker's, over 5.
    assert_eq!(earned("binance:spot:BTC/USDT"), d("1.953996"));
    assert_eq!(earned("kraken:spot:BTC/USDT"), d("1.860984"));
    assert_eq!(earned("coinbase:spot:BTC/USDT"), d("1.623952"));
}

#[test]
fn a_model_is_found_again_by_its_name() {
    for model in ExecutionModel::ALL {
        assert_eq!(ExecutionModel::named(model.name), Some(model));
    }
    assert_eq!(ExecutionModel::named("nobody/1"), None);
}

#[test]
fn who_buys_at_once_pays_what_the_market_asks_and_risks_what_was_published() {
    // The zone's middle is 100 and the stop 95, so 1R is 5: in at 102, out at 110.
    let signal = long(zone("99", "101"), &["110"], "95");
    let at_market = ExecutionModel {
        getting_in: GettingIn::AtMarket,
        ..FREE
    };
    let path = [trade(1, "102"), trade(2, "111")];
    let story = Story::of(&signal, &at_market).see(&path);
    assert_eq!(story.r().0, d("1.6"));
    // By orders nobody got in.
    let published = Story::free(&signal).see(&path);
    assert_eq!(published.endings().0, Ending::MissedTarget);
}

#[test]
fn the_first_touch_of_a_zone_fills_all_of_it() {
    let signal = long(zone("99", "101"), &["110"], "95");
    let touched = ExecutionModel {
        getting_in: GettingIn::FirstTouch,
        ..FREE
    };
    let path = [trade(1, "102"), trade(2, "100.9"), trade(3, "111")];
    // All of it at 101: 9 over 5. By three orders only one third is in, at 101.
    assert_eq!(Story::of(&signal, &touched).see(&path).r().0, d("1.8"));
    assert_eq!(Story::free(&signal).see(&path).r().0.round_dp(6), d("0.6"));
}

#[test]
fn a_stop_that_follows_stands_at_the_target_before() {
    let signal = long(limit("100"), &["105", "110", "120"], "95");
    let follows = ExecutionModel {
        breakeven_after: Some(1),
        stop_follows_from: Some(2),
        ..FREE
    };
    let prices = ["101", "99.9", "105.1", "110.1", "104.9"];
    let path: Vec<_> = (1..)
        .zip(prices)
        .map(|(at, price)| trade(at, price))
        .collect();
    let story = Story::of(&signal, &follows).see(&path);
    // A third at 105, a third at 110, and the rest at the gap below 105: (5 + 10 + 4.9) / 3 / 5.
    assert_eq!(story.endings().0, Ending::Trailed);
    assert_eq!(story.r().0.round_dp(6), d("1.326667"));
    let breakeven = ExecutionModel {
        breakeven_after: Some(1),
        ..FREE
    };
    assert!(Story::of(&signal, &breakeven).see(&path).told.len() < story.told.len());
}

#[test]
fn who_comes_late_finds_another_price() {
    let signal = long(Entry::Market(Some(p("100"))), &["110"], "95");
    let late = ExecutionModel {
        delay: std::time::Duration::from_secs(60),
        ..FREE
    };
    let path = [trade(1, "100"), trade(61, "104"), trade(70, "111")];
    assert_eq!(Story::free(&signal).see(&path).r().0, d("2"));
    assert_eq!(Story::of(&signal, &late).see(&path).r().0, d("1.2"));
}
