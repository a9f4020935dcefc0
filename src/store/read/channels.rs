//! Reading channels: who they are, what is known of them, and where their sources go on.

use std::collections::BTreeMap;

use domain::ids::{ChannelId, Cursor, PostKey};
use domain::ports::source::Resume;
use domain::ports::store::{ChannelCard, ChannelRecord, StoreError};
use domain::post::{Digest, Origin};
use domain::time::Timestamp;
use sqlx::SqlStr;

use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, limit, values};
use crate::store::roster;

const REGISTER: &str = "INSERT INTO channels (id, platform, title, origin, since) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET \
     platform = excluded.platform, title = excluded.title, origin = excluded.origin";

const CHANNELS: &str = "SELECT c.id, c.platform, c.title, c.origin, c.since, \
     COALESCE(p.posts, 0) AS posts, COALESCE(p.edited, 0) AS edited, \
     COALESCE(p.deleted, 0) AS deleted, COALESCE(s.signals, 0) AS signals, \
     COALESCE(s.judged, 0) AS judged, p.last_post, \
     m.source, m.address, m.interval_s, m.key, m.archived, m.revision, \
     w.description, w.statement, w.at AS said_at \
     FROM channels c \
     LEFT JOIN (SELECT channel, COUNT(*) AS posts, COUNT(*) FILTER (WHERE edited) AS edited, \
     COUNT(*) FILTER (WHERE deleted) AS deleted, MAX(received) AS last_post \
     FROM posts GROUP BY channel) p ON p.channel = c.id \
     LEFT JOIN (SELECT channel, COUNT(*) AS signals, COUNT(*) FILTER (WHERE judged) AS judged \
     FROM signals GROUP BY channel) s ON s.channel = c.id \
     LEFT JOIN made m ON m.channel = c.id \
     LEFT JOIN words w ON w.channel = c.id \
     ORDER BY c.id";

const CLASSES: &str = "SELECT channel, class, COUNT(*) AS posts FROM readings \
     WHERE version = 1 GROUP BY channel, class ORDER BY channel, class";

const CURSOR: &str = "SELECT place FROM cursors WHERE channel = $1";

const RECENT: &str = "SELECT key, digest FROM posts WHERE channel = $1 AND stands \
     ORDER BY number DESC LIMIT $2";

pub(crate) async fn register<D: Database>(
    database: &D,
    card: &ChannelCard,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let values = values_of(card, now);
    session.tell(SqlStr::from_static(REGISTER), values).await?;
    session.commit().await
}

/// A card as it stands in its table: id, platform, title, origin, since.
pub(crate) fn values_of(card: &ChannelCard, since: Timestamp) -> Vec<Value> {
    values![
        &card.id,
        &card.platform,
        &card.title,
        card.origin.label(),
        since,
    ]
}

pub(crate) async fn channels<D: Database>(database: &D) -> Result<Vec<ChannelRecord>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(CHANNELS), values![])
        .await?;
    let mut records = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    for row in session.ask(SqlStr::from_static(CLASSES), values![]).await? {
        let channel = columns::parsed(&row, "channel", |id| ChannelId::parse(id).ok())?;
        if let Some(record) = records.iter_mut().find(|record| record.card.id == channel) {
            let posts = columns::whole(&row, "posts")?;
            record.classes.insert(columns::text(&row, "class")?, posts);
        }
    }
    Ok(records)
}

/// Who a channel is, of a row with the columns of its table.
pub(crate) fn card<R: Row>(row: &R) -> Result<ChannelCard, StoreError> {
    Ok(ChannelCard {
        id: columns::parsed(row, "id", |id| ChannelId::parse(id).ok())?,
        platform: columns::text(row, "platform")?,
        title: columns::text(row, "title")?,
        origin: columns::parsed(row, "origin", Origin::from_label)?,
    })
}

fn record<R: Row>(row: &R) -> Result<ChannelRecord, StoreError> {
    Ok(ChannelRecord {
        card: card(row)?,
        since: columns::time(row, "since")?,
        posts: columns::whole(row, "posts")?,
        edited: columns::whole(row, "edited")?,
        deleted: columns::whole(row, "deleted")?,
        classes: BTreeMap::new(),
        signals: columns::whole(row, "signals")?,
        judged: columns::whole(row, "judged")?,
        last_post: columns::maybe_time(row, "last_post")?,
        made: roster::made(row)?,
        words: roster::words(row)?,
    })
}

pub(crate) async fn resume<D: Database>(
    database: &D,
    channel: &ChannelId,
    posts: usize,
) -> Result<Resume, StoreError> {
    let mut session = database.read().await?;
    let cursor = session
        .ask(SqlStr::from_static(CURSOR), values![channel])
        .await?;
    let cursor = cursor
        .first()
        .map(|row| columns::text(row, "place"))
        .transpose()?;
    let recent = session
        .ask(SqlStr::from_static(RECENT), values![channel, limit(posts)])
        .await?;
    Ok(Resume {
        cursor: cursor.map(Cursor::new),
        recent: recent
            .iter()
            .rev()
            .map(standing)
            .collect::<Result<_, _>>()?,
    })
}

fn standing<R: Row>(row: &R) -> Result<(PostKey, Digest), StoreError> {
    let digest = row
        .bytes("digest")?
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| columns::unknown("digest", "something else"))?;
    Ok((PostKey::new(columns::text(row, "key")?), Digest(digest)))
}
