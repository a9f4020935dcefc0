//! What must hold of every feature.

use std::time::Duration;

use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Instrument, Price, Side};
use domain::post::Origin;
use domain::reading::{Entry, Target};
use domain::signal::Signal;
use domain::time::Timestamp;

use super::*;
use crate::bars::Bar;
use crate::so_far::SoFar;

const MINUTE: i64 = 60_000_000;

/// Where the test's signal is received: after nine days of minutes.
const RECEIVED: i64 = 9 * 24 * 60 * MINUTE + 7;

fn signal(side: Side, levels: [&str; 4]) -> Signal {
    let price = |text: &str| Price::parse(text).unwrap();
    let channel = ChannelId::parse("test").unwrap();
    let post = PostKey::new("1");
    let [entry, stop, one, two] = levels;
    let target = |text| Target {
        price: price(text),
        weight: None,
    };
    Signal {
        id: SignalId::of(&channel, &post, 0),
        channel,
        post,
        origin: Origin::Live,
        instrument: Instrument::parse("binance:spot:BTC/USDT").unwrap(),
        substituted: false,
        side,
        entry: Entry::Market(Some(price(entry))),
        targets: vec![target(one), target(two)],
        stop: Some(price(stop)),
        leverage: None,
        breakeven_after: None,
        posted: Timestamp::from_micros(RECEIVED),
        received: Timestamp::from_micros(RECEIVED),
        expires_at: Timestamp::from_micros(RECEIVED),
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: Some(price(entry)),
        ambiguous: false,
    }
}

/// Minutes that wander around 100; mirrored, every rise is a fall of the same size.
fn series(minutes: i64, mirrored: bool) -> Series {
    let mut series = Series::default();
    let sign = if mirrored { -1.0 } else { 1.0 };
    let mut price = 100.0;
    for nth in 0..minutes {
        let step = ((nth * 7919 % 1009) as f64 / 1009.0 - 0.5) * 0.2;
        let (open, close) = (price, price + sign * step);
        price = close;
        series.push(&Bar {
            open_time: Timestamp::from_micros(nth * MINUTE),
            end: Timestamp::from_micros((nth + 1) * MINUTE),
            open,
            high: open.max(close) + 0.05,
            low: open.min(close) - 0.05,
            close,
            volume: 1.0 + (nth % 17) as f64,
        });
    }
    series
}

fn bits(features: &Features) -> Vec<u32> {
    let window = features.window.fine.iter().chain(&features.window.coarse);
    let targets = features.targets.iter().flatten();
    let all = features.signal.iter().chain(targets).chain(window);
    all.map(|value| value.to_bits()).collect()
}

#[test]
fn every_feature_has_a_name_of_its_own() {
    let schema = schema();
    let long = signal(Side::Long, ["100", "99", "101", "103"]);
    let features = vector(&Known::of(&long)).unwrap();
    assert_eq!(features.signal.len(), schema.signal.len());
    assert_eq!(features.targets[1].len(), schema.target.len());
    let names: std::collections::BTreeSet<_> = schema.signal.iter().chain(&schema.target).collect();
    assert_eq!(names.len(), schema.signal.len() + schema.target.len());
}

#[test]
fn with_everything_known_nearly_nothing_is_unknown() {
    let long = signal(Side::Long, ["100", "99", "101", "103"]);
    let coin = series(9 * 24 * 60, false);
    let known = Known {
        coin: Some(&coin),
        bitcoin: Some(&coin),
        resolution: Some(Duration::from_secs(60)),
        channel: Some(ChannelSoFar::default()),
        crowd: Some(Crowd::default()),
        breadth: Some(0.5),
        ..Known::of(&long)
    };
    let features = vector(&known).unwrap();
    let unknown = |prefix: &str| -> Vec<&str> {
        let named = schema().signal.iter().zip(&features.signal);
        named
            .filter(|(name, value)| name.starts_with(prefix) && value.is_nan())
            .map(|(name, _)| *name)
            .collect()
    };
    assert_eq!(unknown("coin."), ["coin.spread_in_risk", "coin.funding"]);
    assert_eq!(unknown("market."), [""; 0]);
    assert_eq!(unknown("levels."), ["levels.leverage_log"]);
    assert!(features.window.coarse.iter().all(|value| *value != 0.0));
}

#[test]
fn what_came_after_receipt_changes_nothing() {
    let long = signal(Side::Long, ["100", "99", "101", "103"]);
    let (until, beyond) = (series(9 * 24 * 60, false), series(9 * 24 * 60 + 20, false));
    let of = |coin: &Series| {
        let known = Known {
            coin: Some(coin),
            bitcoin: Some(coin),
            ..Known::of(&long)
        };
        vector(&known).unwrap()
    };
    let (until, beyond) = (of(&until), of(&beyond));
    assert_eq!(bits(&until), bits(&beyond));
}

#[test]
fn a_short_sees_the_mirror_of_what_a_long_sees() {
    let (risen, fallen) = (series(9 * 24 * 60, false), series(9 * 24 * 60, true));
    let long = signal(Side::Long, ["100", "99", "101", "103"]);
    let short = signal(Side::Short, ["100", "101", "99", "97"]);
    let of = |signal: &Signal, coin: &Series| {
        let known = Known {
            coin: Some(coin),
            ..Known::of(signal)
        };
        vector(&known).unwrap()
    };
    let (one, other) = (of(&long, &risen), of(&short, &fallen));
    let differs = schema()
        .signal
        .iter()
        .zip(one.signal.iter().zip(&other.signal));
    for (name, (one, other)) in differs {
        let alike = (one - other).abs() < 1e-3 || (one.is_nan() && other.is_nan());
        assert!(alike || *name == "levels.long", "{name}: {one} and {other}");
    }
    let window = one.window.fine.iter().zip(&other.window.fine);
    assert!(
        window
            .into_iter()
            .all(|(one, other)| (one - other).abs() < 1e-3)
    );
}

#[test]
fn the_same_knowledge_gives_the_same_bits() {
    let long = signal(Side::Long, ["100", "99", "101", "103"]);
    let coin = series(500, false);
    let known = Known {
        coin: Some(&coin),
        text: Some("LONG BTC, guaranteed 🚀\nTP 101"),
        confidence: Some(0.5),
        ..Known::of(&long)
    };
    assert_eq!(
        bits(&vector(&known).unwrap()),
        bits(&vector(&known).unwrap())
    );
}

#[test]
fn those_of_one_instant_do_not_know_of_each_other_whichever_is_stored_first() {
    let first = signal(Side::Long, ["100", "99", "101", "102"]);
    let other = Signal {
        instrument: Instrument::parse("binance:spot:ETH/USDT").unwrap(),
        ..first.clone()
    };
    let mut so_far = SoFar::default();
    let earlier = Signal {
        received: Timestamp::from_micros(RECEIVED - MINUTE),
        channel: ChannelId::parse("another").unwrap(),
        ..first.clone()
    };
    so_far.heard(&earlier);
    let known = |so_far: &SoFar, at| {
        format!(
            "{:?}",
            so_far.channel(&first.channel, Timestamp::from_micros(at))
        )
    };
    let alone = known(&so_far, RECEIVED);
    so_far.heard(&first);
    assert_eq!(known(&so_far, RECEIVED), alone);
    so_far.heard(&other);
    assert_eq!(known(&so_far, RECEIVED), alone);
    assert_ne!(
        known(&so_far, RECEIVED + 1),
        alone,
        "one of the two was another's before"
    );
}
