//! Levels that are written as distances: in multiples of the risk, pips, points and percent.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects by panicking"
)]

use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Meaning};

fn read(text: &str) -> Meaning {
    let context = Context {
        assets: Assets::bundled(),
    };
    parse::read(text, false, context).meaning
}

/// Stop and targets of the one trade in a text.
fn levels(text: &str) -> (String, Vec<String>) {
    let draft = signal(text);
    let targets = draft.targets.iter().map(|target| target.price.to_string());
    (draft.stop.unwrap().to_string(), targets.collect())
}

fn signal(text: &str) -> Draft {
    match read(text) {
        Meaning::Signals(drafts) if drafts.len() == 1 => drafts.into_iter().next().unwrap(),
        other => panic!("{text} is {other:?}"),
    }
}

fn held(text: &str) -> String {
    match read(text) {
        Meaning::Quarantined { reason, .. } => reason,
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn multiples_of_the_risk_are_counted_from_entry_and_stop() {
    for text in [
        "LONG BTC/USDT\nEntry 60000\nSL 59000\nTP1 1R\nTP2 2.5R",
        "#BTC/USDT LONG\nEntry: 60000\nStop: 59000\nTargets: 1R, 2.5R",
        "BTC ЛОНГ\nвход 60000\nстоп 59000\nцели: 1R, 2.5R",
    ] {
        let wanted = (
            "59000".to_owned(),
            vec!["61000".to_owned(), "62500".to_owned()],
        );
        assert_eq!(levels(text), wanted, "{text}");
    }
    let short = "SHORT ETH/USDT entry 3000 stop 3100 target 2R";
    assert_eq!(levels(short), ("3100".to_owned(), vec!["2800".to_owned()]));
    let percent = signal("Long BTC at market, SL 1.5%, TP 2R");
    assert_eq!(percent.target_percents[0].to_string(), "3.0");
    assert!(held("Long BTC/USDT now, SL 59000, TP 2R").contains("not written"));
}

#[test]
fn pips_are_those_of_the_pair() {
    let gold = "SELL XAUUSD 2650\nSL 50 pips\nTP 100 pips";
    assert_eq!(levels(gold), ("2655".to_owned(), vec!["2640".to_owned()]));
    let euro = "BUY EURUSD @ 1.0850 SL 20 pips TP 40 pips";
    assert_eq!(levels(euro), ("1.083".to_owned(), vec!["1.089".to_owned()]));
    let yen = levels("Short GBPJPY 190.50\nStop 30 pips\nTarget 20-40-60 pips");
    assert_eq!(yen.0, "190.8");
    assert_eq!(yen.1, ["190.3", "190.1", "189.9"]);
    assert!(held("LONG BTC/USDT entry 60000 SL 200 pips TP 400 pips").contains("not sure"));
}

#[test]
fn points_of_a_dear_coin_are_units_of_its_quote() {
    for text in [
        "BTC 多 60000附近\n止损1000点\n止盈2000点",
        "LONG BTC/USDT\nentry 60000\nstop 1000 points\ntarget 2000 points",
        "ЛОНГ BTC 60000 стоп 1000 пунктов тейк 2000 пунктов",
    ] {
        let wanted = ("59000".to_owned(), vec!["62000".to_owned()]);
        assert_eq!(levels(text), wanted, "{text}");
    }
    // Of a cheap coin, and of gold, people mean different things by it.
    assert!(held("LONG DOGE/USDT entry 0.1 stop 20 points target 40 points").contains("not sure"));
    assert!(held("BUY XAUUSD 2650 SL 500 points TP 1000 points").contains("not sure"));
}

#[test]
fn targets_in_percent_wait_for_the_price_at_receipt() {
    let draft = signal("Long BTC at market, SL 1.5%, TP 3% / 5%");
    assert_eq!(draft.stop_percent.unwrap().to_string(), "1.5");
    let percents: Vec<_> = draft
        .target_percents
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(percents, ["3", "5"]);
    // Of the price, or of what is lent upon?
    assert!(held("$ZRO - LONG X10\nENTRY NOW\nTP 30%\nSL 2.9").contains("margin"));
}

#[test]
fn a_distance_behind_a_price_says_nothing_new() {
    let text =
        "LONG BTC/USDT\nEntry 60000\nSL 59000 (1000 points)\nTP1 61000 (+1.6%)\nTP2 62000 (2R)";
    let wanted = (
        "59000".to_owned(),
        vec!["61000".to_owned(), "62000".to_owned()],
    );
    assert_eq!(levels(text), wanted);
}
