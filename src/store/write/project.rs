//! Projections: the tables that say at a glance what the events tell in full.

use domain::event::{Body, Happening};
use domain::ids::SignalId;
use domain::lifecycle::{BoundResult, Change, Outcome, State, What};
use domain::market::Price;
use domain::ports::store::StoreError;
use domain::post::Action;
use domain::reading::Entry;
use domain::score::Score;
use domain::signal::Signal;

use super::{Desk, refused};
use crate::store::columns;
use crate::store::database::{Session, Value, values};
use crate::store::shape::Kept as _;

const SIGNAL: &str = "INSERT INTO signals (id, seq, channel, post, origin, instrument, pair, \
     substituted, side, entry, entry_low, entry_high, stop, leverage, breakeven_after, posted, \
     received, expires_at, held_at_most, price_at_receipt, ambiguous, score_model, score_targets, \
     score_first, score_expected_r, state, entry_rungs, score_skill, score_moved, state_k, ended, \
     judged, edited, deleted) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
     $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, NULL, FALSE, FALSE, FALSE, FALSE)";

const STATE: &str = "UPDATE signals SET state = $2, state_k = $3, ended = $4 WHERE id = $1";

const JUDGED: &str = "UPDATE signals SET judged = TRUE WHERE id = $1";

const EDITED: &str = "UPDATE signals SET edited = TRUE WHERE id = $1";

const DELETED: &str = "UPDATE signals SET deleted = TRUE WHERE id = $1";

const OUTCOME: &str = "INSERT INTO outcomes (signal, model, policy, ambiguous, incomplete, \
     p_ending, p_ending_k, p_r, p_filled, p_targets, p_entered_at, p_ended_at, p_mfe, p_mae, \
     o_ending, o_ending_k, o_r, o_filled, o_targets, o_entered_at, o_ended_at, o_mfe, o_mae, place) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
     $19, $20, $21, $22, $23, $24)";

impl<S: Session> Desk<S> {
    pub(super) async fn project(&mut self, happening: &Happening) -> Result<(), StoreError> {
        let id = happening.signal;
        match &happening.body {
            Body::Signal { signal, score } => self.signal(signal, score.as_ref()).await,
            Body::Instruction { .. } => Ok(()),
            Body::Revision { action, .. } => match action {
                Action::Deleted => self.touch(id, DELETED, values![id]).await,
                // Webhooks and feeds do not say that they edit: they bring the post once more.
                Action::Edited | Action::Original | Action::Forwarded => {
                    self.touch(id, EDITED, values![id]).await
                }
            },
            Body::Progress(change) => self.progress(id, change).await,
        }
    }

    async fn signal(&mut self, signal: &Signal, score: Option<&Score>) -> Result<(), StoreError> {
        let (low, high) = entry_columns(&signal.entry);
        let held = i64::try_from(signal.held_at_most.as_micros()).unwrap_or(i64::MAX);
        let (state, _) = columns::state_columns(State::Pending);
        let values = values![
                signal.id,
                self.head,
                &signal.channel,
                &signal.post,
                signal.origin.label(),
                &signal.instrument,
                signal.instrument.pair.to_string(),
                signal.substituted,
                signal.side.label(),
                signal.entry.label(),
                low,
                high,
                signal.stop,
                signal.leverage,
                signal.breakeven_after,
                signal.posted,
                signal.received,
                signal.expires_at,
                held,
                signal.price_at_receipt,
                signal.ambiguous,
                score.map(|score| score.model.as_str()),
                score.map(|score| score.targets.keep().to_string()),
                score.and_then(Score::first_target),
                score.and_then(|score| score.expected_r),
                state,
                rungs(&signal.entry),
                score.and_then(|score| score.skill),
                score.and_then(
                    |score| (!score.moved.is_empty()).then(|| score.moved.keep().to_string())
                ),
            ];
        self.tell(SIGNAL, values).await?;
        for (k, target) in (1_i64..).zip(&signal.targets) {
            let cells = values![signal.id, k, target.price, target.weight];
            self.targets.extend(cells);
        }
        Ok(())
    }

    async fn progress(&mut self, id: SignalId, change: &Change) -> Result<(), StoreError> {
        let (state, k) = columns::state_columns(change.state);
        let ended = matches!(change.state, State::Ended(_));
        self.touch(id, STATE, values![id, state, k, ended]).await?;
        match &change.what {
            What::Judged(outcome) => {
                self.touch(id, JUDGED, values![id]).await?;
                let mut values = outcome_values(id, outcome);
                values.push(self.head.into());
                self.tell(OUTCOME, values).await?;
                Ok(())
            }
            What::Filled { .. }
            | What::Target { .. }
            | What::StopMoved { .. }
            | What::Retargeted
            | What::EntryMoved { .. }
            | What::Reduced { .. }
            | What::Ignored { .. }
            | What::Ended { .. } => Ok(()),
        }
    }

    /// Changes a signal that must be there.
    async fn touch(
        &mut self,
        id: SignalId,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        match self.tell(sql, values).await? {
            1 => Ok(()),
            _ => Err(refused(format!("there is no signal {id}"))),
        }
    }
}

/// An entry's prices. Only a zone has two.
fn entry_columns(entry: &Entry) -> (Option<Price>, Option<Price>) {
    match *entry {
        Entry::Market(price) => (price, None),
        Entry::Limit(price) | Entry::Breakout(price) => (Some(price), None),
        Entry::Zone { low, high } | Entry::Scaled { low, high } => (Some(low), Some(high)),
        Entry::Ladder(ladder) => ladder.bounds().unzip(),
    }
}

/// A ladder's orders, as text.
fn rungs(entry: &Entry) -> Option<String> {
    if let Entry::Ladder(ladder) = entry {
        Some(ladder.keep().to_string())
    } else {
        None
    }
}

fn outcome_values(id: SignalId, outcome: &Outcome) -> Vec<Value> {
    let Outcome {
        model,
        policy,
        pessimistic,
        optimistic,
        ambiguous,
        incomplete,
    } = outcome;
    let mut values = values![id, *model, *policy, *ambiguous, *incomplete];
    values.extend(bound_values(pessimistic));
    values.extend(bound_values(optimistic));
    values
}

pub(in crate::store) fn bound_values(result: &BoundResult) -> Vec<Value> {
    let (ending, k) = columns::ending_columns(result.ending);
    values![
        ending,
        k,
        result.r,
        result.filled,
        result.targets,
        result.entered_at,
        result.ended_at,
        result.mfe,
        result.mae,
    ]
}
