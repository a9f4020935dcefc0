//! Reading what a channel is held against: its claims, what its versions said, the same elsewhere.

use std::sync::Arc;

use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::Pair;
use domain::ports::scrutiny::{ClaimQuery, ClaimRecord, Twin};
use domain::ports::store::StoreError;
use domain::reading::Draft;
use sqlx::SqlStr;

use super::{Question, posts, reviews, signals};
use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, count, values};

/// A post has fewer versions than this, so a place is one number.
const VERSIONS: u64 = 1 << 16;

const CLAIMS: &str = "SELECT p.number, v.version, v.channel, v.key, v.action, v.author, v.text, \
     v.media, v.reply_to, v.forwarded_from, v.posted, v.received, v.origin, r.class, r.reason, \
     r.parser, r.claim_pair, r.claim_percent FROM readings r \
     JOIN versions v ON v.channel = r.channel AND v.key = r.key AND v.version = r.version \
     JOIN posts p ON p.channel = r.channel AND p.key = r.key";

const DRAFTS: &str = "SELECT drafts FROM readings WHERE channel = $1 AND key = $2 ORDER BY version";

/// Found by `signals_by_levels`. A level that neither has is the same.
const TWINS: &str = "SELECT a.id AS id, b.id AS other, b.channel, b.received FROM signals a \
     JOIN signals b ON b.pair = a.pair AND b.side = a.side AND b.stop = a.stop \
     AND b.channel <> a.channel AND b.origin = a.origin \
     AND b.entry_low IS NOT DISTINCT FROM a.entry_low \
     AND b.entry_high IS NOT DISTINCT FROM a.entry_high \
     LEFT JOIN targets t ON t.signal = a.id AND t.k = 1 \
     LEFT JOIN targets u ON u.signal = b.id AND u.k = 1";

/// So many signals are asked about at once: databases limit placeholders.
const AT_ONCE: usize = 500;

pub(crate) async fn claims<D: Database>(
    database: &D,
    query: &ClaimQuery,
) -> Result<Vec<ClaimRecord>, StoreError> {
    let mut question = Question::new(CLAIMS)
        .so("r.class = 'claim'")
        .and("r.channel =", &query.channel)
        .and("v.origin =", query.origin.label())
        .and("v.received <", query.received_before);
    if let Some(from) = query.received_from {
        question = question.and("v.received >=", from);
    }
    if let Some((post, version)) = query.after {
        let place = post * VERSIONS + u64::from(version);
        question = question.and("p.number * 65536 + r.version >", count(place));
    }
    let question = question.then("ORDER BY p.number, r.version");
    let mut session = database.read().await?;
    let rows = question.limit(query.limit).ask(&mut session).await?;
    rows.iter().map(claim).collect()
}

pub(crate) async fn drafts<D: Database>(
    database: &D,
    channel: &ChannelId,
    post: &PostKey,
) -> Result<Vec<Vec<Draft>>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(DRAFTS), values![channel, post])
        .await?;
    rows.iter()
        .map(|row| reviews::drafts(row, "drafts"))
        .collect()
}

pub(crate) async fn twins<D: Database>(
    database: &D,
    of: &[SignalId],
) -> Result<Vec<Twin>, StoreError> {
    let mut session = database.read().await?;
    let mut twins = Vec::new();
    for some in of.chunks(AT_ONCE) {
        let question = Question::new(TWINS)
            .so("t.price IS NOT DISTINCT FROM u.price")
            .among("a.id", some.iter().copied().map(Value::from));
        for row in question.ask(&mut session).await? {
            twins.push(Twin {
                of: signals::id(&row, "id")?,
                other: signals::id(&row, "other")?,
                channel: columns::parsed(&row, "channel", |id| ChannelId::parse(id).ok())?,
                received: columns::time(&row, "received")?,
            });
        }
    }
    Ok(twins)
}

fn claim<R: Row>(row: &R) -> Result<ClaimRecord, StoreError> {
    let version = posts::record(row)?;
    let pair = row.text("claim_pair")?;
    let pair =
        pair.map(|pair| Pair::parse(&pair).map_err(|_| columns::unknown("claim_pair", &pair)));
    Ok(ClaimRecord {
        place: (columns::whole(row, "number")?, version.version),
        post: Arc::new(version.post),
        pair: pair.transpose()?,
        percent: columns::maybe_decimal(row, "claim_percent")?,
    })
}
