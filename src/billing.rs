//! Billing: plans that are bought, changed and ended, and what the till tells of them.
//!
//! Nothing is believed because an event says it: an event only says of whom something is new, and
//! how things stand is then asked of the till. So it does not matter whether events come twice, late
//! or in another order, and what a lost one left behind is mended by asking again.

use std::sync::Arc;
use std::time::Duration;

use domain::account::{Account, AccountId};
use domain::plan::{Plan, PlanId};
use domain::ports::Clock;
use domain::ports::accounts::{Accounts, Standing, Subscription};
use domain::ports::store::StoreError;
use domain::ports::till::{Bill, Order, Period, Tidings, Till, TillError};
use domain::time::Timestamp;
use secrecy::SecretString;

use crate::accounts::Door;
use crate::accounts::mailer::Mailer;

mod hearing;
mod learning;
pub mod stripe;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no till.
    #[error("no payments are taken here: plans are given by an admin")]
    NoTill,
    /// There is no such plan, or it is not sold so.
    #[error("{0}")]
    Unfit(String),
    /// What came is not from the till.
    #[error("the signature is missing or wrong, or too old")]
    Unsigned,
    /// What came cannot be read.
    #[error("it is no event")]
    Unreadable,
    /// The till.
    #[error(transparent)]
    Till(#[from] TillError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What billing works with.
pub struct Rooms {
    /// Who takes the money; none where nobody does.
    pub till: Option<Arc<dyn Till>>,
    /// With what it signs what it tells.
    pub signs_with: SecretString,
    /// What it told.
    pub tidings: Arc<dyn Tidings>,
    /// Who pays.
    pub accounts: Arc<dyn Accounts>,
    /// Who hears of it.
    pub door: Door,
    /// Writes mails.
    pub mailer: Mailer,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long a failed payment is borne.
    pub grace: Duration,
}

/// Plans that are bought, changed and ended.
#[derive(Clone)]
pub struct Billing(Arc<Rooms>);

impl Billing {
    /// Billing in these rooms.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self(Arc::new(rooms))
    }

    /// Whether payments are taken.
    #[must_use]
    pub fn takes_payments(&self) -> bool {
        self.0.till.is_some()
    }

    fn till(&self) -> Result<&Arc<dyn Till>, Refusal> {
        self.0.till.as_ref().ok_or(Refusal::NoTill)
    }

    fn plan(&self, id: &PlanId, period: Period) -> Result<Plan, Refusal> {
        let plans = self.0.door.plans();
        let plan = plans.iter().find(|plan| plan.id == *id);
        let plan = plan.ok_or_else(|| Refusal::Unfit(format!("plan: there is no `{id}`")))?;
        if period.price(plan).is_none() {
            let why = format!(
                "period: {} is not sold by the {}",
                plan.title,
                period.label()
            );
            return Err(Refusal::Unfit(why));
        }
        Ok(plan.clone())
    }

    /// A page on which somebody pays for a plan.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till or no such plan, or he pays for one already.
    pub async fn check_out(
        &self,
        account: &Account,
        plan: &PlanId,
        period: Period,
    ) -> Result<String, Refusal> {
        let till = self.till()?;
        let plan = self.plan(plan, period)?;
        let known = self.0.accounts.subscription(account.id).await?;
        let runs = known
            .as_ref()
            .is_some_and(|it| it.subscription.is_some() && it.standing != Standing::Ended);
        if runs {
            let why = "you pay for a plan already; change it at /v1/billing/change".to_owned();
            return Err(Refusal::Unfit(why));
        }
        // A trial is given once.
        let first = known.as_ref().is_none_or(|it| it.subscription.is_none());
        let customer = match known {
            Some(known) => known.customer,
            None => {
                let customer = till.customer(account.id, &account.email).await?;
                let kept = fresh(account.id, customer.clone(), self.0.clock.now());
                self.0.accounts.subscribe(&kept).await?;
                customer
            }
        };
        let public = &self.0.mailer.public_url;
        let order = Order {
            account: account.id,
            email: &account.email,
            customer: Some(&customer),
            plan: &plan,
            period,
            trial_days: if first { plan.prices.trial_days } else { 0 },
            done: format!("{public}/account/plan?paid=1"),
            back: format!("{public}/account/plan"),
        };
        Ok(till.checkout(&order).await?)
    }

    /// A page on which somebody changes his card and sees his bills.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till, or he never paid.
    pub async fn portal(&self, account: AccountId) -> Result<String, Refusal> {
        let till = self.till()?;
        let kept = self.kept(account).await?;
        let back = format!("{}/account/plan", self.0.mailer.public_url);
        Ok(till.portal(&kept.customer, &back).await?)
    }

    async fn kept(&self, account: AccountId) -> Result<Subscription, Refusal> {
        let kept = self.0.accounts.subscription(account).await?;
        kept.ok_or_else(|| Refusal::Unfit("you have not bought anything yet".to_owned()))
    }

    async fn running(&self, account: AccountId) -> Result<String, Refusal> {
        let kept = self.kept(account).await?;
        let runs = kept.standing != Standing::Ended;
        kept.subscription
            .filter(|_| runs)
            .ok_or_else(|| Refusal::Unfit("no subscription runs; buy a plan first".to_owned()))
    }

    /// Changes what somebody pays for. The difference is billed at once.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till or no such plan, or nothing runs.
    pub async fn change(
        &self,
        account: AccountId,
        plan: &PlanId,
        period: Period,
    ) -> Result<Subscription, Refusal> {
        let till = self.till()?;
        let plan = self.plan(plan, period)?;
        let id = self.running(account).await?;
        let now = self.0.clock.now();
        let bought = till.change(&id, &plan, period).await?;
        self.learn(account, &bought, now).await
    }

    /// Lets what somebody pays for end with what is paid, or takes that back.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till, or nothing runs.
    pub async fn end(&self, account: AccountId, ends: bool) -> Result<Subscription, Refusal> {
        let till = self.till()?;
        let id = self.running(account).await?;
        let now = self.0.clock.now();
        let bought = till.end(&id, ends).await?;
        self.learn(account, &bought, now).await
    }

    /// Somebody's bills, the newest first.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till.
    pub async fn bills(&self, account: AccountId) -> Result<Vec<Bill>, Refusal> {
        let till = self.till()?;
        match self.0.accounts.subscription(account).await? {
            Some(kept) => Ok(till.bills(&kept.customer).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Makes the prices at the till what the plans say, and says what was done.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till, or it refuses.
    pub async fn sync(&self) -> Result<Vec<String>, Refusal> {
        let plans = self.0.accounts.plans().await?;
        Ok(self.till()?.sync(&plans).await?)
    }
}

/// A customer who has bought nothing yet.
fn fresh(account: AccountId, customer: String, seen: Timestamp) -> Subscription {
    Subscription {
        account,
        customer,
        subscription: None,
        plan: None,
        standing: Standing::Ended,
        paid_until: None,
        ends: false,
        grace_until: None,
        seen,
    }
}
