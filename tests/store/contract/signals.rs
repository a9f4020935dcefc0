//! Promises about signals: as they were read, and found by what is asked for.

use std::sync::Arc;

use domain::event::Body;
use domain::ids::{PostKey, Seq, SignalId};
use domain::lifecycle::{Ending, State, What};
use domain::market::{Pair, Side, Venue};
use domain::ports::store::{SignalQuery, SignalRecord, Store};
use domain::post::{Action, Origin};
use domain::reading::{Entry, Target};
use domain::score::{Moved, Score};
use domain::signal::Signal;
use rust_decimal::Decimal;

use crate::contract::market;
use crate::make::*;

pub(crate) async fn a_signal_comes_back_as_it_was(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let whole = Signal {
        origin: Origin::Import,
        substituted: true,
        side: Side::Short,
        targets: vec![Target {
            price: price("0.000000012340"),
            weight: Some(Decimal::new(250, 3)),
        }],
        leverage: Some(Decimal::new(125, 1)),
        breakeven_after: Some(1),
        ambiguous: true,
        ..signal(&alpha, "7", 0, "1000PEPE/USDT")
    };
    let score = Score {
        model: "geometry/1".into(),
        targets: vec![0.1 + 0.2, 1.0 / 3.0],
        expected_r: Some(-0.062_5),
        skill: Some(0.031_25),
        moved: vec![Moved {
            feature: "coin.trend_1d".into(),
            by: -0.1,
        }],
    };
    let mut entry = call(post(&alpha, "7", "x"), &[]);
    entry.happenings = vec![opening(&whole, Some(score.clone()))];
    put(store, entry).await;

    let record = store.signal(whole.id).await.unwrap().unwrap();

    assert_eq!(
        record,
        SignalRecord {
            signal: Arc::new(whole),
            seq: Seq::new(1),
            score: Some(score),
            state: State::Pending,
            outcome: None,
            edited: false,
            deleted: false,
        }
    );
    let other = SignalId::of(&alpha, &PostKey::new("7"), 1);
    assert_eq!(store.signal(other).await.unwrap(), None);
}

pub(crate) async fn every_way_to_enter_comes_back(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let ways = [
        Entry::Market(None),
        Entry::Market(Some(price("100"))),
        Entry::Limit(price("100")),
        Entry::Breakout(price("100")),
        Entry::Zone {
            low: price("99.5"),
            high: price("100"),
        },
    ];
    let signals: Vec<Signal> = ways
        .into_iter()
        .enumerate()
        .map(|(nth, entry)| Signal {
            entry,
            stop: None,
            targets: Vec::new(),
            price_at_receipt: None,
            ..signal(&alpha, "7", nth, "BTC/USDT")
        })
        .collect();

    put(store, call(post(&alpha, "7", "x"), &signals)).await;

    let stored = store.signals_since(&alpha, at(0)).await.unwrap();
    let stored: Vec<&Signal> = stored.iter().map(AsRef::as_ref).collect();
    assert_eq!(stored, signals.iter().collect::<Vec<_>>());
    let events = store.events(Seq::ZERO, 9).await.unwrap();
    for (event, signal) in events.iter().zip(signals) {
        assert_eq!(event.happening(), Some(&opening(&signal, None)));
    }
}

pub(crate) async fn the_signals_of_a_post_come_in_its_order(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signals: Vec<Signal> = (0..12)
        .map(|nth| signal(&alpha, "7", nth, "BTC/USDT"))
        .collect();
    put(store, call(post(&alpha, "7", "x"), &signals)).await;
    posted(store, &alpha, "8", "BTC/USDT").await;

    let stored = store.signals_in(&alpha, &PostKey::new("7")).await.unwrap();

    assert_eq!(
        ids(&stored),
        signals.iter().map(|s| s.id).collect::<Vec<_>>()
    );
}

pub(crate) async fn open_signals_of_a_channel_come_oldest_first(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let beta = registered(store, "beta").await;
    let first = posted(store, &alpha, "1", "BTC/USDT").await;
    let over = posted(store, &alpha, "2", "BTC/USDT").await;
    posted(store, &beta, "3", "BTC/USDT").await;
    let last = posted(store, &alpha, "4", "BTC/USDT").await;
    market::ended(store, &over, 1).await;

    let open = store.open_of(&alpha).await.unwrap();

    assert_eq!(ids(&open), [first.id, last.id]);
}

pub(crate) async fn signals_since_an_instant_include_it(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    for (key, second) in [("1", 10), ("2", 20), ("3", 30)] {
        let signal = Signal {
            received: at(second),
            ..signal(&alpha, key, 0, "BTC/USDT")
        };
        put(store, call(post(&alpha, key, key), &[signal])).await;
    }

    let since = store.signals_since(&alpha, at(20)).await.unwrap();

    let received: Vec<_> = since.iter().map(|signal| signal.received).collect();
    assert_eq!(received, [at(20), at(30)]);
}

