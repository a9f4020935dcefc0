//! The roster: the channels that were made while the platform ran. Those of the configuration stand
//! there alone.

use std::fmt;
use std::time::Duration;

use super::store::{ChannelCard, StoreError};
use crate::ids::ChannelId;
use crate::time::Timestamp;

/// The SHA-256 of a key. Keys are random and long, so that nobody can guess one from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

/// How the posts of a channel arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A public Telegram channel is looked at.
    Telegram {
        /// Its name there.
        name: String,
        /// How often, in whole seconds.
        every: Duration,
    },
    /// A feed is looked at.
    Feed {
        /// Where it is: an address of the web.
        url: String,
        /// How often, in whole seconds.
        every: Duration,
    },
    /// Somebody brings them.
    Webhook {
        /// What he must show.
        key: KeyDigest,
    },
}

impl Way {
    /// `telegram`, `rss` or `webhook`, as the configuration calls it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Telegram { .. } => "telegram",
            Self::Feed { .. } => "rss",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// How a channel was made, and what became of it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// How its posts arrive.
    pub way: Way,
    /// Since when no more are taken. What was taken stays.
    pub archived: Option<Timestamp>,
    /// How often it was written: 1 when it was made.
    pub revision: u32,
}

/// What the owner of a channel says of it, beside the record and apart from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What the channel is about.
    pub description: Option<String>,
    /// What he answers to its record.
    pub statement: Option<String>,
    /// When it was said.
    pub at: Timestamp,
}

/// The channels that were made while the platform ran.
#[async_trait::async_trait]
pub trait Roster: Send + Sync {
    /// Makes a channel, its card and its way together. `false` when there is a channel of that
    /// name already, however it came; then nothing is changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing is changed.
    async fn make(
        &self,
        card: &ChannelCard,
        made: &Made,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Changes a channel to what it is given: its title, and how it was made. `false` when the
    /// stored revision is not the one before; then somebody else was faster, and nothing is changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing is changed.
    async fn change(&self, card: &ChannelCard, made: &Made) -> Result<bool, StoreError>;

    /// Keeps what is said of a channel, however it came, in the place of what was said before. `false` when
    /// there is no such channel.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing is changed.
    async fn say(&self, channel: &ChannelId, words: &Words) -> Result<bool, StoreError>;

    /// Everyone on it, by name, the archived included.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn made(&self) -> Result<Vec<(ChannelCard, Made)>, StoreError>;
}
