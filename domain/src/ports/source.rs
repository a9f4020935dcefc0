//! The source port: where a channel's posts come from.

use crate::ids::{Cursor, PostKey};
use crate::ports::{Advice, BoxError};
use crate::post::{Digest, Post};
use crate::time::Timestamp;

/// From where a source goes on after a stop or a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// What was stored with the last batch; none for a channel that was never read.
    pub cursor: Option<Cursor>,
    /// The channel's last posts that still stand, oldest first, with their newest version: what a
    /// source needs to notice an edit or a deletion that happened while it was away.
    pub recent: Vec<(PostKey, Digest)>,
}

/// Some versions of posts, in the channel's order, and where the source stands after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The versions. Handing out one twice is harmless: it is known again by its digest.
    pub posts: Vec<Post>,
    /// Stored in the same transaction as the last of them.
    pub cursor: Cursor,
}

/// What can go wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be reached, or asked for patience.
    #[error("the source is unreachable")]
    Unreachable(#[source] BoxError),
    /// It answered something that cannot be read.
    #[error("the source sent what cannot be read: {0}")]
    Unreadable(String),
    /// There is no such channel, or it shows nothing to the public.
    #[error("there is no such channel: {0}")]
    Absent(String),
    /// It does not let this platform in, and will not before a person has seen to it.
    #[error("the source refuses to be read: {0}")]
    Refused(String),
}

impl SourceError {
    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Unreachable(_) => Advice::Retry,
            Self::Unreadable(_) => Advice::Skip,
            Self::Absent(_) | Self::Refused(_) => Advice::Stop,
        }
    }
}

/// One channel's posts, new ones, edits and deletions.
#[async_trait::async_trait]
pub trait Source: Send {
    /// Waits for the next batch. Asking again says that the one before is stored. The pace
    /// (polite intervals, back-off) is the source's own business. `None`: there will be no more.
    ///
    /// # Errors
    ///
    /// [`SourceError`], after which it may be asked again as its advice says.
    async fn next(&mut self) -> Result<Option<Batch>, SourceError>;
}

/// A post of a channel that is only looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glanced {
    /// Its name there.
    pub key: PostKey,
    /// When its author says that he posted it.
    pub posted: Timestamp,
    /// The text.
    pub text: String,
    /// Photos or files stand with it.
    pub has_media: bool,
}

/// What one look at a channel shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The channel's title.
    pub title: Option<String>,
    /// Its newest posts, oldest first.
    pub posts: Vec<Glanced>,
}

/// Looks at channels that nobody reads yet.
#[async_trait::async_trait]
pub trait Scout: Send + Sync {
    /// Looks once at the channel of this name.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when there is nothing to be seen.
    async fn glance(&self, name: &str) -> Result<Glance, SourceError>;
}

/// Opens a source, again after each death of the one who read it.
pub trait OpenSource: Send + Sync {
    /// Opens it where `resume` says.
    fn open(&self, resume: Resume) -> Box<dyn Source>;
}
