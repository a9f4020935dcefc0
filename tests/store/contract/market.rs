//! Promises about the market's entries: each step once, and every track as it was.

use domain::event::Happening;
use domain::execution::ExecutionModel;
use domain::ids::Seq;
use domain::lifecycle::{BoundResult, Ending, Outcome, State, Track, What};
use domain::market::{Tick, Trade};
use domain::ports::store::{Entry, MarketEntry, Receipt, Store, StoreError, TrackRecord};
use domain::signal::Signal;
use rust_decimal::Decimal;

use crate::make::*;

pub(crate) async fn a_repeated_step_is_stored_once(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;
    let first = entry(&[record(&signal, 1)], vec![filled(&signal)]);
    let second = entry(&[record(&signal, 2)], vec![]);

    let stored = commit(store, first.clone()).await.unwrap();
    assert_eq!(events(stored)[0].seq, Seq::new(2));
    assert_eq!(
        commit(store, first.clone()).await.unwrap(),
        Receipt::Duplicate
    );
    assert_eq!(
        commit(store, second).await.unwrap(),
        Receipt::Stored(vec![])
    );
    assert_eq!(commit(store, first).await.unwrap(), Receipt::Duplicate);

    assert_eq!(store.span().await.unwrap().head, Seq::new(2));
    let open = store.open_on(&signal.instrument).await.unwrap();
    assert_eq!(open[0].track, Some(record(&signal, 2)));
}

