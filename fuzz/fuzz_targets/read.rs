//! Whatever a channel posts: no panic, the same reading twice, and no accepted trade that
//! contradicts itself.
#![no_main]

use domain::market::Side;
use domain::parse::{self, Assets, Context};
use domain::reading::Meaning;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let context = Context {
        assets: Assets::bundled(),
    };
    let reading = parse::read(text, false, context);
    assert_eq!(reading, parse::read(text, false, context));
    let Meaning::Signals(drafts) = reading.meaning else {
        return;
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
