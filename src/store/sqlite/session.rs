//! A transaction of SQLite, and what its errors mean.

use domain::ports::store::StoreError;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use sqlx::SqlStr;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};

use super::Sqlite;
use crate::store::database::{Database, Session, Value, bound, row_of};

row_of!(SqliteRow, Micros, Canonical);

/// An instant as SQLite keeps it: microseconds as a whole number.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct Micros(i64);

impl From<Micros> for Timestamp {
    fn from(micros: Micros) -> Self {
        Self::from_micros(micros.0)
    }
}

/// An exact number as SQLite keeps it: a text, because it has no decimals.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct Canonical(String);

impl TryFrom<Canonical> for Decimal {
    type Error = rust_decimal::Error;

    fn try_from(text: Canonical) -> Result<Self, Self::Error> {
        Self::from_str_exact(&text.0)
    }
}

/// Binds values as SQLite keeps them.
macro_rules! kept {
    ($query:expr, $values:expr) => {
        bound!(
            $query,
            $values,
            Timestamp::as_micros,
            |exact: Decimal| exact.to_string(),
            std::convert::identity
        )
    };
}

/// A transaction of SQLite.
///
/// It is begun and ended by statements and not by sqlx, which counts transactions itself. After
/// some errors (a full disk, a failed write) SQLite rolls back of its own accord, the count is
/// wrong from then on, and the connection would never begin another transaction.
#[derive(Debug)]
pub struct SqliteSession(PoolConnection<sqlx::Sqlite>);

impl Database for Sqlite {
    type Session = SqliteSession;

    async fn read(&self) -> Result<SqliteSession, StoreError> {
        begin(&self.readers, "BEGIN").await
    }

    /// The lock is taken at once: one that is asked for at the first write cannot wait for its turn.
    async fn write(&self) -> Result<SqliteSession, StoreError> {
        begin(&self.writer, "BEGIN IMMEDIATE").await
    }
}

async fn begin(pool: &SqlitePool, how: &'static str) -> Result<SqliteSession, StoreError> {
    let mut connection = pool.acquire().await.map_err(failure)?;
    let begun = sqlx::query(how).execute(&mut *connection).await;
    begun.map_err(failure)?;
    Ok(SqliteSession(connection))
}

impl Session for SqliteSession {
    type Row = SqliteRow;

    async fn tell(&mut self, sql: SqlStr, values: Vec<Value>) -> Result<u64, StoreError> {
        let told = kept!(sqlx::query(sql), values).execute(&mut *self.0).await;
        told.map(|result| result.rows_affected()).map_err(failure)
    }

    async fn ask(&mut self, sql: SqlStr, values: Vec<Value>) -> Result<Vec<SqliteRow>, StoreError> {
        let rows = kept!(sqlx::query(sql), values)
            .fetch_all(&mut *self.0)
            .await;
        rows.map_err(failure)
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        let committed = sqlx::query("COMMIT").execute(&mut *self.0).await;
        committed.map(drop).map_err(failure)
    }
}

/// Undoes what a session left open, before somebody else gets its connection.
///
/// Where nothing is open SQLite refuses, which is as good.
pub(super) async fn undo(connection: &mut SqliteConnection) {
    let _ = sqlx::query("ROLLBACK").execute(connection).await;
}

/// What an error of SQLite means for whoever asked: <https://www.sqlite.org/rescode.html>.
pub(super) fn failure(error: sqlx::Error) -> StoreError {
    let code = error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|extended| extended & 0xff) {
        // TOOBIG, CONSTRAINT, MISMATCH: this entry will never fit.
        Some(18..=20) => StoreError::Refused(error.into()),
        // ERROR, CORRUPT, NOTFOUND, SCHEMA, MISUSE, FORMAT, RANGE, NOTADB: not the database that
        // this program knows.
        Some(1 | 11 | 12 | 17 | 21 | 24 | 25 | 26) => StoreError::Unknown(error.to_string()),
        // BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, …: it may pass.
        Some(_) => StoreError::Unreachable(error.into()),
        // Without a code: rows that are not as expected, or a pool that has none to give.
        None if matches!(
            error,
            sqlx::Error::ColumnNotFound(_)
                | sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::TypeNotFound { .. }
        ) =>
        {
            StoreError::Unknown(error.to_string())
        }
        None => StoreError::Unreachable(error.into()),
    }
}
