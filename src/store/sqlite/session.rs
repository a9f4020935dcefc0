//! A transaction of SQLite, and what its errors mean.

use domain::ports::store::StoreError;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqlStr, Transaction};

use super::Sqlite;
use crate::store::database::{Database, Session, Value, bound, row_of};

row_of!(SqliteRow);

/// A transaction of SQLite.
#[derive(Debug)]
pub struct SqliteSession(Transaction<'static, sqlx::Sqlite>);

impl Database for Sqlite {
    type Session = SqliteSession;

    async fn read(&self) -> Result<SqliteSession, StoreError> {
        self.readers
            .begin()
            .await
            .map(SqliteSession)
            .map_err(failure)
    }

    /// The lock is taken at once: one that is asked for at the first write cannot wait for its turn.
    async fn write(&self) -> Result<SqliteSession, StoreError> {
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        begun.map(SqliteSession).map_err(failure)
    }
}

impl Session for SqliteSession {
    type Row = SqliteRow;

    async fn tell(&mut self, sql: SqlStr, values: Vec<Value>) -> Result<u64, StoreError> {
        let told = bound!(sqlx::query(sql), values).execute(&mut *self.0).await;
        told.map(|result| result.rows_affected()).map_err(failure)
    }

    async fn ask(&mut self, sql: SqlStr, values: Vec<Value>) -> Result<Vec<SqliteRow>, StoreError> {
        let rows = bound!(sqlx::query(sql), values)
            .fetch_all(&mut *self.0)
            .await;
        rows.map_err(failure)
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await.map_err(failure)
    }
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
