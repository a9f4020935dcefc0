//! Claims whose answers can be worked out by hand.

use super::*;
use crate::figures::testkit::{at, decimal, ended, open};

fn said(post: &str, second: i64, percent: &str) -> Said {
    Said {
        post: PostKey::new(post),
        reply_to: None,
        received: at(second),
        pair: None,
        percent: Some(decimal(percent)),
        leverage: None,
    }
}

fn answering(said: Said, post: &str) -> Said {
    Said {
        reply_to: Some(PostKey::new(post)),
        ..said
    }
}

fn of_btc(said: Said) -> Said {
    Said {
        pair: Some(Pair::parse("BTC/USDT").unwrap()),
        ..said
    }
}

/// The case of the guide: one that lost and is claimed as a gain, and one that is told as it was.
#[test]
fn the_gap_is_what_is_claimed_less_what_was_earned() {
    let records = [
        ended(open("1", 0, "95"), Some(("-1.02", "0.4"))),
        ended(open("2", 90_000, "90"), Some(("1.9", "2.1"))),
        ended(open("3", 180_000, "95"), Some(("-1", "0"))),
    ];
    let levered = Said {
        leverage: Some(decimal("10")),
        ..answering(said("11", 700, "30"), "1")
    };
    let claims = Claims::of(
        &records,
        &[
            levered,
            answering(said("12", 91_000, "8"), "2"),
            // Who answers a claim means its trade; and the highest claim counts.
            answering(said("13", 92_000, "20"), "12"),
        ],
    );
    // 30 % / 10 = 3 % of the price, of which 5 % are at risk: 0.6 R. 20 % of 10 %: 2 R.
    assert_eq!((claims.claims, claims.matched, claims.compared), (3, 3, 2));
    assert_eq!(claims.claimed_r, Some(1.3));
    assert_eq!(claims.measured_r, Some(0.44));
    let gap = claims.gap_r.unwrap();
    assert!((gap.value - 0.86).abs() < 1e-9);
    assert!(gap.low.unwrap() < 0.86 && gap.high.unwrap() > 0.86);
    assert_eq!((claims.gain_not_earned, claims.gain_never_entered), (1, 0));
    assert_eq!(claims.beyond_best_price, 1);
    // The third trade lost, and nobody speaks of it.
    assert_eq!((claims.won, claims.won_claimed), (1, 1));
    assert_eq!((claims.lost, claims.lost_claimed), (2, 1));
    let newest: Vec<_> = claims
        .newest
        .iter()
        .map(|claim| claim.post.as_str())
        .collect();
    assert_eq!(newest, ["13", "12", "11"]);
}

#[test]
fn what_belongs_to_no_trade_is_counted_as_such() {
    let records = [
        ended(open("1", 0, "95"), None),
        open("2", 500_000, "95"),
        open("3", 600_000, "95"),
    ];
    let days = |days: i64| days * 86_400;
    let claims = Claims::of(
        &records,
        &[
            said("10", 100, "5"),
            answering(said("11", 100, "5"), "unknown"),
            // Of the pair's trades one was there, then two; a long time after the first none is meant.
            of_btc(said("12", 4_000, "5")),
            of_btc(said("13", 700_000, "5")),
            of_btc(said("14", -5, "5")),
            of_btc(answering(said("15", days(30), "5"), "2")),
        ],
    );
    assert_eq!((claims.unnamed, claims.of_no_trade), (1, 2));
    assert_eq!((claims.of_several, claims.matched), (1, 2));
    // The first was never entered, and a gain of 1 R is claimed; the second is open.
    assert_eq!(
        (claims.trades, claims.not_judged, claims.compared),
        (2, 1, 1)
    );
    assert_eq!(
        (claims.gain_never_entered, claims.measured_r),
        (1, Some(0.0))
    );
    assert_eq!(claims.gap_r.map(|gap| gap.value), Some(1.0));
}

#[test]
fn a_signals_own_leverage_counts_where_the_claim_names_none() {
    let mut record = ended(open("1", 0, "95"), Some(("0.5", "1")));
    let signal = std::sync::Arc::make_mut(&mut record.signal);
    signal.leverage = Some(decimal("20"));
    let claims = Claims::of(&[record], &[answering(said("9", 700, "100"), "1")]);
    assert_eq!(claims.claimed_r, Some(1.0));
    assert_eq!(claims.newest[0].leverage, "20");
}
