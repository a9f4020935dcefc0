//! What goes by mail: registering, and another password for whoever forgot his.

use std::net::IpAddr;
use std::time::Duration;

use domain::account::AccountId;
use domain::account::{Account, Email, PasswordHash, Purpose, Role};
use domain::ports::accounts::Ending;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use smol_str::SmolStr;

use super::{Desk, Refusal, address};
use crate::accounts::passwords::strong_enough;
use crate::accounts::secrets;

/// How long a link to verify an address holds.
const VERIFY_WITHIN: Duration = Duration::from_secs(86_400);

/// How long a link to another password holds.
const RESET_WITHIN: Duration = Duration::from_secs(3_600);

/// How long that link goes on when the password that came with it was not taken.
const ANOTHER_WITHIN: Duration = Duration::from_secs(600);

/// What is told when a password was changed.
pub(super) const PASSWORD_CHANGED: &str = "password_changed";

/// The languages that mails are written in.
pub(super) const LANGUAGES: [&str; 2] = ["en", "ru"];

/// The grain of answers that must not tell whether there is an account: what is done for one takes
/// less, and the answer waits for the next full grain.
const GRAIN: Duration = Duration::from_millis(250);

/// Answers at the next full grain of time, so that the answer does not tell by its time what was done.
async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let began = tokio::time::Instant::now();
    let done = work.await;
    let grains = began.elapsed().as_millis() / GRAIN.as_millis() + 1;
    let grains = u32::try_from(grains).unwrap_or(u32::MAX);
    tokio::time::sleep_until(began + GRAIN * grains).await;
    done
}

