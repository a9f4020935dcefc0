//! Questions: each is one transaction, so that its parts see the same state of the record.

use domain::ports::store::StoreError;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::database::{Session, Value};

pub(crate) mod channels;
pub(crate) mod outcomes;
pub(crate) mod posts;
pub(crate) mod retrials;
pub(crate) mod reviews;
pub(crate) mod scrutiny;
pub(crate) mod signals;
pub(crate) mod stream;

/// A query that grows by its conditions. Its text is made of literals of this crate alone; what
/// comes from outside is bound.
struct Question {
    text: String,
    values: Vec<Value>,
}

impl Question {
    /// Begins with a query that has no conditions yet.
    fn new(select: &'static str) -> Self {
        Self {
            text: format!("{select} WHERE TRUE"),
            values: Vec::new(),
        }
    }

    /// A condition that holds by itself.
    fn so(mut self, condition: &'static str) -> Self {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self
    }

    /// A condition that ends where the value stands: `seq <`.
    fn and(self, condition: &'static str, value: impl Into<Value>) -> Self {
        let mut longer = self.so(condition);
        longer.place(value.into());
        longer
    }

    /// Closes the parenthesis that the last condition opened.
    fn closed(mut self) -> Self {
        self.text.push(')');
        self
    }

    /// The column has one of these values; an empty list asks for nothing.
    fn among(self, column: &'static str, values: impl Iterator<Item = Value>) -> Self {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return self;
        }
        let mut longer = self.so(column);
        longer.text.push_str(" IN (");
        let first = longer.values.len();
        for value in values {
            if longer.values.len() > first {
                longer.text.push(',');
            }
            longer.place(value);
        }
        longer.text.push(')');
        longer
    }

    /// What comes after the conditions.
    fn then(mut self, tail: &'static str) -> Self {
        self.text.push(' ');
        self.text.push_str(tail);
        self
    }

    /// At most so many rows.
    fn limit(self, rows: usize) -> Self {
        let mut longer = self.then("LIMIT");
        longer.place(super::database::limit(rows).into());
        longer
    }

    fn place(&mut self, value: Value) {
        self.values.push(value);
        self.text.push_str(&format!(" ${}", self.values.len()));
    }

    async fn ask<S: Session>(self, session: &mut S) -> Result<Vec<S::Row>, StoreError> {
        let sql: SqlStr = AssertSqlSafe(self.text).into_sql_str();
        session.ask(sql, self.values).await
    }
}
