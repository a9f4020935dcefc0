//! How things stand at the till, learned by asking it: after an event, after a change, and of everybody.

use domain::account::AccountId;
use domain::plan::PlanId;
use domain::ports::accounts::{Standing, Subscription};
use domain::ports::till::{Bought, TillError};
use domain::time::Timestamp;
use serde_json::json;

use super::{Billing, Refusal};

impl Billing {
    /// Learns how things stand of a customer; none when he is nobody's.
    pub(super) async fn refresh(&self, customer: &str) -> Result<Option<Subscription>, Refusal> {
        let till = self.till()?;
        let now = self.0.clock.now();
        let all = till.bought(customer).await?;
        // What runs counts, else the newest.
        let running = all.iter().find(|it| it.standing != Standing::Ended);
        let newest = running.or_else(|| all.first());
        let known = self.0.accounts.by_customer(customer).await?;
        let account = known
            .map(|known| known.account)
            .or_else(|| newest.and_then(|newest| newest.account));
        let (Some(account), Some(newest)) = (account, newest) else {
            return Ok(None);
        };
        if self.0.accounts.account(account).await?.is_none() {
            return Ok(None);
        }
        self.learn(account, newest, now).await.map(Some)
    }

    /// Keeps how somebody's subscription stands, as it was known at a moment, and writes to him where
    /// that is news.
    pub(super) async fn learn(
        &self,
        account: AccountId,
        bought: &Bought,
        seen: Timestamp,
    ) -> Result<Subscription, Refusal> {
        let before = self.0.accounts.subscription(account).await?;
        let grace_until = match bought.standing {
            Standing::PastDue => before
                .as_ref()
                .and_then(|before| before.grace_until)
                .or(Some(seen + self.0.grace)),
            Standing::Trialing | Standing::Active | Standing::Ended => None,
        };
        let now = Subscription {
            account,
            customer: bought.customer.clone(),
            subscription: Some(bought.id.clone()),
            plan: bought.plan.clone(),
            standing: bought.standing,
            paid_until: bought.paid_until,
            ends: bought.ends,
            grace_until,
            seen,
        };
        self.0.accounts.subscribe(&now).await?;
        self.0.door.hear().await;
        self.write_of(before.as_ref(), &now).await?;
        Ok(now)
    }

    async fn write_of(
        &self,
        before: Option<&Subscription>,
        now: &Subscription,
    ) -> Result<(), Refusal> {
        let Some(account) = self.0.accounts.account(now.account).await? else {
            return Ok(());
        };
        let plans = self.0.door.plans();
        let title = |id: Option<&PlanId>| {
            let plan = id.and_then(|id| plans.iter().find(|plan| plan.id == *id));
            plan.map_or_else(String::new, |plan| plan.title.clone())
        };
        let stood = before.map(|before| (before.standing, before.plan.as_ref(), before.ends));
        if stood == Some((now.standing, now.plan.as_ref(), now.ends)) {
            return Ok(());
        }
        let day = |at: Option<Timestamp>| {
            at.map(crate::wire::rows::written)
                .and_then(|day| Some(day.get(..10)?.to_owned()))
        };
        let (template, params) = match now.standing {
            Standing::PastDue => (
                "payment_failed",
                json!({"plan": title(now.plan.as_ref()), "until": day(now.grace_until)}),
            ),
            Standing::Ended => (
                "subscription_ended",
                json!({"plan": title(now.plan.as_ref())}),
            ),
            Standing::Trialing | Standing::Active => (
                "plan_changed",
                json!({"plan": title(now.plan.as_ref()), "until": day(now.paid_until), "ends": now.ends}),
            ),
        };
        let about = format!(
            "{}:{}:{}:{}:{}",
            now.subscription.as_deref().unwrap_or_default(),
            now.standing.label(),
            now.plan.as_ref().map(PlanId::as_str).unwrap_or_default(),
            now.ends,
            now.paid_until.map_or(0, Timestamp::as_micros)
        );
        self.0
            .mailer
            .write(template, &account, &about, params)
            .await?;
        Ok(())
    }

    /// Compares what is kept with the till, mends what differs, and says what was mended.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no till, or it does not answer.
    pub async fn reconcile(&self) -> Result<Vec<String>, Refusal> {
        let till = self.till()?;
        let all = till.all().await?;
        let mut customers: Vec<_> = all.iter().map(|it| it.customer.clone()).collect();
        let kept = self.0.accounts.subscriptions().await?;
        customers.extend(kept.iter().map(|it| it.customer.clone()));
        customers.sort_unstable();
        customers.dedup();
        let mut mended = Vec::new();
        for customer in customers {
            let before = kept.iter().find(|it| it.customer == customer);
            let now = match self.refresh(&customer).await {
                Ok(Some(now)) => now,
                Ok(None) | Err(Refusal::Till(TillError::Unknown)) => continue,
                Err(other) => return Err(other),
            };
            mended.extend(difference(before, &now));
            mended.extend(more_than_one(&customer, &all));
        }
        Ok(mended)
    }
}

/// What somebody pays for besides what he has, by two pages that he had open at once. Which of them is to end
/// is for people to say.
fn more_than_one(customer: &str, all: &[Bought]) -> Option<String> {
    let runs = |it: &&Bought| it.customer == customer && it.standing != Standing::Ended && !it.ends;
    let running: Vec<&str> = all.iter().filter(runs).map(|it| it.id.as_str()).collect();
    (running.len() > 1).then(|| {
        let running = running.join(", ");
        format!("{customer} is charged for several subscriptions ({running}): end all but one at the till")
    })
}

/// What is different, for people; none when nothing is.
fn difference(before: Option<&Subscription>, now: &Subscription) -> Option<String> {
    let told = |it: &Subscription| {
        let plan = it.plan.as_ref().map_or("no plan", PlanId::as_str);
        let ends = if it.ends { ", ends" } else { "" };
        format!("{plan} {}{ends}", it.standing.label())
    };
    let before = before.map_or_else(|| "nothing".to_owned(), told);
    let after = told(now);
    (before != after).then(|| format!("{}: {before} → {after}", now.account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::fresh;

    #[test]
    fn a_difference_is_told_and_none_is_not() {
        let account = AccountId::from_uuid(uuid::Uuid::nil());
        let mut now = fresh(account, "cus_1".to_owned(), Timestamp::MIN);
        assert_eq!(difference(Some(&now.clone()), &now), None);
        let before = now.clone();
        now.standing = Standing::Active;
        now.plan = PlanId::parse("pro").ok();
        let told = difference(Some(&before), &now).unwrap();
        assert!(told.ends_with("no plan ended → pro active"), "{told}");
        assert!(difference(None, &now).unwrap().contains("nothing →"));
    }
}
