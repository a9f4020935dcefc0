//! Writing posts: each version once, with what the parser made of it.

use domain::ports::store::{PostEntry, Receipt, StoreError};
use domain::post::{Action, Post};
use domain::reading::{Draft, Meaning, Reading};

use super::Desk;
use crate::store::columns;
use crate::store::database::{Row, Session, values};
use crate::store::shape::Kept as _;

const NEWEST: &str = "SELECT version, digest, stands FROM posts WHERE channel = $1 AND key = $2";

/// An older version with the same content: the very same arrival, or any.
const SAME: &str = "SELECT COUNT(*) AS same, COUNT(*) FILTER (WHERE received = $4) AS arrival \
     FROM versions WHERE channel = $1 AND key = $2 AND digest = $3";

const POST: &str = "INSERT INTO posts (channel, key, version, digest, received, stands, edited, deleted) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (channel, key) DO UPDATE SET version = excluded.version, \
     digest = excluded.digest, stands = excluded.stands, \
     edited = posts.edited OR excluded.edited, deleted = posts.deleted OR excluded.deleted";

const VERSION: &str = "INSERT INTO versions (channel, key, version, digest, action, author, text, media, \
     reply_to, forwarded_from, posted, received, origin, place) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const READING: &str = "INSERT INTO readings (channel, key, version, parser, class, reason, drafts, \
     claim_pair, claim_percent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// What is stored of a post already.
enum Known {
    /// This version.
    This,
    /// Others, and this is the version that comes next.
    Others {
        /// Counted from 1.
        version: u32,
        /// It replaces one that stood until now.
        edit: bool,
    },
}

impl<S: Session> Desk<S> {
    pub(super) async fn post(&mut self, entry: &PostEntry) -> Result<Receipt, StoreError> {
        let receipt = match self.known(&entry.post).await? {
            Known::This => Receipt::Duplicate,
            Known::Others { version, edit } => {
                self.version(&entry.post, version, edit).await?;
                self.reading(&entry.post, version, &entry.reading, entry.note.as_deref())
                    .await?;
                let receipt = self.publish(&entry.happenings).await?;
                self.assessments(&entry.assessments).await?;
                receipt
            }
        };
        if let Some(cursor) = &entry.cursor {
            self.cursor(&entry.post.channel, cursor).await?;
        }
        Ok(receipt)
    }

    async fn known(&mut self, post: &Post) -> Result<Known, StoreError> {
        let digest = post.digest().0.to_vec();
        let Some(newest) = self.ask(NEWEST, values![&post.channel, &post.key]).await? else {
            return Ok(Known::Others {
                version: 1,
                edit: post.action == Action::Edited,
            });
        };
        if newest_is(&newest, &digest)? {
            return Ok(Known::This);
        }

        let stands = columns::flag(&newest, "stands")?;
        let version: u32 = columns::whole(&newest, "version")?;
        let same = self
            .ask(
                SAME,
                values![&post.channel, &post.key, digest, post.received],
            )
            .await?;
        let arrived = super::number(same.as_ref(), "arrival")? > Some(0);
        let told_before = super::number(same.as_ref(), "same")? > Some(0);
        // An original cannot follow its own edits: a source that was restarted tells it again.
        // After a deletion it can, when the deletion was an error of the source.
        let original = matches!(post.action, Action::Original | Action::Forwarded);
        if arrived || (told_before && original && stands) {
            Ok(Known::This)
        } else {
            Ok(Known::Others {
                version: version + 1,
                edit: post.action == Action::Edited || (stands && post.action != Action::Deleted),
            })
        }
    }

    async fn version(&mut self, post: &Post, version: u32, edit: bool) -> Result<(), StoreError> {
        let digest = post.digest().0.to_vec();
        let deleted = post.action == Action::Deleted;
        self.tell(
            POST,
            values![
                &post.channel,
                &post.key,
                version,
                digest.clone(),
                post.received,
                !deleted,
                edit,
                deleted,
            ],
        )
        .await?;
        self.tell(
            VERSION,
            values![
                &post.channel,
                &post.key,
                version,
                digest,
                post.action.label(),
                post.author.as_ref(),
                &post.text,
                post.media.keep().to_string(),
                post.reply_to.as_ref(),
                post.forwarded_from.as_ref(),
                post.posted,
                post.received,
                post.origin.label(),
                self.head.next(),
            ],
        )
        .await?;
        Ok(())
    }

    async fn reading(
        &mut self,
        post: &Post,
        version: u32,
        reading: &Reading,
        note: Option<&str>,
    ) -> Result<(), StoreError> {
        let (claim_pair, claim_percent) = match &reading.meaning {
            Meaning::Claim { pair, percent } => (pair.as_ref().map(ToString::to_string), *percent),
            Meaning::Signals(_)
            | Meaning::Updates(_)
            | Meaning::Closes(_)
            | Meaning::Cancels(_)
            | Meaning::Noise(_)
            | Meaning::Quarantined { .. } => (None, None),
        };
        self.tell(
            READING,
            values![
                &post.channel,
                &post.key,
                version,
                reading.parser,
                reading.meaning.label(),
                reason(&reading.meaning).or(note),
                drafts(&reading.meaning).map(|drafts| drafts.keep().to_string()),
                claim_pair,
                claim_percent,
            ],
        )
        .await?;
        Ok(())
    }
}

fn newest_is<R: Row>(row: &R, digest: &[u8]) -> Result<bool, StoreError> {
    Ok(row.bytes("digest")?.as_deref() == Some(digest))
}

fn reason(meaning: &Meaning) -> Option<&str> {
    match meaning {
        Meaning::Noise(reason) => Some(reason),
        Meaning::Quarantined { reason, .. } => Some(reason),
        Meaning::Signals(_)
        | Meaning::Updates(_)
        | Meaning::Closes(_)
        | Meaning::Cancels(_)
        | Meaning::Claim { .. } => None,
    }
}

/// What was read, literally: a person who reviews a quarantined post needs to see it.
fn drafts(meaning: &Meaning) -> Option<&Vec<Draft>> {
    match meaning {
        Meaning::Signals(drafts) | Meaning::Quarantined { drafts, .. } => Some(drafts),
        Meaning::Updates(_)
        | Meaning::Closes(_)
        | Meaning::Cancels(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_) => None,
    }
}
