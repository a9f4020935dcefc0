//! The figures of channels, against what independent libraries say of the same numbers
//! (`tests/reference/figures.py` writes their answers).
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

use std::time::Duration;

use domain::statistics::{
    Curve, Told, Trade, Z_95, deviation, discoveries, exact, expectancy, mean, per_day, permuted,
    profit_factor, sharpe, sortino, wilson,
};
use domain::time::Timestamp;
use serde_json::Value;

fn answers() -> Value {
    serde_json::from_str(include_str!("../../tests/reference/figures.json")).unwrap()
}

fn trades(channel: &Value) -> Vec<Trade> {
    let at = |seconds: &Value| Timestamp::from_millis(seconds.as_i64().unwrap() * 1_000);
    let one = |trade: &Value| Trade {
        received: at(&trade["received"]),
        entered: at(&trade["received"]),
        ended: at(&trade["ended"]),
        r: trade["r"].as_f64().unwrap(),
    };
    channel["trades"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

#[track_caller]
fn near(what: &str, ours: f64, theirs: &Value, tolerance: f64) {
    let theirs = theirs.as_f64().unwrap();
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3),
        "{what}: {ours} and {theirs}"
    );
}

#[test]
fn what_needs_no_dice_is_the_same_to_the_last_digits() {
    for channel in answers()["channels"].as_array().unwrap() {
        let trades = trades(channel);
        let earned: Vec<f64> = trades.iter().map(|trade| trade.r).collect();
        let days = per_day(&trades);
        let figures = [
            ("mean", mean(&earned)),
            ("deviation", deviation(&earned)),
            ("profit_factor", profit_factor(&earned)),
            (
                "clustered_error",
                expectancy(&trades, 1).map(|e| e.clustered_error),
            ),
            ("sharpe", sharpe(&days)),
            ("sortino", sortino(&days)),
            ("max_drawdown", Some(Curve::of(&trades).max_drawdown())),
        ];
        for (what, ours) in figures {
            near(what, ours.unwrap(), &channel[what], 1e-9);
        }
    }
}

#[test]
fn what_is_dealt_anew_agrees_within_the_noise_of_the_dice() {
    for channel in answers()["channels"].as_array().unwrap() {
        let ours = expectancy(&trades(channel), 7).unwrap();
        let error = channel["error"].as_f64().unwrap();
        near("error", ours.error, &channel["error"], 0.06);
        // With 2,000 draws an end of the interval is known to about a tenth of the error.
        for (what, end) in [("low", ours.bounds.low), ("high", ours.bounds.high)] {
            let theirs = channel[what].as_f64().unwrap();
            assert!(
                (end - theirs).abs() < 0.15 * error,
                "{what}: {end} and {theirs}"
            );
        }
        let again = expectancy(&trades(channel), 7).unwrap();
        assert_eq!(ours, again, "the same seed deals the same");
    }
}

#[test]
fn a_rate_has_the_bounds_of_wilson() {
    for case in answers()["wilson"].as_array().unwrap() {
        let (rate, n) = (case["rate"].as_f64().unwrap(), case["n"].as_f64().unwrap());
        let bounds = wilson(rate, n, Z_95).unwrap();
        assert!(
            (bounds.low - case["low"].as_f64().unwrap()).abs() < 1e-9,
            "{case} {bounds:?}"
        );
        assert!(
            (bounds.high - case["high"].as_f64().unwrap()).abs() < 1e-9,
            "{case} {bounds:?}"
        );
    }
}

#[test]
fn deletions_are_judged_as_fisher_would() {
    for case in answers()["fisher"].as_array().unwrap() {
        let table = serde_json::from_value(case["table"].clone()).unwrap();
        let ours = exact(table);
        near("greater", ours.greater, &case["greater"], 1e-8);
        near("two_sided", ours.two_sided, &case["two_sided"], 1e-8);
    }
}

#[test]
fn among_many_findings_the_same_are_believed() {
    let case = &answers()["discoveries"];
    let p: Vec<f64> = serde_json::from_value(case["p"].clone()).unwrap();
    let found: Vec<bool> = serde_json::from_value(case["found"].clone()).unwrap();
    assert!(found.contains(&true) && found.contains(&false));
    assert_eq!(discoveries(&p, case["q"].as_f64().unwrap()), found);
}

#[test]
fn a_basket_of_equal_trades_says_as_much_as_one() {
    let day = Duration::from_secs(24 * 3600);
    let of = |copies: u32| -> Vec<Trade> {
        (0..400)
            .map(|nth: u32| {
                let received = Timestamp::from_millis(0) + day * (nth / copies * 3);
                let won = (nth / copies).is_multiple_of(3);
                Trade {
                    received,
                    entered: received,
                    ended: received + Duration::from_secs(60),
                    r: if won { 2.0 } else { -1.0 },
                }
            })
            .collect()
    };
    let (apart, baskets) = (
        expectancy(&of(1), 1).unwrap(),
        expectancy(&of(8), 1).unwrap(),
    );
    assert!(apart.effective > 350.0, "{apart:?}");
    assert!((40.0..60.0).contains(&baskets.effective), "{baskets:?}");
}

#[test]
fn trades_of_one_block_say_nothing_of_the_next() {
    let at = |minute: u64| Timestamp::from_millis(0) + Duration::from_secs(60 * minute);
    let trades: Vec<Trade> = (0..50)
        .map(|nth| Trade {
            received: at(nth),
            entered: at(nth),
            ended: at(nth + 1),
            r: 1.0,
        })
        .collect();
    assert_eq!(expectancy(&trades, 1), None);
}

#[test]
fn who_deletes_losers_is_found_and_who_deletes_whole_days_is_not() {
    let told = |nth: u32, day: u32, lost: bool, deleted: bool| Told {
        received: Timestamp::from_millis(0) + Duration::from_secs(u64::from(day * 86_400 + nth)),
        lost,
        deleted,
    };
    let hides = (0..80).map(|nth| told(nth, nth / 8, nth % 2 == 0, nth % 2 == 0 && nth % 3 == 0));
    assert!(permuted(&hides.collect::<Vec<_>>(), 2_000, 1) < 0.01);
    // A bad day on which everything was deleted: no choice was made among its signals.
    let days = (0..80).map(|nth| told(nth, nth / 8, nth < 8 || nth % 4 == 0, nth < 8));
    let days: Vec<_> = days.collect();
    assert!(permuted(&days, 2_000, 1) > 0.9);
    let table = days.iter().fold([[0; 2]; 2], |mut table, one| {
        table[usize::from(!one.deleted)][usize::from(!one.lost)] += 1;
        table
    });
    assert!(
        exact(table).greater < 0.001,
        "without blocks it looks like a choice"
    );
}
