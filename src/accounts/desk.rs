//! The desk: what people ask of their accounts.
//!
//! No answer tells whether an address has an account: registering, forgetting and failing to log in
//! say the same and take as long either way. The mail says what is so.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::account::{Account, AccountId, Deed, Email, SessionId, Stay};
use domain::ports::Clock;
use domain::ports::accounts::Accounts;
use domain::ports::store::StoreError;
use serde_json::Value;

use super::caller::{Caller, Who};
use super::door::Door;
use super::limiter::{Limiter, TooMany};
use super::mailer::Mailer;
use super::passwords::{Passwords, Unhashed, Weak};
use super::seal::{Seal, Unopened};
use super::tokens::Tokens;

mod devices;
mod keys;
mod letters;
mod login;
mod members;
mod operators;
mod steps;

pub use keys::{KeyWish, MadeKey};
pub use login::{Attempt, LoggedIn, Refreshed};
pub use members::Owned;
pub use operators::AccountChange;
pub use steps::Step;

/// How often guesses are forgotten that nothing is held against any more.
const TIDIES: Duration = Duration::from_secs(60);

/// Why the desk does not do it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The address and the password do not belong together, there is no such account, or the address
    /// was never shown to be its owner's. Whoever registers another's address with a password of his
    /// own and logs in with it would learn from a difference whether the other is here.
    #[error(
        "the address or the password is wrong, or the link that was mailed there was not opened"
    )]
    WrongPassword,
    /// The password is right, and the second factor is asked for.
    #[error("say the code of your authenticator, too, or a recovery code, as `code`")]
    SecondFactor,
    /// The code is wrong, or was used.
    #[error("the code is wrong or was used; wait for the next one")]
    WrongCode,
    /// The link is none, was used, or is too old.
    #[error("the link was used or is too old; ask for another")]
    DeadLink,
    /// The refresh token is none, or its session is over.
    #[error("the session is over; log in again")]
    Over,
    /// The refresh token had been exchanged: somebody else has it, so its session was ended.
    #[error("the refresh token was used before, so this session was ended; log in again")]
    Reused,
    /// The password is not taken.
    #[error("password: {0}")]
    Weak(#[from] Weak),
    /// It is tried too often.
    #[error("too many attempts; try again in {} s", .0.0.as_secs() + 1)]
    TooMany(#[from] TooMany),
    /// What is asked for cannot be done as things are.
    #[error("{0}")]
    Unfit(String),
    /// There is no such thing.
    #[error("{0}")]
    Unknown(&'static str),
    /// A member that cannot be read.
    #[error("{0}: {1}")]
    Invalid(&'static str, String),
    /// It was changed meanwhile.
    #[error("it was changed meanwhile; get it again, and decide again")]
    Stale,
    /// Too many are hashed at this moment.
    #[error(transparent)]
    Unhashed(#[from] Unhashed),
    /// What was sealed does not open.
    #[error(transparent)]
    Unopened(#[from] Unopened),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that nobody foresaw.
    #[error("something went wrong: {0:#}")]
    Broken(#[from] anyhow::Error),
}

/// What people ask of their accounts.
#[derive(Clone)]
pub struct Desk(Arc<Rooms>);

/// What the desk works with.
pub struct Rooms {
    /// Who has an account.
    pub accounts: Arc<dyn Accounts>,
    /// Who stands there.
    pub door: Door,
    /// Makes access tokens.
    pub tokens: Arc<Tokens>,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Seals second factors.
    pub seal: Arc<Seal>,
    /// Writes mails.
    pub mailer: Mailer,
    /// Counts guesses.
    pub limiter: Limiter,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long a device stays logged in.
    pub stay: Stay,
}

/// From where somebody asks.
#[derive(Clone, Debug, Default)]
pub struct From {
    /// His address.
    pub address: Option<IpAddr>,
    /// What his device says that it is.
    pub agent: String,
}

impl Desk {
    /// A desk.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self(Arc::new(rooms))
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> domain::time::Timestamp {
        self.0.clock.now()
    }

    /// The public keys, for whoever wants to check tokens.
    #[must_use]
    pub fn published_keys(&self) -> String {
        self.0.tokens.published()
    }

    /// Forgets guesses that nothing is held against any more, again and again.
    pub async fn tidy(self) {
        loop {
            tokio::time::sleep(TIDIES).await;
            self.0.limiter.forget();
        }
    }

    /// The account of a caller.
    async fn own(&self, caller: &Caller) -> Result<Account, Refusal> {
        let id = caller.account().ok_or(Refusal::Over)?;
        self.find(id).await
    }

    async fn find(&self, id: AccountId) -> Result<Account, Refusal> {
        let found = self.0.accounts.account(id).await?;
        found.ok_or(Refusal::Unknown("account"))
    }

    /// The device on which a caller is logged in.
    const fn device(caller: &Caller) -> Result<SessionId, Refusal> {
        match &caller.who {
            Who::Member { session, .. } => Ok(*session),
            Who::Stranger | Who::Operator | Who::Program { .. } => Err(Refusal::Over),
        }
    }

    /// Writes an account as it is to be.
    async fn write(&self, mut account: Account) -> Result<(), Refusal> {
        account.revision += 1;
        if !self.0.accounts.change(&account).await? {
            return Err(Refusal::Stale);
        }
        self.0.door.hear().await;
        Ok(())
    }

    /// Does what somebody with privileges asks for. It is noted before it is done, so that nothing is ever
    /// done that is not on the log; where it is refused in the end, or fails, a second line says so.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`] when it cannot be noted, and then nothing is done; else those of the deed.
    pub async fn carry_out<T, E: std::convert::From<Refusal>>(
        &self,
        (caller, action, subject): (&Caller, &str, &str),
        mut detail: Value,
        deed: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.note(caller, action, subject, &detail).await?;
        let done = deed.await;
        if done.is_err() {
            detail["failed"] = true.into();
            if let Err(error) = self.note(caller, action, subject, &detail).await {
                tracing::warn!("it could not be noted that {action} of {subject} failed: {error}");
            }
        }
        done
    }

    /// Notes what somebody with privileges is about to do.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`]; then it is not noted.
    async fn note(
        &self,
        caller: &Caller,
        action: &str,
        subject: &str,
        detail: &Value,
    ) -> Result<(), Refusal> {
        let deed = Deed {
            at: self.0.clock.now(),
            actor: caller.actor(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_string(),
        };
        Ok(self.0.accounts.record(&deed).await?)
    }
}

/// Reads an address of mail.
fn address(text: &str) -> Result<Email, Refusal> {
    Email::parse(text).map_err(|error| Refusal::Invalid("email", error.to_string()))
}
