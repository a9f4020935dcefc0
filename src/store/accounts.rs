//! Accounts over a database, behind their port.
//!
//! Whatever changes what somebody may do raises `meta.door` in the same transaction, so that every
//! process that serves him hears of it.

use std::collections::BTreeMap;

use domain::account::{
    Account, AccountId, ApiKey, Deed, Email, KeyId, PasswordHash, Purpose, Sealed, SecretDigest,
    Session, SessionId, Stay,
};
use domain::ids::ChannelId;
use domain::plan::Plan;
use domain::ports::accounts::{
    Accounts, Credential, Ending, Locked, Place, Resealed, Rotated, SigningKey, Subscription,
};
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use smol_str::SmolStr;
use sqlx::SqlStr;

use super::SqlStore;
use super::columns;
use super::database::{self, Database, Row, values};

mod deeds;
mod keys;
mod mails;
mod people;
mod plans;
mod sealed;
mod sessions;
mod tidings;

const DOOR: &str = "SELECT door FROM meta WHERE one = 1";

const KNOCK: &str = "UPDATE meta SET door = door + 1 WHERE one = 1";

/// What is given up is due at the end of time: the last second of the year 9999.
const NEVER: Timestamp = Timestamp::from_millis(253_402_300_799_000);

/// Lets every process hear that somebody may do something else.
async fn knock<S: database::Session>(session: &mut S) -> Result<(), StoreError> {
    session.tell(SqlStr::from_static(KNOCK), values![]).await?;
    Ok(())
}

/// A digest as it stands in a column.
fn digest_of<R: Row>(row: &R, column: &str) -> Result<SecretDigest, StoreError> {
    let bytes = row.bytes(column)?.and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(SecretDigest)
        .ok_or_else(|| columns::unknown(column, "something else"))
}

#[async_trait::async_trait]
impl<D: Database> Accounts for SqlStore<D> {
    async fn revision(&self) -> Result<u64, StoreError> {
        use database::Session as _;
        let mut session = self.database.read().await?;
        let rows = session.ask(SqlStr::from_static(DOOR), values![]).await?;
        let row = rows
            .first()
            .ok_or_else(|| columns::unknown("door", "nothing"))?;
        columns::whole(row, "door")
    }

    async fn open(&self, account: &Account) -> Result<bool, StoreError> {
        people::open(&self.database, account).await
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        people::by_email(&self.database, email).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        people::account(&self.database, id).await
    }

    async fn accounts(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        people::accounts(&self.database, after, limit).await
    }

    async fn change(&self, account: &Account) -> Result<bool, StoreError> {
        people::change(&self.database, account).await
    }

    async fn rehash(
        &self,
        id: AccountId,
        former: &PasswordHash,
        password: &PasswordHash,
    ) -> Result<(), StoreError> {
        people::rehash(&self.database, id, former, password).await
    }

    async fn erase(&self, id: AccountId) -> Result<bool, StoreError> {
        people::erase(&self.database, id).await
    }

    async fn take_step(&self, id: AccountId, step: i64) -> Result<bool, StoreError> {
        people::take_step(&self.database, id, step).await
    }

    async fn keep_recovery(&self, id: AccountId, codes: &[SecretDigest]) -> Result<(), StoreError> {
        people::keep_recovery(&self.database, id, codes).await
    }

    async fn take_recovery(&self, id: AccountId, code: SecretDigest) -> Result<bool, StoreError> {
        people::take_recovery(&self.database, id, code).await
    }

    async fn recovery_left(&self, id: AccountId) -> Result<u32, StoreError> {
        people::recovery_left(&self.database, id).await
    }

    async fn keep_link(
        &self,
        id: AccountId,
        purpose: Purpose,
        digest: SecretDigest,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        people::keep_link(&self.database, id, purpose, digest, expires).await
    }

