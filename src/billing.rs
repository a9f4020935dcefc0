//! Billing: plans that are bought, changed and ended, and what the till tells of them.
//!
//! Nothing is believed because an event says it: an event only says of whom something is new, and
//! how things stand is then asked of the till. So it does not matter whether events come twice, late
//! or in another order, and what a lost one left behind is mended by asking again.

use std::sync::Arc;
use std::time::Duration;

use domain::account::{Account, AccountId};
use domain::plan::{Plan, PlanId};
use domain::ports::accounts::{Accounts, Standing, Subscription};
use domain::ports::store::StoreError;
use domain::ports::till::{Bill, Bought, Order, Period, Tidings, Till, TillError, Told};
use domain::ports::{Advice, Clock};
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use stripe_webhook::{Webhook, WebhookError};

use crate::accounts::Door;
use crate::accounts::mailer::Mailer;

pub mod stripe;

/// How often it is looked for events that are due.
const LOOKS: Duration = Duration::from_millis(500);

/// How many events are dealt with at once.
const AT_ONCE: usize = 20;

/// How long whoever deals with an event has before another does.
const CLAIM: Duration = Duration::from_secs(60);

/// How often an event is tried before it is given up.
const ATTEMPTS: u32 = 12;

/// How often everything is compared with the till.
const RECONCILES: Duration = Duration::from_secs(6 * 3_600);

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

/// The little that is read of an event.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

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

    /// Keeps what the till tells, and says whether it is new. It is dealt with afterwards.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unsigned`] when it does not come from the till.
    pub async fn told(&self, body: &str, signature: &str) -> Result<bool, Refusal> {
        self.till()?;
        let secret = self.0.signs_with.expose_secret();
        let now = self.0.clock.now();
        let seconds = now.as_millis().div_euclid(1_000);
        match Webhook::construct_event_with_timestamp(body, signature, secret, seconds) {
            // Signed all right. Whether the library can read it does not matter: older versions and
            // unknown kinds come, too.
            Ok(_) | Err(WebhookError::BadParse(_)) => {}
            Err(
                WebhookError::BadKey
                | WebhookError::BadHeader(_)
                | WebhookError::BadSignature
                | WebhookError::BadTimestamp(_),
            ) => {
                metrics::counter!("touchstone_payment_events_total", "outcome" => "unsigned")
                    .increment(1);
                return Err(Refusal::Unsigned);
            }
        }
        let event: Event = serde_json::from_str(body).map_err(|_| Refusal::Unreadable)?;
        let told = Told {
            id: event.id,
            kind: event.kind,
            object: subject(&event.data.object),
            body: body.to_owned(),
            received: now,
        };
        let new = self.0.tidings.keep_told(&told).await?;
        let outcome = if new { "kept" } else { "known" };
        metrics::counter!("touchstone_payment_events_total", "outcome" => outcome).increment(1);
        Ok(new)
    }

    /// Deals with what was told, and compares everything now and then.
    pub async fn work(self) {
        if self.0.till.is_none() {
            return;
        }
        let mut compared = None::<Timestamp>;
        loop {
            if let Err(error) = self.deal_with_all().await {
                tracing::warn!("what the till told could not be dealt with: {error}");
            }
            let now = self.0.clock.now();
            if compared.is_none_or(|at| now.since(at) >= RECONCILES) {
                compared = Some(now);
                match self.reconcile().await {
                    Ok(mended) => mended.iter().for_each(|what| {
                        tracing::warn!("a lost word of the till was made good: {what}");
                    }),
                    Err(error) => tracing::warn!("the till could not be compared: {error}"),
                }
            }
            tokio::time::sleep(LOOKS).await;
        }
    }

    /// Deals with everything that is due.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn deal_with_all(&self) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let due = self.0.tidings.take_told(now, now + CLAIM, AT_ONCE).await?;
        for (told, attempts) in due {
            match self.deal_with(&told).await {
                Ok(outcome) => {
                    metrics::counter!("touchstone_payment_events_total", "outcome" => outcome)
                        .increment(1);
                    let now = self.0.clock.now();
                    self.0.tidings.dealt_with(&told.id, now).await?;
                }
                Err(error) => {
                    let advice = match &error {
                        Refusal::Till(error) => error.advice(),
                        Refusal::Store(error) => error.advice(),
                        Refusal::NoTill
                        | Refusal::Unfit(_)
                        | Refusal::Unsigned
                        | Refusal::Unreadable => Advice::Stop,
                    };
                    let tired = attempts >= ATTEMPTS || advice == Advice::Stop;
                    let pause = Duration::from_secs(1 << attempts.min(10));
                    let again = (!tired).then(|| self.0.clock.now() + pause);
                    let why = error.to_string();
                    tracing::warn!(
                        event.id = told.id,
                        event.kind = told.kind,
                        again = again.is_some(),
                        "an event of the till was not dealt with: {why}"
                    );
                    metrics::counter!("touchstone_payment_events_total", "outcome" => "failed")
                        .increment(1);
                    self.0.tidings.not_dealt_with(&told.id, &why, again).await?;
                }
            }
        }
        Ok(())
    }

    /// Asks the till how things stand of whom an event speaks.
    async fn deal_with(&self, told: &Told) -> Result<&'static str, Refusal> {
        let concerns = ["checkout.", "customer.", "invoice.", "charge."];
        if !concerns.iter().any(|about| told.kind.starts_with(about)) {
            return Ok("ignored");
        }
        let till = self.till()?;
        let Some(object) = &told.object else {
            return Ok("ignored");
        };
        let Some(customer) = till.customer_of(object).await? else {
            return Ok("of_nobody");
        };
        Ok(if self.refresh(&customer).await?.is_some() {
            "learned"
        } else {
            "of_nobody"
        })
    }

    /// Learns how things stand of a customer; none when he is nobody's.
    async fn refresh(&self, customer: &str) -> Result<Option<Subscription>, Refusal> {
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
    async fn learn(
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
        let mut customers: Vec<_> = till
            .all()
            .await?
            .into_iter()
            .map(|it| it.customer)
            .collect();
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
        }
        Ok(mended)
    }
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

/// What an event is about: its customer, where it names him, else the object itself; of a dispute its
/// charge.
fn subject(object: &Value) -> Option<String> {
    let text = |name: &str| match &object[name] {
        Value::String(id) => Some(id.clone()),
        Value::Object(whole) => whole.get("id").and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    text("customer")
        .or_else(|| text("charge"))
        .or_else(|| text("id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_about_its_customer_or_what_it_names() {
        assert_eq!(
            subject(&json!({"id": "in_1", "customer": "cus_1"})).as_deref(),
            Some("cus_1")
        );
        let whole = json!({"id": "sub_1", "customer": {"id": "cus_2", "email": "x"}});
        assert_eq!(subject(&whole).as_deref(), Some("cus_2"));
        assert_eq!(
            subject(&json!({"id": "dp_1", "charge": "ch_1"})).as_deref(),
            Some("ch_1")
        );
        assert_eq!(subject(&json!({"id": "cus_3"})).as_deref(), Some("cus_3"));
        assert_eq!(subject(&json!({})), None);
    }

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
