//! Reading posts: every version with what was made of it.

use domain::ids::{ChannelId, PostKey};
use domain::ports::store::{StoreError, VersionRecord};
use domain::post::{Action, Origin, Post};
use sqlx::SqlStr;

use crate::store::columns;
use crate::store::database::{Database, Row, Session, values};
use crate::store::shape::Kept as _;

const VERSIONS: &str = "SELECT v.version, v.channel, v.key, v.action, v.author, v.text, v.media, \
     v.reply_to, v.forwarded_from, v.posted, v.received, v.origin, r.class, r.reason, r.parser \
     FROM versions v JOIN readings r \
     ON r.channel = v.channel AND r.key = v.key AND r.version = v.version \
     WHERE v.channel = $1 AND v.key = $2 ORDER BY v.version";

const HISTORY: &str = "SELECT v.version, v.channel, v.key, v.action, v.author, v.text, v.media, \
     v.reply_to, v.forwarded_from, v.posted, v.received, v.origin, r.class, r.reason, r.parser \
     FROM versions v JOIN readings r \
     ON r.channel = v.channel AND r.key = v.key AND r.version = v.version \
     JOIN posts p ON p.channel = v.channel AND p.key = v.key \
     WHERE v.channel = $1 ORDER BY v.received, p.number, v.version";

/// Every version of every post of a channel, as they were received.
pub(crate) async fn history<D: Database>(
    database: &D,
    channel: &ChannelId,
) -> Result<Vec<Post>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(HISTORY), values![channel])
        .await?;
    rows.iter()
        .map(|row| record(row).map(|record| record.post))
        .collect()
}

pub(crate) async fn versions<D: Database>(
    database: &D,
    channel: &ChannelId,
    post: &PostKey,
) -> Result<Vec<VersionRecord>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(VERSIONS), values![channel, post])
        .await?;
    rows.iter().map(record).collect()
}

pub(super) fn record<R: Row>(row: &R) -> Result<VersionRecord, StoreError> {
    Ok(VersionRecord {
        version: columns::whole(row, "version")?,
        post: Post {
            channel: columns::parsed(row, "channel", |id| ChannelId::parse(id).ok())?,
            key: PostKey::new(columns::text(row, "key")?),
            action: columns::parsed(row, "action", Action::from_label)?,
            author: row.text("author")?,
            text: columns::text(row, "text")?,
            media: columns::parsed(row, "media", |json| {
                Vec::read(serde_json::from_str(json).ok()?).ok()
            })?,
            reply_to: row.text("reply_to")?.map(PostKey::new),
            forwarded_from: row.text("forwarded_from")?,
            posted: columns::time(row, "posted")?,
            received: columns::time(row, "received")?,
            origin: columns::parsed(row, "origin", Origin::from_label)?,
        },
        class: columns::text(row, "class")?,
        reason: row.text("reason")?,
        parser: columns::text(row, "parser")?,
    })
}
