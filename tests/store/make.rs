//! Channels, posts, signals and entries to store, each as plain as it can be.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Event, Happening};
use domain::ids::{ChannelId, Cursor, PostKey, SignalId};
use domain::lifecycle::{Change, Evidence, State, What};
use domain::market::{Instrument, Price, Side};
use domain::ports::store::{ChannelCard, Entry, PostEntry, Receipt, Store};
use domain::post::{Action, Origin, Post};
use domain::reading::{self, Meaning, Reading, Target};
use domain::score::Score;
use domain::signal::Signal;
use domain::time::Timestamp;

/// When everything is stored.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_600_000_000_000 + second * 1_000)
}

pub(crate) fn channel(name: &str) -> ChannelId {
    ChannelId::parse(name).unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub(crate) fn instrument(pair: &str) -> Instrument {
    Instrument::parse(&format!("sim:spot:{pair}")).unwrap()
}

pub(crate) async fn registered(store: &dyn Store, name: &str) -> ChannelId {
    let card = ChannelCard {
        id: channel(name),
        platform: "file".to_owned(),
        title: format!("The {name} channel"),
        origin: Origin::Live,
    };
    store.register(&card, at(0)).await.unwrap();
    card.id
}

pub(crate) fn post(channel: &ChannelId, key: &str, text: &str) -> Post {
    Post {
        channel: channel.clone(),
        key: PostKey::new(key),
        action: Action::Original,
        author: None,
        text: text.to_owned(),
        media: Vec::new(),
        reply_to: None,
        forwarded_from: None,
        posted: at(1),
        received: at(2),
        origin: Origin::Live,
    }
}

pub(crate) fn edited(channel: &ChannelId, key: &str, text: &str, second: i64) -> Post {
    Post {
        action: Action::Edited,
        received: at(second),
        ..post(channel, key, text)
    }
}

pub(crate) fn deleted(channel: &ChannelId, key: &str, second: i64) -> Post {
    Post {
        action: Action::Deleted,
        received: at(second),
        ..post(channel, key, "")
    }
}

/// A post that is only talk.
pub(crate) fn talk(post: Post) -> PostEntry {
    PostEntry {
        post,
        reading: Reading {
            parser: "rules/1",
            meaning: Meaning::Noise("chat"),
        },
        note: None,
        happenings: Vec::new(),
        assessments: Vec::new(),
        cursor: None,
    }
}

/// A post that opens these trades.
pub(crate) fn call(post: Post, signals: &[Signal]) -> PostEntry {
    PostEntry {
        reading: Reading {
            parser: "rules/1",
            meaning: Meaning::Signals(Vec::new()),
        },
        happenings: signals.iter().map(|signal| opening(signal, None)).collect(),
        ..talk(post)
    }
}

pub(crate) fn with_cursor(entry: PostEntry, cursor: &str) -> PostEntry {
    PostEntry {
        cursor: Some(Cursor::new(cursor)),
        ..entry
    }
}

/// A long from 100 to 110 and 120 with its stop at 95.
pub(crate) fn signal(channel: &ChannelId, key: &str, nth: usize, pair: &str) -> Signal {
    let post = PostKey::new(key);
    let target = |text| Target {
        price: price(text),
        weight: None,
    };
    Signal {
        id: SignalId::of(channel, &post, nth),
        channel: channel.clone(),
        post,
        origin: Origin::Live,
        instrument: instrument(pair),
        substituted: false,
        side: Side::Long,
        entry: reading::Entry::Limit(price("100")),
        targets: vec![target("110"), target("120")],
        stop: Some(price("95")),
        leverage: None,
        breakeven_after: None,
        posted: at(1),
        received: at(2),
        expires_at: at(86_402),
        held_at_most: Duration::from_secs(14 * 86_400),
        price_at_receipt: Some(price("101")),
        ambiguous: false,
    }
}

pub(crate) fn happening(signal: &Signal, body: Body) -> Happening {
    Happening {
        signal: signal.id,
        channel: signal.channel.clone(),
        instrument: signal.instrument.clone(),
        side: signal.side,
        origin: signal.origin,
        posted: Some(signal.posted),
        received: signal.received,
        scored: None,
        body,
    }
}

pub(crate) fn opening(signal: &Signal, score: Option<Score>) -> Happening {
    let body = Body::Signal {
        signal: Arc::new(signal.clone()),
        score,
    };
    happening(signal, body)
}

pub(crate) fn progress(signal: &Signal, state: State, what: What) -> Happening {
    let change = Change {
        at: at(50),
        what,
        state,
        evidence: Evidence::Time(at(50)),
    };
    happening(signal, Body::Progress(Box::new(change)))
}

/// Commits one post.
pub(crate) async fn put(store: &dyn Store, entry: PostEntry) -> Receipt {
    let entries = [Entry::Post(Box::new(entry))];
    let mut receipts = store.commit(&entries, NOW).await.unwrap();
    assert_eq!(receipts.len(), 1);
    receipts.remove(0)
}

/// Posts a signal of its own post and gives it back.
pub(crate) async fn posted(
    store: &dyn Store,
    channel: &ChannelId,
    key: &str,
    pair: &str,
) -> Signal {
    let signal = signal(channel, key, 0, pair);
    let entry = call(post(channel, key, key), std::slice::from_ref(&signal));
    assert_eq!(events(put(store, entry).await).len(), 1);
    signal
}

pub(crate) fn events(receipt: Receipt) -> Vec<Arc<Event>> {
    match receipt {
        Receipt::Stored(events) => events,
        Receipt::Duplicate => panic!("the entry is a duplicate"),
    }
}
