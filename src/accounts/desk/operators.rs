//! What those who run the platform do to accounts; each of it is noted.

use domain::account::{Account, AccountId, Deed, Role};
use domain::ids::ChannelId;
use domain::plan::{Plan, PlanId};
use domain::ports::accounts::Ending;
use secrecy::SecretString;
use serde_json::json;

use super::letters::language_of;
use super::{Desk, Refusal, address};
use crate::accounts::caller::Caller;
use crate::accounts::passwords::strong_enough;

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
        let id = match known {
            Some(mut account) => {
                account.role = Role::Admin;
                account.password = hash;
                account.verified.get_or_insert(now);
                account.closed = None;
                let id = account.id;
                self.write(account).await?;
                self.0.accounts.end(id, Ending::All).await?;
                id
            }
            None => {
                let mut account = self.fresh_account(email, hash, language_of(language)?);
                account.role = Role::Admin;
                account.verified = Some(now);
                if !self.0.accounts.open(&account).await? {
                    return Err(Refusal::Stale);
                }
                account.id
            }
        };
        let caller = Caller::operator();
        self.note(&caller, "admin.create", &id.to_string(), &json!({}))
            .await?;
        Ok(id)
    }

    /// Accounts, oldest first, after one.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn accounts(
        &self,
        after: Option<AccountId>,
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
        self.note(caller, "account.change", &id.to_string(), &detail)
            .await?;
        self.write(account.clone()).await?;
        if account.closed.is_some() {
            self.0.accounts.end(id, Ending::All).await?;
            self.0.door.hear().await;
        }
        account.revision += 1;
        Ok(account)
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
        });
        self.note(caller, "plan.write", plan.id.as_str(), &detail)
            .await?;
        self.0.accounts.write_plan(plan, false).await?;
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
        self.note(caller, "channel.owner", channel.as_str(), &detail)
            .await?;
        self.0.accounts.give(channel, to).await?;
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
