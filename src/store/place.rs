//! Places: where a record is kept, and a store that is open there.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use domain::account::Deed;
use domain::ids::{ChannelId, Epoch};
use domain::ports::accounts::Accounts;
use domain::ports::chain::Chain;
use domain::ports::mail::Outbox;
use domain::ports::nodes::Nodes;
use domain::ports::predictions::Predictions;
use domain::ports::retrial::Retrials;
use domain::ports::review::Reviews;
use domain::ports::roster::Roster;
use domain::ports::scrutiny::Scrutiny;
use domain::ports::store::{Store, StoreError};
use domain::ports::tally::Tallies;
use domain::ports::till::Tidings;
use domain::post::Post;
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::steps::{self, Pending};
use super::{PgStore, SqliteStore, postgres, sqlite};
use crate::export::Shelves;

/// Where a record is kept.
#[derive(Clone, Debug)]
pub enum Kept {
    /// In a file of SQLite.
    File(PathBuf, sqlite::Durability),
    /// In PostgreSQL, in this schema or the user's own.
    Server(SecretString, Option<String>),
}

/// Who begins an epoch, when and why.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// `operator` or `platform`.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub why: &'a str,
}

/// A store that is open.
#[derive(Clone, Debug)]
pub enum Opened {
    /// In a file.
    Sqlite(Arc<SqliteStore>),
    /// On a server.
    Postgres(Arc<PgStore>),
}

/// Connections of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// `readers` or `writers`.
    pub kind: &'static str,
    /// The most that there may be.
    pub most: u32,
    /// Those that are at work.
    pub busy: u32,
}

impl Connections {
    pub(super) fn of<D: sqlx::Database>(kind: &'static str, pool: &sqlx::Pool<D>) -> Self {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        Self {
            kind,
            most: pool.options().get_max_connections(),
            busy: pool.size().saturating_sub(idle),
        }
    }
}

impl Kept {
    /// Reads an address: `sqlite:PATH` or `postgres://…`, with `#schema` behind it where the tables are
    /// in a schema of their own. None where it is neither.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let named = !path.is_empty();
            return named.then(|| Self::File(path.into(), sqlite::Durability::Full));
        }
        let mut url = Url::parse(address).ok()?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return None;
        }
        let schema = url.fragment().map(str::to_owned);
        url.set_fragment(None);
        Some(Self::Server(SecretString::from(String::from(url)), schema))
    }

    /// Opens it, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError`] as each database tells it.
    pub async fn open(&self) -> Result<Opened, StoreError> {
        Ok(match self {
            Self::File(..) => Opened::Sqlite(Arc::new(SqliteStore::open(self.file()?).await?)),
            Self::Server(..) => Opened::Postgres(Arc::new(PgStore::open(self.server()?).await?)),
        })
    }

    /// Brings its schema up to date, and says what was applied.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn migrate(&self) -> Result<Vec<Pending>, StoreError> {
        match self {
            Self::File(..) => SqliteStore::migrate(self.file()?).await,
            Self::Server(..) => PgStore::migrate(self.server()?).await,
        }
    }

    /// The migrations that opening it would apply.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn pending_migrations(&self) -> Result<Vec<Pending>, StoreError> {
        match self {
            Self::File(..) => SqliteStore::pending_migrations(self.file()?).await,
            Self::Server(..) => PgStore::pending_migrations(self.server()?).await,
        }
    }

    /// Whether a process has it open. A file tells it itself, to whoever opens it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the server does not answer.
    pub async fn is_in_use(&self) -> Result<bool, StoreError> {
        match self {
            Self::File(..) => Ok(false),
            Self::Server(..) => PgStore::is_in_use(&self.server()?).await,
        }
    }

    fn file(&self) -> Result<sqlite::Options, StoreError> {
        match self {
            Self::File(path, durability) => Ok(sqlite::Options {
                durability: *durability,
                ..sqlite::Options::file(path)
            }),
            Self::Server(..) => Err(StoreError::Unknown("this is no file".to_owned())),
        }
    }

    fn server(&self) -> Result<postgres::Options, StoreError> {
        match self {
            Self::Server(url, schema) => Ok(postgres::Options {
                schema: schema.clone(),
                ..postgres::Options::at(url.clone())
            }),
            Self::File(..) => Err(StoreError::Unknown("this is no server".to_owned())),
        }
    }
}

