//! What exchanges really sent, recorded.

use std::path::Path;

/// A recorded file. None, and a word about it, where the recordings are not at hand at all.
pub(crate) fn shared(path: &str) -> Option<Vec<u8>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if !shared.is_dir() {
        eprintln!("left out: the recorded data are not at hand ({path})");
        return None;
    }
    let file = shared.join("data").join(path);
    Some(std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

use std::collections::BTreeMap;
use std::io::Read;

use domain::market::Trade;
use touchstone::feeds::binance::frames::{Frame, decode};

/// The instant at which 2024-08-09 begins.
const MIDNIGHT_MS: i64 = 1_723_161_600_000;

pub(crate) fn unpacked(path: &str) -> Option<String> {
    let packed = shared(path)?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    Some(text)
}

/// How many frames of each kind a recording has, and its trades.
fn read(text: &str, separator: &str) -> (BTreeMap<&'static str, usize>, Vec<Trade>) {
    let mut counts = BTreeMap::new();
    let mut trades = Vec::new();
    for line in text.lines() {
        let Some((_, json)) = line.split_once(separator) else {
            continue;
        };
        let frame = decode(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        *counts.entry(frame.kind()).or_default() += 1;
        if let Frame::Trade(frame) = frame {
            trades.push(frame.trade);
        }
    }
    (counts, trades)
}

/// The last price before midnight and the first one after it.
fn around_midnight(trades: &[Trade]) -> (String, String) {
    let after = trades
        .iter()
        .position(|trade| trade.at.as_millis() >= MIDNIGHT_MS)
        .unwrap();
    (
        trades[after - 1].price.to_string(),
        trades[after].price.to_string(),
    )
}

fn assert_gapless(trades: &[Trade]) {
    for pair in trades.windows(2) {
        assert_eq!(pair[0].id + 1, pair[1].id);
        assert!(pair[0].at <= pair[1].at);
    }
}

#[test]
fn the_recorded_bitcoin_frames_are_read_without_loss() {
    let Some(text) = unpacked("ws/binance_spot_btcusdt_20240808.frames.txt.gz") else {
        return;
    };
    let (counts, trades) = read(&text, " ");
    assert_eq!(
        counts,
        BTreeMap::from([("bookTicker", 28_040), ("trade", 9_757), ("other", 3_452)])
    );
    assert_gapless(&trades);
    assert_eq!(
        around_midnight(&trades),
        ("61685.99".into(), "61686".into())
    );
}

#[test]
fn the_recorded_ether_frames_are_read_without_loss() {
    let Some(text) = unpacked("ws/binance_spot_ethusdt_20240808.frames.txt.gz") else {
        return;
    };
    let (counts, trades) = read(&text, " ");
    assert_eq!(
        counts,
        BTreeMap::from([("bookTicker", 24_077), ("trade", 6_106), ("other", 3_435)])
    );
    assert_gapless(&trades);
    assert_eq!(around_midnight(&trades), ("2682.5".into(), "2682.5".into()));
}

#[test]
fn the_recorded_frames_of_a_quiet_day_in_2021_are_read_without_loss() {
    let Some(text) = unpacked("ws/cryptofeed/BINANCE.ws.1.0.txt.gz") else {
        return;
    };
    let (counts, _) = read(&text, ": ");
    assert_eq!(
        counts,
        BTreeMap::from([
            ("aggTrade", 2),
            ("bookTicker", 84),
            ("kline", 2),
            ("other", 177)
        ])
    );
}

#[test]
fn the_recorded_frames_of_a_perpetual_are_read_without_loss() {
    let Some(text) = unpacked("ws/binance_usdm_ethusdt_20240808.frames.txt.gz") else {
        return;
    };
    let (counts, trades) = read(&text, " ");
    assert_eq!(
        counts,
        BTreeMap::from([("bookTicker", 53_992), ("trade", 14_076), ("other", 6_587)])
    );
    assert!(trades.is_sorted_by_key(|trade| trade.id));
    assert_eq!(
        around_midnight(&trades),
        ("2681.59".into(), "2681.59".into())
    );
}

#[test]
fn the_recorded_frames_of_coin_margined_futures_are_read_under_their_own_name_only() {
    let Some(text) = unpacked("ws/binance_cm_btcusd_perp_20240809.frames.txt.gz") else {
        return;
    };
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let (_, json) = line.split_once(' ').unwrap();
        let (kind, symbol) = match decode(json).unwrap() {
            Frame::Trade(frame) => ("trade", frame.symbol),
            Frame::BookTicker(frame) => ("bookTicker", frame.symbol),
            Frame::Other => ("other", "BTCUSD_PERP".into()),
            frame @ (Frame::AggTrade(_) | Frame::Kline(_) | Frame::Mark(_) | Frame::Answer(_)) => {
                panic!("{frame:?}")
            }
        };
        // No pair's symbol has a `_`, so nobody can ever listen to it.
        assert_eq!(symbol, "BTCUSD_PERP");
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(
        counts,
        BTreeMap::from([("bookTicker", 29_219), ("trade", 2_949), ("other", 17_948)])
    );
}
