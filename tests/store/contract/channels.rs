//! Promises about channels: where their sources go on, and what is counted of them.

use domain::ids::{Cursor, PostKey, Seq};
use domain::lifecycle::Ending;
use domain::ports::source::Resume;
use domain::ports::store::{ChannelCard, Entry, Store};
use domain::post::Origin;

use crate::contract::market;
use crate::make::*;

pub(crate) async fn the_cursor_commits_with_its_batch(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    put(store, talk(post(&alpha, "1", "a"))).await;
    assert_eq!(store.resume(&alpha, 9).await.unwrap().cursor, None);

    put(store, with_cursor(talk(post(&alpha, "2", "b")), "page 2")).await;

    let resume = store.resume(&alpha, 9).await.unwrap();
    assert_eq!(resume.cursor, Some(Cursor::new("page 2")));
}

pub(crate) async fn a_cursor_moves_without_a_post(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    for place in ["1", "2"] {
        let entry = Entry::Cursor(alpha.clone(), Cursor::new(place));
        store.commit(&[entry], NOW).await.unwrap();
    }

    let resume = store.resume(&alpha, 9).await.unwrap();

    assert_eq!(resume.cursor, Some(Cursor::new("2")));
    assert_eq!(store.span().await.unwrap().head, Seq::ZERO);
}

pub(crate) async fn resume_gives_the_last_standing_posts_oldest_first(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    for key in ["9", "10", "11", "12"] {
        put(store, talk(post(&alpha, key, key))).await;
    }
    put(store, talk(deleted(&alpha, "11", 3))).await;
    put(store, talk(edited(&alpha, "10", "new", 4))).await;

    let resume = store.resume(&alpha, 2).await.unwrap();

    let digest = |key, text| (PostKey::new(key), post(&alpha, key, text).digest());
    assert_eq!(resume.recent, [digest("10", "new"), digest("12", "12")]);
}

pub(crate) async fn a_channel_that_was_never_read_starts_at_the_beginning(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;

    assert_eq!(store.resume(&alpha, 9).await.unwrap(), Resume::default());
}

pub(crate) async fn registering_again_refreshes_the_card_and_keeps_the_date(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    registered(store, "aaa").await;
    let card = ChannelCard {
        id: alpha,
        platform: "telegram".to_owned(),
        title: "Alpha, renamed".to_owned(),
        origin: Origin::Import,
    };

    store.register(&card, at(100)).await.unwrap();

    let channels = store.channels().await.unwrap();
    assert_eq!(channels.len(), 2);
    assert_eq!(channels[0].card.id, channel("aaa"));
    assert_eq!(channels[1].card, card);
    assert_eq!(channels[1].since, at(0));
}

pub(crate) async fn a_channel_is_counted_from_its_records(store: &dyn Store) {
    let alpha = registered(store, "alpha").await;
    registered(store, "beta").await;
    let signal = posted(store, &alpha, "1", "BTC/USDT").await;
    posted(store, &alpha, "2", "ETH/USDT").await;
    put(store, talk(post(&alpha, "3", "hello"))).await;
    put(store, talk(edited(&alpha, "3", "hello!", 3))).await;
    put(store, talk(edited(&alpha, "3", "hello?", 4))).await;
    put(store, talk(deleted(&alpha, "2", 5))).await;
    market::judged(store, &signal, Ending::StoppedOut).await;

    let channels = store.channels().await.unwrap();

    let [alpha, beta] = channels.as_slice() else {
        panic!("two channels are registered");
    };
    assert_eq!((alpha.posts, alpha.edited, alpha.deleted), (3, 1, 1));
    assert_eq!((alpha.signals, alpha.judged), (2, 1));
    assert_eq!(alpha.last_post, Some(at(2)));
    assert_eq!((beta.posts, beta.signals, beta.last_post), (0, 0, None));
}
