//! Rows: records as tables show them, one column after the other, whatever the file's format.
//!
//! Each table is one list of columns. A column's type and its value come of the same function, so
//! a file can never hold what its header does not promise.

use domain::time::Timestamp;
use rust_decimal::Decimal;

mod figures;
mod outcomes;
mod signals;

pub use self::figures::{ChannelRow, FIGURES};
pub use self::outcomes::{OUTCOMES, OutcomeRow};
pub use self::signals::SIGNALS;

/// What separates the values of a list within a cell.
pub const SEPARATOR: &str = ";";

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// An instant, UTC.
    Instant,
    /// An exact number.
    Exact,
    /// A whole number.
    Whole,
    /// A floating number.
    Real,
    /// Yes or no.
    Flag,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing is known.
    Absent,
    /// A text.
    Text(String),
    /// An instant, UTC.
    Instant(Timestamp),
    /// An exact number.
    Exact(Decimal),
    /// A whole number.
    Whole(i64),
    /// A floating number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
}

/// How a cell is got from a record.
pub enum Get<R> {
    /// As a text.
    Text(fn(&R) -> Option<String>),
    /// As an instant.
    Instant(fn(&R) -> Option<Timestamp>),
    /// As an exact number.
    Exact(fn(&R) -> Option<Decimal>),
    /// As a whole number.
    Whole(fn(&R) -> Option<i64>),
    /// As a floating number.
    Real(fn(&R) -> Option<f64>),
    /// As yes or no.
    Flag(fn(&R) -> Option<bool>),
}

/// A column of a table of `R`.
pub struct Column<R> {
    /// What stands above it.
    pub name: &'static str,
    /// How its cells are got.
    pub get: Get<R>,
}

impl<R> Column<R> {
    const fn new(name: &'static str, get: Get<R>) -> Self {
        Self { name, get }
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.get {
            Get::Text(_) => Kind::Text,
            Get::Instant(_) => Kind::Instant,
            Get::Exact(_) => Kind::Exact,
            Get::Whole(_) => Kind::Whole,
            Get::Real(_) => Kind::Real,
            Get::Flag(_) => Kind::Flag,
        }
    }

    fn value(&self, record: &R) -> Value {
        let value = match self.get {
            Get::Text(get) => get(record).map(Value::Text),
            Get::Instant(get) => get(record).map(Value::Instant),
            Get::Exact(get) => get(record).map(|exact| Value::Exact(exact.normalize())),
            Get::Whole(get) => get(record).map(Value::Whole),
            // What is no number cannot be told in any of the formats.
            Get::Real(get) => get(record).filter(|real| real.is_finite()).map(Value::Real),
            Get::Flag(get) => get(record).map(Value::Flag),
        };
        value.unwrap_or(Value::Absent)
    }
}

/// The names and kinds of a table's columns.
#[must_use]
pub fn header<R>(table: &[Column<R>]) -> Vec<(&'static str, Kind)> {
    let columns = table.iter();
    columns.map(|column| (column.name, column.kind())).collect()
}

/// A record as a row of a table.
#[must_use]
pub fn row<R>(table: &[Column<R>], record: &R) -> Vec<Value> {
    table.iter().map(|column| column.value(record)).collect()
}

/// An instant as text: always six places, so that texts sort as the instants do.
#[must_use]
pub fn written(at: Timestamp) -> String {
    let parsed = jiff::Timestamp::from_microsecond(at.as_micros());
    parsed.map_or_else(|_| at.to_string(), |at| format!("{at:.6}"))
}

/// A count as a whole number.
fn whole(count: impl TryInto<i64>) -> Option<i64> {
    count.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<R>(table: &[Column<R>]) -> Vec<&'static str> {
        table.iter().map(|column| column.name).collect()
    }

    #[test]
    fn an_instant_is_written_with_six_places() {
        let at = Timestamp::from_micros(1_767_225_600_000_000);
        assert_eq!(written(at), "2026-01-01T00:00:00.000000Z");
        assert_eq!(
            written(at + std::time::Duration::from_micros(7)),
            "2026-01-01T00:00:00.000007Z"
        );
    }

    #[test]
    fn no_column_stands_twice_and_the_guide_tells_of_each() {
        let guide = include_str!("../../docs/guide/exports.md");
        for (table, names) in [
            ("signals", names(SIGNALS)),
            ("outcomes", names(OUTCOMES)),
            ("figures", names(FIGURES)),
        ] {
            let mut sorted = names.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), names.len(), "{table} has a column twice");
            for name in names {
                assert!(
                    guide.contains(&format!("`{name}`")),
                    "{table}.{name} is not in the guide"
                );
            }
        }
    }
}
