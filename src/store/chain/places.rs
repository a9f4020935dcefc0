//! Places for records that have none, or one in a day that was sealed without them: a program that does
//! not know of places, or of records of this kind, may run beside this one for the time of a deploy, and
//! what was tried again before retrials had places still waits for one.

use domain::ports::store::StoreError;
use sqlx::SqlStr;

use super::seals;
use crate::store::columns;
use crate::store::database::{Database, Session, limit, values};
use crate::store::write;

const MISSING: &str = "SELECT 1 AS missing FROM versions WHERE place IS NULL UNION ALL \
     SELECT 1 AS missing FROM outcomes WHERE place IS NULL UNION ALL \
     SELECT 1 AS missing FROM retrials WHERE place IS NULL LIMIT 1";

/// The kinds of records that may wait for a place, and how many do.
const WAITING: [(&str, &str); 3] = [
    (
        "versions",
        "SELECT COUNT(*) AS n FROM versions WHERE place IS NULL",
    ),
    (
        "outcomes",
        "SELECT COUNT(*) AS n FROM outcomes WHERE place IS NULL",
    ),
    (
        "retrials",
        "SELECT COUNT(*) AS n FROM retrials WHERE place IS NULL",
    ),
];

const GIVE: [&str; 3] = [
    "UPDATE versions SET place = $1 WHERE (channel, key, version) IN \
     (SELECT channel, key, version FROM versions WHERE place IS NULL LIMIT $2)",
    "UPDATE outcomes SET place = $1 WHERE signal IN \
     (SELECT signal FROM outcomes WHERE place IS NULL LIMIT $2)",
    "UPDATE retrials SET place = $1 WHERE (signal, model, policy, revision) IN \
     (SELECT signal, model, policy, revision FROM retrials WHERE place IS NULL LIMIT $2)",
];

/// Gives records that have no place that of the next event, so that they belong to a day that is not
/// over. Says how many of one kind were given one, at most `most`.
pub(super) async fn give<D: Database>(database: &D, most: usize) -> Result<usize, StoreError> {
    let missing = {
        let mut session = database.read().await?;
        session
            .ask(SqlStr::from_static(MISSING), values![])
            .await?
            .len()
    };
    if missing == 0 {
        return Ok(0);
    }
    let mut session = database.write().await?;
    let (_, head) = write::meta(&mut session).await?;
    let mut given = 0;
    for sql in GIVE {
        let values = values![head.next(), limit(most)];
        given = given.max(session.tell(SqlStr::from_static(sql), values).await?);
    }
    session.commit().await?;
    Ok(usize::try_from(given).unwrap_or(most))
}

/// The records of these kinds after the last hashed one, of days that are sealed: $1 is the first place
/// that is not.
const LEFT_OUT: [(&str, &str); 3] = [
    (
        "SELECT 1 AS missing FROM versions WHERE place < $1 AND place > \
         (SELECT COALESCE(MAX(place), 0) FROM leaves WHERE record = 'versions') LIMIT 1",
        "UPDATE versions SET place = $1 WHERE (channel, key, version) IN \
         (SELECT channel, key, version FROM versions WHERE place < $2 AND place > \
         (SELECT COALESCE(MAX(place), 0) FROM leaves WHERE record = 'versions') LIMIT $3)",
    ),
    (
        "SELECT 1 AS missing FROM outcomes WHERE place < $1 AND place > \
         (SELECT COALESCE(MAX(place), 0) FROM leaves WHERE record = 'outcomes') LIMIT 1",
        "UPDATE outcomes SET place = $1 WHERE signal IN \
         (SELECT signal FROM outcomes WHERE place < $2 AND place > \
         (SELECT COALESCE(MAX(place), 0) FROM leaves WHERE record = 'outcomes') LIMIT $3)",
    ),
    (
        "SELECT 1 AS missing FROM retrials WHERE place < $1 AND place > \
         (SELECT COALESCE(MAX(place), 0) FROM leaves WHERE record = 'retrials') LIMIT 1",
        "UPDATE retrials SET place = $1 WHERE (signal, model, policy, revision) IN \
         (SELECT signal, model, policy, revision FROM retrials WHERE place < $2 AND place > \
         (SELECT COALESCE(MAX(place), 0) FROM leaves WHERE record = 'retrials') LIMIT $3)",
    ),
];

/// Gives records that a day was sealed without the place of the next event, too: an older program
/// sealed it, which does not know of them. Says how many of one kind were given one, at most `most`.
pub(super) async fn move_on<D: Database>(database: &D, most: usize) -> Result<usize, StoreError> {
    let mut session = database.read().await?;
    let Some(last) = seals::last(&mut session).await? else {
        return Ok(0);
    };
    let open = last.seal.sealed.through.next();
    let mut left_out = Vec::new();
    for (missing, give) in LEFT_OUT {
        let rows = session.ask(SqlStr::from_static(missing), values![open]);
        if !rows.await?.is_empty() {
            left_out.push(give);
        }
    }
    drop(session);
    if left_out.is_empty() {
        return Ok(0);
    }
    let mut session = database.write().await?;
    let (_, head) = write::meta(&mut session).await?;
    let mut given = 0;
    for sql in left_out {
        let values = values![head.next(), open, limit(most)];
        given = given.max(session.tell(SqlStr::from_static(sql), values).await?);
    }
    session.commit().await?;
    Ok(usize::try_from(given).unwrap_or(most))
}

/// How many records of each kind wait for a place, of the kinds of which some do.
pub(super) async fn waiting<D: Database>(
    database: &D,
) -> Result<Vec<(&'static str, u64)>, StoreError> {
    let mut session = database.read().await?;
    let mut waiting = Vec::new();
    for (table, sql) in WAITING {
        let rows = session.ask(SqlStr::from_static(sql), values![]).await?;
        let n = rows.first().map_or(Ok(0), |row| columns::whole(row, "n"))?;
        if n > 0 {
            waiting.push((table, n));
        }
    }
    Ok(waiting)
}
