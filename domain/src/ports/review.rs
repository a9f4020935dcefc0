//! Reviews: what a person says of a reading, and the labelled examples that come of it.
//!
//! A review changes neither the record nor a ranking. The clock of a signal starts at its receipt, so
//! nobody can put a trade into a channel's history afterwards, or take one out.

use super::store::StoreError;
use crate::ids::{ChannelId, PostKey};
use crate::reading::Draft;
use crate::time::Timestamp;

/// Which reading: a post's number in the order in which posts became known, and a version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewId {
    /// The post's number.
    pub post: u64,
    /// The version, from 1.
    pub version: u32,
}

/// What a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The reading is right as it is; else it is corrected to what follows.
    pub confirmed: bool,
    /// What the post is: `signal`, `update`, `close`, `cancel`, `claim`, `noise` or `quarantined`.
    pub class: &'static str,
    /// Its trades, as they should have been read.
    pub drafts: Vec<Draft>,
    /// Why, for whoever learns from it.
    pub note: Option<String>,
    /// When it was said.
    pub reviewed: Timestamp,
}

/// A reading that can be reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewable {
    /// Its name.
    pub id: ReviewId,
    /// Who posted it.
    pub channel: ChannelId,
    /// The post.
    pub post: PostKey,
    /// The text of this version.
    pub text: String,
    /// When this version was received.
    pub received: Timestamp,
    /// Which parser read it.
    pub parser: String,
    /// What it was read as.
    pub class: &'static str,
    /// Why, where the class needs a reason.
    pub reason: Option<String>,
    /// The trades that were read, literally.
    pub drafts: Vec<Draft>,
    /// What was said of it last.
    pub review: Option<Review>,
}

/// Which readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewQuery {
    /// Only those that were reviewed (`true`), or the newest version of each post that was not
    /// (`false`).
    pub reviewed: Option<bool>,
    /// Of these channels; all where there are none.
    pub channels: Vec<ChannelId>,
    /// Read as one of these classes; all where there are none.
    pub classes: Vec<&'static str>,
    /// Older than this one (they come newest first).
    pub before: Option<ReviewId>,
    /// At most so many.
    pub limit: usize,
}

/// What people say of readings.
#[async_trait::async_trait]
pub trait Reviews: Send + Sync {
    /// Readings, newest posts first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn readings(&self, query: &ReviewQuery) -> Result<Vec<Reviewable>, StoreError>;

    /// One reading.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn reading(&self, id: ReviewId) -> Result<Option<Reviewable>, StoreError>;

    /// Keeps what a person says; what was said before stays. `false` when there is no such reading.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing is kept.
    async fn review(&self, id: ReviewId, review: &Review) -> Result<bool, StoreError>;
}
