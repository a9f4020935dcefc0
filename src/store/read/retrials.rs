//! Reading and keeping what came of signals when they were tried again.

use std::time::Duration;

use domain::ids::SignalId;
use domain::ports::retrial::{RetrialQuery, Retried};
use domain::ports::store::StoreError;
use domain::retrial::Seen;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::{Question, outcomes};
use crate::store::database::{Database, Row, Session, Value, count, values};
use crate::store::write::{self, bound_values};
use crate::store::{columns, shape};

const RETRIALS: &str = "SELECT r.signal, r.model, r.policy, r.revision, r.tried, r.source, r.span, \
     r.path_from, r.path_to, r.ticks, r.gaps, r.missing, r.ambiguous, r.incomplete, \
     r.p_ending, r.p_ending_k, r.p_r, r.p_filled, r.p_targets, r.p_entered_at, r.p_ended_at, \
     r.p_mfe, r.p_mae, r.o_ending, r.o_ending_k, r.o_r, r.o_filled, r.o_targets, r.o_entered_at, \
     r.o_ended_at, r.o_mfe, r.o_mae FROM retrials r";

const LATEST: &str = "r.revision = (SELECT MAX(x.revision) FROM retrials x \
     WHERE x.signal = r.signal AND x.model = r.model AND x.policy = r.policy)";

const RETRIAL: &str = "INSERT INTO retrials (signal, model, policy, revision, tried, source, span, \
     path_from, path_to, ticks, gaps, missing, ambiguous, incomplete, \
     p_ending, p_ending_k, p_r, p_filled, p_targets, p_entered_at, p_ended_at, p_mfe, p_mae, \
     o_ending, o_ending_k, o_r, o_filled, o_targets, o_entered_at, o_ended_at, o_mfe, o_mae, place) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
     $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";

const DONE: &str = "UPDATE signals SET retried = $2 WHERE id = $1";

const NEWEST: &str = "SELECT MAX(tried) AS tried FROM retrials";

/// How many signals are asked about at once: databases limit placeholders.
const AT_ONCE: usize = 500;

pub(crate) async fn matching<D: Database>(
    database: &D,
    query: &RetrialQuery,
) -> Result<Vec<Retried>, StoreError> {
    let mut session = database.read().await?;
    let mut found = Vec::new();
    for some in query.signals.chunks(AT_ONCE) {
        let some = some.iter().copied().map(Value::from);
        let mut question = Question::new(RETRIALS).among("r.signal", some);
        if let Some(model) = query.model {
            question = question.and("r.model =", model);
        }
        if let Some(policy) = query.policy {
            question = question.and("r.policy =", policy);
        }
        if !query.all {
            question = question.so(LATEST);
        }
        let question = question.then("ORDER BY r.signal, r.model, r.policy, r.revision");
        for row in question.ask(&mut session).await? {
            found.push(retried(&row)?);
        }
    }
    Ok(found)
}

pub(crate) async fn keep<D: Database>(
    database: &D,
    signal: SignalId,
    retried: &[Retried],
    done: Option<u32>,
) -> Result<usize, StoreError> {
    let mut session = database.write().await?;
    let place = write::meta(&mut session).await?.1.next();
    let mut kept = 0;
    for one in retried {
        let question = Question::new(RETRIALS)
            .and("r.signal =", signal)
            .and("r.model =", one.outcome.model)
            .and("r.policy =", one.policy);
        let newest = question.then("ORDER BY r.revision DESC").limit(1);
        let newest = newest.ask(&mut session).await?;
        let newest = newest.first().map(self::retried).transpose()?;
        let same = |known: &Retried| {
            known.outcome == one.outcome && known.seen == one.seen && known.source == one.source
        };
        if newest.as_ref().is_some_and(same) {
            continue;
        }
        let revision = newest.map_or(1, |known| known.revision + 1);
        let mut values = row(one, signal, revision);
        values.push(place.into());
        session.tell(SqlStr::from_static(RETRIAL), values).await?;
        kept += 1;
    }
    if let Some(policy) = done {
        let touched = session
            .tell(SqlStr::from_static(DONE), values![signal, policy])
            .await?;
        if touched != 1 {
            let why = format!("there is no signal {signal}");
            return Err(StoreError::Refused(why.into()));
        }
    }
    session.commit().await?;
    Ok(kept)
}

pub(crate) async fn newest<D: Database>(database: &D) -> Result<Option<Timestamp>, StoreError> {
    let mut session = database.read().await?;
    let rows = session.ask(SqlStr::from_static(NEWEST), values![]).await?;
    rows.first().map_or(Ok(None), |row| row.time("tried"))
}

fn row(one: &Retried, signal: SignalId, revision: u32) -> Vec<Value> {
    let Retried {
        policy,
        tried,
        source,
        seen,
        outcome,
        ..
    } = one;
    let mut values = values![
        signal,
        outcome.model,
        *policy,
        revision,
        *tried,
        source,
        micros(seen.span),
        seen.from,
        seen.to,
        count(seen.ticks),
        count(seen.gaps),
        micros(seen.missing),
        outcome.ambiguous,
        outcome.incomplete,
    ];
    values.extend(bound_values(&outcome.pessimistic));
    values.extend(bound_values(&outcome.optimistic));
    values
}

fn retried<R: Row>(row: &R) -> Result<Retried, StoreError> {
    let model = columns::text(row, "model")?;
    let policy = columns::whole(row, "policy")?;
    Ok(Retried {
        signal: columns::parsed(row, "signal", |id| shape::signal_id(id).ok())?,
        policy,
        revision: columns::whole(row, "revision")?,
        tried: columns::time(row, "tried")?,
        source: columns::text(row, "source")?,
        seen: Seen {
            from: columns::time(row, "path_from")?,
            to: columns::time(row, "path_to")?,
            span: Duration::from_micros(columns::whole(row, "span")?),
            ticks: columns::whole(row, "ticks")?,
            gaps: columns::whole(row, "gaps")?,
            missing: Duration::from_micros(columns::whole(row, "missing")?),
        },
        outcome: outcomes::of_model(row, &model, Some(policy), ["ambiguous", "incomplete"])?,
    })
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
