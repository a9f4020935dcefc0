//! Posts: what a channel said, as received. Nothing is overwritten; an edit is a new version.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::ids::{ChannelId, PostKey};
use crate::time::Timestamp;

/// Where a record comes from. Figures of different origins are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Received from a real channel as it was posted.
    Live,
    /// Read from a history: edits and deletions before the import are unseen.
    Import,
    /// Made by the simulator.
    Simulator,
}

impl Origin {
    /// `live`, `import` or `simulator`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Import => "import",
            Self::Simulator => "simulator",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "live" => Some(Self::Live),
            "import" => Some(Self::Import),
            "simulator" => Some(Self::Simulator),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What the author did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Posted it.
    Original,
    /// Changed it.
    Edited,
    /// Took it away.
    Deleted,
    /// Passed on somebody else's post.
    Forwarded,
}

impl Action {
    /// `original`, `edited`, `deleted` or `forwarded`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Forwarded => "forwarded",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "original" => Some(Self::Original),
            "edited" => Some(Self::Edited),
            "deleted" => Some(Self::Deleted),
            "forwarded" => Some(Self::Forwarded),
            _ => None,
        }
    }
}

/// The SHA-256 of a version's content: two versions are the same when these are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One version of a post, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Whose channel it stands in.
    pub channel: ChannelId,
    /// Its number there.
    pub key: PostKey,
    /// What the author did to bring this version about.
    pub action: Action,
    /// Who wrote it, where the platform says so.
    pub author: Option<String>,
    /// The text; empty for a deletion.
    pub text: String,
    /// References to its images and files.
    pub media: Vec<String>,
    /// The post that it answers.
    pub reply_to: Option<PostKey>,
    /// Where it was forwarded from.
    pub forwarded_from: Option<String>,
    /// When the author says that he posted it.
    pub posted: Timestamp,
    /// When the platform received this version: the instant from which it counts.
    pub received: Timestamp,
    /// Where it comes from.
    pub origin: Origin,
}

impl Post {
    /// What makes this version itself: its text and media and whether it is there at all.
    ///
    /// Author, reply and times are left out, so that a version read twice over different ways
    /// (a page, an API) is known again.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(if self.action == Action::Deleted {
            b"gone"
        } else {
            b"here"
        });
        hash.update((self.text.len() as u64).to_be_bytes());
        hash.update(self.text.as_bytes());
        for media in &self.media {
            hash.update((media.len() as u64).to_be_bytes());
            hash.update(media.as_bytes());
        }
        Digest(hash.finalize().into())
    }
}
