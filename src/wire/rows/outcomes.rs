//! The table of outcomes: what came of each judged signal, in both bounds.

use domain::lifecycle::{BoundResult, Outcome};
use domain::ports::store::SignalRecord;

use super::{Column, Get};

type Of = SignalRecord;

fn told(of: &Of) -> Option<&Outcome> {
    of.outcome.as_ref()
}

fn low(of: &Of) -> Option<&BoundResult> {
    told(of).map(|outcome| &outcome.pessimistic)
}

fn high(of: &Of) -> Option<&BoundResult> {
    told(of).map(|outcome| &outcome.optimistic)
}

/// The columns. What carries no other word is of the pessimistic bound, the one that counts.
pub static OUTCOMES: &[Column<Of>] = &[
    Column::new("signal", Get::Text(|of| Some(of.signal.id.to_string()))),
    Column::new(
        "channel",
        Get::Text(|of| Some(of.signal.channel.to_string())),
    ),
    Column::new("origin", Get::Text(|of| Some(of.signal.origin.to_string()))),
    Column::new(
        "symbol",
        Get::Text(|of| Some(of.signal.instrument.pair.to_string())),
    ),
    Column::new(
        "judged_on",
        Get::Text(|of| Some(of.signal.instrument.to_string())),
    ),
    Column::new("substituted", Get::Flag(|of| Some(of.signal.substituted))),
    Column::new("side", Get::Text(|of| Some(of.signal.side.to_string()))),
    Column::new("received", Get::Instant(|of| Some(of.signal.received))),
    Column::new("edited", Get::Flag(|of| Some(of.edited))),
    Column::new("deleted", Get::Flag(|of| Some(of.deleted))),
    Column::new("model", Get::Text(|of| Some(told(of)?.model.to_owned()))),
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
    Column::new("optimistic_mfe", Get::Exact(|of| high(of)?.mfe)),
    Column::new("optimistic_mae", Get::Exact(|of| high(of)?.mae)),
];