pub(crate) async fn signals_come_newest_first_in_pages(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    for key in ["1", "2", "3", "4", "5"] {
        posted(store, &alpha, key, "BTC/USDT").await;
    }
    let page = |before| SignalQuery {
        before,
        limit: 2,
        ..SignalQuery::default()
    };
    let numbers = |records: &[SignalRecord]| -> Vec<u64> {
        records.iter().map(|record| record.seq.get()).collect()
    };

    let first = store.signals(&page(None)).await.unwrap();
    let second = store.signals(&page(Some(first[1].seq))).await.unwrap();
    let third = store.signals(&page(Some(second[1].seq))).await.unwrap();

    assert_eq!(numbers(&first), [5, 4]);
    assert_eq!(numbers(&second), [3, 2]);
    assert_eq!(numbers(&third), [1]);
}

pub(crate) async fn signals_are_found_by_what_is_asked_for(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let beta = registered(store, "beta").await;
    let long = posted(store, &alpha, "1", "BTC/USDT").await;
    let over = posted(store, &alpha, "2", "ETH/USDT").await;
    let short = Signal {
        side: Side::Short,
        origin: Origin::Import,
        ..signal(&beta, "3", 0, "BTC/USDT")
    };
    let score = Score {
        model: "geometry/1".into(),
        targets: vec![0.6],
        expected_r: None,
        skill: None,
        moved: Vec::new(),
    };
    let mut scored = call(post(&beta, "3", "x"), &[]);
    scored.happenings = vec![opening(&short, Some(score))];
    put(store, scored).await;
    market::ended(store, &over, 1).await;
    let all = || SignalQuery {
        limit: 10,
        ..SignalQuery::default()
    };
    let found = async |query: SignalQuery| ids(&store.signals(&query).await.unwrap());

    assert_eq!(found(all()).await, [short.id, over.id, long.id]);
    let by_name = SignalQuery {
        ids: vec![long.id, short.id],
        ..all()
    };
    assert_eq!(found(by_name).await, [short.id, long.id]);
    let of_beta = SignalQuery {
        channels: vec![beta.clone()],
        ..all()
    };
    assert_eq!(found(of_beta).await, [short.id]);
    let of_both = SignalQuery {
        channels: vec![alpha, beta],
        pairs: vec![Pair::parse("BTC/USDT").unwrap()],
        ..all()
    };
    assert_eq!(found(of_both).await, [short.id, long.id]);
    let shorts = SignalQuery {
        side: Some(Side::Short),
        ..all()
    };
    assert_eq!(found(shorts).await, [short.id]);
    let live = SignalQuery {
        origin: Some(Origin::Live),
        ..all()
    };
    assert_eq!(found(live).await, [over.id, long.id]);
    for (label, expected) in [
        ("pending", vec![short.id, long.id]),
        ("expired-unfilled", vec![over.id]),
        ("active", vec![]),
    ] {
        let query = SignalQuery {
            states: vec![label],
            ..all()
        };
        assert_eq!(found(query).await, expected, "{label}");
    }
    for (venue, expected) in [
        (
            long.instrument.venue.clone(),
            vec![short.id, over.id, long.id],
        ),
        (Venue::new("elsewhere"), vec![]),
    ] {
        let query = SignalQuery {
            market: Some((venue, long.instrument.kind)),
            ..all()
        };
        assert_eq!(found(query).await, expected);
    }
    for (from, before, expected) in [
        (long.received, None, 3),
        (long.received, Some(long.received), 0),
    ] {
        let query = SignalQuery {
            received_from: Some(from),
            received_before: before,
            ..all()
        };
        assert_eq!(found(query).await.len(), expected);
    }
    for (open, expected) in [(true, vec![short.id, long.id]), (false, vec![over.id])] {
        let query = SignalQuery {
            open: Some(open),
            ..all()
        };
        assert_eq!(found(query).await, expected);
    }
    for (least, expected) in [("0.6", vec![short.id]), ("0.61", vec![])] {
        let query = SignalQuery {
            min_score: Some(least.parse().unwrap()),
            ..all()
        };
        assert_eq!(found(query).await, expected);
    }
}

pub(crate) async fn an_edited_and_a_deleted_post_mark_its_signal(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;
    let marks = async || {
        let record = store.signal(signal.id).await.unwrap().unwrap();
        (record.edited, record.deleted)
    };
    let revised = |mut entry: domain::ports::store::PostEntry| {
        let body = Body::Revision {
            action: entry.post.action,
            post: entry.post.key.clone(),
        };
        entry.happenings = vec![happening(&signal, body)];
        entry
    };

    // A webhook edits by bringing the post once more.
    let brought = domain::post::Post {
        action: Action::Original,
        ..edited(&alpha, "7", "less", 3)
    };
    put(store, revised(talk(brought))).await;
    assert_eq!(marks().await, (true, false));
    put(store, revised(talk(edited(&alpha, "7", "lesser", 3)))).await;
    assert_eq!(marks().await, (true, false));
    put(store, revised(talk(deleted(&alpha, "7", 4)))).await;
    assert_eq!(marks().await, (true, true));

    // It is followed to its end all the same, and that the post is gone stays visible.
    assert_eq!(store.open_on(&signal.instrument).await.unwrap().len(), 1);
    let target = What::Ended { price: None };
    market::step(
        store,
        &signal,
        1,
        vec![progress(&signal, State::Ended(Ending::AllTargets), target)],
    )
    .await;
    assert_eq!(marks().await, (true, true));
    assert_eq!(Action::Deleted.label(), "deleted");
}

fn ids(records: &[SignalRecord]) -> Vec<SignalId> {
    records.iter().map(|record| record.signal.id).collect()
}
