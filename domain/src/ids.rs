//! The names by which things are known, each of its own type.

use std::fmt;

use smol_str::SmolStr;
use uuid::Uuid;

/// Defines a name that is text inside and a type of its own outside.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// Takes the text as it is.
            #[must_use]
            pub fn new(text: impl Into<SmolStr>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A post within its channel, as its platform numbers it.
    PostKey
}
text_id! {
    /// Where a source stands in its channel; only the source understands it.
    Cursor
}
text_id! {
    /// One history of `seq`. It changes only when the store went back.
    Epoch
}

/// A channel: who posts. Lower-case letters, digits, `-`, `_` and `.`, at most 64 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(SmolStr);

/// A channel's name that cannot stand in a URL or a metric label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no channel name: use 1 to 64 lower-case letters, digits, `-`, `_` or `.`")]
pub struct BadChannelId(pub String);

impl ChannelId {
    /// Reads a channel's name.
    ///
    /// # Errors
    ///
    /// [`BadChannelId`] when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, BadChannelId> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)
            });
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(BadChannelId(text.to_owned()))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A signal. Derived from what it was read from, so the same post read twice names the same signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(Uuid);

/// The namespace of [`SignalId`]s.
const SIGNALS: Uuid = Uuid::from_u128(0x7e5d_83a1_0c1f_5b6e_9f34_6f1d_5a02_c1b7);

impl SignalId {
    /// The `nth` signal (from 0) of a post.
    #[must_use]
    pub fn of(channel: &ChannelId, post: &PostKey, nth: usize) -> Self {
        let name = format!("{channel}\n{post}\n{nth}");
        Self(Uuid::new_v5(&SIGNALS, name.as_bytes()))
    }

    /// From a stored or requested id.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id as a UUID.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for SignalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A place in the stream: 1 for an epoch's first event, then without a gap. 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// From its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
