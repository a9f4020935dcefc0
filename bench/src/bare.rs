//! The bare commit: what one row costs in SQLite without a platform around it.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;
use touchstone::store::Durability;

/// A database with one table.
#[derive(Debug)]
pub struct Bare {
    connection: SqliteConnection,
    body: String,
    _folder: TempDir,
}

impl Bare {
    /// Makes it, for rows of so many bytes.
    ///
    /// # Errors
    ///
    /// When the database cannot be made.
    pub async fn open(folder: &Path, durability: Durability, bytes: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(folder)?;
        let mut connection = SqliteConnectOptions::new()
            .filename(folder.path().join("bare.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Normal => SqliteSynchronous::Normal,
            })
            .connect()
            .await?;
        sqlx::query("CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")
            .execute(&mut connection)
            .await?;
        Ok(Self {
            connection,
            body: "x".repeat(bytes),
            _folder: folder,
        })
    }

    /// Times the commit of one row, a transaction of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub async fn commit(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        sqlx::query("INSERT INTO bare (body) VALUES ($1)")
            .bind(&self.body)
            .execute(&mut self.connection)
            .await?;
        Ok(begun.elapsed())
    }
}
