//! What a channel remembers of its posts, so that most of them need no look into the store.

use std::collections::{HashMap, VecDeque};

use domain::ids::{ChannelId, PostKey};
use domain::ports::store::{Store, StoreError};
use domain::post::Digest;

/// So many posts are remembered; older ones are looked up.
const POSTS: usize = 2_000;

/// The newest version of each recent post.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    newest: HashMap<PostKey, Digest>,
    order: VecDeque<PostKey>,
    /// Something may be stored that is not remembered.
    forgot: bool,
}

/// What is known of a post before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was never seen.
    New,
    /// Its newest version has this digest.
    As(Digest),
    /// Only the store can tell.
    Unsure,
}

impl Memory {
    /// Finds the channel's memories in the store.
    pub(crate) async fn load(channel: &ChannelId, store: &dyn Store) -> Result<Self, StoreError> {
        let resume = store.resume(channel, POSTS).await?;
        let mut memory = Self {
            forgot: resume.recent.len() >= POSTS,
            ..Self::default()
        };
        for (post, digest) in resume.recent {
            memory.learn(post, digest);
        }
        Ok(memory)
    }

    /// What is known of a post.
    pub(crate) fn of(&self, post: &PostKey) -> Known {
        match self.newest.get(post) {
            Some(digest) => Known::As(*digest),
            None if self.forgot => Known::Unsure,
            None => Known::New,
        }
    }

    /// Remembers a post's newest version, and forgets the oldest post when there are too many.
    pub(crate) fn learn(&mut self, post: PostKey, digest: Digest) {
        if self.newest.insert(post.clone(), digest).is_none() {
            self.order.push_back(post);
        }
        if self.order.len() > POSTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.newest.remove(&oldest);
            self.forgot = true;
        }
    }
}
