//! Promises about predictions: kept with their signal, whole and before its end, and the last promotion
//! holds.

use std::time::Duration;

use domain::lifecycle::Ending;
use domain::ports::predictions::{Predictions, Promotion, Spoken};
use domain::ports::store::{Entry, PostEntry, Receipt, Store};
use domain::post::Origin;
use domain::score::{Assessed, Assessment, Moved, Score, Seen};
use domain::signal::Signal;
use domain::time::Timestamp;

use super::market::judged;
use crate::make::*;

fn score(model: &str, first: f64) -> Score {
    Score {
        model: model.into(),
        targets: vec![first, first / 3.0],
        expected_r: Some(-0.062_5),
        skill: Some(0.1 + 0.2),
        moved: vec![Moved {
            feature: "coin.trend_1d".into(),
            by: -1.0 / 3.0,
        }],
    }
}

fn seen() -> Seen {
    Seen {
        schema: "abc".into(),
        values: vec![0.1, f32::MIN_POSITIVE, -3.0],
    }
}

/// A post that opens a trade of which one model spoke and another was tried.
fn assessed(signal: &Signal, first: f64) -> PostEntry {
    let score_of = |model: &str, by: f64| score(model, first + by);
    let mut entry = call(
        post(&signal.channel, signal.post.as_str(), "BTC long 100"),
        &[],
    );
    let spoken = score_of("one/1", 0.0);
    entry.happenings = vec![opening(signal, Some(spoken.clone()))];
    entry.assessments = vec![Assessment {
        signal: signal.id,
        at: at(3),
        assessed: Assessed {
            score: spoken,
            shadows: vec![score_of("two/7", 0.125)],
            seen: Some(seen()),
        },
    }];
    entry
}

async fn keep(store: &dyn Store, entry: PostEntry) -> Receipt {
    let entries = [Entry::Post(Box::new(entry))];
    let mut receipts = store.commit(&entries, NOW).await.unwrap();
    receipts.pop().unwrap()
}

pub(crate) async fn what_models_said_comes_back_beside_what_happened<S: Store + Predictions>(
    store: &S,
) {
    let alpha = registered(store, "alpha").await;
    let over = signal(&alpha, "1", 0, "BTC/USDT");
    let open = signal(&alpha, "2", 0, "BTC/USDT");
    keep(store, assessed(&over, 0.5)).await;
    keep(store, assessed(&open, 0.25)).await;
    // Told again, nothing is kept twice and nothing changes.
    assert_eq!(keep(store, assessed(&over, 0.75)).await, Receipt::Duplicate);

    let spoken = |model: &str, spoke| Spoken {
        model: model.into(),
        said: 2,
        spoke,
    };
    assert_eq!(
        store.spoken().await.unwrap(),
        [spoken("one/1", 2), spoken("two/7", 0)]
    );
    assert_eq!(store.seen(over.id).await.unwrap(), Some(seen()));
    assert_eq!(store.tried(over.id).await.unwrap(), [score("two/7", 0.625)]);
    let nobodys = signal(&alpha, "9", 0, "BTC/USDT");
    assert_eq!(store.tried(nobodys.id).await.unwrap(), []);
    assert_eq!(store.seen(nobodys.id).await.unwrap(), None);
    let until = async |model, origin, until| {
        let told = store.fulfilled(model, origin, until, 10).await;
        told.unwrap()
    };
    let told = async |model, origin| until(model, origin, Timestamp::MAX).await;
    assert_eq!(told("two/7", Origin::Live).await, [], "nothing is over");
    let valid = over.expires_at;
    let before = valid - Duration::from_micros(1);
    let taught = async |origin, schema, after, until| {
        let taught = store.taught(origin, schema, after, until).await;
        taught.unwrap()
    };
    assert_eq!(taught(Origin::Live, "abc", before, valid).await, 0);

    judged(store, &over, Ending::StoppedAfterTarget(1)).await;
    assert_eq!(taught(Origin::Live, "abc", before, valid).await, 1);
    assert_eq!(taught(Origin::Live, "abc", valid, Timestamp::MAX).await, 0);
    // It was over before its time was up, and is not counted before.
    assert!(at(30) < before);
    assert_eq!(taught(Origin::Live, "abc", at(0), before).await, 0);
    assert_eq!(until("two/7", Origin::Live, before).await, []);
    assert_eq!(until("two/7", Origin::Live, valid).await.len(), 1);
    assert_eq!(taught(Origin::Live, "abd", at(0), valid).await, 0);
    assert_eq!(taught(Origin::Simulator, "abc", at(0), valid).await, 0);
    let [tried] = &told("two/7", Origin::Live).await[..] else {
        panic!("one is over");
    };
    assert_eq!((tried.signal, tried.received), (over.id, over.received));
    assert_eq!((tried.entered, tried.ended), (at(20), at(30)));
    assert_eq!(tried.due, valid + over.held_at_most);
    assert!(tried.won, "its first target was reached");
    let numbers = [Some(tried.first), tried.expected_r, tried.r];
    assert_eq!(numbers, [Some(0.625), Some(-0.062_5), Some(-1.002)]);
    assert_eq!(told("one/1", Origin::Live).await.len(), 1);
    assert_eq!(told("one/1", Origin::Simulator).await, []);
    assert_eq!(told("three/1", Origin::Live).await, []);
}

pub(crate) async fn the_last_promotion_of_an_origin_holds<S: Store + Predictions>(store: &S) {
    let promotion = |model: &str, second| Promotion {
        model: model.to_owned(),
        at: at(second),
        why: format!("{model} won"),
    };
    assert_eq!(store.promotion(Origin::Live).await.unwrap(), None);
    for (model, second) in [("b", 1), ("a", 2)] {
        let promoted = promotion(model, second);
        store.promote(Origin::Live, &promoted).await.unwrap();
        let holds = store.promotion(Origin::Live).await.unwrap();
        assert_eq!(holds, Some(promoted));
    }
    assert_eq!(store.promotion(Origin::Simulator).await.unwrap(), None);
}
