//! A commit: one transaction for everything that was handed in.

use std::sync::Arc;

use domain::event::{Event, Happening, Told};
use domain::ids::{ChannelId, Cursor, Epoch, Seq};
use domain::ports::store::{Entry, Receipt, StoreError};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::columns;
use super::database::{Database, Row, Session, Value, values};
use super::shape;

mod assessments;
mod market;
mod posts;
mod project;
mod rows;
mod seal;

pub(super) use self::project::bound_values;
use self::rows::Rows;

const META: &str = "SELECT epoch, head FROM meta WHERE one = 1";

/// The head moves last and only from where it was found: no gap, and no second writer unnoticed.
const HEAD: &str = "UPDATE meta SET head = $1 WHERE one = 1 AND head = $2";

const EPOCH: &str = "UPDATE meta SET epoch = $1 WHERE one = 1";

const EVENTS: Rows = Rows {
    head: "INSERT INTO events (seq, signal, instrument, type, stored, body) VALUES ",
    width: 6,
    tail: "",
};

const TARGETS: Rows = Rows {
    head: "INSERT INTO targets (signal, k, price, weight) VALUES ",
    width: 4,
    tail: "",
};

const CURSOR: &str = "INSERT INTO cursors (channel, place) VALUES ($1, $2) \
     ON CONFLICT (channel) DO UPDATE SET place = excluded.place";

/// Which history a database holds, and how far it goes.
pub(crate) async fn meta<S: Session>(session: &mut S) -> Result<(Epoch, Seq), StoreError> {
    let rows = session.ask(SqlStr::from_static(META), values![]).await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::Unknown("the database has no epoch".to_owned()))?;
    let epoch = Epoch::new(columns::text(row, "epoch")?);
    Ok((epoch, columns::seq(row, "head")?))
}

/// Names the history anew.
pub(crate) async fn begin_epoch<D: Database>(
    database: &D,
    epoch: &Epoch,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    session
        .tell(SqlStr::from_static(EPOCH), values![epoch])
        .await?;
    session.commit().await
}

/// Stores the entries, or nothing of them.
pub(crate) async fn commit<D: Database>(
    database: &D,
    entries: &[Entry],
    now: Timestamp,
) -> Result<Vec<Receipt>, StoreError> {
    let mut session = database.write().await?;
    let (epoch, found) = meta(&mut session).await?;
    let mut desk = Desk {
        session,
        epoch,
        head: found,
        now,
        events: Vec::new(),
        targets: Vec::new(),
    };

    let mut receipts = Vec::with_capacity(entries.len());
    for entry in entries {
        receipts.push(match entry {
            Entry::Post(entry) => desk.post(entry).await?,
            Entry::Market(entry) => desk.market(entry).await?,
            Entry::Cursor(channel, cursor) => {
                desk.cursor(channel, cursor).await?;
                Receipt::Stored(Vec::new())
            }
            Entry::Seal(entry) => desk.seal(entry).await?,
        });
    }

    desk.write_down().await?;
    let Desk {
        mut session, head, ..
    } = desk;
    if head != found {
        let moved = session
            .tell(SqlStr::from_static(HEAD), values![head, found])
            .await?;
        if moved != 1 {
            return Err(StoreError::Unreachable(
                "another writer moved the head of the stream".into(),
            ));
        }
    }
    session.commit().await?;
    Ok(receipts)
}

/// A transaction at work: what it has numbered so far.
struct Desk<S> {
    session: S,
    epoch: Epoch,
    head: Seq,
    now: Timestamp,
    /// Events that are numbered and not written yet, cell by cell: nothing reads them before the end.
    events: Vec<Value>,
    /// Targets that are not written yet, likewise.
    targets: Vec<Value>,
}

impl<S: Session> Desk<S> {
    async fn tell(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.session.tell(SqlStr::from_static(sql), values).await
    }

    async fn ask(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<S::Row>, StoreError> {
        let rows = self.session.ask(SqlStr::from_static(sql), values).await?;
        Ok(rows.into_iter().next())
    }

    async fn cursor(&mut self, channel: &ChannelId, cursor: &Cursor) -> Result<(), StoreError> {
        self.tell(CURSOR, values![channel, cursor]).await?;
        Ok(())
    }

    /// Writes what was held back, many rows at a time.
    async fn write_down(&mut self) -> Result<(), StoreError> {
        let (events, targets) = (
            std::mem::take(&mut self.events),
            std::mem::take(&mut self.targets),
        );
        self.tell_rows(&TARGETS, targets).await?;
        self.tell_rows(&EVENTS, events).await?;
        Ok(())
    }

    /// Gives each happening its place in the stream, and brings the tables up to date with it.
    async fn publish(&mut self, happenings: &[Happening]) -> Result<Receipt, StoreError> {
        let mut events = Vec::with_capacity(happenings.len());
        for happening in happenings {
            self.head = self.head.next();
            self.project(happening).await?;
            self.events.extend(values![
                self.head,
                happening.signal,
                &happening.instrument,
                happening.body.label(),
                self.now,
                shape::write_body(happening),
            ]);
            events.push(Arc::new(Event {
                epoch: self.epoch.clone(),
                seq: self.head,
                stored: self.now,
                told: Told::Happening(happening.clone()),
            }));
        }
        Ok(Receipt::Stored(events))
    }
}

/// An entry that contradicts what is stored or itself.
fn refused(why: String) -> StoreError {
    StoreError::Refused(why.into())
}

/// A whole number of a row; none where there is no row.
fn number<R: Row>(row: Option<&R>, column: &str) -> Result<Option<i64>, StoreError> {
    row.map_or(Ok(None), |row| row.int(column))
}
