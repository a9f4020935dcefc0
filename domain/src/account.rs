//! Accounts: who somebody is, how he proves it, and what he may do here.
//!
//! Secrets are here only as what is kept of them: a hash that cannot be turned back, or bytes that
//! were sealed before they came. None of them prints.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use smol_str::SmolStr;
use uuid::Uuid;

use crate::ids::ChannelId;
use crate::plan::PlanId;
use crate::time::Timestamp;

mod email;

pub use email::{BadEmail, Email};

/// Defines an opaque, random name.
macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// From 128 bits that somebody drew, or that were stored.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// From its text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::parse_str(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

opaque_id! {
    /// An account. It says nothing about whose it is, so it may stay in logs when he is gone.
    AccountId
}
opaque_id! {
    /// A device that is logged in.
    SessionId
}
opaque_id! {
    /// A key for a program.
    KeyId
}

/// The SHA-256 of something random and long that only its holder has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest(pub [u8; 32]);

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

/// A password as it is kept: a PHC string of argon2id.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Bytes that nobody can read without the platform's own key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// What somebody may do here besides what his plan shows him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees what his plan shows, and answers for channels that are his.
    User,
    /// Confirms and corrects readings.
    Reviewer,
    /// Runs the platform.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::User, Self::Reviewer, Self::Admin];

    /// As it stands in the store and on the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Reviewer => "reviewer",
            Self::Admin => "admin",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }
}

/// The second factor of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret that the account's owner shares.
    pub secret: Sealed,
    /// Whether he has shown that he has it. Until then it is asked for nowhere.
    pub confirmed: bool,
    /// The last time step whose code was taken: none is taken twice.
    pub last_step: i64,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub id: AccountId,
    /// Where its owner reads mail.
    pub email: Email,
    /// What is kept of its password.
    pub password: PasswordHash,
    /// When its owner showed that the mail is his.
    pub verified: Option<Timestamp>,
    /// What he may do.
    pub role: Role,
    /// The language that he is written to in: `en`, `ru`.
    pub language: SmolStr,
    /// A plan that an operator gave him, whatever he pays for.
    pub granted: Option<PlanId>,
    /// The second factor, where there is one.
    pub second: Option<SecondFactor>,
    /// Which channels he chose, where his plan shows only some.
    pub chosen: Vec<ChannelId>,
    /// When it was made.
    pub created: Timestamp,
    /// When an operator closed it.
    pub closed: Option<Timestamp>,
    /// Counts its changes.
    pub revision: u32,
}

/// What a link in a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To show that the mail is his.
    Verify,
    /// To set another password.
    Reset,
}

impl Purpose {
    /// As it stands in the store.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }
}

/// A device that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// What the device says that it is.
    pub agent: String,
    /// From where it was last seen.
    pub address: Option<IpAddr>,
    /// When it logged in.
    pub began: Timestamp,
    /// When it was last seen.
    pub seen: Timestamp,
    /// Until when it may come back.
    pub expires: Timestamp,
}

/// How long a device stays logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Without being seen.
    pub unseen: Duration,
    /// From when it logged in, however often it is seen.
    pub longest: Duration,
}

impl Stay {
    /// Until when a device may come back that began then and is seen now.
    #[must_use]
    pub fn until(&self, began: Timestamp, seen: Timestamp) -> Timestamp {
        (seen + self.unseen).min(began + self.longest)
    }
}

/// What a program with a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Listen to the stream.
    StreamRead,
    /// Read signals, events, channels, markets and the seals over them.
    SignalsRead,
    /// Read figures, the leaderboard and what-ifs.
    AnalyticsRead,
    /// Read scores and ask for them.
    ScoresRead,
    /// Write files.
    ExportsRead,
    /// Bring posts to the channels of the account.
    IngestWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::StreamRead,
        Self::SignalsRead,
        Self::AnalyticsRead,
        Self::ScoresRead,
        Self::ExportsRead,
        Self::IngestWrite,
    ];

    /// As it stands in the store and on the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::StreamRead => "stream:read",
            Self::SignalsRead => "signals:read",
            Self::AnalyticsRead => "analytics:read",
            Self::ScoresRead => "scores:read",
            Self::ExportsRead => "exports:read",
            Self::IngestWrite => "ingest:write",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }
}

/// A key for a program, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name for the API.
    pub id: KeyId,
    /// Whose.
    pub account: AccountId,
    /// Its name for people.
    pub name: String,
    /// What it begins with, so that its owner knows it again.
    pub prefix: String,
    /// What is kept of it.
    pub digest: SecretDigest,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From which networks it may come, in CIDR notation; empty for everywhere.
    pub networks: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it holds; none without an end.
    pub expires: Option<Timestamp>,
    /// When it was last used.
    pub used: Option<Timestamp>,
}

/// One thing that somebody with privileges did. It is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who: an account's id, `operator` for the command line and the open door, or `platform`.
    pub actor: String,
    /// What: `account.role`, `plan.change`, `channel.archive`, …
    pub action: String,
    /// To what: an id or a name that is no person's.
    pub subject: String,
    /// What became of it, as JSON.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_secrets_does_not_print() {
        let kept = format!(
            "{:?} {:?} {:?}",
            PasswordHash("$argon2id$horse".into()),
            Sealed(vec![104, 105]),
            SecretDigest([7; 32])
        );
        assert!(!kept.contains("horse") && !kept.contains("104") && !kept.contains('7'));
    }

    #[test]
    fn labels_are_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_label(role.label()), Some(role));
        }
        for scope in Scope::ALL {
            assert_eq!(Scope::from_label(scope.label()), Some(scope));
        }
    }
}