/// The place for people; of a server without the password and whatever else stands behind the name.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, _) => write!(f, "{}", path.display()),
            Self::Server(url, schema) => {
                let url = Url::parse(url.expose_secret()).ok();
                let told = url.and_then(|mut url| {
                    url.set_password(None).ok()?;
                    url.set_query(None);
                    Some(url)
                });
                match told {
                    Some(url) => write!(f, "{url}")?,
                    None => f.write_str("postgres://…")?,
                }
                match schema {
                    Some(schema) => write!(f, ", schema {schema}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Opened {
    /// What rooms know of it.
    #[must_use]
    pub fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// Who has an account.
    #[must_use]
    pub fn accounts(&self) -> Arc<dyn Accounts> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What the till told.
    #[must_use]
    pub fn tidings(&self) -> Arc<dyn Tidings> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// Mails that are to be sent.
    #[must_use]
    pub fn outbox(&self) -> Arc<dyn Outbox> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// Who serves it.
    #[must_use]
    pub fn nodes(&self) -> Arc<dyn Nodes> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// How much of each there is.
    #[must_use]
    pub fn tallies(&self) -> Arc<dyn Tallies> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// Its connections to the database, those that read and those that write.
    #[must_use]
    pub fn connections(&self) -> [Connections; 2] {
        match self {
            Self::Sqlite(store) => store.connections(),
            Self::Postgres(store) => store.connections(),
        }
    }

    /// Who was made while the platform ran.
    #[must_use]
    pub fn roster(&self) -> Arc<dyn Roster> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What models said, and which of them speaks.
    #[must_use]
    pub fn predictions(&self) -> Arc<dyn Predictions> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What came of signals when they were tried again.
    #[must_use]
    pub fn retrials(&self) -> Arc<dyn Retrials> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What exports are read from.
    #[must_use]
    pub fn shelves(&self) -> Shelves {
        Shelves {
            store: self.port(),
            retrials: self.retrials(),
            scrutiny: self.scrutiny(),
        }
    }

    /// What is hashed of it.
    #[must_use]
    pub fn chain(&self) -> Arc<dyn Chain> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What people say of readings.
    #[must_use]
    pub fn reviews(&self) -> Arc<dyn Reviews> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What channels are held against.
    #[must_use]
    pub fn scrutiny(&self) -> Arc<dyn Scrutiny> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// Notes who names the history anew, after the record went back, and why; then does so.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then the old epoch holds, though another may be on the log.
    pub async fn begin_epoch(&self, cause: &Cause<'_>) -> Result<Epoch, StoreError> {
        let before = self.port().span().await?.epoch;
        let epoch = steps::random_epoch();
        let detail = serde_json::json!({"before": before.as_str(), "why": cause.why});
        let deed = Deed {
            at: cause.at,
            actor: cause.actor.to_owned(),
            action: "epoch.begin".to_owned(),
            subject: epoch.as_str().to_owned(),
            detail: detail.to_string(),
        };
        self.accounts().record(&deed).await?;
        match self {
            Self::Sqlite(store) => store.begin_epoch(&epoch).await?,
            Self::Postgres(store) => store.begin_epoch(&epoch).await?,
        }
        Ok(epoch)
    }

    /// Every version of every post of a channel, in the order in which they were received.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn history(&self, channel: &ChannelId) -> Result<Vec<Post>, StoreError> {
        match self {
            Self::Sqlite(store) => store.history(channel).await,
            Self::Postgres(store) => store.history(channel).await,
        }
    }

    /// Writes everything down and lets go of it. Whoever asks after it is told that the store is
    /// unreachable.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let kept = Kept::parse("postgres://me:geheim@db:5432/record?sslpassword=geheim").unwrap();
        assert_eq!(kept.to_string(), "postgres://me@db:5432/record");
        assert!(!format!("{kept:?}").contains("geheim"));
        let beside = Kept::parse("postgres://me:geheim@db/record#simulator").unwrap();
        assert_eq!(
            beside.to_string(),
            "postgres://me@db/record, schema simulator"
        );
        let file = Kept::parse("sqlite:data/touchstone.db").unwrap();
        assert_eq!(file.to_string(), "data/touchstone.db");
        for wrong in ["", "sqlite:", "mysql://x/y", "data/touchstone.db"] {
            assert!(Kept::parse(wrong).is_none(), "{wrong}");
        }
    }
}
