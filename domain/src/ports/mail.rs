//! Mails that must arrive: kept before they are sent, and sent until they are gone.

use smol_str::SmolStr;

use super::store::StoreError;
use crate::account::{AccountId, Email, Sealed};
use crate::time::Timestamp;

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What it is about. A second one with the same key is not kept.
    pub key: String,
    /// Whose account it is about.
    pub account: Option<AccountId>,
    /// To whom.
    pub recipient: Email,
    /// Which text: `verify`, `reset`, …
    pub template: SmolStr,
    /// In which language.
    pub language: SmolStr,
    /// What stands in the text, as JSON, sealed: it may hold a link that opens an account.
    pub params: Sealed,
    /// When it was written.
    pub created: Timestamp,
}

/// A mail that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number in the outbox.
    pub number: u64,
    /// The mail.
    pub mail: Mail,
    /// How often it was tried.
    pub attempts: u32,
}

/// What is to be sent.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Keeps a mail. `false`: one with this key is kept already.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as each of these methods.
    async fn put(&self, mail: &Mail) -> Result<bool, StoreError>;

    /// Takes up to `limit` mails that are due, and lets them be due again at `again`: whoever dies
    /// while he sends one leaves it to the next.
    async fn take(
        &self,
        now: Timestamp,
        again: Timestamp,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError>;

    /// It was sent; what stood in it is forgotten.
    async fn sent(&self, number: u64, now: Timestamp) -> Result<(), StoreError>;

    /// It was not, and why; it is due again then, or given up where nothing is said.
    async fn failed(
        &self,
        number: u64,
        why: &str,
        again: Option<Timestamp>,
    ) -> Result<(), StoreError>;
}