    async fn take_link(
        &self,
        purpose: Purpose,
        digest: SecretDigest,
        now: Timestamp,
    ) -> Result<Option<AccountId>, StoreError> {
        people::take_link(&self.database, purpose, digest, now).await
    }

    async fn begin(&self, session: &Session, with: Credential) -> Result<(), StoreError> {
        sessions::begin(&self.database, session, with).await
    }

    async fn by_cookie(
        &self,
        cookie: SecretDigest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        sessions::by_cookie(&self.database, cookie, now).await
    }

    async fn touch(&self, id: SessionId, now: Timestamp, stay: Stay) -> Result<(), StoreError> {
        sessions::touch(&self.database, id, now, stay).await
    }

    async fn rotate(
        &self,
        former: SecretDigest,
        next: SecretDigest,
        now: Timestamp,
        stay: Stay,
    ) -> Result<Rotated, StoreError> {
        sessions::rotate(&self.database, former, next, now, stay).await
    }

    async fn sessions(&self, id: AccountId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        sessions::of(&self.database, id, now).await
    }

    async fn end(&self, id: AccountId, which: Ending) -> Result<u64, StoreError> {
        sessions::end(&self.database, id, which).await
    }

    async fn make_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        keys::make(&self.database, key).await
    }

    async fn key(&self, digest: SecretDigest) -> Result<Option<ApiKey>, StoreError> {
        keys::by_digest(&self.database, digest).await
    }

    async fn keys(&self, id: AccountId) -> Result<Vec<ApiKey>, StoreError> {
        keys::of(&self.database, id).await
    }

    async fn end_key(&self, id: AccountId, key: KeyId, at: Timestamp) -> Result<bool, StoreError> {
        keys::end(&self.database, id, key, at).await
    }

    async fn used_keys(&self, used: &BTreeMap<KeyId, Timestamp>) -> Result<(), StoreError> {
        keys::used(&self.database, used).await
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        keys::signing(&self.database).await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        expected: Option<&str>,
        former_retire: Timestamp,
    ) -> Result<bool, StoreError> {
        keys::add_signing(&self.database, key, expected, former_retire).await
    }

    async fn sealed(&self) -> Result<Vec<(Locked, Sealed)>, StoreError> {
        sealed::all(&self.database).await
    }

    async fn reseal(&self, things: &[Resealed], deed: &Deed) -> Result<bool, StoreError> {
        sealed::anew(&self.database, things, deed).await
    }

    async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        plans::plans(&self.database).await
    }

    async fn write_plan(&self, plan: &Plan, seed: bool) -> Result<(), StoreError> {
        plans::write(&self.database, plan, seed).await
    }

    async fn subscription(&self, id: AccountId) -> Result<Option<Subscription>, StoreError> {
        plans::subscription(&self.database, id).await
    }

    async fn subscribe(&self, subscription: &Subscription) -> Result<(), StoreError> {
        plans::subscribe(&self.database, subscription).await
    }

    async fn by_customer(&self, customer: &str) -> Result<Option<Subscription>, StoreError> {
        plans::by_customer(&self.database, customer).await
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        plans::subscriptions(&self.database).await
    }

    async fn owned(&self, id: AccountId) -> Result<Vec<ChannelId>, StoreError> {
        plans::owned(&self.database, id).await
    }

    async fn give(&self, channel: &ChannelId, to: Option<AccountId>) -> Result<(), StoreError> {
        plans::give(&self.database, channel, to).await
    }

    async fn count_requests(
        &self,
        month: &SmolStr,
        requests: &BTreeMap<AccountId, u64>,
    ) -> Result<BTreeMap<AccountId, u64>, StoreError> {
        plans::count_requests(&self.database, month, requests).await
    }

    async fn record(&self, deed: &Deed) -> Result<(), StoreError> {
        deeds::record(&self.database, deed).await
    }

    async fn deeds(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Deed)>, StoreError> {
        deeds::before(&self.database, before, limit).await
    }
}
