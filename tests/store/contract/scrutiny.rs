//! Promises about scrutiny: claims, what versions said, and the same levels elsewhere.

use domain::ids::PostKey;
use domain::market::{Pair, Side};
use domain::parse;
use domain::ports::scrutiny::{ClaimQuery, Scrutiny};
use domain::ports::store::{PostEntry, Store};
use domain::post::{Origin, Post};
use domain::reading::{Entry, Meaning};
use domain::signal::Signal;
use rust_decimal::Decimal;

use crate::make::*;

fn claim(post: Post, pair: Option<&str>, percent: Option<i64>) -> PostEntry {
    let mut entry = talk(post);
    entry.reading.meaning = Meaning::Claim {
        pair: pair.map(|pair| Pair::parse(pair).unwrap()),
        percent: percent.map(Decimal::from),
    };
    entry
}

pub(crate) async fn claims_come_oldest_first_in_pages(store: &(impl Store + Scrutiny)) {
    let [alpha, beta] = [
        registered(store, "alpha").await,
        registered(store, "beta").await,
    ];
    let reply = Post {
        reply_to: Some(PostKey::new("1")),
        received: at(9),
        ..post(&alpha, "3", "hit")
    };
    for entry in [
        talk(post(&alpha, "1", "hello")),
        claim(post(&alpha, "2", "+7 %"), Some("BTC/USDT"), Some(7)),
        claim(reply, None, None),
        claim(edited(&alpha, "2", "+8 %", 5), Some("BTC/USDT"), Some(8)),
        claim(post(&beta, "1", "-3 %"), None, Some(-3)),
    ] {
        put(store, entry).await;
    }
    let mut query = ClaimQuery {
        channel: alpha.clone(),
        origin: Origin::Live,
        received_from: None,
        received_before: at(100),
        after: None,
        limit: 2,
    };
    let first = store.claims(&query).await.unwrap();
    let told: Vec<_> = first
        .iter()
        .map(|claim| (claim.post.text.as_str(), claim.percent))
        .collect();
    assert_eq!(
        told,
        [
            ("+7 %", Some(Decimal::from(7))),
            ("+8 %", Some(Decimal::from(8)))
        ]
    );
    assert_eq!(first[0].pair, Some(Pair::parse("BTC/USDT").unwrap()));
    query.after = Some(first[1].place);
    let second = store.claims(&query).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].post.reply_to, Some(PostKey::new("1")));
    assert_eq!((&second[0].pair, second[0].percent), (&None, None));

    query.after = None;
    query.received_before = at(9);
    query.received_from = Some(at(5));
    let between = store.claims(&query).await.unwrap();
    assert_eq!(between.len(), 1);
    assert_eq!(between[0].post.text, "+8 %");
    query.origin = Origin::Import;
    assert!(store.claims(&query).await.unwrap().is_empty());
}

pub(crate) async fn what_each_version_said_is_kept(store: &(impl Store + Scrutiny)) {
    let alpha = registered(store, "alpha").await;
    let text = "LONG BTC/USDT\nEntry: 60000\nTP1: 63000\nSL: 58500";
    let context = parse::Context {
        assets: parse::Assets::bundled(),
    };
    let reading = parse::read(text, false, context);
    let Meaning::Signals(drafts) = reading.meaning.clone() else {
        panic!("{reading:?}");
    };
    let mut entry = talk(post(&alpha, "1", text));
    entry.reading = reading;
    put(store, entry).await;
    put(store, talk(deleted(&alpha, "1", 7))).await;
    let said = store.drafts(&alpha, &PostKey::new("1")).await.unwrap();
    assert_eq!(said, [drafts, Vec::new()]);
}

/// Signals of their own channels that differ from the plain one in one thing each.
pub(crate) async fn the_same_levels_are_found_in_other_channels_alone(
    store: &(impl Store + Scrutiny),
) {
    let alpha = registered(store, "alpha").await;
    let mine = posted(store, &alpha, "1", "BTC/USDT").await;
    posted(store, &alpha, "2", "BTC/USDT").await;
    let other = |name: &'static str, change: fn(&mut Signal)| async move {
        let channel = registered(store, name).await;
        let mut signal = signal(&channel, "1", 0, "BTC/USDT");
        change(&mut signal);
        let entry = call(post(&channel, "1", name), std::slice::from_ref(&signal));
        put(store, entry).await;
        signal
    };
    let same = other("same", |signal| signal.received = at(77)).await;
    // Only the first target counts: some channels leave out the last ones.
    let shorter = other("shorter", |signal| signal.targets.truncate(1)).await;
    other("stop", |signal| signal.stop = Some(price("95.1"))).await;
    other("without", |signal| signal.stop = None).await;
    other("side", |signal| signal.side = Side::Short).await;
    other("pair", |signal| signal.instrument = instrument("ETH/USDT")).await;
    other("entry", |signal| signal.entry = Entry::Market(None)).await;
    other("target", |signal| signal.targets[0].price = price("111")).await;
    other("origin", |signal| signal.origin = Origin::Import).await;

    let mut twins = store.twins(&[mine.id]).await.unwrap();
    twins.sort_by_key(|twin| twin.received);
    let found: Vec<_> = twins.iter().map(|twin| (twin.of, twin.other)).collect();
    assert_eq!(found, [(mine.id, shorter.id), (mine.id, same.id)]);
    assert_eq!(
        (&twins[1].channel, twins[1].received),
        (&same.channel, at(77))
    );
    assert!(store.twins(&[]).await.unwrap().is_empty());
}
