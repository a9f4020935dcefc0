//! The predictions over a database.

use std::time::Duration;

use domain::ids::SignalId;
use domain::ports::predictions::{Fulfilled, Predictions, Promotion, Spoken};
use domain::ports::store::StoreError;
use domain::post::Origin;
use domain::score::{Score, Seen};
use domain::time::Timestamp;
use rust_decimal::prelude::ToPrimitive as _;
use sqlx::SqlStr;

use super::SqlStore;
use super::columns;
use super::database::{Database, Row, Session, limit as most, values};
use super::shape::{self, Kept as _};

const SPOKEN: &str = "SELECT model, COUNT(*) AS said, COUNT(*) FILTER (WHERE speaks) AS spoke \
     FROM predictions GROUP BY model ORDER BY model";

const FULFILLED: &str = "SELECT p.signal, p.first, p.expected_r, s.received, s.expires_at, s.held_at_most, \
     o.p_entered_at, o.p_ended_at, o.p_targets, o.p_r FROM predictions p \
     JOIN signals s ON s.id = p.signal JOIN outcomes o ON o.signal = p.signal \
     WHERE p.model = $1 AND s.origin = $2 AND s.expires_at <= $3 AND p.first IS NOT NULL \
     AND o.p_entered_at IS NOT NULL AND NOT o.incomplete \
     ORDER BY p.predicted DESC, p.signal LIMIT $4";

const TAUGHT: &str = "SELECT COUNT(*) AS n FROM seen e JOIN signals s ON s.id = e.signal \
     JOIN outcomes o ON o.signal = e.signal WHERE s.origin = $1 AND e.schema = $2 \
     AND s.expires_at > $3 AND s.expires_at <= $4 AND o.p_entered_at IS NOT NULL AND NOT o.incomplete";

const SEEN: &str = "SELECT schema, vector FROM seen WHERE signal = $1";

const TRIED: &str = "SELECT model, targets, expected_r, skill, moved FROM predictions \
     WHERE signal = $1 AND NOT speaks ORDER BY model";

const PROMOTION: &str = "SELECT model, promoted, why FROM promotions WHERE origin = $1 \
     ORDER BY revision DESC LIMIT 1";

const PROMOTE: &str = "INSERT INTO promotions (origin, revision, model, promoted, why) \
     SELECT $1, (SELECT COALESCE(MAX(x.revision), 0) + 1 FROM promotions x WHERE x.origin = $1), \
     $2, $3, $4";

#[async_trait::async_trait]
impl<D: Database> Predictions for SqlStore<D> {
    async fn spoken(&self) -> Result<Vec<Spoken>, StoreError> {
        let mut session = self.database.read().await?;
        let rows = session.ask(SqlStr::from_static(SPOKEN), values![]).await?;
        rows.iter()
            .map(|row| {
                Ok(Spoken {
                    model: columns::text(row, "model")?.into(),
                    said: columns::whole(row, "said")?,
                    spoke: columns::whole(row, "spoke")?,
                })
            })
            .collect()
    }

    async fn fulfilled(
        &self,
        model: &str,
        origin: Origin,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Fulfilled>, StoreError> {
        let mut session = self.database.read().await?;
        let values = values![model, origin.label(), until, most(limit)];
        let rows = session.ask(SqlStr::from_static(FULFILLED), values).await?;
        rows.iter().map(fulfilled).collect()
    }

    async fn taught(
        &self,
        origin: Origin,
        schema: &str,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut session = self.database.read().await?;
        let values = values![origin.label(), schema, after, until];
        let rows = session.ask(SqlStr::from_static(TAUGHT), values).await?;
        rows.first().map_or(Ok(0), |row| columns::whole(row, "n"))
    }

    async fn seen(&self, signal: SignalId) -> Result<Option<Seen>, StoreError> {
        let mut session = self.database.read().await?;
        let rows = session
            .ask(SqlStr::from_static(SEEN), values![signal])
            .await?;
        rows.first()
            .map(|row| {
                Ok(Seen {
                    schema: columns::text(row, "schema")?.into(),
                    values: columns::parsed(row, "vector", numbers)?,
                })
            })
            .transpose()
    }

    async fn tried(&self, signal: SignalId) -> Result<Vec<Score>, StoreError> {
        let mut session = self.database.read().await?;
        let rows = session
            .ask(SqlStr::from_static(TRIED), values![signal])
            .await?;
        rows.iter().map(tried).collect()
    }

    async fn promotion(&self, origin: Origin) -> Result<Option<Promotion>, StoreError> {
        let mut session = self.database.read().await?;
        let values = values![origin.label()];
        let rows = session.ask(SqlStr::from_static(PROMOTION), values).await?;
        rows.first()
            .map(|row| {
                Ok(Promotion {
                    model: columns::text(row, "model")?,
                    at: columns::time(row, "promoted")?,
                    why: columns::text(row, "why")?,
                })
            })
            .transpose()
    }

    async fn promote(&self, origin: Origin, promotion: &Promotion) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        let values = values![
            origin.label(),
            promotion.model.as_str(),
            promotion.at,
            promotion.why.as_str(),
        ];
        session.tell(SqlStr::from_static(PROMOTE), values).await?;
        session.commit().await
    }
}

/// Numbers as they were kept; null is unknown.
fn numbers(json: &str) -> Option<Vec<f32>> {
    let values: Vec<Option<f32>> = serde_json::from_str(json).ok()?;
    Some(
        values
            .into_iter()
            .map(|value| value.unwrap_or(f32::NAN))
            .collect(),
    )
}

fn tried<R: Row>(row: &R) -> Result<Score, StoreError> {
    Ok(Score {
        model: columns::text(row, "model")?.into(),
        targets: columns::parsed(row, "targets", |json| {
            Vec::read(serde_json::from_str(json).ok()?).ok()
        })?,
        expected_r: row.real("expected_r")?,
        skill: row.real("skill")?,
        moved: columns::parsed(row, "moved", |json| {
            Vec::read(serde_json::from_str(json).ok()?).ok()
        })?,
    })
}

fn fulfilled<R: Row>(row: &R) -> Result<Fulfilled, StoreError> {
    let targets: u8 = columns::whole(row, "p_targets")?;
    let first = row.real("first")?;
    let received = columns::time(row, "received")?;
    let held: u64 = columns::whole(row, "held_at_most")?;
    Ok(Fulfilled {
        signal: columns::parsed(row, "signal", |id| shape::signal_id(id).ok())?,
        received,
        entered: columns::time(row, "p_entered_at")?,
        ended: columns::time(row, "p_ended_at")?,
        due: columns::time(row, "expires_at")?.max(received) + Duration::from_micros(held),
        first: first.ok_or_else(|| columns::unknown("first", "nothing"))?,
        expected_r: row.real("expected_r")?,
        won: targets > 0,
        r: columns::maybe_decimal(row, "p_r")?.and_then(|r| r.to_f64()),
    })
}
