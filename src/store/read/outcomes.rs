//! Reading outcomes and tracks: what came of a signal, and where the market is with it.

use domain::ids::SignalId;
use domain::lifecycle::{BoundResult, Outcome};
use domain::ports::store::{StoreError, TrackRecord};

use crate::store::database::Row;
use crate::store::{columns, shape};

/// The columns of one bound, by what stands before their names.
struct Bound {
    ending: &'static str,
    r: &'static str,
    filled: &'static str,
    targets: &'static str,
    entered_at: &'static str,
    ended_at: &'static str,
    mfe: &'static str,
    mae: &'static str,
}

const PESSIMISTIC: Bound = Bound {
    ending: "p_ending",
    r: "p_r",
    filled: "p_filled",
    targets: "p_targets",
    entered_at: "p_entered_at",
    ended_at: "p_ended_at",
    mfe: "p_mfe",
    mae: "p_mae",
};

const OPTIMISTIC: Bound = Bound {
    ending: "o_ending",
    r: "o_r",
    filled: "o_filled",
    targets: "o_targets",
    entered_at: "o_entered_at",
    ended_at: "o_ended_at",
    mfe: "o_mfe",
    mae: "o_mae",
};

/// The outcome in a row that joins one, where it does.
pub(super) fn outcome<R: Row>(row: &R) -> Result<Option<Outcome>, StoreError> {
    let Some(model) = row.text("outcome_model")? else {
        return Ok(None);
    };
    let policy = columns::maybe_whole(row, "outcome_policy")?;
    let told = ["outcome_ambiguous", "outcome_incomplete"];
    of_model(row, &model, policy, told).map(Some)
}

/// The outcome under a model, by some rules; whether it is ambiguous and incomplete stands in the columns `told`.
pub(super) fn of_model<R: Row>(
    row: &R,
    model: &str,
    policy: Option<u32>,
    told: [&str; 2],
) -> Result<Outcome, StoreError> {
    Ok(Outcome {
        model: shape::lasting(model),
        policy,
        pessimistic: bound(row, &PESSIMISTIC)?,
        optimistic: bound(row, &OPTIMISTIC)?,
        ambiguous: columns::flag(row, told[0])?,
        incomplete: columns::flag(row, told[1])?,
    })
}

fn bound<R: Row>(row: &R, columns_of: &Bound) -> Result<BoundResult, StoreError> {
    Ok(BoundResult {
        ending: columns::ending(row, columns_of.ending)?,
        r: columns::maybe_decimal(row, columns_of.r)?,
        filled: columns::decimal(row, columns_of.filled)?,
        targets: columns::whole(row, columns_of.targets)?,
        entered_at: columns::maybe_time(row, columns_of.entered_at)?,
        ended_at: columns::time(row, columns_of.ended_at)?,
        mfe: columns::maybe_decimal(row, columns_of.mfe)?,
        mae: columns::maybe_decimal(row, columns_of.mae)?,
    })
}

/// A row of `tracks`.
pub(super) fn track<R: Row>(row: &R) -> Result<TrackRecord, StoreError> {
    let signal: SignalId = columns::parsed(row, "signal", |id| shape::signal_id(id).ok())?;
    let track = shape::read_snapshot(&columns::text(row, "snapshot")?)
        .map_err(|error| StoreError::Unknown(format!("the track of signal {signal}: {error}")))?;
    Ok(TrackRecord {
        signal,
        step: columns::whole(row, "step")?,
        heard: columns::seq(row, "heard")?,
        track,
    })
}
