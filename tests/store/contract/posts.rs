//! Promises about posts: each version once, and none lost.

use domain::ids::{Cursor, PostKey, Seq};
use domain::market::Pair;
use domain::ports::store::{Entry, Receipt, Store, StoreError};
use domain::post::{Action, Origin, Post};
use domain::reading::{Meaning, Reading};

use crate::make::*;

pub(crate) async fn a_replayed_post_is_stored_once(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let entry = call(
        post(&alpha, "7", "buy"),
        &[signal(&alpha, "7", 0, "BTC/USDT")],
    );

    let first = put(store, entry.clone()).await;
    let again = put(store, entry).await;

    assert_eq!(events(first).len(), 1);
    assert_eq!(again, Receipt::Duplicate);
    assert_eq!(store.span().await.unwrap().head, Seq::new(1));
}

pub(crate) async fn a_duplicate_still_moves_the_cursor(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    put(store, with_cursor(talk(post(&alpha, "7", "hello")), "7")).await;

    let again = put(store, with_cursor(talk(post(&alpha, "7", "hello")), "8")).await;

    assert_eq!(again, Receipt::Duplicate);
    let resume = store.resume(&alpha, 9).await.unwrap();
    assert_eq!(resume.cursor, Some(Cursor::new("8")));
}

pub(crate) async fn an_edit_back_to_the_first_text_is_a_version_of_its_own(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    put(store, talk(post(&alpha, "7", "A"))).await;
    put(store, talk(edited(&alpha, "7", "B", 3))).await;
    put(store, talk(edited(&alpha, "7", "A", 4))).await;
    let again = put(store, talk(edited(&alpha, "7", "A", 5))).await;

    assert_eq!(again, Receipt::Duplicate);
    let versions = store.versions(&alpha, &PostKey::new("7")).await.unwrap();
    let told: Vec<(u32, &str)> = versions
        .iter()
        .map(|record| (record.version, record.post.text.as_str()))
        .collect();
    assert_eq!(told, [(1, "A"), (2, "B"), (3, "A")]);
    let newest = post(&alpha, "7", "A").digest();
    let resume = store.resume(&alpha, 9).await.unwrap();
    assert_eq!(resume.recent, [(PostKey::new("7"), newest)]);
}

pub(crate) async fn a_commit_whose_answer_was_lost_may_be_repeated(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let entries: Vec<Entry> = [
        call(
            post(&alpha, "7", "A"),
            &[signal(&alpha, "7", 0, "BTC/USDT")],
        ),
        talk(edited(&alpha, "7", "B", 3)),
        talk(edited(&alpha, "7", "A", 4)),
        talk(deleted(&alpha, "7", 5)),
        with_cursor(talk(post(&alpha, "8", "C")), "8"),
    ]
    .into_iter()
    .map(|entry| Entry::Post(Box::new(entry)))
    .collect();

    store.commit(&entries, NOW).await.unwrap();
    let again = store.commit(&entries, NOW).await.unwrap();

    assert!(again.iter().all(|receipt| *receipt == Receipt::Duplicate));
    let versions = store.versions(&alpha, &PostKey::new("7")).await.unwrap();
    assert_eq!(versions.len(), 4);
    assert_eq!(store.span().await.unwrap().head, Seq::new(1));
}

pub(crate) async fn an_original_that_is_told_again_after_its_edit_is_known(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    put(store, talk(post(&alpha, "7", "A"))).await;
    put(store, talk(edited(&alpha, "7", "B", 3))).await;
    let later = Post {
        received: at(99),
        ..post(&alpha, "7", "A")
    };

    assert_eq!(put(store, talk(later)).await, Receipt::Duplicate);
}

pub(crate) async fn a_deleted_post_may_come_back(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let key = PostKey::new("7");
    put(store, talk(post(&alpha, "7", "A"))).await;
    put(store, talk(deleted(&alpha, "7", 3))).await;
    assert_eq!(store.resume(&alpha, 9).await.unwrap().recent, []);

    let back = Post {
        received: at(4),
        ..post(&alpha, "7", "A")
    };
    put(store, talk(back)).await;

    assert_eq!(store.versions(&alpha, &key).await.unwrap().len(), 3);
    assert_eq!(store.resume(&alpha, 9).await.unwrap().recent.len(), 1);
    // It stands again, and that it was once deleted stays known.
    let record = &store.channels().await.unwrap()[0];
    assert_eq!((record.posts, record.edited, record.deleted), (1, 0, 1));
}

pub(crate) async fn a_version_keeps_everything_that_arrived(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let whole = Post {
        action: Action::Forwarded,
        author: Some("Ada".to_owned()),
        media: vec!["photo:1".to_owned(), "фото \"2\"".to_owned()],
        reply_to: Some(PostKey::new("6")),
        forwarded_from: Some("beta".to_owned()),
        origin: Origin::Import,
        ..post(&alpha, "7", "TP2 ✅ hit, 103 %\n#BTC/USDT")
    };
    let mut claim = talk(whole.clone());
    claim.reading = Reading {
        parser: "rules/2",
        meaning: Meaning::Claim {
            pair: Pair::parse("BTC/USDT").ok(),
            percent: Some("103.0".parse().unwrap()),
        },
    };
    put(store, claim).await;
    let mut held = talk(edited(&alpha, "7", "buy 5, stop 7", 3));
    held.reading.meaning = Meaning::Quarantined {
        drafts: Vec::new(),
        reason: "the stop 7 is above the entry 5".to_owned(),
    };
    put(store, held).await;

    let versions = store.versions(&alpha, &whole.key).await.unwrap();

    assert_eq!(versions[0].post, whole);
    assert_eq!(versions[0].class, "claim");
    assert_eq!(versions[0].reason, None);
    assert_eq!(versions[0].parser, "rules/2");
    assert_eq!(versions[1].class, "quarantined");
    let reason = versions[1].reason.as_deref();
    assert_eq!(reason, Some("the stop 7 is above the entry 5"));
}

pub(crate) async fn a_signal_is_never_stored_twice(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    let signal = posted(store, &alpha, "7", "BTC/USDT").await;

    let again = call(edited(&alpha, "7", "again", 3), &[signal]);
    let refused = store.commit(&[Entry::Post(Box::new(again))], NOW).await;

    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(store.span().await.unwrap().head, Seq::new(1));
}
