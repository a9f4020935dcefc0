//! Promises about retrials: what was found stays, and what is still to be tried is known.

use std::time::Duration;

use domain::ids::{Seq, SignalId};
use domain::lifecycle::{BoundResult, Ending, Outcome};
use domain::ports::retrial::{RetrialQuery, Retrials, Retried, Wanting};
use domain::ports::store::{Store, StoreError};
use domain::retrial::Seen;
use domain::signal::Signal;
use rust_decimal::Decimal;

use super::market::judged;
use crate::make::*;

/// What came of a signal under a model, told by its hundredths of R.
pub(crate) fn retried(signal: &Signal, model: &'static str, hundredths: i64) -> Retried {
    let bound = BoundResult {
        ending: Ending::StoppedAfterTarget(1),
        r: Some(Decimal::new(hundredths, 2)),
        filled: Decimal::ONE,
        targets: 1,
        entered_at: Some(at(20)),
        ended_at: at(30),
        mfe: None,
        mae: Some(Decimal::new(-5, 1)),
    };
    Retried {
        signal: signal.id,
        policy: 1,
        revision: 1,
        tried: at(1_000 + hundredths),
        source: "sim".to_owned(),
        seen: Seen {
            from: at(2),
            to: at(60),
            span: Duration::from_secs(60),
            ticks: 9,
            gaps: 1,
            missing: Duration::from_micros(61_000_001),
        },
        outcome: Outcome {
            model,
            policy: Some(1),
            pessimistic: bound.clone(),
            optimistic: bound,
            ambiguous: true,
            incomplete: false,
        },
    }
}

async fn found(store: &impl Retrials, id: SignalId, all: bool) -> Vec<Retried> {
    let query = RetrialQuery {
        signals: vec![id],
        all,
        ..RetrialQuery::default()
    };
    store.retried(&query).await.unwrap()
}

pub(crate) async fn what_was_found_again_is_kept_once_and_what_changed_beside_it(
    store: &(impl Store + Retrials),
) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;
    let live = judged(store, &signal, Ending::StoppedOut).await;
    assert_eq!(store.newest().await.unwrap(), None);
    let (one, other) = (
        retried(&signal, "breakeven/1", 10),
        retried(&signal, "market/1", 20),
    );
    let both = [one.clone(), other.clone()];
    assert_eq!(store.keep(signal.id, &both, None).await.unwrap(), 2);
    assert_eq!(store.keep(signal.id, &both, Some(1)).await.unwrap(), 0);
    assert_eq!(found(store, signal.id, true).await, both);

    let changed = retried(&signal, "market/1", 30);
    let mut newer = retried(&signal, "market/1", 20);
    newer.policy = 2;
    newer.outcome.policy = Some(2);
    let more = [one.clone(), changed.clone(), newer.clone()];
    assert_eq!(store.keep(signal.id, &more, None).await.unwrap(), 2);
    let second = Retried {
        revision: 2,
        ..changed
    };
    let latest = [one.clone(), second.clone(), newer.clone()];
    assert_eq!(found(store, signal.id, false).await, latest);
    let all = [one, other, second.clone(), newer];
    assert_eq!(found(store, signal.id, true).await, all);
    let query = RetrialQuery {
        signals: vec![signal.id],
        model: Some("market/1"),
        policy: Some(1),
        all: false,
    };
    assert_eq!(store.retried(&query).await.unwrap(), [second]);
    assert_eq!(store.newest().await.unwrap(), Some(at(1_030)));
    // What the live market decided stays what it was.
    let record = store.signal(signal.id).await.unwrap().unwrap();
    assert_eq!(record.outcome, Some(live));
}

async fn wanting(store: &impl Retrials, which: Wanting, after: u64) -> Vec<SignalId> {
    let wanting = store.wanting(which, Seq::new(after), 9).await.unwrap();
    wanting.iter().map(|record| record.signal.id).collect()
}

pub(crate) async fn a_signal_is_wanting_until_it_was_tried_to_the_end_by_these_rules(
    store: &(impl Store + Retrials),
) {
    let alpha = registered(store, "alpha").await;
    let one = posted(store, &alpha, "1", "BTC/USDT").await;
    let two = posted(store, &alpha, "2", "BTC/USDT").await;
    posted(store, &alpha, "3", "BTC/USDT").await;
    judged(store, &one, Ending::StoppedOut).await;
    judged(store, &two, Ending::StoppedOut).await;
    let untried = Wanting::Untried(1);
    assert_eq!(wanting(store, untried, 0).await, [one.id, two.id]);
    assert_eq!(wanting(store, untried, 1).await, [two.id]);
    let some = [retried(&one, "market/1", 10)];
    store.keep(one.id, &some, None).await.unwrap();
    assert_eq!(wanting(store, untried, 0).await, [one.id, two.id]);
    store.keep(one.id, &some, Some(1)).await.unwrap();
    assert_eq!(wanting(store, untried, 0).await, [two.id]);
    assert_eq!(
        wanting(store, Wanting::Untried(2), 0).await,
        [one.id, two.id]
    );
    assert_eq!(wanting(store, Wanting::All, 0).await, [one.id, two.id]);
}

pub(crate) async fn what_was_incomplete_is_wanting_until_it_is_whole(
    store: &(impl Store + Retrials),
) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "1", "BTC/USDT").await;
    judged(store, &signal, Ending::StoppedOut).await;
    let mut holed = retried(&signal, "market/1", 10);
    holed.outcome.incomplete = true;
    store.keep(signal.id, &[holed], Some(1)).await.unwrap();
    let incomplete = Wanting::Incomplete(1);
    assert_eq!(wanting(store, incomplete, 0).await, [signal.id]);
    assert_eq!(wanting(store, Wanting::Incomplete(2), 0).await, []);
    let whole = [retried(&signal, "market/1", 10)];
    assert_eq!(store.keep(signal.id, &whole, Some(1)).await.unwrap(), 1);
    assert_eq!(wanting(store, incomplete, 0).await, []);
}

pub(crate) async fn a_retrial_of_nobodys_signal_is_refused(store: &(impl Store + Retrials)) {
    let alpha = registered(store, "alpha").await;
    let nobodys = signal(&alpha, "9", 0, "BTC/USDT");
    let some = [retried(&nobodys, "market/1", 10)];
    let refused = store.keep(nobodys.id, &some, Some(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(found(store, nobodys.id, true).await, []);
}
