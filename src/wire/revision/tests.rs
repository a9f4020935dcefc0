//! A stop that is moved after it was hit, and one that is moved while the trade is open.

use std::time::Duration;

use domain::event::{Happening, Told};
use domain::ids::{Epoch, Seq};
use domain::lifecycle::{Change, Ending, State};
use domain::post::{Origin, Post};
use domain::reading::Order;

use super::*;
use crate::figures::testkit::{at, ended, open, price};

fn version(nth: u32, action: Action, second: i64, text: &str) -> VersionRecord {
    let record = open("7", 0, "95");
    VersionRecord {
        version: nth,
        post: Post {
            channel: record.signal.channel.clone(),
            key: record.signal.post.clone(),
            action,
            author: None,
            text: text.to_owned(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: at(second),
            received: at(second),
            origin: Origin::Live,
        },
        class: "signal".to_owned(),
        reason: None,
        parser: "rules/1".to_owned(),
    }
}

fn event(record: &SignalRecord, second: i64, body: Body) -> Arc<Event> {
    let signal = &record.signal;
    Arc::new(Event {
        epoch: Epoch::new("e"),
        seq: Seq::new(u64::try_from(second).unwrap()),
        stored: at(second),
        told: Told::Happening(Happening {
            signal: signal.id,
            channel: signal.channel.clone(),
            instrument: signal.instrument.clone(),
            side: signal.side,
            origin: signal.origin,
            posted: None,
            received: at(second),
            scored: None,
            body,
        }),
    })
}

fn progress(record: &SignalRecord, second: i64, state: State, what: What) -> Arc<Event> {
    let change = Change {
        at: at(second),
        what,
        state,
        evidence: Evidence::Author(at(second)),
    };
    event(record, second, Body::Progress(Box::new(change)))
}

fn moved(record: &SignalRecord, second: i64) -> Arc<Event> {
    let body = Body::Instruction {
        order: Order::MoveStop(price("92")),
        post: record.signal.post.clone(),
    };
    event(record, second, body)
}

/// The case of the guide: published at 10:00, stopped at 10:40, edited at 10:45.
#[test]
fn a_change_is_told_with_where_the_trade_stood() {
    let record = ended(open("7", 0, "95"), Some(("-1", "0")));
    let stopped = State::Ended(Ending::StoppedOut);
    let over = What::Ended {
        price: Some(price("95")),
    };
    let events = vec![
        progress(&record, 2_400, stopped, over),
        moved(&record, 2_700),
    ];
    let post = Revised {
        versions: vec![
            version(1, Action::Original, 0, "stop 95"),
            version(2, Action::Edited, 2_700, "stop 92"),
            version(3, Action::Deleted, 9_000, ""),
        ],
        drafts: Vec::new(),
        signals: vec![(record, events)],
    };
    let told = RevisionOut::all(&post, at(9_000) + Duration::from_secs(1));
    let [edit, deletion] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((edit.action, edit.after_s), ("edited", 2_700));
    assert_eq!(edit.before.text, "stop 95");
    assert_eq!(edit.after.as_ref().unwrap().text, "stop 92");
    assert_eq!(edit.signals[0].state, "stopped-out");
    assert_eq!(edit.signals[0].events.len(), 1);
    assert_eq!(edit.signals[0].r.as_deref(), Some("-1"));
    assert_eq!(
        (deletion.action, deletion.before.text.as_str()),
        ("deleted", "stop 92")
    );
    assert!(deletion.after.is_none());
    assert_eq!(RevisionOut::all(&post, at(9_000)).len(), 1);
}

#[test]
fn a_level_that_the_price_had_passed_is_told_as_such() {
    let record = open("7", 0, "95");
    let ignored = |why| What::Ignored { why };
    for (why, late) in [(words::RETROACTIVE, true), (words::THERE, false)] {
        let events = vec![
            moved(&record, 60),
            progress(&record, 60, State::Active, ignored(why)),
            // A later word of another post.
            progress(&record, 90, State::Active, ignored(words::RETROACTIVE)),
        ];
        let post = Revised {
            versions: vec![
                version(1, Action::Original, 0, "stop 95"),
                version(2, Action::Edited, 60, "stop 92"),
            ],
            drafts: Vec::new(),
            signals: vec![(record.clone(), events)],
        };
        let told = RevisionOut::all(&post, at(1_000));
        assert_eq!(told[0].signals[0].retroactive, late, "{why}");
        assert_eq!(told[0].signals[0].state, "pending");
        assert_eq!(told[0].signals[0].events.len(), 2);
    }
}
