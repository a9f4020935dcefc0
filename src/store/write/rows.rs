//! Rows that are written together: a statement for each would be a journey for each.

use domain::ports::store::StoreError;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::Desk;
use crate::store::database::{Session, Value};

/// How many rows one statement brings, at most. Few sizes, so that the database sees few statements
/// and prepares each once.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// A statement with as many rows as are wanted between its head and its tail.
pub(super) struct Rows {
    pub(super) head: &'static str,
    pub(super) width: usize,
    pub(super) tail: &'static str,
}

impl Rows {
    fn sql(&self, rows: usize) -> SqlStr {
        let mut sql = self.head.to_owned();
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for cell in 1..=self.width {
                if cell > 1 {
                    sql.push_str(", ");
                }
                sql.push_str(&format!("${}", row * self.width + cell));
            }
            sql.push(')');
        }
        sql.push_str(self.tail);
        AssertSqlSafe(sql).into_sql_str()
    }
}

impl<S: Session> Desk<S> {
    /// Asks about rows, given cell by cell.
    pub(super) async fn ask_rows(
        &mut self,
        statement: &Rows,
        cells: Vec<Value>,
    ) -> Result<Vec<S::Row>, StoreError> {
        let mut left = cells.len() / statement.width;
        let mut cells = cells.into_iter();
        let mut found = Vec::new();
        for size in SIZES {
            while left >= size {
                let some = cells.by_ref().take(size * statement.width).collect();
                found.extend(self.session.ask(statement.sql(size), some).await?);
                left -= size;
            }
        }
        Ok(found)
    }

    /// Writes rows, given cell by cell, and says how many rows were touched.
    pub(super) async fn tell_rows(
        &mut self,
        statement: &Rows,
        cells: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let mut left = cells.len() / statement.width;
        let mut cells = cells.into_iter();
        let mut touched = 0;
        for size in SIZES {
            while left >= size {
                let some = cells.by_ref().take(size * statement.width).collect();
                touched += self.session.tell(statement.sql(size), some).await?;
                left -= size;
            }
        }
        Ok(touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_counted_through_all_rows() {
        let rows = Rows {
            head: "INSERT INTO t VALUES ",
            width: 2,
            tail: " ON CONFLICT DO NOTHING",
        };
        let sql = rows.sql(2);
        let wanted = "INSERT INTO t VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING";
        assert_eq!(sql.as_str(), wanted);
    }
}
