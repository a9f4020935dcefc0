//! Logging in, coming back, and leaving.

use domain::account::{Account, Session, SessionId};
use domain::ports::accounts::{Credential, Ending, Rotated};
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Desk, From, Refusal, address};
use crate::accounts::caller::Caller;
use crate::accounts::tokens::Named;
use crate::accounts::{second, secrets};

/// The longest name of a device that is kept.
const AGENT: usize = 200;

/// Somebody who says that he is somebody. It does not print: a recovery code may stand in it.
pub struct Attempt<'a> {
    /// His address.
    pub email: &'a str,
    /// His password.
    pub password: &'a SecretString,
    /// The code of his authenticator, or a recovery code.
    pub code: Option<&'a str>,
    /// From where he asks.
    pub from: From,
    /// He is in a browser, which keeps a cookie.
    pub browser: bool,
}

/// Somebody who is logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// Whose account it is.
    pub account: Account,
    /// His device.
    pub session: SessionId,
    /// What the device shows to come back: a cookie's value or a refresh token.
    pub secret: SecretString,
    /// Until when it may stay away.
    pub until: Timestamp,
}

/// A device that came back.
#[derive(Debug)]
pub struct Refreshed {
    /// What it shows with each request.
    pub access: SecretString,
    /// Until when.
    pub until: Timestamp,
    /// What it shows to come back the next time.
    pub refresh: SecretString,
}

impl Desk {
    /// Logs somebody in.
    ///
    /// # Errors
    ///
    /// [`Refusal`]. A wrong address and a wrong password are told alike, and take as long.
    pub async fn log_in(&self, attempt: Attempt<'_>) -> Result<LoggedIn, Refusal> {
        let email = address(attempt.email)?;
        let budget = self.0.limiter.guess(&email, attempt.from.address);
        let budget = budget.and_then(|()| self.0.limiter.try_from(attempt.from.address));
        if attempt.code.is_none() {
            // Nothing that could open now, so nobody waits for a password to be reckoned.
            budget?;
        }
        let account = self.0.accounts.by_email(&email).await?;
        let hash = account.as_ref().map(|account| &account.password);
        let right = self.0.passwords.verify(attempt.password, hash).await?;
        let open = |it: &Account| right && it.closed.is_none() && it.verified.is_some();
        let account = account.filter(open);
        let Some(account) = account else {
            metrics::counter!("touchstone_logins_total", "outcome" => "wrong").increment(1);
            budget?;
            return Err(Refusal::WrongPassword);
        };
        let proven = self.second_factor(&account, attempt.code).await;
        // The right password with the right second factor opens whatever others tried meanwhile.
        if !matches!(proven, Ok(true)) {
            budget?;
        }
        proven?;
        if self.0.passwords.is_dated(&account.password) {
            let hash = self.0.passwords.hash(attempt.password).await?;
            let former = &account.password;
            self.0.accounts.rehash(account.id, former, &hash).await?;
        }
        metrics::counter!("touchstone_logins_total", "outcome" => "in").increment(1);
        self.begin(account, attempt.from, attempt.browser).await
    }

    /// Whether a second factor was shown; an account without one needs none.
    pub(super) async fn second_factor(
        &self,
        account: &Account,
        code: Option<&str>,
    ) -> Result<bool, Refusal> {
        let Some(factor) = account.second.as_ref().filter(|it| it.confirmed) else {
            return Ok(false);
        };
        let code = code.ok_or(Refusal::SecondFactor)?;
        let accounts = &self.0.accounts;
        let secret = self.0.seal.open(second::USE, &factor.secret)?;
        let now = self.0.clock.now();
        let taken = if second::is_code(code) {
            self.0.limiter.guess_code(account.id)?;
            match second::step_of(&secret, &account.email, code, now) {
                Some(step) => accounts.take_step(account.id, step).await?,
                None => false,
            }
        } else {
            let digest = secrets::recovery_digest(code);
            accounts.take_recovery(account.id, digest).await?
        };
        if taken {
            Ok(true)
        } else {
            metrics::counter!("touchstone_logins_total", "outcome" => "wrong_code").increment(1);
            Err(Refusal::WrongCode)
        }
    }

    pub(super) async fn begin(
        &self,
        account: Account,
        from: From,
        browser: bool,
    ) -> Result<LoggedIn, Refusal> {
        let now = self.0.clock.now();
        let mut agent = from.agent;
        while agent.len() > AGENT {
            agent.pop();
        }
        let session = Session {
            id: SessionId::from_uuid(secrets::opaque()),
            account: account.id,
            agent,
            address: from.address,
            began: now,
            seen: now,
            expires: self.0.stay.until(now, now),
        };
        let secret = secrets::fresh(secrets::REFRESH);
        let digest = secrets::digest(secret.expose_secret());
        let with = if browser {
            Credential::Cookie(digest)
        } else {
            Credential::Refresh(digest)
        };
        self.0.accounts.begin(&session, with).await?;
        self.0.door.hear().await;
        Ok(LoggedIn {
            account,
            session: session.id,
            secret,
            until: session.expires,
        })
    }

    /// An access token for a device that is logged in.
    ///
    /// # Errors
    ///
    /// [`Refusal::Broken`].
    pub fn access(&self, session: &LoggedIn) -> Result<(SecretString, Timestamp), Refusal> {
        let named = Named {
            account: session.account.id,
            session: session.session,
        };
        let (token, until) = self.0.tokens.issue(named)?;
        Ok((SecretString::from(token), until))
    }

    /// Exchanges a refresh token.
    ///
    /// # Errors
    ///
    /// [`Refusal::Over`]; [`Refusal::Reused`] when it had been exchanged, which ends its session.
    pub async fn refresh(&self, token: &SecretString) -> Result<Refreshed, Refusal> {
        let now = self.0.clock.now();
        let former = secrets::digest(token.expose_secret());
        let next = secrets::fresh(secrets::REFRESH);
        let digest = secrets::digest(next.expose_secret());
        let accounts = &self.0.accounts;
        let rotated = accounts.rotate(former, digest, now, self.0.stay).await?;
        match rotated {
            Rotated::Fresh(session) => {
                let account = self.0.accounts.account(session.account).await?;
                let open = account.is_some_and(|account| account.closed.is_none());
                if !open {
                    return Err(Refusal::Over);
                }
                let named = Named {
                    account: session.account,
                    session: session.id,
                };
                let (access, until) = self.0.tokens.issue(named)?;
                Ok(Refreshed {
                    access: SecretString::from(access),
                    until,
                    refresh: next,
                })
            }
            Rotated::Reused(session) => {
                self.0.door.hear().await;
                metrics::counter!("touchstone_refreshes_reused_total").increment(1);
                tracing::warn!(account.id = %session.account, session.id = %session.id,
                    "a refresh token was used twice; its session was ended");
                Err(Refusal::Reused)
            }
            Rotated::Unknown => Err(Refusal::Over),
        }
    }

    /// Logs a caller's device out, or all of them.
    ///
    /// # Errors
    ///
    /// [`Refusal::Over`] when he is on none.
    pub async fn log_out(&self, caller: &Caller, everywhere: bool) -> Result<u64, Refusal> {
        let device = Self::device(caller)?;
        let id = caller.account().ok_or(Refusal::Over)?;
        let which = if everywhere {
            Ending::All
        } else {
            Ending::One(device)
        };
        let ended = self.0.accounts.end(id, which).await?;
        self.0.door.hear().await;
        Ok(ended)
    }
}
