//! Callers: who stands at the door, and what that lets him do and see.

use std::sync::Arc;

use domain::account::{AccountId, KeyId, Role, Scope, SessionId};
use domain::ids::ChannelId;
use domain::plan::Entitlement;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody who says who he is.
    Stranger,
    /// Whoever sits at the machine itself, where the door is open to him.
    Operator,
    /// A person, on one of his devices.
    Member {
        /// His account.
        account: AccountId,
        /// The device.
        session: SessionId,
    },
    /// A program with a key.
    Program {
        /// Whose program.
        account: AccountId,
        /// The key.
        key: KeyId,
        /// What the key may do.
        scopes: Arc<[Scope]>,
    },
}

/// Who asks, and what that lets him do and see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub who: Who,
    /// What he may do.
    pub role: Role,
    /// What he may see.
    pub entitled: Arc<Entitlement>,
    /// Which channels are his.
    pub owned: Arc<[ChannelId]>,
    /// He came with a cookie, which a browser shows without being asked: a change needs a proof that
    /// the page which asks for it is ours.
    pub by_cookie: bool,
}

impl Caller {
    /// Nobody who says who he is.
    #[must_use]
    pub fn stranger() -> Self {
        Self {
            who: Who::Stranger,
            role: Role::User,
            entitled: Arc::new(Entitlement::stranger()),
            owned: Arc::from([]),
            by_cookie: false,
        }
    }

    /// Whoever sits at the machine.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            who: Who::Operator,
            role: Role::Admin,
            entitled: Arc::new(Entitlement::operator()),
            ..Self::stranger()
        }
    }

    /// Whose account it is, where there is one.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        match &self.who {
            Who::Stranger | Who::Operator => None,
            Who::Member { account, .. } | Who::Program { account, .. } => Some(*account),
        }
    }

    /// Whether he may do what needs this scope. Only programs are held to scopes.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        match &self.who {
            Who::Stranger | Who::Operator | Who::Member { .. } => true,
            Who::Program { scopes, .. } => scopes.contains(&scope),
        }
    }

    /// As he stands in logs and in the list of deeds: by a name that says nothing.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.who {
            Who::Stranger => "stranger".to_owned(),
            Who::Operator => "operator".to_owned(),
            Who::Member { account, .. } => account.to_string(),
            Who::Program { account, key, .. } => format!("{account}/{key}"),
        }
    }
}
