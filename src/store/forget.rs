//! Forgetting: the old part of the stream goes, and with it the proof of every step of old signals.
//! Posts, signals and outcomes stay; so does everything about a signal that is not judged yet.

use domain::ids::Seq;
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::columns;
use super::database::{Database, Row as _, Session, Value, values};
use super::{Opened, SqlStore};

/// The first number that may have to stay: the oldest event since an instant, the oldest signal that
/// is not judged, the first that no seal covers (where days are sealed), or the head.
const KEPT: &str = "SELECT (SELECT MIN(seq) FROM events WHERE stored >= $1) AS fresh, \
     (SELECT MIN(seq) FROM signals WHERE NOT judged) AS unjudged, \
     (SELECT MAX(through) + 1 FROM seals) AS unsealed, \
     (SELECT head FROM meta WHERE one = 1) AS head";

const SOME: &str = "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq < $1 \
     ORDER BY seq LIMIT 10000)";

/// What is left of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The first number that had to stay.
    pub wanted: Seq,
    /// The first number that is left; PostgreSQL drops whole ranges, so it may be smaller.
    pub first: Seq,
}

impl Opened {
    /// Drops the events that were stored before an instant, up to the first one about a signal that is
    /// not judged yet. On a server it may be done while the platform runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some of it may be forgotten then, and the rest at the next time.
    pub async fn forget(&self, before: Timestamp) -> Result<Forgotten, StoreError> {
        let (wanted, first) = match self {
            Self::Sqlite(store) => {
                let wanted = kept(&store.database, before).await?;
                delete_below(store, wanted).await?;
                (wanted, wanted)
            }
            Self::Postgres(store) => {
                let wanted = kept(&store.database, before).await?;
                (wanted, store.forget_below(wanted).await?)
            }
        };
        Ok(Forgotten { wanted, first })
    }
}

async fn kept<D: Database>(database: &D, before: Timestamp) -> Result<Seq, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(KEPT), values![before])
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| columns::unknown("head", "nothing"))?;
    let mut first = columns::seq(row, "head")?;
    for column in ["fresh", "unjudged", "unsealed"] {
        if let Some(seq) = row.int(column)? {
            first = first.min(Seq::new(u64::try_from(seq).unwrap_or(0)));
        }
    }
    Ok(first)
}

/// Some at a time, so that whoever writes meanwhile waits for a moment only.
async fn delete_below<D: Database>(store: &SqlStore<D>, first: Seq) -> Result<(), StoreError> {
    loop {
        let mut session = store.database.write().await?;
        let values = vec![Value::from(first)];
        let gone = session.tell(SqlStr::from_static(SOME), values).await?;
        session.commit().await?;
        if gone == 0 {
            return Ok(());
        }
    }
}
