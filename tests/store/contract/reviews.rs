//! Promises about reviews: what people say of readings.

use domain::parse;
use domain::ports::review::{Review, ReviewId, ReviewQuery, Reviews};
use domain::ports::store::Store;
use domain::reading::{Draft, Meaning};

use crate::make::*;

fn all() -> ReviewQuery {
    ReviewQuery {
        limit: 99,
        ..ReviewQuery::default()
    }
}

fn of(reviewed: bool) -> ReviewQuery {
    ReviewQuery {
        reviewed: Some(reviewed),
        ..all()
    }
}

/// Trades with everything that a post can say of them.
fn drafts() -> Vec<Draft> {
    let text = "LONG BTC/USDT 10x\nEntry: 60000-61000\nTP1: 63000 TP2: 65000\nSL: 58500";
    let context = parse::Context {
        assets: parse::Assets::bundled(),
    };
    match parse::read(text, false, context).meaning {
        Meaning::Signals(drafts) => drafts,
        other @ (Meaning::Updates(_)
        | Meaning::Closes(_)
        | Meaning::Cancels(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_)
        | Meaning::Quarantined { .. }) => panic!("{other:?}"),
    }
}

fn corrected(drafts: Vec<Draft>, seconds: i64) -> Review {
    Review {
        confirmed: false,
        class: "signal",
        drafts,
        note: Some("the stop is on the next line".to_owned()),
        reviewed: at(seconds),
    }
}

pub(crate) async fn readings_come_newest_first_and_a_review_takes_one_off_the_pile(
    store: &(impl Store + Reviews),
) {
    let alpha = registered(store, "alpha").await;
    posted(store, &alpha, "1", "BTC/USDT").await;
    put(store, talk(post(&alpha, "2", "hello"))).await;
    put(store, talk(edited(&alpha, "2", "hello!", 3))).await;

    let open = store.readings(&of(false)).await.unwrap();
    let texts: Vec<_> = open.iter().map(|reading| reading.text.as_str()).collect();
    assert_eq!(texts, ["hello!", "1"], "only the newest version of each");
    assert_eq!(open[0].id.version, 2);

    let said = corrected(drafts(), 50);
    assert!(store.review(open[0].id, &said).await.unwrap());

    let open = store.readings(&of(false)).await.unwrap();
    assert_eq!(open.len(), 1);
    let done = store.readings(&of(true)).await.unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].review.as_ref(), Some(&said));
    assert_eq!(
        store.reading(done[0].id).await.unwrap().as_ref(),
        Some(&done[0])
    );
    let page = ReviewQuery {
        before: Some(done[0].id),
        ..all()
    };
    assert_eq!(store.readings(&page).await.unwrap(), open);
    let noise = ReviewQuery {
        classes: vec!["noise"],
        channels: vec![alpha],
        ..all()
    };
    assert_eq!(store.readings(&noise).await.unwrap(), done);
}

pub(crate) async fn the_last_word_counts_and_nothing_else_changes(store: &(impl Store + Reviews)) {
    let alpha = registered(store, "alpha").await;
    posted(store, &alpha, "1", "BTC/USDT").await;
    let before = store.channels().await.unwrap();
    let head = store.span().await.unwrap().head;
    let found = store.readings(&all()).await.unwrap();
    for seconds in [50, 60] {
        let said = corrected(drafts(), seconds);
        assert!(store.review(found[0].id, &said).await.unwrap());
    }

    let told = store.readings(&all()).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].review.as_ref().unwrap().reviewed, at(60));
    assert_eq!(told[0].class, found[0].class);
    assert_eq!(store.channels().await.unwrap(), before);
    assert_eq!(store.span().await.unwrap().head, head);
    let nobody = ReviewId {
        post: found[0].id.post,
        version: 9,
    };
    let said = corrected(Vec::new(), 70);
    assert!(!store.review(nobody, &said).await.unwrap());
}
