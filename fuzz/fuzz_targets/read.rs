//! Whatever a channel posts: no panic, the same reading twice, no accepted trade that contradicts
//! itself, and no word that takes more than there is.
#![no_main]

use domain::market::Side;
use domain::parse::{self, Assets, Context};
use domain::reading::{Instruction, Meaning, Order};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: load(), |text: &str| {
    let context = Context {
        assets: Assets::bundled(),
    };
    let reading = parse::read(text, false, context);
    assert_eq!(reading, parse::read(text, false, context));
    let drafts = match reading.meaning {
        Meaning::Signals(drafts) => drafts,
        Meaning::Updates(words) => return orders(&words, |_| true),
        Meaning::Closes(words) => {
            return orders(&words, |order| matches!(order, Order::Close | Order::Cancel));
        }
        Meaning::Cancels(words) => return orders(&words, |order| *order == Order::Cancel),
        Meaning::Claim { .. } | Meaning::Noise(_) | Meaning::Quarantined { .. } => return,
    };
    assert!(!drafts.is_empty());
    for draft in drafts {
        let Some((low, high)) = draft.entry.bounds() else {
            continue;
        };
        assert!(low <= high);
        let gains = |from, to| match draft.side {
            Side::Long => to > from,
            Side::Short => to < from,
        };
        let (near, far) = match draft.side {
            Side::Long => (high, low),
            Side::Short => (low, high),
        };
        assert!(draft.targets.iter().all(|target| gains(near, target.price)));
        assert!(draft.stop.is_none_or(|stop| gains(stop, far)));
    }
});

/// A later word orders something, and takes a part of what is open.
fn orders(words: &[Instruction], may: impl Fn(&Order) -> bool) {
    assert!(!words.is_empty());
    for word in words {
        assert!(may(&word.order), "{:?}", word.order);
        if let Order::CloseShare(share) = word.order {
            assert!(share.is_sign_positive() && !share.is_zero() && share <= 1.into());
        }
    }
}

/// The lexicon is read once; that is no part of the time of a post.
fn load() {
    let context = Context {
        assets: Assets::bundled(),
    };
    assert!(matches!(
        parse::read("", false, context).meaning,
        Meaning::Noise(_)
    ));
    assert!(matches!(
        parse::read("good morning", false, context).meaning,
        Meaning::Noise(_)
    ));
}
