//! What those who run the platform do to accounts; each of it is noted.

use std::time::Duration;

use domain::account::{Account, AccountId, Deed, Role};
use domain::ids::ChannelId;
use domain::plan::{Plan, PlanId};
use domain::ports::accounts::{Ending, Place};
use secrecy::SecretString;
use serde_json::json;

use super::letters::{PASSWORD_CHANGED, language_of};
use super::{Desk, Refusal, address};
use crate::accounts::caller::Caller;
use crate::accounts::passwords::strong_enough;
use crate::accounts::tokens::LINGERS;

/// What is to change about an account. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// What it may do.
    pub role: Option<Role>,
    /// A plan that it has without paying; `Some(None)` takes it away.
    pub granted: Option<Option<PlanId>>,
    /// Whether it is closed.
    pub closed: Option<bool>,
}

impl Desk {
    /// Makes an account that runs the platform, or lets one that is there run it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the address or the password is not taken.
    pub async fn make_admin(
        &self,
        email: &str,
        password: &SecretString,
        language: Option<&str>,
    ) -> Result<AccountId, Refusal> {
        let email = address(email)?;
        strong_enough(password, &email)?;
        let hash = self.0.passwords.hash(password).await?;
        let now = self.0.clock.now();
        let known = self.0.accounts.by_email(&email).await?;
        let (account, fresh) = match known {
            Some(mut account) => {
                account.role = Role::Admin;
                account.password = hash;
                account.verified.get_or_insert(now);
                account.closed = None;
                (account, false)
            }
            None => {
                let mut account = self.fresh_account(email, hash, language_of(language)?);
                account.role = Role::Admin;
                account.verified = Some(now);
                (account, true)
            }
        };
        let id = account.id;
        let made = async {
            if fresh {
                let opened = self.0.accounts.open(&account).await?;
                return opened.then_some(()).ok_or(Refusal::Stale);
            }
            self.write(account.clone()).await?;
            self.0.accounts.end(id, Ending::All).await?;
            self.tell(PASSWORD_CHANGED, &account).await
        };
        let about = (&Caller::operator(), "admin.create", &*id.to_string());
        self.carry_out(about, json!({}), made).await?;
        Ok(id)
    }

