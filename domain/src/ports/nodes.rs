//! The nodes: the processes that serve one record, each as it last said of itself.

use std::time::Duration;

use smol_str::SmolStr;

use super::store::StoreError;
use crate::time::Timestamp;

/// How often a node says that it is here.
pub const SAYS_EVERY: Duration = Duration::from_secs(10);

/// A node that said nothing for so long is gone.
pub const GONE_AFTER: Duration = Duration::from_secs(35);

/// How long those are remembered that are not here any more.
pub const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

/// One process, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name among all that ever were; a new one at each start.
    pub id: SmolStr,
    /// The machine or the pod that it runs on.
    pub host: String,
    /// Which release it is.
    pub version: SmolStr,
    /// Where it listens: `http://…`.
    pub addresses: Vec<String>,
    /// What it does of what one node is enough for: `relay`, `sealer`, …
    pub roles: Vec<SmolStr>,
    /// When it started.
    pub started: Timestamp,
    /// When it last said that it is here.
    pub seen: Timestamp,
    /// When it said that it leaves.
    pub left: Option<Timestamp>,
}

/// Whether a node is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// It said that it leaves.
    Left,
    /// It said nothing for too long: it was killed, or does not reach the store.
    Gone,
}

impl Presence {
    /// As it stands on the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Left => "left",
            Self::Gone => "gone",
        }
    }
}

impl Node {
    /// Whether it is here at this moment.
    #[must_use]
    pub fn presence(&self, now: Timestamp) -> Presence {
        if self.left.is_some() {
            Presence::Left
        } else if now.since(self.seen) > GONE_AFTER {
            Presence::Gone
        } else {
            Presence::Here
        }
    }

    /// What it does at this moment: nothing, where it is not here.
    #[must_use]
    pub fn roles_at(&self, now: Timestamp) -> &[SmolStr] {
        match self.presence(now) {
            Presence::Here => &self.roles,
            Presence::Left | Presence::Gone => &[],
        }
    }
}

/// Who serves this record.
#[async_trait::async_trait]
pub trait Nodes: Send + Sync {
    /// Writes down what a node says of itself, in the place of what it said before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as each of these methods.
    async fn say(&self, node: &Node) -> Result<(), StoreError>;

    /// All that are remembered, the last started first.
    async fn nodes(&self) -> Result<Vec<Node>, StoreError>;

    /// Forgets those that said nothing since.
    async fn forget(&self, before: Timestamp) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_here_until_it_leaves_or_falls_silent() {
        let at = |seconds| Timestamp::from_millis(seconds * 1_000);
        let mut node = Node {
            id: "a".into(),
            host: "pod".to_owned(),
            version: "1".into(),
            addresses: Vec::new(),
            roles: Vec::new(),
            started: at(0),
            seen: at(100),
            left: None,
        };
        assert_eq!(node.presence(at(120)), Presence::Here);
        // Two words may be lost before anybody worries.
        let silent = GONE_AFTER.as_secs();
        assert!(GONE_AFTER > SAYS_EVERY * 3);
        assert_eq!(node.presence(at(100 + silent as i64)), Presence::Here);
        assert_eq!(node.presence(at(101 + silent as i64)), Presence::Gone);
        node.left = Some(at(110));
        assert_eq!(node.presence(at(120)), Presence::Left);
    }
}
