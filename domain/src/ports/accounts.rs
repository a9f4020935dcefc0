//! Accounts as they are kept. Every change of what somebody may do raises [`Accounts::revision`], so
//! that every process hears of it.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::store::StoreError;
use crate::account::{
    Account, AccountId, ApiKey, Deed, Email, KeyId, PasswordHash, Purpose, Sealed, SecretDigest,
    Session, SessionId, Stay,
};
use crate::ids::ChannelId;
use crate::plan::{Plan, PlanId};
use crate::time::Timestamp;

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// It was the newest of its session, and has been exchanged.
    Fresh(Session),
    /// It had been exchanged before: somebody else has it. The session is over.
    Reused(Session),
    /// It is none, or its session is over.
    Unknown,
}

/// By what a device comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A browser shows the same cookie until it logs out.
    Cookie(SecretDigest),
    /// Everything else exchanges a token for the next one.
    Refresh(SecretDigest),
}

/// Which sessions of an account are ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// This one.
    One(SessionId),
    /// All of them.
    All,
    /// All but this one.
    Others(SessionId),
}

/// A place in the list of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the account there was made.
    pub created: Timestamp,
    /// Which it was, of those that were made in that instant.
    pub id: AccountId,
}

impl Place {
    /// The place of an account.
    #[must_use]
    pub const fn of(account: &Account) -> Self {
        Self {
            created: account.created,
            id: account.id,
        }
    }
}

/// A key that signs tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name in tokens.
    pub kid: String,
    /// Its private half, sealed.
    pub private: Sealed,
    /// Its public half (Ed25519, 32 bytes).
    pub public: Vec<u8>,
    /// When it was made. The newest signs.
    pub made: Timestamp,
    /// From when on nothing that it signed is believed.
    pub retires: Option<Timestamp>,
}

/// Where something lies that is kept sealed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Locked {
    /// The private half of a key that signs tokens, by the key's name.
    SigningKey(String),
    /// A second factor, by whose it is.
    SecondFactor(AccountId),
    /// What stands in a mail that waits, by its number.
    Mail(u64),
}

/// Something that is sealed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// Where it lies.
    pub locked: Locked,
    /// As it was.
    pub former: Sealed,
    /// As it shall be.
    pub anew: Sealed,
}

/// How a subscription stands, as whoever takes the money says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Tried for free.
    Trialing,
    /// Paid.
    Active,
    /// A payment failed, and the grace period runs.
    PastDue,
    /// Over.
    Ended,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Trialing, Self::Active, Self::PastDue, Self::Ended];

    /// As it stands in the store and on the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Ended => "ended",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }
}

/// What somebody pays for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Who.
    pub account: AccountId,
    /// His name with whoever takes the money.
    pub customer: String,
    /// The subscription's name there; none before the first.
    pub subscription: Option<String>,
    /// Which plan.
    pub plan: Option<PlanId>,
    /// How it stands.
    pub standing: Standing,
    /// Until when it is paid.
    pub paid_until: Option<Timestamp>,
    /// It ends then.
    pub ends: bool,
    /// Until when a failed payment is borne.
    pub grace_until: Option<Timestamp>,
    /// Up to which moment this is known.
    pub seen: Timestamp,
}

impl Subscription {
    /// The plan that it gives now.
    #[must_use]
    pub fn gives(&self, now: Timestamp) -> Option<&PlanId> {
        let holds = match self.standing {
            Standing::Trialing | Standing::Active => true,
            Standing::PastDue => self.grace_until.is_some_and(|until| now < until),
            Standing::Ended => false,
        };
        self.plan.as_ref().filter(|_| holds)
    }
}

/// Accounts, their sessions and keys, and what they may see.
#[async_trait::async_trait]
pub trait Accounts: Send + Sync {
    /// Rises with every change of what somebody may do, on whichever node it was made.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as each of these methods.
    async fn revision(&self) -> Result<u64, StoreError>;

    /// Makes an account. `false`: somebody has the address.
    async fn open(&self, account: &Account) -> Result<bool, StoreError>;

    /// The account of an address.
    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;