    /// Accounts, oldest first, after one.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn accounts(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Account>, Refusal> {
        Ok(self.0.accounts.accounts(after, limit).await?)
    }

    /// Changes an account.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no such account or plan, or somebody would lock himself out.
    pub async fn change_account(
        &self,
        caller: &Caller,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Account, Refusal> {
        let mut account = self.find(id).await?;
        let demoted = change.role.is_some_and(|role| role != Role::Admin);
        if caller.account() == Some(id) && (demoted || change.closed == Some(true)) {
            let why = "nobody takes his own rights away; ask another admin".to_owned();
            return Err(Refusal::Unfit(why));
        }
        if let Some(Some(plan)) = &change.granted {
            let plans = self.0.door.plans();
            if !plans.iter().any(|it| it.id == *plan) {
                return Err(Refusal::Unknown("plan"));
            }
        }
        if let Some(role) = change.role {
            account.role = role;
        }
        if let Some(granted) = change.granted {
            account.granted = granted;
        }
        match change.closed {
            Some(true) => account.closed = account.closed.or_else(|| Some(self.0.clock.now())),
            Some(false) => account.closed = None,
            None => {}
        }
        let detail = json!({
            "role": account.role.label(),
            "granted": account.granted.as_ref().map(PlanId::as_str),
            "closed": account.closed.is_some(),
        });
        let changed = async {
            self.write(account.clone()).await?;
            if account.closed.is_some() {
                self.0.accounts.end(id, Ending::All).await?;
                self.0.door.hear().await;
            }
            Ok::<_, Refusal>(())
        };
        let about = (caller, "account.change", &*id.to_string());
        self.carry_out(about, detail, changed).await?;
        account.revision += 1;
        Ok(account)
    }

    /// Takes the second factor of somebody away who has lost it and his recovery codes with it, and logs
    /// all of his devices out; he is told by mail. Whoever asks must know that it is he who asks for it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no such account or no second factor, or it is his own: whoever runs the
    /// platform shows password and code like everybody else.
    pub async fn reset_second(&self, caller: &Caller, id: AccountId) -> Result<(), Refusal> {
        let account = self.find(id).await?;
        if caller.account() == Some(id) {
            let why =
                "one's own is taken away with password and code; ask another admin".to_owned();
            return Err(Refusal::Unfit(why));
        }
        if account.second.is_none() {
            return Err(Refusal::Unfit("there is no second factor".to_owned()));
        }
        let reset = async {
            self.without_second(account.clone()).await?;
            self.0.accounts.end(id, Ending::All).await?;
            self.0.door.hear().await;
            self.tell("second_factor_reset", &account).await
        };
        let about = (caller, "account.second_factor", &*id.to_string());
        self.carry_out(about, json!({ "reset": true }), reset).await
    }

    /// Takes the second factor of an address away, for whoever sits at the machine: the only admin who has
    /// lost his is let in again by nobody else.
    ///
    /// # Errors
    ///
    /// As [`Desk::reset_second`].
    pub async fn reset_second_of(&self, email: &str) -> Result<AccountId, Refusal> {
        let found = self.0.accounts.by_email(&address(email)?).await?;
        let nobody = || Refusal::Unfit("nobody here has this address".to_owned());
        let id = found.ok_or_else(nobody)?.id;
        self.reset_second(&Caller::operator(), id).await?;
        Ok(id)
    }

    /// Lets a new key sign tokens from now on, and gives its name. What the former ones signed is believed
    /// until it is too old, or with `revoke` from now on no more.
    ///
    /// # Errors
    ///
    /// [`Refusal::Stale`] when somebody else does so at this moment.
    pub async fn rotate_keys(&self, caller: &Caller, revoke: bool) -> Result<String, Refusal> {
        let lingers = if revoke { Duration::ZERO } else { LINGERS };
        let tokens = &self.0.tokens;
        let former = tokens.newest();
        let rotated = async {
            let rotated = tokens.rotate(&former, lingers).await?;
            rotated.ok_or(Refusal::Stale)
        };
        let about = (caller, "keys.rotate", former.as_str());
        let kid = self
            .carry_out(about, json!({ "revoked": revoke }), rotated)
            .await?;
        self.0.door.hear().await;
        Ok(kid)
    }

    /// Writes a plan.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn write_plan(&self, caller: &Caller, plan: &Plan) -> Result<(), Refusal> {
        let detail = json!({
            "title": plan.title,
            "rank": plan.rank,
            "monthly": plan.prices.monthly,
            "yearly": plan.prices.yearly,
            "trial_days": plan.prices.trial_days,
            "delay_s": plan.allows.delay.as_secs(),
            "channels": plan.allows.channels,
            "history_s": plan.allows.history.map(|history| history.as_secs()),
            "features": plan.allows.features.iter().map(|it| it.label()).collect::<Vec<_>>(),
            "requests_a_minute": plan.allows.requests_a_minute,
            "requests_a_month": plan.allows.requests_a_month,
        });
        let written = async {
            let written = self.0.accounts.write_plan(plan, false).await;
            Ok::<_, Refusal>(written?)
        };
        self.carry_out((caller, "plan.write", plan.id.as_str()), detail, written)
            .await?;
        self.0.door.hear().await;
        Ok(())
    }

    /// Gives a channel to an account, or takes it from whoever has it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`] when there is no such account.
    pub async fn give_channel(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        to: Option<AccountId>,
    ) -> Result<(), Refusal> {
        if let Some(to) = to {
            self.find(to).await?;
        }
        let detail = json!({"owner": to.map(|to| to.to_string())});
        let given = async { Ok::<_, Refusal>(self.0.accounts.give(channel, to).await?) };
        let about = (caller, "channel.owner", channel.as_str());
        self.carry_out(about, detail, given).await?;
        self.0.door.hear().await;
        Ok(())
    }

    /// What privileged people did, newest first.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn deeds(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Deed)>, Refusal> {
        Ok(self.0.accounts.deeds(before, limit).await?)
    }
}
