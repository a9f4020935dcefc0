//! Reading and keeping what people say of readings.

use domain::ids::{ChannelId, PostKey};
use domain::ports::review::{Review, ReviewId, ReviewQuery, Reviewable};
use domain::ports::store::StoreError;
use domain::reading::{Draft, Meaning};
use sqlx::SqlStr;

use super::Question;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, count, values};
use crate::store::shape::Kept as _;

/// Versions of one post are so many at most in one place of the list.
const VERSIONS: u64 = 1 << 16;

const READINGS: &str = "SELECT p.number, r.version, r.channel, r.key, v.text, v.received, r.parser, \
     r.class, r.reason, r.drafts, w.verdict, w.class AS said_class, w.drafts AS said_drafts, w.note, \
     w.reviewed FROM readings r \
     JOIN posts p ON p.channel = r.channel AND p.key = r.key \
     JOIN versions v ON v.channel = r.channel AND v.key = r.key AND v.version = r.version \
     LEFT JOIN reviews w ON w.channel = r.channel AND w.key = r.key AND w.version = r.version \
     AND w.revision = (SELECT MAX(x.revision) FROM reviews x \
     WHERE x.channel = r.channel AND x.key = r.key AND x.version = r.version)";

const REVIEW: &str = "INSERT INTO reviews (channel, key, version, revision, verdict, class, drafts, \
     note, reviewed) SELECT r.channel, r.key, r.version, \
     (SELECT COALESCE(MAX(x.revision), 0) + 1 FROM reviews x \
     WHERE x.channel = r.channel AND x.key = r.key AND x.version = r.version), \
     $3, $4, $5, $6, $7 \
     FROM readings r JOIN posts p ON p.channel = r.channel AND p.key = r.key \
     WHERE p.number = $1 AND r.version = $2";

pub(crate) async fn readings<D: Database>(
    database: &D,
    query: &ReviewQuery,
) -> Result<Vec<Reviewable>, StoreError> {
    let mut question = Question::new(READINGS)
        .among("r.channel", query.channels.iter().map(Value::from))
        .among(
            "r.class",
            query.classes.iter().map(|class| Value::from(*class)),
        );
    question = match query.reviewed {
        Some(true) => question.so("w.channel IS NOT NULL"),
        Some(false) => question.so("w.channel IS NULL AND r.version = p.version"),
        None => question.so("(w.channel IS NOT NULL OR r.version = p.version)"),
    };
    if let Some(before) = query.before {
        question = question.and("p.number * 65536 + r.version <", count(place(before)));
    }
    let question = question.then("ORDER BY p.number DESC, r.version DESC");
    let mut session = database.read().await?;
    let rows = question.limit(query.limit).ask(&mut session).await?;
    rows.iter().map(reviewable).collect()
}

pub(crate) async fn reading<D: Database>(
    database: &D,
    id: ReviewId,
) -> Result<Option<Reviewable>, StoreError> {
    let question = Question::new(READINGS)
        .and("p.number =", count(id.post))
        .and("r.version =", id.version);
    let mut session = database.read().await?;
    let rows = question.limit(1).ask(&mut session).await?;
    rows.first().map(reviewable).transpose()
}

pub(crate) async fn review<D: Database>(
    database: &D,
    id: ReviewId,
    review: &Review,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let values = values![
        count(id.post),
        id.version,
        if review.confirmed {
            "confirmed"
        } else {
            "corrected"
        },
        review.class,
        review.drafts.keep().to_string(),
        review.note.clone(),
        review.reviewed,
    ];
    let kept = session.tell(SqlStr::from_static(REVIEW), values).await?;
    session.commit().await?;
    Ok(kept == 1)
}

/// A place in the list, as one number.
const fn place(id: ReviewId) -> u64 {
    id.post
        .saturating_mul(VERSIONS)
        .saturating_add(id.version as u64)
}

fn reviewable<R: Row>(row: &R) -> Result<Reviewable, StoreError> {
    let review = match row.text("verdict")? {
        None => None,
        Some(verdict) => Some(Review {
            confirmed: verdict == "confirmed",
            class: class(row, "said_class")?,
            drafts: drafts(row, "said_drafts")?,
            note: row.text("note")?,
            reviewed: columns::time(row, "reviewed")?,
        }),
    };
    Ok(Reviewable {
        id: ReviewId {
            post: columns::whole(row, "number")?,
            version: columns::whole(row, "version")?,
        },
        channel: columns::parsed(row, "channel", |id| ChannelId::parse(id).ok())?,
        post: PostKey::new(columns::text(row, "key")?),
        text: columns::text(row, "text")?,
        received: columns::time(row, "received")?,
        parser: columns::text(row, "parser")?,
        class: class(row, "class")?,
        reason: row.text("reason")?,
        drafts: drafts(row, "drafts")?,
        review,
    })
}

fn class<R: Row>(row: &R, column: &str) -> Result<&'static str, StoreError> {
    columns::parsed(row, column, |label| {
        Meaning::LABELS.into_iter().find(|known| *known == label)
    })
}

pub(super) fn drafts<R: Row>(row: &R, column: &str) -> Result<Vec<Draft>, StoreError> {
    let Some(text) = row.text(column)? else {
        return Ok(Vec::new());
    };
    serde_json::from_str(&text)
        .ok()
        .and_then(|value| Vec::<Draft>::read(value).ok())
        .ok_or_else(|| columns::unknown(column, &text))
}
