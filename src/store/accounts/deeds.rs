//! The log of what privileged people did: added to, and never changed.

use domain::account::Deed;
use domain::ports::store::StoreError;
use sqlx::SqlStr;

use crate::store::columns;
use crate::store::database::{Database, Row, Session, count, limit as most, values};

const RECORD: &str = "INSERT INTO deeds (number, at, actor, action, subject, detail) \
     SELECT (SELECT COALESCE(MAX(x.number), 0) + 1 FROM deeds x), $1, $2, $3, $4, $5";

const BEFORE: &str = "SELECT number, at, actor, action, subject, detail FROM deeds \
     WHERE number < $1 ORDER BY number DESC LIMIT $2";

pub(super) async fn record<D: Database>(database: &D, deed: &Deed) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    add(&mut session, deed).await?;
    session.commit().await
}

/// Adds a deed within a transaction.
pub(super) async fn add<S: Session>(session: &mut S, deed: &Deed) -> Result<(), StoreError> {
    let values = values![
        deed.at,
        &deed.actor,
        &deed.action,
        &deed.subject,
        &deed.detail
    ];
    session.tell(SqlStr::from_static(RECORD), values).await?;
    Ok(())
}

pub(super) async fn before<D: Database>(
    database: &D,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Deed)>, StoreError> {
    let mut session = database.read().await?;
    let values = values![before.map_or(i64::MAX, count), most(limit)];
    let rows = session.ask(SqlStr::from_static(BEFORE), values).await?;
    rows.iter().map(read).collect()
}

fn read<R: Row>(row: &R) -> Result<(u64, Deed), StoreError> {
    let deed = Deed {
        at: columns::time(row, "at")?,
        actor: columns::text(row, "actor")?,
        action: columns::text(row, "action")?,
        subject: columns::text(row, "subject")?,
        detail: columns::text(row, "detail")?,
    };
    Ok((columns::whole(row, "number")?, deed))
}
