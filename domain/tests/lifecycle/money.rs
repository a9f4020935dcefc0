//! R: what is left after costs, in units of the published risk.

use domain::execution::ExecutionModel;
use domain::lifecycle::Ending;
use domain::market::MarketKind;
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
    let first = Story::of(&signal, &ExecutionModel::FIRST_TARGET).see(&path);
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
fn a_model_is_found_again_by_its_name() {
    for model in [ExecutionModel::DEFAULT, ExecutionModel::FIRST_TARGET] {
        assert_eq!(ExecutionModel::named(model.name), Some(model));
    }
    assert_eq!(ExecutionModel::named("nobody/1"), None);
}
