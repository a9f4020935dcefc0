//! Ranges: the parts of the stream's table, made ahead and dropped as a whole.

use std::sync::atomic::Ordering;

use domain::ids::Seq;
use domain::ports::store::StoreError;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::Postgres;
use super::session::failure;

/// How many numbers one range holds.
pub(super) const USUAL: u32 = 1_000_000;

/// No commit gives more numbers than this share of a range: at half of it the next one is made.
const AHEAD: i64 = 2;

/// The head, locked until the transaction ends: writers come one after the other.
const LOCK: &str = "SELECT head FROM meta WHERE one = 1 FOR UPDATE";

const RANGES: &str = "SELECT child.relname AS name, \
     pg_get_expr(child.relpartbound, child.oid) AS bound \
     FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid \
     WHERE inhparent = 'events'::regclass";

/// Takes the turn to write, and makes sure that the numbers that come have a range.
pub(super) async fn prepare(
    database: &Postgres,
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    let head: i64 = sqlx::query_scalar(LOCK)
        .fetch_one(&mut *connection)
        .await
        .map_err(failure)?;
    let wanted = head + database.range / AHEAD + 1;
    if wanted < database.ready.load(Ordering::Acquire) {
        return Ok(());
    }
    make(database, connection, wanted).await
}

/// Makes ranges for a stream that is copied, up to its head.
pub(super) async fn reach(
    database: &Postgres,
    connection: &mut PgConnection,
    head: Seq,
) -> Result<(), StoreError> {
    let head = i64::try_from(head.get()).unwrap_or(i64::MAX / AHEAD);
    make(database, connection, head + database.range / AHEAD + 1).await
}

async fn make(
    database: &Postgres,
    connection: &mut PgConnection,
    wanted: i64,
) -> Result<(), StoreError> {
    // Another node may have made them since, with another size: what is there counts.
    let mut ready = end(connection).await?;
    if ready > wanted {
        database.ready.store(ready, Ordering::Release);
    }
    while ready <= wanted {
        let next = ready + database.range;
        // `CREATE TABLE … PARTITION OF` would wait for everybody who reads the stream, and a dump reads
        // it for hours; a table that is attached waits for no reader.
        for make in [
            format!(
                "CREATE TABLE events_{ready} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
            ),
            format!(
                "ALTER TABLE events ATTACH PARTITION events_{ready} FOR VALUES FROM ({ready}) TO ({next})"
            ),
        ] {
            sqlx::query(AssertSqlSafe(make))
                .execute(&mut *connection)
                .await
                .map_err(failure)?;
        }
        ready = next;
    }
    // What was made here counts once the next writer finds it: this transaction may come to nothing.
    Ok(())
}

/// The first number that has no range.
async fn end(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let last = ranges(connection).await?.into_iter().map(|range| range.to);
    Ok(last.max().unwrap_or(0))
}

struct Range {
    name: String,
    from: i64,
    to: i64,
}

async fn ranges(connection: &mut PgConnection) -> Result<Vec<Range>, StoreError> {
    let rows = sqlx::query(RANGES)
        .fetch_all(connection)
        .await
        .map_err(failure)?;
    rows.iter()
        .map(|row| {
            let bound: String = row.try_get("bound").map_err(failure)?;
            let (from, to) = ends(&bound)
                .ok_or_else(|| StoreError::Unknown(format!("a range of events that is {bound}")))?;
            let name = row.try_get("name").map_err(failure)?;
            Ok(Range { name, from, to })
        })
        .collect()
}

/// `FOR VALUES FROM ('0') TO ('1000000')`.
fn ends(bound: &str) -> Option<(i64, i64)> {
    let (from, to) = bound
        .strip_prefix("FOR VALUES FROM (")?
        .strip_suffix(')')?
        .split_once(") TO (")?;
    let number = |text: &str| text.trim_matches('\'').parse().ok();
    Some((number(from)?, number(to)?))
}

/// Drops the ranges that lie below a number.
pub(super) async fn forget_below(database: &Postgres, seq: Seq) -> Result<Seq, StoreError> {
    let mut transaction = database.writers.begin().await.map_err(failure)?;
    let head: i64 = sqlx::query_scalar(LOCK)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failure)?;
    let below = i64::try_from(seq.get()).unwrap_or(i64::MAX).min(head);
    let mut first = None;
    for range in ranges(&mut transaction).await? {
        if range.to <= below {
            let name = range.name.replace('"', "\"\"");
            let drop = format!("DROP TABLE \"{name}\"");
            sqlx::query(AssertSqlSafe(drop))
                .execute(&mut *transaction)
                .await
                .map_err(failure)?;
        } else {
            first = Some(first.map_or(range.from, |first: i64| first.min(range.from)));
        }
    }
    transaction.commit().await.map_err(failure)?;
    let first = first.and_then(|first| u64::try_from(first).ok());
    Ok(Seq::new(first.unwrap_or(0)))
}
