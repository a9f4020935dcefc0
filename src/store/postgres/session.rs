//! A transaction of PostgreSQL, and what its errors mean.

use domain::ids::Seq;
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{
    PgArgumentBuffer, PgHasArrayType, PgRow, PgTypeInfo, PgValueFormat, PgValueRef,
};
use sqlx::{Decode, Encode, SqlStr, Transaction, Type};

use super::{Postgres, ranges};
use crate::store::database::{Database, Session, Value, bound, row_of};

row_of!(PgRow, Micros, Decimal);

/// The first of January 2000, from which PostgreSQL counts, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// An instant as PostgreSQL keeps it. The earliest and the latest that we can say are its infinities.
#[derive(Clone, Copy, Debug)]
struct Micros(Timestamp);

impl From<Micros> for Timestamp {
    fn from(micros: Micros) -> Self {
        micros.0
    }
}

impl Type<sqlx::Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("TIMESTAMPTZ")
    }
}

impl PgHasArrayType for Micros {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_TIMESTAMPTZ")
    }
}

impl Encode<'_, sqlx::Postgres> for Micros {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let micros = match self.0.as_micros() {
            infinite @ (i64::MIN | i64::MAX) => infinite,
            micros => micros.saturating_sub(EPOCH),
        };
        buffer.extend_from_slice(&micros.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, sqlx::Postgres> for Micros {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("an instant in words".into());
        }
        let micros = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        Ok(Self(Timestamp::from_micros(match micros {
            infinite @ (i64::MIN | i64::MAX) => infinite,
            micros => micros.saturating_add(EPOCH),
        })))
    }
}

/// A text as PostgreSQL keeps it: it has no character zero, which no author writes.
pub(in crate::store) fn without_zero(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{FFFD}")
    } else {
        text
    }
}

/// Binds values as PostgreSQL keeps them.
macro_rules! kept {
    ($query:expr, $values:expr) => {
        bound!(
            $query,
            $values,
            Micros,
            std::convert::identity,
            without_zero
        )
    };
}

/// A transaction of PostgreSQL. Dropped without a commit it is rolled back before its connection is
/// given to anybody else.
#[derive(Debug)]
pub struct PgSession(Transaction<'static, sqlx::Postgres>);

impl Database for Postgres {
    type Session = PgSession;

    async fn read(&self) -> Result<PgSession, StoreError> {
        let begun = self
            .readers
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .await;
        Ok(PgSession(begun.map_err(failure)?))
    }

    /// The turn is taken at once: two that had both read the head could not both write.
    async fn write(&self) -> Result<PgSession, StoreError> {
        let mut session = self.writers.begin().await.map_err(failure)?;
        ranges::prepare(self, &mut session).await?;
        Ok(PgSession(session))
    }

    async fn reach(&self, session: &mut PgSession, head: Seq) -> Result<(), StoreError> {
        ranges::reach(self, &mut session.0, head).await
    }

    async fn counted(&self, session: &mut PgSession) -> Result<(), StoreError> {
        let sql = "SELECT setval(pg_get_serial_sequence('posts', 'number'), \
             COALESCE((SELECT MAX(number) FROM posts), 0) + 1, false)";
        let told = sqlx::query(sql).execute(&mut *session.0).await;
        told.map(drop).map_err(failure)
    }
}

impl Session for PgSession {
    type Row = PgRow;

    async fn tell(&mut self, sql: SqlStr, values: Vec<Value>) -> Result<u64, StoreError> {
        let told = kept!(sqlx::query(sql), values).execute(&mut *self.0).await;
        told.map(|result| result.rows_affected()).map_err(failure)
    }

    async fn ask(&mut self, sql: SqlStr, values: Vec<Value>) -> Result<Vec<PgRow>, StoreError> {
        let rows = kept!(sqlx::query(sql), values)
            .fetch_all(&mut *self.0)
            .await;
        rows.map_err(failure)
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await.map_err(failure)
    }
}

/// What an error of PostgreSQL means for whoever asked:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(super) fn failure(error: sqlx::Error) -> StoreError {
    let code = error
        .as_database_error()
        .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some(code) if is_the_entrys_fault(code) => StoreError::Refused(error.into()),
        Some(code) if is_for_a_person(code) => StoreError::Unknown(error.to_string()),
        // Connections, resources, locks, time, an administrator at work: it may pass.
        Some(_) => StoreError::Unreachable(error.into()),
        None if matches!(
            error,
            sqlx::Error::ColumnNotFound(_)
                | sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::TypeNotFound { .. }
                | sqlx::Error::Configuration(_)
        ) =>
        {
            StoreError::Unknown(error.to_string())
        }
        None => StoreError::Unreachable(error.into()),
    }
}

/// Data that is no data (22), a constraint (23) but for a range that is missing (23514 of a
/// partitioned table), more than a row or an index can hold (54).
fn is_the_entrys_fault(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("23") && code != "23514" || code.starts_with("54")
}

/// A user who may not come in (28), a database or schema that does not exist (3D, 3F), statements
/// that do not fit it (42), a feature it does not have (0A), damage (XX).
fn is_for_a_person(code: &str) -> bool {
    ["28", "3D", "3F", "42", "0A", "XX"]
        .iter()
        .any(|class| code.starts_with(class))
}