impl Desk {
    /// Registers somebody. The answer is the same whether the address has an account or not; the mail
    /// says which. An account that was never verified is taken over by whoever reads the mail.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the address or the password is not taken, or it is tried too often.
    pub async fn register(
        &self,
        email: &str,
        password: &SecretString,
        language: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        self.0.limiter.knock(from)?;
        let email = address(email)?;
        let language = language_of(language)?;
        strong_enough(password, &email)?;
        let password = self.0.passwords.hash(password).await?;
        evenly(async {
            // Whose mail is full is not touched: the password that counts is the one of the newest mail.
            if !self.0.limiter.may_write(&email) {
                return Ok(());
            }
            let account = self.account_of(email, password, language).await?;
            if account.verified.is_some() {
                let about = secrets::opaque().to_string();
                let mailer = &self.0.mailer;
                mailer.write("already", &account, &about, json!({})).await?;
            } else {
                self.mail_link(&account, Purpose::Verify).await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes the account, or finds the one that has the address. Of one that was never verified the
    /// newest password counts: whoever opens the mailed link is the one who set it last.
    async fn account_of(
        &self,
        email: Email,
        password: PasswordHash,
        language: SmolStr,
    ) -> Result<Account, Refusal> {
        if let Some(mut known) = self.0.accounts.by_email(&email).await? {
            if known.verified.is_none() {
                known.password = password;
                known.language = language;
                self.write(known.clone()).await?;
            }
            return Ok(known);
        }
        let account = self.fresh_account(email.clone(), password, language);
        if self.0.accounts.open(&account).await? {
            metrics::counter!("touchstone_accounts_opened_total").increment(1);
            return Ok(account);
        }
        let found = self.0.accounts.by_email(&email).await?;
        found.ok_or(Refusal::Stale)
    }

    pub(super) fn fresh_account(
        &self,
        email: Email,
        password: PasswordHash,
        language: SmolStr,
    ) -> Account {
        Account {
            id: AccountId::from_uuid(secrets::opaque()),
            email,
            password,
            verified: None,
            role: Role::User,
            language,
            granted: None,
            second: None,
            chosen: Vec::new(),
            created: self.0.clock.now(),
            closed: None,
            revision: 1,
        }
    }

    async fn mail_link(&self, account: &Account, purpose: Purpose) -> Result<(), Refusal> {
        let token = secrets::fresh(secrets::LINK);
        let digest = secrets::digest(token.expose_secret());
        let (template, within) = match purpose {
            Purpose::Verify => ("verify", VERIFY_WITHIN),
            Purpose::Reset => ("reset", RESET_WITHIN),
        };
        let expires = self.0.clock.now() + within;
        let accounts = &self.0.accounts;
        accounts
            .keep_link(account.id, purpose, digest, expires)
            .await?;
        let params = json!({
            "token": token.expose_secret(),
            "hours": within.as_secs() / 3_600,
        });
        let about = secrets::opaque().to_string();
        self.0
            .mailer
            .write(template, account, &about, params)
            .await?;
        Ok(())
    }

    /// Shows that an address is somebody's: he has the link that was mailed there.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeadLink`].
    pub async fn verify(&self, token: &SecretString, from: Option<IpAddr>) -> Result<(), Refusal> {
        self.0.limiter.knock(from)?;
        let mut account = self.redeem(token, Purpose::Verify).await?;
        account.verified.get_or_insert(self.0.clock.now());
        self.write(account).await
    }

    /// Mails a link to another password, where there is an account.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when it is no address, or it is tried too often.
    pub async fn forgot(&self, email: &str, from: Option<IpAddr>) -> Result<(), Refusal> {
        self.0.limiter.knock(from)?;
        let email = address(email)?;
        evenly(async {
            let account = self.0.accounts.by_email(&email).await?;
            let open = account.filter(|account| account.closed.is_none());
            match open {
                Some(account) if self.0.limiter.may_write(&email) => {
                    self.mail_link(&account, Purpose::Reset).await
                }
                Some(_) | None => Ok(()),
            }
        })
        .await
    }

    /// Sets another password for whoever has the mailed link, and logs all devices out.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the link is dead or the password is not taken; then the link holds a few minutes
    /// more, for a better one.
    pub async fn reset(
        &self,
        token: &SecretString,
        password: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        self.0.limiter.knock(from)?;
        let mut account = self.redeem(token, Purpose::Reset).await?;
        if let Err(weak) = strong_enough(password, &account.email) {
            let digest = secrets::digest(token.expose_secret());
            let expires = self.0.clock.now() + ANOTHER_WITHIN;
            let accounts = &self.0.accounts;
            accounts
                .keep_link(account.id, Purpose::Reset, digest, expires)
                .await?;
            return Err(Refusal::Weak(weak));
        }
        account.password = self.0.passwords.hash(password).await?;
        // The link came by mail, so the address is his.
        account.verified.get_or_insert(self.0.clock.now());
        let id = account.id;
        let told = account.clone();
        self.write(account).await?;
        self.0.accounts.end(id, Ending::All).await?;
        self.0.door.hear().await;
        self.tell(PASSWORD_CHANGED, &told).await
    }

    /// Tells somebody what was done to his account, wherever he reads mail: whoever did it may be
    /// another.
    pub(super) async fn tell(&self, what: &'static str, account: &Account) -> Result<(), Refusal> {
        let about = secrets::opaque().to_string();
        let mailer = &self.0.mailer;
        Ok(mailer.write(what, account, &about, json!({})).await?)
    }

    async fn redeem(&self, token: &SecretString, purpose: Purpose) -> Result<Account, Refusal> {
        let digest = secrets::digest(token.expose_secret());
        let now = self.0.clock.now();
        let id = self.0.accounts.take_link(purpose, digest, now).await?;
        let account = self.find(id.ok_or(Refusal::DeadLink)?).await?;
        if account.closed.is_some() {
            return Err(Refusal::DeadLink);
        }
        Ok(account)
    }
}

/// The language in which somebody is written to.
pub(super) fn language_of(asked: Option<&str>) -> Result<SmolStr, Refusal> {
    let asked = asked.unwrap_or(LANGUAGES[0]);
    if LANGUAGES.contains(&asked) {
        Ok(asked.into())
    } else {
        let why = format!("use {}", LANGUAGES.join(" or "));
        Err(Refusal::Invalid("language", why))
    }
}
