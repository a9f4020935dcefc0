//! The bare commit: what one row costs in SQLite without a platform around it.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use touchstone::store::Durability;

/// Times commits of one row with so many bytes, each in a transaction of its own.
///
/// # Errors
///
/// When the database cannot be made or written.
pub async fn commits(
    folder: &Path,
    durability: Durability,
    bytes: usize,
    times: usize,
) -> anyhow::Result<Vec<Duration>> {
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
    let body = "x".repeat(bytes);
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        sqlx::query("INSERT INTO bare (body) VALUES ($1)")
            .bind(&body)
            .execute(&mut connection)
            .await?;
        taken.push(begun.elapsed());
    }
    connection.close().await?;
    Ok(taken)
}
