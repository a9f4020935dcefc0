//! Reviews as the REST API shows them, and as labelled examples are exported.

use domain::ports::review::{Review, ReviewId, Reviewable};
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::DraftOut;

/// A reading, and what a person said of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewableOut {
    /// Its name: the post's number and the version.
    pub id: String,
    /// Who posted it.
    pub channel: String,
    /// The post.
    pub post: String,
    /// Which version of it, from 1.
    pub version: u32,
    /// When this version was received (µs UTC).
    pub received: i64,
    /// The text of this version.
    pub text: String,
    /// Which parser read it.
    pub parser: String,
    /// What it was read as: `signal`, `update`, `close`, `cancel`, `claim`, `noise` or `quarantined`.
    pub class: &'static str,
    /// Why it is noise or held.
    pub reason: Option<String>,
    /// The trades that were read, literally.
    pub signals: Vec<DraftOut>,
    /// What a person said of it last.
    pub review: Option<ReviewOut>,
}

/// What a person said of a reading.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewOut {
    /// `confirmed`: it is right as it was read. `corrected`: what follows would have been right.
    pub verdict: &'static str,
    /// What the post is.
    pub class: &'static str,
    /// Its trades.
    pub signals: Vec<DraftOut>,
    /// Why.
    pub note: Option<String>,
    /// When it was said (µs UTC).
    pub reviewed: i64,
}

impl From<Reviewable> for ReviewableOut {
    fn from(reading: Reviewable) -> Self {
        Self {
            id: written(reading.id),
            channel: reading.channel.to_string(),
            post: reading.post.to_string(),
            version: reading.id.version,
            received: reading.received.as_micros(),
            text: reading.text,
            parser: reading.parser,
            class: reading.class,
            reason: reading.reason,
            signals: reading.drafts.iter().map(DraftOut::of).collect(),
            review: reading.review.as_ref().map(ReviewOut::of),
        }
    }
}

impl ReviewOut {
    fn of(review: &Review) -> Self {
        Self {
            verdict: if review.confirmed {
                "confirmed"
            } else {
                "corrected"
            },
            class: review.class,
            signals: review.drafts.iter().map(DraftOut::of).collect(),
            note: review.note.clone(),
            reviewed: review.reviewed.as_micros(),
        }
    }
}

/// The name of a reading: `182.1`.
#[must_use]
pub fn written(id: ReviewId) -> String {
    format!("{}.{}", id.post, id.version)
}

/// Reads the name of a reading.
#[must_use]
pub fn read_id(text: &str) -> Option<ReviewId> {
    let (post, version) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(post) && digits(version)).then_some(())?;
    Some(ReviewId {
        // As far as a database counts.
        post: post
            .parse()
            .ok()
            .filter(|post| *post <= i64::MAX as u64 >> 16)?,
        version: version.parse().ok()?,
    })
}
