//! What the store needs of a database, so that its SQL and its mapping are written once.
//!
//! The statements use `$1` placeholders and only what SQLite and PostgreSQL both understand. A
//! further database implements these three traits, brings its migrations, and is done.

use domain::ids::{ChannelId, Cursor, Epoch, PostKey, Seq, SignalId};
use domain::market::{Instrument, Price};
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use sqlx::SqlStr;

/// A database that gives sessions.
pub trait Database: Send + Sync + 'static {
    /// A transaction of it.
    type Session: Session;

    /// A transaction that sees one state of the record and changes nothing.
    fn read(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send;

    /// A transaction that writes; there is one at a time.
    fn write(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send;

    /// Makes room for a stream that is copied into an empty database, up to its head.
    fn reach(
        &self,
        _session: &mut Self::Session,
        _head: Seq,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Lets what counts by itself go on after the rows that were copied.
    fn counted(
        &self,
        _session: &mut Self::Session,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// One transaction. Dropped without a commit, it never was.
pub trait Session: Send {
    /// What it answers.
    type Row: Row;

    /// Runs a statement and says how many rows it touched.
    fn tell(
        &mut self,
        sql: SqlStr,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Runs a query.
    fn ask(
        &mut self,
        sql: SqlStr,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;

    /// Makes what was told last.
    fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A row, by its columns' names.
pub trait Row: Send + Sync {
    /// A whole number.
    fn int(&self, column: &str) -> Result<Option<i64>, StoreError>;
    /// A floating number.
    fn real(&self, column: &str) -> Result<Option<f64>, StoreError>;
    /// A text.
    fn text(&self, column: &str) -> Result<Option<String>, StoreError>;
    /// Yes or no.
    fn flag(&self, column: &str) -> Result<Option<bool>, StoreError>;
    /// Raw bytes.
    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// An instant.
    fn time(&self, column: &str) -> Result<Option<Timestamp>, StoreError>;
    /// An exact number.
    fn exact(&self, column: &str) -> Result<Option<Decimal>, StoreError>;
}

/// Implements [`Row`] for a row of sqlx, where `$time` and `$exact` say how instants and exact numbers
/// are kept and become what they are.
macro_rules! row_of {
    ($row:ty, $time:ty, $exact:ty) => {
        impl crate::store::database::Row for $row {
            row_of!(@cells int: i64, real: f64, text: String, flag: bool, bytes: Vec<u8>);

            fn time(
                &self,
                column: &str,
            ) -> Result<Option<domain::time::Timestamp>, domain::ports::store::StoreError> {
                let kept: Option<$time> = sqlx::Row::try_get(self, column)
                    .map_err(|error| domain::ports::store::StoreError::Unknown(error.to_string()))?;
                Ok(kept.map(Into::into))
            }

            fn exact(
                &self,
                column: &str,
            ) -> Result<Option<rust_decimal::Decimal>, domain::ports::store::StoreError> {
                let kept: Option<$exact> = sqlx::Row::try_get(self, column)
                    .map_err(|error| domain::ports::store::StoreError::Unknown(error.to_string()))?;
                kept.map(TryInto::try_into).transpose().map_err(|_| {
                    crate::store::columns::unknown(column, "something that is no number")
                })
            }
        }
    };
    (@cells $($name:ident: $type:ty),*) => {
        $(fn $name(&self, column: &str) -> Result<Option<$type>, domain::ports::store::StoreError> {
            sqlx::Row::try_get(self, column)
                .map_err(|error| domain::ports::store::StoreError::Unknown(error.to_string()))
        })*
    };
}

/// What is bound to a placeholder. An absent value keeps its type, which PostgreSQL asks for.
#[derive(Clone, Debug)]
pub enum Value {
    /// A whole number.
    Int(Option<i64>),
    /// A floating number.
    Real(Option<f64>),
    /// A text.
    Text(Option<String>),
    /// Yes or no.
    Flag(Option<bool>),
    /// Raw bytes.
    Bytes(Option<Vec<u8>>),
    /// An instant.
    Time(Option<Timestamp>),
    /// An exact number, without trailing zeros.
    Exact(Option<Decimal>),
}

/// Binds values to a query of sqlx, where `$time`, `$exact` and `$text` say how instants, exact
/// numbers and texts are kept.
macro_rules! bound {
    ($query:expr, $values:expr, $time:expr, $exact:expr, $text:expr) => {
        $values
            .into_iter()
            .fold($query, |query, value| match value {
                crate::store::database::Value::Int(value) => query.bind(value),
                crate::store::database::Value::Real(value) => query.bind(value),
                crate::store::database::Value::Text(value) => query.bind(value.map($text)),
                crate::store::database::Value::Time(value) => query.bind(value.map($time)),
                crate::store::database::Value::Exact(value) => query.bind(value.map($exact)),
                crate::store::database::Value::Flag(value) => query.bind(value),
                crate::store::database::Value::Bytes(value) => query.bind(value),
            })
    };
}

/// The values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$(crate::store::database::Value::from($value)),*]
    };
}

pub(crate) use {bound, row_of, values};

/// Says how each type is bound, also when it is absent.
macro_rules! bind_as {
    ($($type:ty => $kind:ident($value:ident => $bound:expr)),* $(,)?) => {
        $(
            impl From<$type> for Value {
                fn from($value: $type) -> Self {
                    Self::$kind(Some($bound))
                }
            }

            impl From<Option<$type>> for Value {
                fn from(value: Option<$type>) -> Self {
                    Self::$kind(value.map(|$value| $bound))
                }
            }
        )*
    };
}

bind_as! {
    i64 => Int(value => value),
    u32 => Int(value => value.into()),
    u8 => Int(value => value.into()),
    // A sequence number beyond what a database can count is as good as the last one.
    Seq => Int(value => count(value.get())),
    Timestamp => Time(value => value),
    f64 => Real(value => value),
    bool => Flag(value => value),
    Vec<u8> => Bytes(value => value),
    String => Text(value => value),
    &str => Text(value => value.to_owned()),
    &String => Text(value => value.clone()),
    &ChannelId => Text(value => value.as_str().to_owned()),
    &PostKey => Text(value => value.as_str().to_owned()),
    &Cursor => Text(value => value.as_str().to_owned()),
    &Epoch => Text(value => value.as_str().to_owned()),
    &Instrument => Text(value => value.to_string()),
    SignalId => Text(value => value.to_string()),
    Price => Exact(value => value.get().normalize()),
    Decimal => Exact(value => value.normalize()),
}

/// A number as databases count: what is too large becomes the largest.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A limit as databases take it.
pub(crate) fn limit(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
