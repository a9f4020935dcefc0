//! PostgreSQL: a store for many nodes.
//!
//! Writers take the one row of `meta` first, so they come one after the other and `seq` has no gap,
//! whichever node they are on. Readers see one state of the record each. The stream's table is cut into
//! ranges of `seq`; a range is made long before its first number is given, and dropped as a whole.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use domain::ids::{Epoch, Seq};
use domain::ports::store::StoreError;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};

use super::SqlStore;
use super::place::Connections;
use super::steps::Pending;

mod ranges;
mod schema;
mod session;

pub(super) use session::without_zero;

/// Connections that write: one at work and one that waits for its turn.
const WRITERS: u32 = 2;

/// Connections that read beside them.
const READERS: u32 = 8;

/// How long a connection is waited for before the store counts as out of reach.
const PATIENCE: Duration = Duration::from_secs(5);

/// No statement of ours takes longer in a database that is well.
const LONGEST_STATEMENT: &str = "30s";

/// How long the turn to write is waited for.
const LONGEST_WAIT: &str = "10s";

/// How connections are called at the server, before their schema.
const CALLED: &str = "touchstone";

/// Connections of the same name to the same database, besides the one that asks.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()";

/// How a store in PostgreSQL is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is, and who asks: `postgres://user:password@host:5432/database`. It never prints.
    pub url: SecretString,
    /// The schema that holds the tables; made where there is none. The user's own where none is given.
    pub schema: Option<String>,
    /// The epoch of a fresh database; a random one where none is given.
    pub epoch: Option<Epoch>,
    /// How many numbers of the stream one range holds.
    pub range: u32,
}

impl Options {
    /// The usual ones.
    #[must_use]
    pub const fn at(url: SecretString) -> Self {
        Self {
            url,
            schema: None,
            epoch: None,
            range: ranges::USUAL,
        }
    }

    /// How its connections are called at the server: `touchstone`, or `touchstone/SCHEMA`.
    fn name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{CALLED}/{schema}"),
            None => CALLED.to_owned(),
        }
    }

    fn connection(&self) -> Result<PgConnectOptions, StoreError> {
        let url: PgConnectOptions = self.url.expose_secret().parse().map_err(|_| {
            // The parser's own words could carry the password.
            StoreError::Unknown(
                "store.url: not an address like postgres://user:password@host:5432/database"
                    .to_owned(),
            )
        })?;
        let options = url.application_name(&self.name()).options([
            ("statement_timeout", LONGEST_STATEMENT),
            ("lock_timeout", LONGEST_WAIT),
            ("idle_in_transaction_session_timeout", "60s"),
            // A float's text must read back to the same bits.
            ("extra_float_digits", "1"),
        ]);
        Ok(match &self.schema {
            Some(schema) if is_plain(schema) => options.options([("search_path", schema)]),
            Some(schema) => {
                return Err(StoreError::Unknown(format!(
                    "`{schema}` is no plain name of a schema: small letters, digits and _"
                )));
            }
            None => options,
        })
    }
}

/// Is it a name that means the same with and without quotes?
fn is_plain(name: &str) -> bool {
    let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
    name.starts_with(|c: char| matches!(c, 'a'..='z' | '_')) && name.chars().all(plain)
}

/// The store in PostgreSQL.
pub type PgStore = SqlStore<Postgres>;

/// A database in PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    writers: PgPool,
    readers: PgPool,
    range: i64,
    /// Numbers below this have their range already, as far as this process knows.
    ready: AtomicI64,
}

impl SqlStore<Postgres> {
    /// Opens the store and brings its schema up to date. Of several nodes that start at once one does
    /// it and the others wait.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when the server does not answer, [`StoreError::Unknown`] when it
    /// refuses the user, or the database was written by a newer program.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let database = Postgres::connect(&options)?;
        schema::raise(&database, &options).await?;
        Ok(Self { database })
    }

    /// Lets go of all connections. Whoever asks after it is told that the store is unreachable.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Its connections, those that read and those that write.
    pub(super) fn connections(&self) -> [Connections; 2] {
        let Postgres {
            readers, writers, ..
        } = &self.database;
        [
            Connections::of("readers", readers),
            Connections::of("writers", writers),
        ]
    }

    /// The migrations that opening this place would apply.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn pending_migrations(options: Options) -> Result<Vec<Pending>, StoreError> {
        let database = Postgres::connect(&options)?;
        let pending = schema::pending(&database.writers).await;
        database.close().await;
        pending
    }

    /// Brings a database up to date without opening the store, and says what was applied.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn migrate(options: Options) -> Result<Vec<Pending>, StoreError> {
        let database = Postgres::connect(&options)?;
        let pending = schema::pending(&database.writers).await?;
        schema::raise(&database, &options).await?;
        database.close().await;
        Ok(pending)
    }

    /// Whether a process has it open. To be asked before this one opens it.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn is_in_use(options: &Options) -> Result<bool, StoreError> {
        let connection = PgConnection::connect_with(&options.connection()?).await;
        let mut connection = connection.map_err(session::failure)?;
        let others = sqlx::query_scalar::<_, i64>(OTHERS)
            .fetch_one(&mut connection)
            .await
            .map_err(session::failure)?;
        connection.close().await.map_err(session::failure)?;
        Ok(others > 0)
    }

    /// Drops the ranges of the stream of which every number is below `seq`, and says with which number
    /// the first range begins that is left. The range that holds the head always stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when the server does not answer.
    pub async fn forget_below(&self, seq: Seq) -> Result<Seq, StoreError> {
        ranges::forget_below(&self.database, seq).await
    }
}

impl Postgres {
    async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    /// Connects when somebody first asks.
    fn connect(options: &Options) -> Result<Self, StoreError> {
        let connection = options.connection()?;
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(PATIENCE)
                .connect_lazy_with(connection.clone())
        };
        Ok(Self {
            writers: pool(WRITERS),
            readers: pool(READERS),
            range: options.range.max(1).into(),
            ready: AtomicI64::new(0),
        })
    }
}