pub(crate) async fn a_step_that_does_not_follow_is_refused(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;

    let refused = commit(store, entry(&[record(&signal, 2)], vec![])).await;

    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

pub(crate) async fn an_entry_of_old_and_new_steps_is_refused(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let one = posted(store, &alpha, "1", "BTC/USDT").await;
    let two = posted(store, &alpha, "2", "BTC/USDT").await;
    commit(store, entry(&[record(&one, 1)], vec![]))
        .await
        .unwrap();

    let refused = commit(store, entry(&[record(&one, 1), record(&two, 1)], vec![])).await;

    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

pub(crate) async fn nothing_happens_to_a_signal_without_its_track(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let one = posted(store, &alpha, "1", "BTC/USDT").await;
    let two = posted(store, &alpha, "2", "BTC/USDT").await;

    let refused = commit(store, entry(&[record(&one, 1)], vec![filled(&two)])).await;

    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    let stranger = signal(&alpha, "9", 0, "BTC/USDT");
    let refused = commit(store, entry(&[record(&stranger, 1)], vec![])).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

pub(crate) async fn a_track_goes_on_as_if_it_had_never_been_stored(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;
    let mut lasting = Track::open(&signal, &ExecutionModel::DEFAULT);
    let prices = [
        "101", "99.9", "103.37", "110.2", "104.123", "119", "120.5", "94",
    ];
    let mut told = Vec::new();

    for (n, text) in (0..).zip(prices) {
        let tick = Tick::Trade(Trade {
            id: n,
            at: at(10 + i64::try_from(n).unwrap()),
            price: price(text),
        });
        let open = store.open_on(&signal.instrument).await.unwrap();
        let stored = open.first().and_then(|open| open.track.clone());
        let mut track = stored.map_or_else(
            || Track::open(&signal, &ExecutionModel::DEFAULT),
            |record| record.track,
        );
        let (mut changes, mut expected) = (Vec::new(), Vec::new());
        track.step(&tick, &mut changes);
        lasting.step(&tick, &mut expected);
        // As text, because equal decimals may still differ in their trailing zeros.
        assert_eq!(format!("{track:?}"), format!("{lasting:?}"));
        assert_eq!(changes, expected);

        let happenings: Vec<Happening> = changes
            .into_iter()
            .map(|change| {
                let body = domain::event::Body::Progress(Box::new(change));
                happening(&signal, body)
            })
            .collect();
        told.extend(happenings.clone());
        let record = TrackRecord {
            signal: signal.id,
            step: n + 1,
            heard: Seq::new(1),
            track,
        };
        commit(store, entry(&[record], happenings)).await.unwrap();
        if lasting.judged {
            break;
        }
    }

    assert!(lasting.judged, "{lasting:?}");
    let events = store.events_of(signal.id).await.unwrap();
    let stored: Vec<&Happening> = events[1..]
        .iter()
        .filter_map(|event| event.happening())
        .collect();
    assert_eq!(stored, told.iter().collect::<Vec<_>>());
    let at_a_glance = store.signal(signal.id).await.unwrap().unwrap();
    assert_eq!(at_a_glance.state, lasting.pessimistic.state);
    assert!(at_a_glance.outcome.is_some());
}

pub(crate) async fn an_open_signal_without_a_track_is_listed(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let one = posted(store, &alpha, "1", "BTC/USDT").await;
    posted(store, &alpha, "2", "ETH/USDT").await;
    let two = posted(store, &alpha, "3", "BTC/USDT").await;
    commit(store, entry(&[record(&two, 1)], vec![]))
        .await
        .unwrap();

    let open = store.open_on(&instrument("BTC/USDT")).await.unwrap();

    assert_eq!(open.len(), 2);
    assert_eq!((&*open[0].signal, open[0].seq), (&one, Seq::new(1)));
    assert_eq!(open[0].track, None);
    assert_eq!((&*open[1].signal, open[1].seq), (&two, Seq::new(3)));
    assert_eq!(open[1].track, Some(record(&two, 1)));
    let instruments = store.open_instruments().await.unwrap();
    assert_eq!(
        instruments,
        [instrument("BTC/USDT"), instrument("ETH/USDT")]
    );
}

pub(crate) async fn a_judged_signal_is_no_longer_open(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;

    let outcome = judged(store, &signal, Ending::StoppedAfterTarget(1)).await;

    assert_eq!(store.open_instruments().await.unwrap(), []);
    assert_eq!(store.open_on(&signal.instrument).await.unwrap(), []);
    assert_eq!(store.open_of(&alpha).await.unwrap(), []);
    let record = store.signal(signal.id).await.unwrap().unwrap();
    assert_eq!(record.state, State::Ended(Ending::StoppedAfterTarget(1)));
    assert_eq!(record.outcome, Some(outcome));
}

pub(crate) async fn over_in_the_pessimistic_bound_is_not_yet_judged(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;

    ended(store, &signal, 1).await;

    assert_eq!(store.open_of(&alpha).await.unwrap(), []);
    assert_eq!(store.open_on(&signal.instrument).await.unwrap().len(), 1);
    assert_eq!(
        store.signal(signal.id).await.unwrap().unwrap().outcome,
        None
    );
}

/// Judges a signal in one step.
pub(crate) async fn judged(store: &dyn Store, signal: &Signal, ending: Ending) -> Outcome {
    let bound = |r| BoundResult {
        ending,
        r,
        filled: Decimal::ONE,
        targets: 1,
        entered_at: Some(at(20)),
        ended_at: at(30),
        mfe: Some(Decimal::new(12_345, 4)),
        mae: None,
    };
    let outcome = Outcome {
        model: "default/1",
        policy: Some(3),
        pessimistic: bound(Some(Decimal::new(-10_020, 4))),
        optimistic: bound(None),
        ambiguous: true,
        incomplete: false,
    };
    let what = What::Judged(Box::new(outcome.clone()));
    let happenings = vec![progress(signal, State::Ended(ending), what)];
    step(store, signal, 1, happenings).await;
    outcome
}

/// Ends a signal in the pessimistic bound.
pub(crate) async fn ended(store: &dyn Store, signal: &Signal, number: u64) {
    let what = What::Ended { price: None };
    let over = progress(signal, State::Ended(Ending::ExpiredUnfilled), what);
    step(store, signal, number, vec![over]).await;
}

/// Stores what happened to one signal.
pub(crate) async fn step(
    store: &dyn Store,
    signal: &Signal,
    number: u64,
    happenings: Vec<Happening>,
) {
    let stored = commit(store, entry(&[record(signal, number)], happenings)).await;
    assert!(matches!(stored, Ok(Receipt::Stored(_))), "{stored:?}");
}

fn filled(signal: &Signal) -> Happening {
    let what = What::Filled {
        share: Decimal::ONE,
        price: price("100"),
    };
    progress(signal, State::Active, what)
}

fn record(signal: &Signal, step: u64) -> TrackRecord {
    TrackRecord {
        signal: signal.id,
        step,
        heard: Seq::new(step),
        track: Track::open(signal, &ExecutionModel::DEFAULT),
    }
}

fn entry(tracks: &[TrackRecord], happenings: Vec<Happening>) -> Entry {
    Entry::Market(MarketEntry {
        happenings,
        tracks: tracks.to_vec(),
    })
}

async fn commit(store: &dyn Store, entry: Entry) -> Result<Receipt, StoreError> {
    let mut receipts = store.commit(&[entry], NOW).await?;
    assert_eq!(receipts.len(), 1);
    Ok(receipts.remove(0))
}
