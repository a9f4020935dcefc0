//! One signal in a report, from its levels to its outcome.

use domain::event::Body;
use domain::lifecycle::{State, What};
use domain::ports::store::{SignalRecord, Store, StoreError};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::date;

/// One signal. What is told of its outcome is the pessimistic bound, where nothing else is said.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// The post in which it stands.
    pub post: String,
    /// From when on it counts.
    pub received: String,
    /// The market that judges it.
    pub on: String,
    /// That is another kind of market than the post speaks of: none of its kind lists the pair.
    pub substituted: bool,
    /// `long` or `short`.
    pub side: &'static str,
    /// How it is entered.
    pub entry: &'static str,
    /// The lowest published entry.
    pub low: Option<String>,
    /// The highest published entry.
    pub high: Option<String>,
    /// The published targets.
    pub targets: Vec<String>,
    /// The published stop.
    pub stop: Option<String>,
    /// Where it stands, or how it ended.
    pub state: &'static str,
    /// When the first part was entered: of a candle, its end; so with all that follow.
    pub entered: Option<String>,
    /// When the first target was reached.
    pub first_target: Option<String>,
    /// When the last part was closed.
    pub ended: Option<String>,
    /// How many targets were reached.
    pub targets_hit: Option<u8>,
    /// R net of costs.
    pub r: Option<Decimal>,
    /// The same in the optimistic bound.
    pub r_optimistic: Option<Decimal>,
    /// It could be read in two ways.
    pub ambiguous: bool,
    /// There was a hole in its path.
    pub incomplete: bool,
}

impl Summary {
    pub(super) async fn of(store: &dyn Store, record: &SignalRecord) -> Result<Self, StoreError> {
        let signal = &record.signal;
        let bounds = signal.entry.bounds();
        let outcome = record.outcome.as_ref();
        let told = outcome.map(|outcome| &outcome.pessimistic);
        Ok(Self {
            id: signal.id.to_string(),
            post: signal.post.to_string(),
            received: date(signal.received),
            on: signal.instrument.to_string(),
            substituted: signal.substituted,
            side: signal.side.label(),
            entry: signal.entry.label(),
            low: bounds.map(|(low, _)| low.to_string()),
            high: bounds.map(|(_, high)| high.to_string()),
            targets: signal
                .targets
                .iter()
                .map(|target| target.price.to_string())
                .collect(),
            stop: signal.stop.map(|stop| stop.to_string()),
            state: record.state.label(),
            entered: told.and_then(|told| told.entered_at).map(date),
            first_target: first_target(store, record).await?.map(date),
            ended: told.map(|told| date(told.ended_at)),
            targets_hit: told.map(|told| told.targets),
            r: told.and_then(|told| told.r),
            r_optimistic: outcome.and_then(|outcome| outcome.optimistic.r),
            ambiguous: outcome.is_some_and(|outcome| outcome.ambiguous),
            incomplete: outcome.is_some_and(|outcome| outcome.incomplete),
        })
    }
}

/// When a signal's first target was reached.
async fn first_target(
    store: &dyn Store,
    record: &SignalRecord,
) -> Result<Option<Timestamp>, StoreError> {
    // Targets may have come by a later word.
    if record.state == State::Pending {
        return Ok(None);
    }
    let events = store.events_of(record.signal.id).await?;
    Ok(events.iter().find_map(|event| {
        let Some(Body::Progress(change)) = event.happening().map(|about| &about.body) else {
            return None;
        };
        // Where the price jumps over the first target, the next one tells it.
        matches!(change.what, What::Target { .. }).then_some(change.at)
    }))
}
