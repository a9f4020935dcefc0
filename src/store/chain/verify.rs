//! Verifying: everything that was sealed is hashed again, and everything that follows from other records
//! is made again from them.
//!
//! A record that is not as it was sealed is named by its table and key. What follows from it is not
//! accused beside it.

use std::collections::HashSet;
use std::fmt;

use domain::chain::{Day, Seal};
use domain::ids::Seq;
use domain::ports::chain::SealRecord;
use domain::ports::store::StoreError;
use sqlx::SqlStr;

use super::SqlStore;
use crate::store::Opened;
use crate::store::columns;
use crate::store::database::{Database, Session, values};

mod boards;
mod hashes;
mod links;
mod posts;
mod stories;

/// So many findings are told one by one; the others are counted.
const TOLD: usize = 1_000;

const ENDS: &str = "SELECT MIN(seq) AS first FROM events";

/// What is to be verified.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// From this day on; from the first when nothing is said.
    pub from: Option<Day>,
    /// Up to this day; to the last when nothing is said.
    pub to: Option<Day>,
    /// Seals that somebody kept when they were told.
    pub kept: Vec<Seal>,
}

/// A record that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its table.
    pub table: &'static str,
    /// Its key there.
    pub key: String,
    /// What is wrong with it: what was expected and what was found.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.table, self.key, self.why)
    }
}

/// What was verified, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Days whose seals were made again.
    pub days: u64,
    /// Records that were hashed again.
    pub records: u64,
    /// Events that are no longer kept; their hashes still are.
    pub forgotten: u64,
    /// Posts that were made again from their versions.
    pub posts: u64,
    /// Signals that were made again from their events.
    pub signals: u64,
    /// Outcomes whose R was reckoned again.
    pub outcomes: u64,
    /// Published figures that were computed again.
    pub figures: u64,
    /// Seals that somebody kept, and that were compared.
    pub kept: u64,
    /// What is wrong, at most a thousand of it.
    pub findings: Vec<Finding>,
    /// How much is wrong beyond that.
    pub more: u64,
    /// What could not be verified, and why.
    pub notes: Vec<String>,
    /// The records that findings are about.
    broken: HashSet<(&'static str, String)>,
    /// The last event that is gone: whose it was is not known.
    gone: Seq,
}

impl Verified {
    /// Nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, table: &'static str, key: impl Into<String>, why: impl Into<String>) {
        let (key, why) = (key.into(), why.into());
        self.broken.insert((table, key.clone()));
        if self.findings.len() < TOLD {
            self.findings.push(Finding { table, key, why });
        } else {
            self.more += 1;
        }
    }

    fn is_broken(&self, table: &'static str, key: &str) -> bool {
        self.broken.contains(&(table, key.to_owned()))
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// The part of the record that is looked at.
struct Part {
    /// Its seals, oldest first.
    seals: Vec<SealRecord>,
    /// After this place…
    after: Seq,
    /// … up to this one.
    through: Seq,
    /// Everything up to here is sealed.
    sealed: Seq,
    /// The first event that is kept.
    first: Seq,
}

impl Opened {
    /// Verifies what is kept. It changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store does not answer. What cannot be read is no error but a finding.
    pub async fn verify(&self, asked: &Asked) -> Result<Verified, StoreError> {
        match self {
            Self::Sqlite(store) => verify(store, asked).await,
            Self::Postgres(store) => verify(store, asked).await,
        }
    }
}

async fn verify<D: Database>(store: &SqlStore<D>, asked: &Asked) -> Result<Verified, StoreError> {
    let database = &store.database;
    let mut verified = Verified::default();
    let part = part(database, asked, &mut verified).await?;
    hashes::verify(database, &part, &mut verified).await?;
    posts::verify(database, &mut verified).await?;
    stories::verify(database, &part, &mut verified).await?;
    boards::verify(database, &part, &mut verified).await?;
    Ok(verified)
}

/// Makes the seals again, and says which part of the record they cover.
async fn part<D: Database>(
    database: &D,
    asked: &Asked,
    verified: &mut Verified,
) -> Result<Part, StoreError> {
    let first = {
        let mut session = database.read().await?;
        let rows = session.ask(SqlStr::from_static(ENDS), values![]).await?;
        rows.first()
            .map_or(Ok(None), |row| columns::maybe_whole(row, "first"))?
    };
    let first = first.map_or(Seq::ZERO, Seq::new);
    let seals = links::verify(database, asked, first, verified).await?;
    let sealed = {
        let mut session = database.read().await?;
        super::seals::last(&mut session).await?
    };
    let sealed = sealed.map_or(Seq::ZERO, |last| last.seal.sealed.through);
    let until_now = asked.to.is_none();
    let after = seals
        .first()
        .map_or(Seq::ZERO, |first| first.seal.sealed.after);
    let through = match seals.last() {
        Some(last) if !until_now => last.seal.sealed.through,
        // Also what no day has sealed yet.
        _ => Seq::new(i64::MAX.unsigned_abs()),
    };
    Ok(Part {
        seals,
        after,
        through,
        sealed,
        first,
    })
}
