//! Media: what the record is kept on, and a bare commit on the same.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use touchstone::store::{Durability, Kept};

/// What the record is kept on.
#[derive(Clone, Debug)]
pub enum Medium {
    /// A file in this folder.
    File(PathBuf, Durability),
    /// A PostgreSQL, by its address.
    Server(String),
}

/// Counts the schemas that were made, so that each scene has its own.
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

impl Medium {
    /// Its name in a table.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File(_, Durability::Full) => "SQLite, full",
            Self::File(_, Durability::Normal) => "SQLite, normal",
            Self::Server(_) => "PostgreSQL",
        }
    }

    /// A place on it where nothing is yet.
    ///
    /// # Errors
    ///
    /// When no folder can be made.
    pub fn fresh(&self) -> anyhow::Result<(Kept, Option<TempDir>)> {
        Ok(match self {
            Self::File(folder, durability) => {
                let folder = tempfile::tempdir_in(folder)?;
                let place = Kept::File(folder.path().join("bench.db"), *durability);
                (place, Some(folder))
            }
            Self::Server(url) => {
                let nth = SCHEMAS.fetch_add(1, Ordering::Relaxed);
                let schema = format!("bench_{}_{nth}", std::process::id());
                let place = Kept::Server(SecretString::from(url.clone()), Some(schema));
                (place, None)
            }
        })
    }
}

/// The bare commit: what one row costs without a platform around it.
#[derive(Debug)]
pub struct Bare {
    connection: Connection,
    body: String,
}

#[derive(Debug)]
enum Connection {
    /// With the folder, which goes when it does.
    File(
        SqliteConnection,
        #[expect(dead_code, reason = "it is kept")] TempDir,
    ),
    Server(PgConnection),
}

impl Bare {
    /// Makes a database with one table, for rows of so many bytes.
    ///
    /// # Errors
    ///
    /// When the database cannot be made.
    pub async fn open(medium: &Medium, bytes: usize) -> anyhow::Result<Self> {
        let connection = match medium {
            Medium::File(folder, durability) => {
                let folder = tempfile::tempdir_in(folder)?;
                let mut file = SqliteConnectOptions::new()
                    .filename(folder.path().join("bare.db"))
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(match durability {
                        Durability::Full => SqliteSynchronous::Full,
                        Durability::Normal => SqliteSynchronous::Normal,
                    })
                    .connect()
                    .await?;
                sqlx::query(
                    "CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT",
                )
                .execute(&mut file)
                .await?;
                Connection::File(file, folder)
            }
            Medium::Server(url) => {
                let mut server = url.parse::<PgConnectOptions>()?.connect().await?;
                sqlx::query(
                    "CREATE TABLE IF NOT EXISTS bare \
                     (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL)",
                )
                .execute(&mut server)
                .await?;
                Connection::Server(server)
            }
        };
        let body = "x".repeat(bytes);
        Ok(Self { connection, body })
    }

    /// Times the commit of one row, a transaction of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub async fn commit(&mut self) -> anyhow::Result<Duration> {
        const ROW: &str = "INSERT INTO bare (body) VALUES ($1)";
        let begun = Instant::now();
        match &mut self.connection {
            Connection::File(file, _) => {
                sqlx::query(ROW).bind(&self.body).execute(file).await?;
            }
            Connection::Server(server) => {
                sqlx::query(ROW).bind(&self.body).execute(server).await?;
            }
        }
        Ok(begun.elapsed())
    }
}
