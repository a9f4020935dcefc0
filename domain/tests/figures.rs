//! The figures of channels, against what independent libraries say of the same numbers
//! (`tests/reference/figures.py` writes their answers).
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

use std::time::Duration;

use domain::statistics::{
    Curve, DAY, Told, Trade, Z_95, by_chance, deviation, discoveries, exact, expectancy, mean,
    per_day, permuted, profit_factor, sharpe, sortino, wilson,
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

/// The case of `docs/guide/figures.md`.
#[test]
fn the_case_that_is_worked_by_hand_comes_out_as_on_paper() {
    let hour = Duration::from_secs(3_600);
    let trades: Vec<Trade> = [(0, 2.0), (1, -1.0), (1, -1.0), (3, 1.0)]
        .into_iter()
        .map(|(day, r)| {
            let received = Timestamp::from_millis(0) + DAY * day;
            let ended = received + hour;
            Trade {
                received,
                entered: received,
                ended,
                r,
            }
        })
        .collect();
    let near = |ours: f64, paper: f64, apart: f64| {
        assert!((ours - paper).abs() <= apart, "{ours} and {paper}");
    };
    let r: Vec<f64> = trades.iter().map(|trade| trade.r).collect();
    let told = expectancy(&trades, 1).unwrap();
    near(told.mean, 0.25, 1e-12);
    near(told.deviation, 1.5, 1e-12);
    near(told.clustered_error, 9.875_f64.sqrt() / 4.0, 1e-12);
    // All 27 pasts that three blocks make; 2,000 of them are dealt.
    near(told.error, 0.8135, 0.03);
    near(told.effective, 3.40, 0.25);
    near(told.p_of_gain, 20.0 / 27.0, 0.04);
    near(profit_factor(&r).unwrap(), 1.5, 1e-12);
    let curve = Curve::of(&trades);
    near(curve.max_drawdown(), 2.0, 1e-12);
    assert_eq!(curve.longest_under_water(), DAY * 2);
    let days = per_day(&trades);
    near(
        sharpe(&days).unwrap(),
        0.25 / (8.75_f64 / 3.0).sqrt(),
        1e-12,
    );
    near(sortino(&days).unwrap(), 0.25, 1e-12);
    let bounds = wilson(0.5, 4.0, Z_95).unwrap();
    near(bounds.low, 0.15, 0.001);
    near(bounds.high, 0.85, 0.001);
    near(exact([[2, 0], [0, 2]]).greater, 1.0 / 6.0, 1e-12);
    let deleted: Vec<Told> = trades
        .iter()
        .map(|trade| Told {
            received: trade.received,
            lost: trade.r <= 0.0,
            deleted: trade.r <= 0.0,
        })
        .collect();
    near(permuted(&deleted, 2_000, 1), 1.0, 1e-12);
    near(by_chance(5.0, 10.0).unwrap(), 1.0 / 3.0, 1e-12);
    let found = discoveries(&[0.01, 0.045, 0.055, 0.3, 0.6], 0.1);
    assert_eq!(found, [true, true, true, false, false]);
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
        near("effective", ours.effective, &channel["effective"], 0.12);
        // With 2,000 draws an end of the interval is known to about a tenth of the error.
        for (what, end) in [("low", ours.bounds.low), ("high", ours.bounds.high)] {
            let theirs = channel[what].as_f64().unwrap();
            assert!(
                (end - theirs).abs() < 0.15 * error,
                "{what}: {end} and {theirs}"
            );
        }
        let theirs = channel["p_of_gain"].as_f64().unwrap();
        let noise = (theirs * (1.0 - theirs) / 2_000.0).sqrt();
        assert!(
            (ours.p_of_gain - theirs).abs() < 4.0 * noise,
            "{ours:?} {theirs}"
        );
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
fn the_longest_time_under_water_is_that_of_the_days_below_a_height() {
    for case in answers()["under_water"].as_array().unwrap() {
        let r: Vec<f64> = serde_json::from_value(case["r"].clone()).unwrap();
        let trades: Vec<Trade> = (0..)
            .zip(r)
            .map(|(day, r)| {
                let ended = Timestamp::from_millis(0) + DAY * day;
                let [received, entered] = [ended; 2];
                Trade {
                    received,
                    entered,
                    ended,
                    r,
                }
            })
            .collect();
        let days = case["under_water_days"].as_u64().unwrap();
        let longest = Curve::of(&trades).longest_under_water();
        assert_eq!(longest.as_secs(), days * DAY.as_secs(), "{case}");
    }
}

#[test]
fn deletions_dealt_anew_within_days_are_as_likely_as_their_exact_number_says() {
    for case in answers()["stratified"].as_array().unwrap() {
        let days: Vec<[u32; 4]> = serde_json::from_value(case["days"].clone()).unwrap();
        let mut told = Vec::new();
        for (day, [signals, lost, deleted, both]) in (0..).zip(days) {
            let received = Timestamp::from_millis(0) + DAY * day;
            // First the deleted losers, then the kept ones, then the others.
            told.extend((0..signals).map(|nth| Told {
                received,
                lost: nth < lost,
                deleted: nth < both || (lost..lost + deleted - both).contains(&nth),
            }));
        }
        let draws = 20_000;
        let ours = permuted(&told, draws, 3);
        let theirs = case["greater"].as_f64().unwrap();
        let noise = (theirs * (1.0 - theirs) / 20_000.0).sqrt() + 1.0 / 20_000.0;
        assert!((ours - theirs).abs() < 4.0 * noise, "{case}: {ours}");
    }
}

#[test]
fn a_price_that_goes_nowhere_wins_as_often_as_a_fair_walk() {
    for case in answers()["geometry"].as_array().unwrap() {
        let [risk, gain] = ["risk", "gain"].map(|what| case[what].as_f64().unwrap());
        near(
            "geometry",
            by_chance(risk, gain).unwrap(),
            &case["chance"],
            1e-9,
        );
    }
    assert_eq!(by_chance(0.0, 0.0), None);
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
