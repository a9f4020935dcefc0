//! Reading again: what a later parser makes of what is stored, kept beside what was read then.

use domain::ids::{ChannelId, PostKey};
use domain::ports::store::StoreError;
use domain::reading::{Draft, Meaning, Reading};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::columns;
use super::database::{Database, Row as _, Session, count, limit, values};
use super::shape::Kept as _;
use super::{Opened, SqlStore};

const VERSIONS: &str = "SELECT p.number * 65536 + r.version AS place, r.channel, r.key, r.version, \
     v.text, v.media, r.class, r.parser FROM readings r \
     JOIN posts p ON p.channel = r.channel AND p.key = r.key \
     JOIN versions v ON v.channel = r.channel AND v.key = r.key AND v.version = r.version \
     WHERE v.action <> 'deleted' AND p.number * 65536 + r.version > $1 \
     ORDER BY p.number, r.version LIMIT $2";

const KEEP: &str = "INSERT INTO rereadings (channel, key, version, parser, class, reason, drafts, read) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (channel, key, version, parser) DO NOTHING";

/// A version of a post as it was read when it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its place among all versions.
    pub place: u64,
    /// Who posted it.
    pub channel: ChannelId,
    /// The post.
    pub post: PostKey,
    /// Which version, from 1.
    pub version: u32,
    /// Its text.
    pub text: String,
    /// Whether pictures or files came with it.
    pub has_media: bool,
    /// What it was read as.
    pub class: String,
    /// By which parser.
    pub parser: String,
}

impl Opened {
    /// The versions after a place, in the order in which their posts became known; what was deleted
    /// has no text of its own and is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn read_after(&self, place: u64, most: usize) -> Result<Vec<Read>, StoreError> {
        match self {
            Self::Sqlite(store) => versions(store, place, most).await,
            Self::Postgres(store) => versions(store, place, most).await,
        }
    }

    /// Keeps what a later parser makes of versions, and says how many it had not read before. What was
    /// read then stays, and so does everything that came of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then none of them is kept.
    pub async fn keep_rereadings(
        &self,
        readings: &[(Read, Reading)],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => keep(store, readings, now).await,
            Self::Postgres(store) => keep(store, readings, now).await,
        }
    }
}

async fn versions<D: Database>(
    store: &SqlStore<D>,
    place: u64,
    most: usize,
) -> Result<Vec<Read>, StoreError> {
    let mut session = store.database.read().await?;
    let values = values![count(place), limit(most)];
    let rows = session.ask(SqlStr::from_static(VERSIONS), values).await?;
    rows.iter()
        .map(|row| {
            Ok(Read {
                place: columns::whole(row, "place")?,
                channel: columns::parsed(row, "channel", |id| ChannelId::parse(id).ok())?,
                post: PostKey::new(columns::text(row, "key")?),
                version: columns::whole(row, "version")?,
                text: columns::text(row, "text")?,
                has_media: row.text("media")?.is_some_and(|media| media != "[]"),
                class: columns::text(row, "class")?,
                parser: columns::text(row, "parser")?,
            })
        })
        .collect()
}

async fn keep<D: Database>(
    store: &SqlStore<D>,
    readings: &[(Read, Reading)],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut session = store.database.write().await?;
    let mut kept = 0;
    for (read, reading) in readings {
        let (reason, drafts): (Option<&str>, &[Draft]) = match &reading.meaning {
            Meaning::Signals(drafts) => (None, drafts),
            Meaning::Quarantined { drafts, reason } => (Some(reason), drafts),
            Meaning::Noise(reason) => (Some(reason), &[]),
            Meaning::Updates(_)
            | Meaning::Closes(_)
            | Meaning::Cancels(_)
            | Meaning::Claim { .. } => (None, &[]),
        };
        let values = values![
            &read.channel,
            &read.post,
            read.version,
            reading.parser,
            reading.meaning.label(),
            reason,
            drafts.to_vec().keep().to_string(),
            now,
        ];
        kept += session.tell(SqlStr::from_static(KEEP), values).await?;
    }
    session.commit().await?;
    Ok(kept)
}