    /// An account.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// Accounts in the order in which they were made, after a place, at most `limit`. A place is told
    /// by itself, so that it holds when the account that was there is erased.
    async fn accounts(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError>;

    /// Writes an account whose revision is one more than the stored one. `false`: it was changed
    /// meanwhile, or is gone. A step that was taken meanwhile stays taken.
    async fn change(&self, account: &Account) -> Result<bool, StoreError>;

    /// Keeps a password that was hashed anew, in the place of its former hash alone: whoever set
    /// another one meanwhile keeps that.
    async fn rehash(
        &self,
        id: AccountId,
        former: &PasswordHash,
        password: &PasswordHash,
    ) -> Result<(), StoreError>;

    /// Erases an account with everything that is its own. `false`: there is none.
    async fn erase(&self, id: AccountId) -> Result<bool, StoreError>;

    /// Takes the code of a time step, if no later one was taken. `false`: it was taken before.
    async fn take_step(&self, id: AccountId, step: i64) -> Result<bool, StoreError>;

    /// Keeps recovery codes in the place of all former ones.
    async fn keep_recovery(&self, id: AccountId, codes: &[SecretDigest]) -> Result<(), StoreError>;

    /// Takes a recovery code. `false`: there is none such, or it was taken.
    async fn take_recovery(&self, id: AccountId, code: SecretDigest) -> Result<bool, StoreError>;

    /// How many recovery codes are left.
    async fn recovery_left(&self, id: AccountId) -> Result<u32, StoreError>;

    /// Keeps what a mailed link is for, in the place of all former ones for the same purpose.
    async fn keep_link(
        &self,
        id: AccountId,
        purpose: Purpose,
        digest: SecretDigest,
        expires: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes a mailed link, and says whose it was. None: it is unknown, spent or too old.
    async fn take_link(
        &self,
        purpose: Purpose,
        digest: SecretDigest,
        now: Timestamp,
    ) -> Result<Option<AccountId>, StoreError>;

    /// Begins a session.
    async fn begin(&self, session: &Session, with: Credential) -> Result<(), StoreError>;

    /// The session of a browser's cookie, where it is not over.
    async fn by_cookie(
        &self,
        cookie: SecretDigest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError>;

    /// Notes that a session was seen, and with it until when it may come back.
    async fn touch(&self, id: SessionId, now: Timestamp, stay: Stay) -> Result<(), StoreError>;

    /// Exchanges a refresh token for another. One that was exchanged before ends its session.
    async fn rotate(
        &self,
        former: SecretDigest,
        next: SecretDigest,
        now: Timestamp,
        stay: Stay,
    ) -> Result<Rotated, StoreError>;

    /// The sessions of an account that are not over.
    async fn sessions(&self, id: AccountId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends sessions, and says how many.
    async fn end(&self, id: AccountId, which: Ending) -> Result<u64, StoreError>;

    /// Makes a key.
    async fn make_key(&self, key: &ApiKey) -> Result<(), StoreError>;

    /// The key with this digest.
    async fn key(&self, digest: SecretDigest) -> Result<Option<ApiKey>, StoreError>;

    /// The keys of an account.
    async fn keys(&self, id: AccountId) -> Result<Vec<ApiKey>, StoreError>;

    /// Lets a key end at a moment. `false`: it is none of the account's.
    async fn end_key(&self, id: AccountId, key: KeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Notes when keys were last used.
    async fn used_keys(&self, used: &BTreeMap<KeyId, Timestamp>) -> Result<(), StoreError>;

    /// The keys that sign tokens, oldest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError>;

    /// Adds a key that signs, and lets all former ones retire at a moment. Where `expected` is not
    /// the newest, somebody else was faster and nothing is done.
    async fn add_signing_key(
        &self,
        key: &SigningKey,
        expected: Option<&str>,
        former_retire: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Whatever is kept sealed; the keys that sign first, oldest first.
    async fn sealed(&self) -> Result<Vec<(Locked, Sealed)>, StoreError>;

    /// Puts what was sealed anew in the place of what was, all of it or nothing, and adds the deed to
    /// the log. `false`: some of it changed meanwhile, and nothing is done.
    async fn reseal(&self, things: &[Resealed], deed: &Deed) -> Result<bool, StoreError>;

    /// The plans, from the least.
    async fn plans(&self) -> Result<Vec<Plan>, StoreError>;

    /// Writes a plan. With `seed` only where there is none of that name.
    async fn write_plan(&self, plan: &Plan, seed: bool) -> Result<(), StoreError>;

    /// What somebody pays for.
    async fn subscription(&self, id: AccountId) -> Result<Option<Subscription>, StoreError>;

    /// Keeps what somebody pays for.
    async fn subscribe(&self, subscription: &Subscription) -> Result<(), StoreError>;

    /// What a customer of the till pays for.
    async fn by_customer(&self, customer: &str) -> Result<Option<Subscription>, StoreError>;

    /// What everybody pays for.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;

    /// Which channels are an account's own.
    async fn owned(&self, id: AccountId) -> Result<Vec<ChannelId>, StoreError>;

    /// Gives a channel to an account, or with none takes it from whoever had it.
    async fn give(&self, channel: &ChannelId, to: Option<AccountId>) -> Result<(), StoreError>;

    /// Counts requests of accounts in a month (`2026-11`), and says how many there were then.
    async fn count_requests(
        &self,
        month: &SmolStr,
        requests: &BTreeMap<AccountId, u64>,
    ) -> Result<BTreeMap<AccountId, u64>, StoreError>;

    /// Adds to the log of what privileged people did.
    async fn record(&self, deed: &Deed) -> Result<(), StoreError>;

    /// The log, newest first, before a number, at most `limit`; each with its number.
    async fn deeds(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Deed)>, StoreError>;
}
