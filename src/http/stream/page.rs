//! What a subscription wants of a page of the store.

use std::collections::HashMap;
use std::sync::Arc;

use actors::hub::{Interest, Mode};
use domain::event::Event;
use domain::ids::SignalId;

/// The wanted events, in order, each with how many older ones of its signal were folded away.
pub(super) fn wanted<'a>(
    events: &'a [Arc<Event>],
    interest: &Interest,
    mode: Mode,
) -> Vec<(&'a Event, u32)> {
    let wanted = events
        .iter()
        .map(AsRef::as_ref)
        .filter(|event| interest.wants(event));
    match mode {
        Mode::Each => wanted.map(|event| (event, 0)).collect(),
        Mode::Latest => newest(wanted),
    }
}

fn newest<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<(&'a Event, u32)> {
    let mut newest: HashMap<SignalId, (&Event, u32)> = HashMap::new();
    let mut about_none = Vec::new();
    for event in events {
        let Some(about) = event.happening() else {
            about_none.push((event, 0));
            continue;
        };
        newest
            .entry(about.signal)
            .and_modify(|(newest, folded)| {
                *newest = event;
                *folded += 1;
            })
            .or_insert((event, 0));
    }
    let mut newest: Vec<_> = newest.into_values().chain(about_none).collect();
    newest.sort_unstable_by_key(|(event, _)| event.seq);
    newest
}
