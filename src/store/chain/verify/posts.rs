//! Posts: where each stands follows from its versions.

use domain::ids::{ChannelId, PostKey};
use domain::ports::store::StoreError;
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::Verified;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, limit, values};

/// How many versions are read at once.
const PAGE: usize = 2_000;

const VERSIONS: &str = "SELECT p.number, p.channel, p.key, p.version AS newest, p.digest AS stood, \
     p.received AS since, p.stands, p.edited, p.deleted, v.version, v.digest, v.action, v.received, \
     v.text, v.media \
     FROM posts p LEFT JOIN versions v ON v.channel = p.channel AND v.key = p.key \
     WHERE p.number > $1 OR (p.number = $1 AND v.version > $2) \
     ORDER BY p.number, v.version LIMIT $3";

/// A post as its row says, or as its versions give it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    version: i64,
    digest: Option<Vec<u8>>,
    since: Option<Timestamp>,
    stands: bool,
    edited: bool,
    deleted: bool,
}

/// A post under way through its versions.
struct Under {
    number: i64,
    key: String,
    told: Standing,
    made: Option<Standing>,
}

pub(super) async fn verify<D: Database>(
    database: &D,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let mut under: Option<Under> = None;
    let mut after = (0_i64, 0_i64);
    loop {
        let rows = {
            let mut session = database.read().await?;
            let values = values![after.0, after.1, limit(PAGE)];
            session.ask(SqlStr::from_static(VERSIONS), values).await?
        };
        for row in &rows {
            let number: i64 = columns::whole(row, "number")?;
            let version: i64 = columns::maybe_whole(row, "version")?.unwrap_or(0);
            after = (number, version);
            if under.as_ref().is_none_or(|under| under.number != number) {
                conclude(under.take(), verified);
                under = Some(begin(row, number)?);
            }
            if let Some(under) = &mut under {
                add(row, version, under, verified)?;
            }
        }
        if rows.len() < PAGE {
            conclude(under, verified);
            return Ok(());
        }
    }
}

fn begin<R: Row>(row: &R, number: i64) -> Result<Under, StoreError> {
    let (channel, key) = (columns::text(row, "channel")?, columns::text(row, "key")?);
    Ok(Under {
        number,
        key: format!("{channel}/{key}"),
        told: Standing {
            version: columns::whole(row, "newest")?,
            digest: row.bytes("stood")?,
            since: columns::maybe_time(row, "since")?,
            stands: columns::flag(row, "stands")?,
            edited: columns::flag(row, "edited")?,
            deleted: columns::flag(row, "deleted")?,
        },
        made: None,
    })
}

/// Takes a version in, as the ledger did.
fn add<R: Row>(
    row: &R,
    version: i64,
    under: &mut Under,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    if version == 0 {
        return Ok(());
    }
    let Some(action) = row.text("action")?.as_deref().and_then(Action::from_label) else {
        let key = format!("{}/{version}", under.key);
        if !verified.is_broken("versions", &key) {
            verified.find("versions", key, "its action is none");
        }
        return Ok(());
    };
    if !is_of_its_text(row, action)? {
        let key = format!("{}/{version}", under.key);
        if !verified.is_broken("versions", &key) {
            verified.find(
                "versions",
                key,
                "its digest is not that of its text and media",
            );
        }
    }
    let before = under.made.as_ref();
    let gone = action == Action::Deleted;
    let stood = before.is_some_and(|before| before.stands);
    let edit = action == Action::Edited || (stood && !gone);
    under.made = Some(Standing {
        version,
        digest: row.bytes("digest")?,
        since: match before {
            Some(before) => before.since,
            None => columns::maybe_time(row, "received")?,
        },
        stands: !gone,
        edited: edit || before.is_some_and(|before| before.edited),
        deleted: gone || before.is_some_and(|before| before.deleted),
    });
    Ok(())
}

/// Is the digest of a version that of its content? A character that a database cannot keep was in the
/// digest and is another one in the text: of that nobody can tell.
fn is_of_its_text<R: Row>(row: &R, action: Action) -> Result<bool, StoreError> {
    let (text, media) = (columns::text(row, "text")?, columns::text(row, "media")?);
    if text.contains('\u{FFFD}') || media.contains('\u{FFFD}') {
        return Ok(true);
    }
    let channel = columns::parsed(row, "channel", |id| ChannelId::parse(id).ok())?;
    let Ok(media) = serde_json::from_str::<Vec<String>>(&media) else {
        return Ok(false);
    };
    let post = Post {
        channel,
        key: PostKey::new(""),
        action,
        author: None,
        text,
        media,
        reply_to: None,
        forwarded_from: None,
        posted: Timestamp::MIN,
        received: Timestamp::MIN,
        origin: Origin::Live,
    };
    Ok(row.bytes("digest")?.as_deref() == Some(&post.digest().0[..]))
}

fn conclude(under: Option<Under>, verified: &mut Verified) {
    let Some(Under {
        key, told, made, ..
    }) = under
    else {
        return;
    };
    verified.posts += 1;
    if made.as_ref() == Some(&told) {
        return;
    }
    let versions = 1..=told
        .version
        .max(made.as_ref().map_or(0, |made| made.version));
    let mut versions = versions.map(|version| format!("{key}/{version}"));
    if !versions.any(|version| verified.is_broken("versions", &version)) {
        let made = made.map_or_else(|| "nothing".to_owned(), |made| made.differs(&told));
        verified.find("posts", key, format!("its versions say otherwise: {made}"));
    }
}

impl Standing {
    /// What differs, as expected and found.
    fn differs(&self, found: &Self) -> String {
        let parts = [
            (
                "version",
                self.version != found.version,
                format!("{} and not {}", self.version, found.version),
            ),
            (
                "digest",
                self.digest != found.digest,
                "that of the newest version".to_owned(),
            ),
            (
                "received",
                self.since != found.since,
                format!("{:?} and not {:?}", self.since, found.since),
            ),
            (
                "stands",
                self.stands != found.stands,
                self.stands.to_string(),
            ),
            (
                "edited",
                self.edited != found.edited,
                self.edited.to_string(),
            ),
            (
                "deleted",
                self.deleted != found.deleted,
                self.deleted.to_string(),
            ),
        ];
        let parts = parts.into_iter().filter(|(_, differs, _)| *differs);
        let told: Vec<String> = parts
            .map(|(name, _, what)| format!("{name} is {what}"))
            .collect();
        told.join(", ")
    }
}
