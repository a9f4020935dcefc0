//! Promises about the stream: one order, no gap, no double, whole or nothing.

use domain::event::Body;
use domain::ids::{PostKey, Seq};
use domain::ports::Advice;
use domain::ports::store::{Entry, Store, StoreError};
use domain::reading::Order;
use futures_util::future::join_all;

use crate::make::*;

pub(crate) async fn a_fresh_store_has_an_epoch_and_no_events(store: &dyn Store) {
    let span = store.span().await.unwrap();

    assert!(!span.epoch.as_str().is_empty());
    assert_eq!((span.first, span.head), (Seq::new(1), Seq::ZERO));
    assert_eq!(store.events(Seq::ZERO, 10).await.unwrap(), []);
    assert_eq!(store.commit(&[], NOW).await.unwrap(), []);
}

pub(crate) async fn seq_has_no_gap_and_no_double(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    for n in 0..40 {
        let key = n.to_string();
        let two = [
            signal(&alpha, &key, 0, "BTC/USDT"),
            signal(&alpha, &key, 1, "ETH/USDT"),
        ];
        let entry = Entry::Post(Box::new(call(post(&alpha, &key, &key), &two)));
        // Every third commit is refused as a whole, every fourth is a group.
        if n % 3 == 0 {
            let stranger = talk(post(&channel("stranger"), "1", "x"));
            let entries = [entry, Entry::Post(Box::new(stranger))];
            assert!(store.commit(&entries, NOW).await.is_err());
        } else if n % 4 == 0 {
            let more = talk(post(&alpha, &format!("{n} talk"), "x"));
            let entries = [entry.clone(), Entry::Post(Box::new(more)), entry];
            assert_eq!(store.commit(&entries, NOW).await.unwrap().len(), 3);
        } else {
            store.commit(&[entry], NOW).await.unwrap();
        }
    }

    let events = store.events(Seq::ZERO, 1_000).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.seq.get()).collect();

    assert_eq!(numbers, (1..=52).collect::<Vec<_>>());
    let span = store.span().await.unwrap();
    assert_eq!((span.first, span.head), (Seq::new(1), Seq::new(52)));
    assert!(events.iter().all(|event| event.epoch == span.epoch));
}

pub(crate) async fn a_refused_entry_leaves_nothing_behind(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    posted(store, &alpha, "1", "BTC/USDT").await;
    let stranger = signal(&alpha, "9", 0, "BTC/USDT");
    let mut wrong = with_cursor(talk(post(&alpha, "3", "x")), "3");
    wrong.happenings = vec![happening(
        &stranger,
        Body::Instruction {
            order: Order::Close,
            post: PostKey::new("3"),
        },
    )];
    let right = call(
        post(&alpha, "2", "x"),
        &[signal(&alpha, "2", 0, "BTC/USDT")],
    );

    let entries = [Entry::Post(Box::new(right)), Entry::Post(Box::new(wrong))];
    let refused = store.commit(&entries, NOW).await.unwrap_err();

    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(refused.advice(), Advice::Skip);
    assert_eq!(store.span().await.unwrap().head, Seq::new(1));
    assert_eq!(
        store.versions(&alpha, &PostKey::new("2")).await.unwrap(),
        []
    );
    assert_eq!(store.resume(&alpha, 9).await.unwrap().cursor, None);
    // And the next commit goes on where the last good one ended.
    let receipts = store.commit(&entries[..1], NOW).await.unwrap();
    assert_eq!(events(receipts[0].clone())[0].seq, Seq::new(2));
}

pub(crate) async fn an_entry_for_a_channel_that_nobody_registered_is_refused(store: &dyn Store) {
    let entry = Entry::Post(Box::new(talk(post(&channel("stranger"), "1", "x"))));

    let refused = store.commit(&[entry], NOW).await;

    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

pub(crate) async fn events_come_in_pages(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    for key in ["1", "2", "3", "4", "5"] {
        posted(store, &alpha, key, "BTC/USDT").await;
    }

    let page = store.events(Seq::new(2), 2).await.unwrap();

    let numbers: Vec<u64> = page.iter().map(|event| event.seq.get()).collect();
    assert_eq!(numbers, [3, 4]);
    assert_eq!(store.events(Seq::new(5), 2).await.unwrap(), []);
    assert_eq!(store.events(Seq::new(u64::MAX), 2).await.unwrap(), []);
}

pub(crate) async fn events_are_found_by_instrument_and_by_signal(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let first = posted(store, &alpha, "1", "BTC/USDT").await;
    posted(store, &alpha, "2", "ETH/USDT").await;
    posted(store, &alpha, "3", "BTC/USDT").await;
    let mut word = talk(post(&alpha, "4", "close it"));
    word.happenings = vec![happening(
        &first,
        Body::Instruction {
            order: Order::Close,
            post: PostKey::new("4"),
        },
    )];
    put(store, word).await;
    let numbers = |events: Vec<std::sync::Arc<domain::event::Event>>| {
        events
            .iter()
            .map(|event| event.seq.get())
            .collect::<Vec<_>>()
    };

    let btc = instrument("BTC/USDT");
    assert_eq!(
        numbers(store.events_on(&btc, Seq::ZERO, 9).await.unwrap()),
        [1, 3, 4]
    );
    assert_eq!(
        numbers(store.events_on(&btc, Seq::new(1), 1).await.unwrap()),
        [3]
    );
    assert_eq!(numbers(store.events_of(first.id).await.unwrap()), [1, 4]);
}

pub(crate) async fn stored_events_are_what_the_commit_said(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signals = [
        signal(&alpha, "1", 0, "BTC/USDT"),
        signal(&alpha, "1", 1, "ETH/USDT"),
    ];

    let told = events(put(store, call(post(&alpha, "1", "x"), &signals)).await);

    assert_eq!(told[0].stored, NOW);
    assert_eq!(told, store.events(Seq::ZERO, 9).await.unwrap());
}

pub(crate) async fn commits_at_the_same_time_keep_the_order_whole(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let keys: Vec<String> = (0..20).map(|n| n.to_string()).collect();

    join_all(
        keys.iter()
            .map(|key| posted(store, &alpha, key, "BTC/USDT")),
    )
    .await;

    let events = store.events(Seq::ZERO, 99).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.seq.get()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}
