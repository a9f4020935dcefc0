//! Revisions: what edits and deletions changed, and where the trade stood when they came.

use std::sync::Arc;

use domain::event::{Body, Event};
use domain::lifecycle::{Evidence, What, words};
use domain::ports::View;
use domain::ports::store::{SignalRecord, VersionRecord};
use domain::post::Action;
use domain::reading::Draft;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::EventOut;
use super::event::number;
use super::reading::DraftOut;

/// So many letters of a text are shown.
const LETTERS: usize = 4_096;

/// A version that came after the first one of a post with a signal.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionOut {
    /// The post.
    pub post: String,
    /// The version, from 2.
    pub version: u32,
    /// `edited` or `deleted`.
    pub action: &'static str,
    /// When it was received (µs UTC).
    pub at: i64,
    /// How long after the first version, in seconds.
    pub after_s: u64,
    /// What stood there before.
    pub before: SaidOut,
    /// What stands there now; nothing after a deletion.
    pub after: Option<SaidOut>,
    /// What it did to the signals of the post.
    pub signals: Vec<RevisedOut>,
}

/// What a version says.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaidOut {
    /// Its text, up to 4,096 letters; `/v1/signals/{id}` has it whole.
    pub text: String,
    /// What it was read as.
    pub class: String,
    /// The trades that were read in it, literally.
    pub levels: Vec<DraftOut>,
}

/// A signal whose post was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisedOut {
    /// Its id.
    pub signal: String,
    /// What is traded.
    pub symbol: String,
    /// `long` or `short`.
    pub side: &'static str,
    /// Where it stood when the change was received.
    pub state: &'static str,
    /// The change moves a level that the price had passed: it is ignored.
    pub retroactive: bool,
    /// What was read in the change, and what came of it.
    pub events: Vec<EventOut>,
    /// What the trade earned in the end, in R; none while that is not known.
    pub r: Option<String>,
}

/// A post with a signal, as it is told of here.
#[derive(Debug)]
pub struct Revised {
    /// Its versions, oldest first.
    pub versions: Vec<VersionRecord>,
    /// What was read in each, literally.
    pub drafts: Vec<Vec<Draft>>,
    /// Its signals, each with everything that happened to it.
    pub signals: Vec<(SignalRecord, Vec<Arc<Event>>)>,
}

impl RevisionOut {
    /// Every change of a post that was received before an instant, oldest first.
    #[must_use]
    pub fn all(post: &Revised, before: Timestamp) -> Vec<Self> {
        let Some(first) = post.versions.first() else {
            return Vec::new();
        };
        let read = |nth: usize| post.drafts.get(nth).map_or(&[][..], Vec::as_slice);
        let changes = post.versions.windows(2).enumerate();
        changes
            .filter_map(|(nth, pair)| {
                let [old, new] = pair else { return None };
                let at = new.post.received;
                let gone = new.post.action == Action::Deleted;
                (at < before).then(|| Self {
                    post: new.post.key.to_string(),
                    version: new.version,
                    action: if gone { "deleted" } else { "edited" },
                    at: at.as_micros(),
                    after_s: at.since(first.post.received).as_secs(),
                    before: SaidOut::of(old, read(nth)),
                    after: (!gone).then(|| SaidOut::of(new, read(nth + 1))),
                    signals: post
                        .signals
                        .iter()
                        .map(|(record, events)| RevisedOut::of(record, events, at))
                        .collect(),
                })
            })
            .collect()
    }
}

impl SaidOut {
    fn of(version: &VersionRecord, drafts: &[Draft]) -> Self {
        Self {
            text: version.post.text.chars().take(LETTERS).collect(),
            class: version.class.clone(),
            levels: drafts.iter().map(DraftOut::of).collect(),
        }
    }
}

impl RevisedOut {
    fn of(record: &SignalRecord, events: &[Arc<Event>], at: Timestamp) -> Self {
        let mut stood = events
            .iter()
            .filter_map(|event| match &event.happening()?.body {
                Body::Progress(change) if change.at < at => Some(change.state.label()),
                Body::Progress(_)
                | Body::Signal { .. }
                | Body::Instruction { .. }
                | Body::Revision { .. } => None,
            });
        let caused: Vec<&Arc<Event>> = events.iter().filter(|event| came_of(event, at)).collect();
        let outcome = record.outcome.as_ref();
        Self {
            signal: record.signal.id.to_string(),
            symbol: record.signal.instrument.pair.to_string(),
            side: record.signal.side.label(),
            state: stood.next_back().unwrap_or("pending"),
            retroactive: caused.iter().any(|event| was_too_late(event)),
            events: caused
                .iter()
                .map(|event| EventOut::of(event, View::Scored))
                .collect(),
            r: outcome
                .and_then(|outcome| outcome.pessimistic.r)
                .map(number),
        }
    }
}

/// Did a version that was received then cause it?
fn came_of(event: &Event, at: Timestamp) -> bool {
    let Some(about) = event.happening() else {
        return false;
    };
    match &about.body {
        Body::Instruction { .. } => about.received == at,
        Body::Progress(change) => change.evidence == Evidence::Author(at),
        Body::Signal { .. } | Body::Revision { .. } => false,
    }
}

fn was_too_late(event: &Event) -> bool {
    let Some(Body::Progress(change)) = event.happening().map(|about| &about.body) else {
        return false;
    };
    matches!(change.what, What::Ignored { why } if why == words::RETROACTIVE)
}

#[cfg(test)]
mod tests;
