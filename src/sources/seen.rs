//! What a source that numbers nothing remembers of the posts that it handed out.
//!
//! A feed or a folder shows the same posts again and again, and says neither which of them are new
//! nor which were changed. Both are told by comparing digests.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use domain::ids::PostKey;
use domain::ports::source::Resume;
use domain::post::{Action, Digest, Origin, Post};
use domain::time::Timestamp;

/// A post younger than this when the channel is first read still counts as received when posted.
const FRESH: Duration = Duration::from_secs(120);

/// So many posts are remembered. Of older ones the store knows what it has.
const REMEMBERED: usize = 2_000;

/// The newest version of each recent post, and when the channel was first read.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    first_look: Option<Timestamp>,
    newest: HashMap<PostKey, Digest>,
    order: VecDeque<PostKey>,
}

impl Seen {
    /// What was stored, of a channel that was first read at `first_look`.
    pub(super) fn resume(resume: &Resume, first_look: Option<Timestamp>) -> Self {
        let mut seen = Self {
            first_look,
            ..Self::default()
        };
        for (key, digest) in &resume.recent {
            seen.learn(key.clone(), *digest);
        }
        seen
    }

    /// When the channel was first read; none before that.
    pub(super) const fn first_look(&self) -> Option<Timestamp> {
        self.first_look
    }

    /// Notes that the channel is read now, and says when it was first.
    pub(super) fn look(&mut self, now: Timestamp) -> Timestamp {
        *self.first_look.get_or_insert(now)
    }

    /// What stood there before the first look is history: nobody saw how it was posted.
    pub(super) fn origin(&self, given: Origin, posted: Timestamp) -> Origin {
        let history = self.first_look.is_some_and(|first| posted + FRESH < first);
        match given {
            Origin::Live if history => Origin::Import,
            Origin::Live | Origin::Import | Origin::Simulator => given,
        }
    }

    /// The post as it is to be handed out: an edit if another version of it is known. None if it
    /// is known as it stands.
    pub(super) fn version(&self, post: Post) -> Option<Post> {
        match self.newest.get(&post.key) {
            None => Some(post),
            Some(known) if *known == post.digest() => None,
            Some(_) => Some(Post {
                action: Action::Edited,
                ..post
            }),
        }
    }

    /// Remembers a post's newest version, and forgets the oldest post when there are too many.
    pub(super) fn learn(&mut self, key: PostKey, digest: Digest) {
        if self.newest.insert(key.clone(), digest).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.newest.remove(&oldest);
        }
    }
}
