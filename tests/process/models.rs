//! Models are trained, measured and refused by the program itself.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use crate::home::Home;

const STEPS: [&str; 7] = [
    "coin",
    "channel_base_rate",
    "geometry",
    "geometry_calibrated",
    "logistic",
    "gbdt",
    "burn",
];

/// Five-minute candles of some days of a market that wanders, by dice.
fn candles(home: &Home, folder: &str, symbol: &str, days: std::ops::Range<i64>, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut price = 1_000.0_f64;
    let mut rows = "open_time,open,high,low,close,volume\n".to_owned();
    for nth in days.start * 288..days.end * 288 {
        let open = price;
        price *= 1.0 + (dice.random::<f64>() - 0.5) * 0.01;
        let (high, low) = (
            open.max(price) + dice.random::<f64>(),
            open.min(price) - dice.random::<f64>(),
        );
        let at = 1_735_689_600_000 + nth * 300_000;
        writeln!(
            rows,
            "{at},{open:.3},{high:.3},{low:.3},{price:.3},{}",
            1 + nth % 7
        )
        .unwrap();
    }
    let folder = home.path(format!("{folder}/binance_spot"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{symbol}-5m-2025.csv")), rows).unwrap();
}

#[test]
fn a_model_is_trained_on_strategies_measured_on_other_candles_and_the_same_again() {
    let home = Home::new();
    candles(&home, "first", "BTCUSDT", 0..14, 1);
    candles(&home, "later", "ETHUSDT", 20..24, 2);
    candles(&home, "beside", "SOLUSDT", 2..6, 3);
    let train = [
        "train",
        "--name",
        "mine",
        "--candles",
        "first",
        "--strategies",
        "--quick",
        "--quiet",
        "--json",
    ];
    let trained = home.run(&train, "");
    assert_eq!(trained.code, Some(0), "{trained:?}");
    let card: Value = serde_json::from_str(&trained.out).unwrap();
    assert_eq!(
        (&card["version"], &card["trained_on"]),
        (&1.into(), &"real".into())
    );
    for step in STEPS {
        for figure in ["log_loss", "brier", "auc", "ece"] {
            assert!(card["ladder"][step][figure].is_number(), "{step}.{figure}");
        }
    }
    for file in [
        "card.json",
        "CARD.md",
        "network.bpk",
        "trees.json",
        "steps.json",
        "reliability.svg",
    ] {
        assert!(home.path(format!("models/mine/{file}")).exists(), "{file}");
    }

    // The same again is the next version, with the same weights.
    let again = home.run(&train, "");
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(again["version"], 2);
    assert_eq!(again["files"], card["files"]);
    assert_eq!(again["data"], card["data"]);

    let evaluate = [
        "evaluate",
        "--model",
        "mine",
        "--candles",
        "later",
        "--strategies",
        "--json",
        "--quiet",
    ];
    let measured = home.run(&evaluate, "");
    assert_eq!(measured.code, Some(0), "{measured:?}");
    assert!(!measured.err.contains("no proof"), "{measured:?}");
    let measured: Value = serde_json::from_str(&measured.out).unwrap();
    assert_eq!(measured["model"], "mine/2");
    let coin = measured["ladder"]["coin"]["log_loss"].as_f64().unwrap();
    assert!((coin - 2.0_f64.ln()).abs() < 1e-9);
    assert_eq!(measured["origin"], "real");
    let overlap = &measured["overlap"];
    assert_eq!(
        (&overlap["rows"], &overlap["share"]),
        (&0.into(), &0.0.into())
    );
    // Four days are too few to say how the next ones will differ.
    let gained = &measured["ladder"]["burn"]["against"]["geometry"]["log_loss"];
    assert!(
        gained["value"].is_number() && gained["low"].is_null(),
        "{gained}"
    );

    // On the channels and days that it learned from it proves nothing, whatever the coin, and that is told.
    let beside = evaluate.map(|word| if word == "later" { "beside" } else { word });
    let known = home.run(&beside, "");
    assert_eq!(known.code, Some(0), "{known:?}");
    let told: Value = serde_json::from_str(&known.out).unwrap();
    assert!(told["overlap"]["rows"].as_u64() > Some(0), "{known:?}");
    assert!(told["overlap"]["share"].as_f64() > Some(0.9), "{known:?}");
    assert!(known.err.contains("no proof"), "{known:?}");

    // The store is the simulator's, whose signals say nothing of a real model.
    let elsewhere = home.run(&["evaluate", "--model", "mine", "--quiet"], "");
    assert_eq!(elsewhere.code, Some(1), "{elsewhere:?}");
    assert!(
        elsewhere.err.contains("was trained on real signals"),
        "{elsewhere:?}"
    );

    // Cut short, it is refused with what helps, and nothing is measured.
    let weights = home.path("models/mine/network.bpk");
    let whole = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    let refused = home.run(&evaluate, "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.is_empty(), "{refused:?}");
    for word in [
        "network.bpk is cut short or belongs to another model",
        "copy the whole folder",
    ] {
        assert!(refused.err.contains(word), "{refused:?}");
    }
}

#[test]
fn a_model_of_the_simulator_is_trained_on_its_past_and_measures_nothing_real() {
    let home = Home::new();
    let train = [
        "train",
        "--name",
        "sim",
        "--simulator",
        "6",
        "--quick",
        "--quiet",
    ];
    let trained = home.run(&train, "");
    assert_eq!(trained.code, Some(0), "{trained:?}");
    assert!(trained.out.contains("| burn |"), "{trained:?}");
    // The demo's own store is the simulator's, too; nothing in it is old enough yet.
    let demo = home.run(&["evaluate", "--model", "sim", "--quiet"], "");
    assert_eq!(demo.code, Some(1), "{demo:?}");
    assert!(demo.err.contains("whose time is up"), "{demo:?}");
    candles(&home, "real", "BTCUSDT", 0..3, 3);
    let evaluate = [
        "evaluate",
        "--model",
        "sim",
        "--candles",
        "real",
        "--strategies",
        "--quiet",
    ];
    let refused = home.run(&evaluate, "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.contains("was trained on the simulator"),
        "{refused:?}"
    );
}

#[test]
fn what_cannot_be_trained_is_refused_with_what_helps() {
    let home = Home::new().configured("[simulator]\nenabled = false\n");
    let nothing = home.run(&["train", "--quiet"], "");
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    assert!(nothing.err.contains("200 are needed"), "{nothing:?}");
    let absent = home.run(&["evaluate", "--model", "absent", "--quiet"], "");
    assert_eq!(absent.code, Some(1), "{absent:?}");
    assert!(
        absent.err.contains("card.json cannot be read"),
        "{absent:?}"
    );
    let named = home.run(&["train", "--name", "../up"], "");
    assert_eq!(named.code, Some(2), "{named:?}");
    let accepted = home.run(&["train", "--accept", "coin.luck"], "");
    assert_eq!(accepted.code, Some(2), "{accepted:?}");
    assert!(accepted.err.contains("no such feature"), "{accepted:?}");
}
