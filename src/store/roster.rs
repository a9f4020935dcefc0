//! The roster over a database: one row for each channel that was made while the platform ran.

use std::time::Duration;

use domain::ids::ChannelId;
use domain::ports::roster::{KeyDigest, Made, Roster, Way, Words};
use domain::ports::store::{ChannelCard, StoreError};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::SqlStore;
use super::columns;
use super::database::{Database, Row, Session, Value, values};
use super::read::channels;

const REGISTER: &str = "INSERT INTO channels (id, platform, title, origin, since) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";

const MAKE: &str = "INSERT INTO made (channel, source, address, interval_s, key, archived, revision) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

const CHANGE: &str = "UPDATE made SET source = $2, address = $3, interval_s = $4, key = $5, \
     archived = $6, revision = $7 WHERE channel = $1 AND revision = $8";

const TITLE: &str = "UPDATE channels SET title = $2 WHERE id = $1";

const SAY: &str = "INSERT INTO words (channel, description, statement, at) \
     SELECT c.id, $2, $3, $4 FROM channels c WHERE c.id = $1 \
     ON CONFLICT (channel) DO UPDATE SET description = excluded.description, \
     statement = excluded.statement, at = excluded.at";

const MADE: &str = "SELECT c.id, c.platform, c.title, c.origin, \
     m.source, m.address, m.interval_s, m.key, m.archived, m.revision \
     FROM made m JOIN channels c ON c.id = m.channel ORDER BY c.id";

#[async_trait::async_trait]
impl<D: Database> Roster for SqlStore<D> {
    async fn make(
        &self,
        card: &ChannelCard,
        made: &Made,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut session = self.database.write().await?;
        let values = channels::values_of(card, now);
        let added = session.tell(SqlStr::from_static(REGISTER), values).await?;
        if added != 1 {
            return Ok(false);
        }
        let values = values_of(card, made);
        session.tell(SqlStr::from_static(MAKE), values).await?;
        session.commit().await?;
        Ok(true)
    }

    async fn change(&self, card: &ChannelCard, made: &Made) -> Result<bool, StoreError> {
        let mut session = self.database.write().await?;
        let mut values = values_of(card, made);
        values.push(Value::from(made.revision.saturating_sub(1)));
        let changed = session.tell(SqlStr::from_static(CHANGE), values).await?;
        if changed != 1 {
            return Ok(false);
        }
        let values = values![&card.id, &card.title];
        session.tell(SqlStr::from_static(TITLE), values).await?;
        session.commit().await?;
        Ok(true)
    }

    async fn say(&self, channel: &ChannelId, words: &Words) -> Result<bool, StoreError> {
        let mut session = self.database.write().await?;
        let values = values![
            channel,
            words.description.as_deref(),
            words.statement.as_deref(),
            words.at
        ];
        let said = session.tell(SqlStr::from_static(SAY), values).await? == 1;
        session.commit().await?;
        Ok(said)
    }

    async fn made(&self) -> Result<Vec<(ChannelCard, Made)>, StoreError> {
        let mut session = self.database.read().await?;
        let rows = session.ask(SqlStr::from_static(MADE), values![]).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let card = channels::card(row)?;
            all.extend(made(row)?.map(|made| (card, made)));
        }
        Ok(all)
    }
}

/// As it stands in its table: channel, source, address, interval, key, archived, revision.
fn values_of(card: &ChannelCard, made: &Made) -> Vec<Value> {
    let seconds = |every: &Duration| super::database::count(every.as_secs());
    let (address, every, key) = match &made.way {
        Way::Telegram {
            name: address,
            every,
        }
        | Way::Feed {
            url: address,
            every,
        } => (Some(address.clone()), Some(seconds(every)), None),
        Way::Webhook { key } => (None, None, Some(key.0.to_vec())),
    };
    values![
        &card.id,
        made.way.label(),
        address,
        every,
        key,
        made.archived,
        made.revision
    ]
}

/// What its owner says of a channel, of a row with the columns of the table; none where he says nothing.
pub(super) fn words<R: Row>(row: &R) -> Result<Option<Words>, StoreError> {
    let Some(at) = columns::maybe_time(row, "said_at")? else {
        return Ok(None);
    };
    Ok(Some(Words {
        description: row.text("description")?,
        statement: row.text("statement")?,
        at,
    }))
}

/// How a channel was made, of a row with the columns of the table; none where it was not.
pub(super) fn made<R: Row>(row: &R) -> Result<Option<Made>, StoreError> {
    let Some(source) = row.text("source")? else {
        return Ok(None);
    };
    let every = || columns::whole(row, "interval_s").map(Duration::from_secs);
    let way = match source.as_str() {
        "telegram" => Way::Telegram {
            name: columns::text(row, "address")?,
            every: every()?,
        },
        "rss" => Way::Feed {
            url: columns::text(row, "address")?,
            every: every()?,
        },
        "webhook" => {
            let key = row.bytes("key")?.and_then(|key| key.try_into().ok());
            let key = key.ok_or_else(|| columns::unknown("key", "something else"))?;
            Way::Webhook {
                key: KeyDigest(key),
            }
        }
        _ => return Err(columns::unknown("source", &source)),
    };
    Ok(Some(Made {
        way,
        archived: columns::maybe_time(row, "archived")?,
        revision: columns::whole(row, "revision")?,
    }))
}
