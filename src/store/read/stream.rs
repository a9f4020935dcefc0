//! Reading the stream: its ends, and its events in order.

use std::sync::Arc;

use domain::event::Event;
use domain::ids::{Epoch, Seq, SignalId};
use domain::market::Instrument;
use domain::ports::store::{Span, StoreError};
use sqlx::SqlStr;

use super::Question;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, values};
use crate::store::{shape, write};

const FIRST: &str = "SELECT MIN(seq) AS first FROM events";

/// The epoch stands in one row beside them all.
const EVENTS: &str = "SELECT e.seq, e.stored, e.body, m.epoch FROM events e CROSS JOIN meta m";

pub(crate) async fn span<D: Database>(database: &D) -> Result<Span, StoreError> {
    let mut session = database.read().await?;
    let (epoch, head) = write::meta(&mut session).await?;
    let rows = session.ask(SqlStr::from_static(FIRST), values![]).await?;
    let first = rows
        .first()
        .map_or(Ok(None), |row| columns::maybe_whole(row, "first"))?;
    Ok(Span {
        epoch,
        first: first.map_or(head.next(), Seq::new),
        head,
    })
}

pub(crate) async fn events<D: Database>(
    database: &D,
    after: Seq,
    limit: usize,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let question = Question::new(EVENTS).and("e.seq >", after);
    ask(database, question.then("ORDER BY e.seq").limit(limit)).await
}

pub(crate) async fn events_on<D: Database>(
    database: &D,
    instrument: &Instrument,
    after: Seq,
    limit: usize,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let question = Question::new(EVENTS)
        .and("e.instrument =", instrument)
        .and("e.seq >", after);
    ask(database, question.then("ORDER BY e.seq").limit(limit)).await
}

pub(crate) async fn events_of<D: Database>(
    database: &D,
    signal: SignalId,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let question = Question::new(EVENTS).and("e.signal =", signal);
    ask(database, question.then("ORDER BY e.seq")).await
}

async fn ask<D: Database>(database: &D, question: Question) -> Result<Vec<Arc<Event>>, StoreError> {
    let mut session = database.read().await?;
    let rows = question.ask(&mut session).await?;
    rows.iter().map(event).collect()
}

fn event<R: Row>(row: &R) -> Result<Arc<Event>, StoreError> {
    let seq = columns::seq(row, "seq")?;
    let told = shape::read_body(&columns::text(row, "body")?)
        .map_err(|error| StoreError::Unknown(format!("event {seq}: {error}")))?;
    Ok(Arc::new(Event {
        epoch: Epoch::new(columns::text(row, "epoch")?),
        seq,
        stored: columns::time(row, "stored")?,
        told,
    }))
}
