//! The keyring: which channels take posts that are brought, and what their posters must show.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use actors::channel::Channel;
use actors::supervise::Door;
use domain::ids::ChannelId;
use domain::ports::roster::KeyDigest;
use domain::post::Origin;
use rand::Rng as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A channel that takes posts.
#[derive(Clone)]
pub struct Holder {
    /// What its poster must show.
    pub key: KeyDigest,
    /// Where its posts come from.
    pub origin: Origin,
    /// The channel's door; none when it is archived.
    pub door: Option<Door<Channel>>,
}

impl Holder {
    /// Whether this is the key. How long it takes does not tell how much of it is right.
    #[must_use]
    pub fn opens_with(&self, key: &str) -> bool {
        digest(key).0.ct_eq(&self.key.0).into()
    }
}

/// The channels that take posts, by name.
#[derive(Clone, Default)]
pub struct Keyring(Arc<RwLock<BTreeMap<ChannelId, Holder>>>);

impl Keyring {
    /// The channel of that name.
    #[must_use]
    pub fn get(&self, id: &ChannelId) -> Option<Holder> {
        let holders = self.0.read().unwrap_or_else(PoisonError::into_inner);
        holders.get(id).cloned()
    }

    /// Lets a channel take posts from now on.
    pub fn insert(&self, id: ChannelId, holder: Holder) {
        let mut holders = self.0.write().unwrap_or_else(PoisonError::into_inner);
        holders.insert(id, holder);
    }

    /// Lets a channel take no more posts.
    pub fn remove(&self, id: &ChannelId) {
        let mut holders = self.0.write().unwrap_or_else(PoisonError::into_inner);
        holders.remove(id);
    }
}

/// What is kept of a key.
#[must_use]
pub fn digest(key: &str) -> KeyDigest {
    KeyDigest(Sha256::digest(key.as_bytes()).into())
}

/// A new key of 256 random bits, and what is kept of it.
#[must_use]
pub fn fresh_key() -> (SecretString, KeyDigest) {
    let mut bits = [0_u8; 32];
    rand::rng().fill_bytes(&mut bits);
    let letters: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = format!("ts_hook_{letters}");
    let digest = digest(&key);
    (SecretString::from(key), digest)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_key_opens_its_channel_and_no_other_key_does() {
        let (key, digest) = fresh_key();
        let holder = Holder {
            key: digest,
            origin: Origin::Live,
            door: None,
        };
        assert!(holder.opens_with(key.expose_secret()));
        let (other, _) = fresh_key();
        assert!(!holder.opens_with(other.expose_secret()));
        assert!(!holder.opens_with(""));
        assert_eq!(key.expose_secret().len(), "ts_hook_".len() + 64);
    }
}
