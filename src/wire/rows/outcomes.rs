//! The table of outcomes: what came of each judged signal, in both bounds, as it was judged live or when
//! it was tried again.

use domain::lifecycle::{BoundResult, Outcome};
use domain::ports::retrial::Retried;
use domain::ports::store::SignalRecord;
use domain::signal::Signal;

use super::{Column, Get, whole};

/// A judged signal, with what came of it.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    /// The signal, and what came of it live.
    pub record: SignalRecord,
    /// What came of it when it was tried again, where that is what is told.
    pub retried: Option<Retried>,
}

type Of = OutcomeRow;

fn signal(of: &Of) -> &Signal {
    &of.record.signal
}

fn again(of: &Of) -> Option<&Retried> {
    of.retried.as_ref()
}

fn told(of: &Of) -> Option<&Outcome> {
    let retried = again(of).map(|retried| &retried.outcome);
    retried.or(of.record.outcome.as_ref())
}

fn low(of: &Of) -> Option<&BoundResult> {
    told(of).map(|outcome| &outcome.pessimistic)
}

fn high(of: &Of) -> Option<&BoundResult> {
    told(of).map(|outcome| &outcome.optimistic)
}

/// The columns. What carries no other word is of the pessimistic bound, the one that counts.
pub static OUTCOMES: &[Column<Of>] = &[
    Column::new("signal", Get::Text(|of| Some(signal(of).id.to_string()))),
    Column::new(
        "channel",
        Get::Text(|of| Some(signal(of).channel.to_string())),
    ),
    Column::new(
        "origin",
        Get::Text(|of| Some(signal(of).origin.to_string())),
    ),
    Column::new(
        "symbol",
        Get::Text(|of| Some(signal(of).instrument.pair.to_string())),
    ),
    Column::new(
        "judged_on",
        Get::Text(|of| Some(signal(of).instrument.to_string())),
    ),
    Column::new("substituted", Get::Flag(|of| Some(signal(of).substituted))),
    Column::new("side", Get::Text(|of| Some(signal(of).side.to_string()))),
    Column::new("received", Get::Instant(|of| Some(signal(of).received))),
    Column::new("edited", Get::Flag(|of| Some(of.record.edited))),
    Column::new("deleted", Get::Flag(|of| Some(of.record.deleted))),
    Column::new("model", Get::Text(|of| Some(told(of)?.model.to_owned()))),
    Column::new("policy", Get::Whole(|of| Some(told(of)?.policy?.into()))),
    Column::new(
        "revision",
        Get::Whole(|of| Some(again(of)?.revision.into())),
    ),
    Column::new("prices", Get::Text(|of| Some(again(of)?.source.clone()))),
    Column::new(
        "interval_s",
        Get::Whole(|of| whole(again(of)?.seen.span.as_secs())),
    ),
    Column::new("gaps", Get::Whole(|of| whole(again(of)?.seen.gaps))),
    Column::new("ambiguous", Get::Flag(|of| Some(told(of)?.ambiguous))),
    Column::new("incomplete", Get::Flag(|of| Some(told(of)?.incomplete))),
    Column::new(
        "state",
        Get::Text(|of| Some(low(of)?.ending.label().to_owned())),
    ),
    Column::new("r", Get::Exact(|of| low(of)?.r)),
    Column::new("filled", Get::Exact(|of| Some(low(of)?.filled))),
    Column::new(
        "targets_hit",
        Get::Whole(|of| Some(low(of)?.targets.into())),
    ),
    Column::new("entered_at", Get::Instant(|of| low(of)?.entered_at)),
    Column::new("ended_at", Get::Instant(|of| Some(low(of)?.ended_at))),
    Column::new("held_s", Get::Whole(|of| whole(low(of)?.held()?.as_secs()))),
    Column::new("mfe", Get::Exact(|of| low(of)?.mfe)),
    Column::new("mae", Get::Exact(|of| low(of)?.mae)),
    Column::new(
        "optimistic_state",
        Get::Text(|of| Some(high(of)?.ending.label().to_owned())),
    ),
    Column::new("optimistic_r", Get::Exact(|of| high(of)?.r)),
    Column::new("optimistic_filled", Get::Exact(|of| Some(high(of)?.filled))),
    Column::new(
        "optimistic_targets_hit",
        Get::Whole(|of| Some(high(of)?.targets.into())),
    ),
    Column::new(
        "optimistic_entered_at",
        Get::Instant(|of| high(of)?.entered_at),
    ),
    Column::new(
        "optimistic_ended_at",
        Get::Instant(|of| Some(high(of)?.ended_at)),
    ),
    Column::new(
        "optimistic_held_s",
        Get::Whole(|of| whole(high(of)?.held()?.as_secs())),
    ),
    Column::new("optimistic_mfe", Get::Exact(|of| high(of)?.mfe)),
    Column::new("optimistic_mae", Get::Exact(|of| high(of)?.mae)),
];
