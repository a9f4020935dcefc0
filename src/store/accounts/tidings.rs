//! What the till told: kept once, and until it has been dealt with.

use domain::ports::store::StoreError;
use domain::ports::till::{Tidings, Told};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::NEVER;
use crate::store::SqlStore;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, limit as most, values};

const KEEP: &str = "INSERT INTO payment_events (id, kind, object, body, received, due, attempts) \
     VALUES ($1, $2, $3, $4, $5, $5, 0) ON CONFLICT (id) DO NOTHING";

const DUE: &str = "SELECT id, kind, object, body, received, attempts FROM payment_events \
     WHERE done IS NULL AND due <= $1 ORDER BY due, received, id LIMIT $2";

const TAKE: &str = "UPDATE payment_events SET due = $2, attempts = attempts + 1 WHERE id = $1";

const DONE: &str = "UPDATE payment_events SET done = $2, failure = NULL WHERE id = $1";

const FAILED: &str = "UPDATE payment_events SET failure = $2, due = $3 WHERE id = $1";

#[async_trait::async_trait]
impl<D: Database> Tidings for SqlStore<D> {
    async fn keep_told(&self, told: &Told) -> Result<bool, StoreError> {
        let mut session = self.database.write().await?;
        let values = values![
            &told.id,
            &told.kind,
            told.object.clone(),
            &told.body,
            told.received
        ];
        let kept = session.tell(SqlStr::from_static(KEEP), values).await? == 1;
        session.commit().await?;
        Ok(kept)
    }

    async fn take_told(
        &self,
        now: Timestamp,
        again: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Told, u32)>, StoreError> {
        let mut session = self.database.write().await?;
        let values = values![now, most(limit)];
        let rows = session.ask(SqlStr::from_static(DUE), values).await?;
        let due: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
        for (told, _) in &due {
            let values = values![&told.id, again];
            session.tell(SqlStr::from_static(TAKE), values).await?;
        }
        session.commit().await?;
        Ok(due)
    }

    async fn dealt_with(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        session
            .tell(SqlStr::from_static(DONE), values![id, now])
            .await?;
        session.commit().await
    }

    async fn not_dealt_with(
        &self,
        id: &str,
        why: &str,
        again: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        let values = values![id, why, again.unwrap_or(NEVER)];
        session.tell(SqlStr::from_static(FAILED), values).await?;
        session.commit().await
    }
}

fn read<R: Row>(row: &R) -> Result<(Told, u32), StoreError> {
    let told = Told {
        id: columns::text(row, "id")?,
        kind: columns::text(row, "kind")?,
        object: row.text("object")?,
        body: columns::text(row, "body")?,
        received: columns::time(row, "received")?,
    };
    Ok((told, columns::whole(row, "attempts")?))
}
