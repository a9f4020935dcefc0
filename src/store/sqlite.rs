//! SQLite: a store in one file beside the program, or in memory.
//!
//! One connection writes and a few read what is committed (WAL). A lock file beside the database
//! keeps a second process from writing to it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::ids::Epoch;
use domain::ports::store::StoreError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::SqlStore;
use super::place::Connections;
use super::steps::Pending;

mod backup;
mod files;
mod restore;
mod schema;
mod session;

pub use self::backup::{BackupError, Held, Progress, backup};
use self::files::Claim;
pub use self::restore::Staged;

/// Readers beside the one writer.
const READERS: u32 = 4;

/// How long a connection waits for a lock before it gives up: only a backup or a person with a
/// shell can hold one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection; there are about forty, and lists of several lengths.
const STATEMENTS: usize = 200;

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this file, made where there is none.
    File(PathBuf),
    /// In memory, gone with the store: for replays and tests.
    Memory,
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: each commit waits for the disk.
    #[default]
    Full,
    /// The death of the process; a power cut can take the last commits.
    Normal,
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// What its commits survive.
    pub durability: Durability,
    /// The epoch of a fresh database; a random one where none is given.
    pub epoch: Option<Epoch>,
}

impl Options {
    /// A file, with full durability.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::File(path.into()),
            durability: Durability::Full,
            epoch: None,
        }
    }

    /// Memory.
    #[must_use]
    pub const fn memory() -> Self {
        Self {
            place: Place::Memory,
            durability: Durability::Normal,
            epoch: None,
        }
    }

    fn connection(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new()
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(STATEMENTS)
            .synchronous(match self.durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Normal => SqliteSynchronous::Normal,
            });
        match &self.place {
            Place::File(path) => options.filename(path),
            Place::Memory => options.in_memory(true),
        }
    }
}

/// The store in SQLite.
pub type SqliteStore = SqlStore<Sqlite>;

/// A database in SQLite.
#[derive(Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held until the store is closed; none in memory.
    claim: Mutex<Option<Claim>>,
}

impl SqlStore<Sqlite> {
    /// Opens the store, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when the file cannot be opened or another process has it,
    /// [`StoreError::Unknown`] when it was written by a newer program or is no store.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let database = Sqlite::connect(&options).await?;
        schema::migrate(&database.writer).await?;
        schema::found(&database.writer, options.epoch).await?;
        Ok(Self { database })
    }

    /// Writes everything down and lets go of the file. Whoever asks after it is told that the
    /// store is unreachable.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Its connections, those that read and the one that writes.
    pub(super) fn connections(&self) -> [Connections; 2] {
        let Sqlite {
            readers, writer, ..
        } = &self.database;
        [
            Connections::of("readers", readers),
            Connections::of("writers", writer),
        ]
    }

    /// The migrations that opening this place would apply. It makes no database where there is none.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn pending_migrations(options: Options) -> Result<Vec<Pending>, StoreError> {
        if let Place::File(path) = &options.place
            && !path.exists()
        {
            return schema::all();
        }
        let database = Sqlite::connect(&options).await?;
        let pending = schema::pending(&database.writer).await;
        database.close().await;
        pending
    }

    /// Brings a database up to date without opening the store, and says what was applied.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn migrate(options: Options) -> Result<Vec<Pending>, StoreError> {
        let database = Sqlite::connect(&options).await?;
        let pending = schema::pending(&database.writer).await?;
        schema::migrate(&database.writer).await?;
        schema::found(&database.writer, options.epoch).await?;
        database.close().await;
        Ok(pending)
    }
}

impl Sqlite {
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        *self.claim.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn connect(options: &Options) -> Result<Self, StoreError> {
        match &options.place {
            Place::File(path) => {
                let claim = files::prepare(path)?;
                let connection = options.connection();
                let writer = pool(1)
                    .connect_with(connection.clone().journal_mode(SqliteJournalMode::Wal))
                    .await
                    .map_err(session::failure)?;
                let readers = pool(READERS).connect_lazy_with(connection.read_only(true));
                Ok(Self {
                    writer,
                    readers,
                    claim: Mutex::new(Some(claim)),
                })
            }
            // Each connection to memory has a database of its own, so there is one for all.
            Place::Memory => {
                let writer = pool(1)
                    .connect_with(options.connection())
                    .await
                    .map_err(session::failure)?;
                Ok(Self {
                    readers: writer.clone(),
                    writer,
                    claim: Mutex::default(),
                })
            }
        }
    }
}

/// Connections that stay: closing one would lose its prepared statements, and memory altogether.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async {
                session::undo(connection).await;
                Ok(true)
            })
        })
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, Cursor, Seq};
    use domain::ports::Advice;
    use domain::ports::store::{ChannelCard, Entry, Store as _};
    use domain::post::Origin;
    use domain::time::Timestamp;

    use super::*;

    async fn set(store: &SqliteStore, pragma: &'static str) {
        let mut writer = store.database.writer.acquire().await.unwrap();
        sqlx::query(pragma).execute(&mut *writer).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_worth_another_try() {
        let store = SqliteStore::open(Options::memory()).await.unwrap();
        let card = ChannelCard {
            id: ChannelId::parse("alpha").unwrap(),
            platform: "file".to_owned(),
            title: "Alpha".to_owned(),
            origin: Origin::Live,
        };
        store.register(&card, Timestamp::MIN).await.unwrap();
        let long = Cursor::new("x".repeat(100_000));
        let entry = [Entry::Cursor(card.id, long)];

        // SQLite takes 1 as: no page more than there are.
        set(&store, "PRAGMA max_page_count = 1").await;
        let full = store.commit(&entry, Timestamp::MIN).await.unwrap_err();
        assert_eq!(full.advice(), Advice::Retry, "{full:?}");

        set(&store, "PRAGMA max_page_count = 1000000").await;
        store.commit(&entry, Timestamp::MIN).await.unwrap();
        assert_eq!(store.span().await.unwrap().head, Seq::ZERO);
    }
}
