//! What somebody changes about himself.

use std::collections::BTreeSet;

use domain::account::{Account, AccountId, ApiKey, SecondFactor, Session};
use domain::ids::ChannelId;
use domain::ports::accounts::{Ending, Standing, Subscription};
use secrecy::SecretString;

use super::letters::{PASSWORD_CHANGED, language_of};
use super::{Desk, Refusal};
use crate::accounts::caller::Caller;
use crate::accounts::passwords::strong_enough;
use crate::accounts::{second, secrets};

/// The most channels that anybody chooses.
const MOST_CHOSEN: usize = 1_000;

/// Everything that is kept of somebody.
#[derive(Debug)]
pub struct Owned {
    /// The account.
    pub account: Account,
    /// Its devices.
    pub sessions: Vec<Session>,
    /// Its keys.
    pub keys: Vec<ApiKey>,
    /// What it pays for.
    pub subscription: Option<Subscription>,
    /// Its channels.
    pub channels: Vec<ChannelId>,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
}

impl Desk {
    /// Everything that is kept of a caller.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn everything_of(&self, caller: &Caller) -> Result<Owned, Refusal> {
        let account = self.own(caller).await?;
        let accounts = &self.0.accounts;
        let id = account.id;
        Ok(Owned {
            sessions: accounts.sessions(id, self.0.clock.now()).await?,
            keys: accounts.keys(id).await?,
            subscription: accounts.subscription(id).await?,
            channels: accounts.owned(id).await?,
            recovery_codes: accounts.recovery_left(id).await?,
            account,
        })
    }

    /// Sets another password. All other devices are logged out.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the current one or the code is wrong, or the new one is not taken.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &SecretString,
        new: &SecretString,
        code: Option<&str>,
    ) -> Result<(), Refusal> {
        let device = Self::device(caller)?;
        let mut account = self.proven(caller, current).await?;
        // First, so that a code is not used up by a password that is not taken.
        strong_enough(new, &account.email)?;
        self.second_factor(&account, code).await?;
        account.password = self.0.passwords.hash(new).await?;
        let told = account.clone();
        self.write(account).await?;
        self.0.accounts.end(told.id, Ending::Others(device)).await?;
        self.0.door.hear().await;
        self.tell(PASSWORD_CHANGED, &told).await
    }

    /// Sets in which language somebody is written to, and which channels he sees where his plan shows
    /// only some.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`].
    pub async fn prefer(
        &self,
        caller: &Caller,
        language: Option<&str>,
        chosen: Option<Vec<ChannelId>>,
    ) -> Result<(), Refusal> {
        let mut account = self.own(caller).await?;
        if let Some(language) = language {
            account.language = language_of(Some(language))?;
        }
        if let Some(mut chosen) = chosen {
            let most = caller.entitled.allows.channels;
            let most = most.map_or(MOST_CHOSEN, |most| {
                usize::try_from(most).unwrap_or(MOST_CHOSEN)
            });
            let mut before = BTreeSet::new();
            chosen.retain(|id| before.insert(id.clone()));
            if chosen.len() > most {
                let why = format!("the plan shows {most}; choose no more");
                return Err(Refusal::Invalid("shown_channels", why));
            }
            account.chosen = chosen;
        }
        self.write(account).await
    }

    /// The account of a caller who says his password once more.
    async fn proven(&self, caller: &Caller, password: &SecretString) -> Result<Account, Refusal> {
        let account = self.own(caller).await?;
        self.0.limiter.guess_inside(account.id)?;
        let right = self
            .0
            .passwords
            .verify(password, Some(&account.password))
            .await?;
        if right {
            Ok(account)
        } else {
            Err(Refusal::WrongPassword)
        }
    }

    /// Begins a second factor, and says what an authenticator needs: the secret in base32, and an
    /// `otpauth://` address. It counts when its first code was shown.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unfit`] when there is one.
    pub async fn begin_second(
        &self,
        caller: &Caller,
        password: &SecretString,
    ) -> Result<(String, String), Refusal> {
        let mut account = self.proven(caller, password).await?;
        if account.second.as_ref().is_some_and(|it| it.confirmed) {
            let why = "there is a second factor; take it away before you make another".to_owned();
            return Err(Refusal::Unfit(why));
        }
        let secret = second::fresh();
        let shown = second::shown(&secret, &account.email)
            .ok_or_else(|| anyhow::anyhow!("the second factor could not be shown"))?;
        account.second = Some(SecondFactor {
            secret: self.0.seal.seal(second::USE, &secret)?,
            confirmed: false,
            last_step: 0,
        });
        self.write(account).await?;
        Ok(shown)
    }

    /// Lets a second factor count: its owner shows its first code. Says the recovery codes, once.
    ///
    /// # Errors
    ///
    /// [`Refusal::WrongCode`]; [`Refusal::Unfit`] when none was begun.
    pub async fn confirm_second(
        &self,
        caller: &Caller,
        code: &str,
    ) -> Result<Vec<String>, Refusal> {
        let mut account = self.own(caller).await?;
        self.0.limiter.guess_inside(account.id)?;
        let begun = account.second.as_mut().filter(|it| !it.confirmed);
        let begun = begun.ok_or_else(|| Refusal::Unfit("begin one first".to_owned()))?;
        let secret = self.0.seal.open(second::USE, &begun.secret)?;
        let now = self.0.clock.now();
        let step = second::step_of(&secret, &account.email, code, now);
        begun.last_step = step.ok_or(Refusal::WrongCode)?;
        begun.confirmed = true;
        let told = account.clone();
        self.write(account).await?;
        let codes = self.new_codes(told.id).await?;
        self.tell("second_factor_added", &told).await?;
        Ok(codes)
    }

    /// Makes new recovery codes; the former ones are worth nothing from then on.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the password or the code is wrong.
    pub async fn renew_codes(
        &self,
        caller: &Caller,
        password: &SecretString,
        code: &str,
    ) -> Result<Vec<String>, Refusal> {
        let account = self.proven(caller, password).await?;
        if !self.second_factor(&account, Some(code)).await? {
            return Err(Refusal::Unfit("there is no second factor".to_owned()));
        }
        let codes = self.new_codes(account.id).await?;
        self.tell("recovery_codes", &account).await?;
        Ok(codes)
    }

    async fn new_codes(&self, id: AccountId) -> Result<Vec<String>, Refusal> {
        let codes = secrets::recovery_codes();
        let digests: Vec<_> = codes
            .iter()
            .map(|it| secrets::recovery_digest(it))
            .collect();
        self.0.accounts.keep_recovery(id, &digests).await?;
        Ok(codes)
    }

    /// Takes the second factor away.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the password or the code is wrong.
    pub async fn drop_second(
        &self,
        caller: &Caller,
        password: &SecretString,
        code: &str,
    ) -> Result<(), Refusal> {
        let account = self.proven(caller, password).await?;
        let had_one = self.second_factor(&account, Some(code)).await?;
        let account = self.own(caller).await?;
        self.without_second(account.clone()).await?;
        if had_one {
            self.tell("second_factor_removed", &account).await?;
        }
        Ok(())
    }

    /// Writes an account without its second factor and the recovery codes beside it.
    pub(super) async fn without_second(&self, mut account: Account) -> Result<(), Refusal> {
        account.second = None;
        let id = account.id;
        self.write(account).await?;
        Ok(self.0.accounts.keep_recovery(id, &[]).await?)
    }

    /// Erases a caller with everything that is his own. What he did with privileges stays in the log
    /// under an id that says nothing any more.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the password or the code is wrong, or he pays for something.
    pub async fn erase(
        &self,
        caller: &Caller,
        password: &SecretString,
        code: Option<&str>,
    ) -> Result<(), Refusal> {
        let account = self.proven(caller, password).await?;
        self.second_factor(&account, code).await?;
        let paid = self.0.accounts.subscription(account.id).await?;
        // One that gives nothing any more may still be charged for.
        if paid.is_some_and(|paid| paid.standing != Standing::Ended && !paid.ends) {
            let why = "a subscription runs; cancel it first, so that nothing more is charged";
            return Err(Refusal::Unfit(why.to_owned()));
        }
        self.0.accounts.erase(account.id).await?;
        self.0.door.hear().await;
        Ok(())
    }
}
