//! Stripe as the till. Its words stay here: the rest of the house knows plans and bills.
//!
//! Prices carry the name of their plan in their metadata, and are found by their lookup keys. What
//! changes something is asked for under a key of its own, so that asking twice does it once.

use std::collections::HashMap;
use std::time::Duration;

use domain::account::{AccountId, Email};
use domain::plan::{Plan, PlanId};
use domain::ports::accounts::Standing;
use domain::ports::till::{Bill, Bought, Order, Period, Till, TillError};
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use stripe::{
    Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest as _,
};
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::{ListInvoice, RetrieveInvoice};
use stripe_billing::subscription::{
    ListSubscription, ListSubscriptionStatus, RetrieveSubscription, UpdateSubscription,
    UpdateSubscriptionItems, UpdateSubscriptionPaymentBehavior,
    UpdateSubscriptionProrationBehavior,
};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    RetrieveCheckoutSession,
};
use stripe_core::charge::RetrieveCharge;
use stripe_core::customer::CreateCustomer;
use stripe_product::price::{
    CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval, ListPrice, UpdatePrice,
};
use stripe_product::product::{CreateProduct, RetrieveProduct};
use stripe_shared::{CheckoutSessionMode, Invoice, Price, Subscription};
use stripe_types::Currency;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many objects a page of a list has.
const PAGE: i64 = 100;

/// Under which names our own words stand in metadata.
const ACCOUNT: &str = "account";
const PLAN: &str = "plan";

/// Stripe, or what speaks as it does.
pub struct Stripe {
    client: Client,
}

impl Stripe {
    /// With a secret key; `base` is the address where Stripe is not where it usually is.
    ///
    /// # Errors
    ///
    /// [`TillError::Refused`] when the key or the address cannot be one.
    pub fn new(key: &SecretString, base: Option<&str>) -> Result<Self, TillError> {
        let mut builder = ClientBuilder::new(key.expose_secret());
        if let Some(base) = base {
            builder = builder.url(base);
        }
        let client = builder.build();
        let client = client.map_err(|error| TillError::Refused(error.to_string()))?;
        Ok(Self { client })
    }

    async fn price(&self, plan: &PlanId, period: Period) -> Result<Option<Price>, TillError> {
        let list = ListPrice::new().lookup_keys(vec![lookup(plan, period)]);
        let found = patiently(list.send(&self.client)).await?;
        Ok(found.data.into_iter().next())
    }

    async fn product(&self, plan: &Plan) -> Result<(String, Option<String>), TillError> {
        let id = format!("touchstone_{}", plan.id);
        match patiently(RetrieveProduct::new(id.as_str()).send(&self.client)).await {
            Ok(product) => Ok((product.id.to_string(), None)),
            Err(TillError::Unknown) => {
                let make = CreateProduct::new(plan.title.as_str())
                    .id(id.as_str())
                    .metadata([(PLAN.to_owned(), plan.id.to_string())]);
                let made = patiently(make.send(&self.client)).await?;
                Ok((made.id.to_string(), Some(format!("made the product {id}"))))
            }
            Err(other) => Err(other),
        }
    }

    async fn make_price(
        &self,
        plan: &Plan,
        period: Period,
        cents: u32,
        product: &str,
    ) -> Result<(), TillError> {
        let interval = match period {
            Period::Month => CreatePriceRecurringInterval::Month,
            Period::Year => CreatePriceRecurringInterval::Year,
        };
        let make = CreatePrice::new(Currency::USD)
            .product(product)
            .unit_amount(i64::from(cents))
            .lookup_key(lookup(&plan.id, period))
            .transfer_lookup_key(true)
            .metadata([(PLAN.to_owned(), plan.id.to_string())])
            .recurring(CreatePriceRecurring::new(interval));
        patiently(make.send(&self.client)).await.map(drop)
    }

    async fn subscriptions(&self, of: Option<&str>) -> Result<Vec<Subscription>, TillError> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut list = ListSubscription::new().limit(PAGE);
            if let Some(customer) = of {
                list = list.customer(customer).status(ListSubscriptionStatus::All);
            }
            if let Some(after) = &after {
                list = list.starting_after(after.as_str());
            }
            let page = patiently(list.send(&self.client)).await?;
            after = page.data.last().map(|last| last.id.to_string());
            all.extend(page.data);
            if !page.has_more || after.is_none() {
                return Ok(all);
            }
        }
    }
}

#[async_trait::async_trait]
impl Till for Stripe {
    async fn sync(&self, plans: &[Plan]) -> Result<Vec<String>, TillError> {
        let mut done = Vec::new();
        for plan in plans {
            for period in [Period::Month, Period::Year] {
                let known = self.price(&plan.id, period).await?;
                match (period.price(plan), known) {
                    (Some(cents), Some(price)) if price.unit_amount == Some(cents.into()) => {
                        if !price.active {
                            let again = UpdatePrice::new(price.id.as_str()).active(true);
                            patiently(again.send(&self.client)).await?;
                            done.push(format!("sell {} by the {} again", plan.id, period.label()));
                        }
                    }
                    (Some(cents), known) => {
                        let (product, made) = self.product(plan).await?;
                        done.extend(made);
                        self.make_price(plan, period, cents, &product).await?;
                        done.push(format!(
                            "{} costs {cents} cents a {}",
                            plan.id,
                            period.label()
                        ));
                        if let Some(former) = known {
                            let put_away = UpdatePrice::new(former.id.as_str()).active(false);
                            patiently(put_away.send(&self.client)).await?;
                        }
                    }
                    (None, Some(price)) if price.active => {
                        let put_away = UpdatePrice::new(price.id.as_str()).active(false);
                        patiently(put_away.send(&self.client)).await?;
                        done.push(format!(
                            "{} is not sold by the {} any more",
                            plan.id,
                            period.label()
                        ));
                    }
                    (None, Some(_) | None) => {}
                }
            }
        }
        Ok(done)
    }

    async fn customer(&self, account: AccountId, email: &Email) -> Result<String, TillError> {
        let make = CreateCustomer::new()
            .email(email.as_str())
            .metadata([(ACCOUNT.to_owned(), account.to_string())])
            .customize()
            .request_strategy(once(&format!("customer-{account}"))?);
        let made = patiently(make.send(&self.client)).await?;
        Ok(made.id.to_string())
    }

    async fn checkout(&self, order: &Order<'_>) -> Result<String, TillError> {
        let price = self.price(&order.plan.id, order.period).await?;
        let price = price.filter(|price| price.active).ok_or_else(|| {
            TillError::Refused(
                "the plan has no price there; run `touchstone stripe sync`".to_owned(),
            )
        })?;
        let mut line = CreateCheckoutSessionLineItems::new();
        line.price = Some(price.id.to_string());
        line.quantity = Some(1);
        let account = HashMap::from([(ACCOUNT.to_owned(), order.account.to_string())]);
        let mut subscription = CreateCheckoutSessionSubscriptionData::new();
        subscription.metadata = Some(account.clone());
        if order.trial_days > 0 {
            subscription.trial_period_days = Some(order.trial_days.into());
        }
        let mut create = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .line_items(vec![line])
            .subscription_data(subscription)
            .client_reference_id(order.account.to_string())
            .metadata(account)
            .success_url(order.done.as_str())
            .cancel_url(order.back.as_str());
        create = match order.customer {
            Some(customer) => create.customer(customer),
            None => create.customer_email(order.email.as_str()),
        };
        let made = patiently(create.send(&self.client)).await?;
        made.url
            .ok_or_else(|| TillError::Refused("it names no page to pay on".to_owned()))
    }

    async fn portal(&self, customer: &str, back: &str) -> Result<String, TillError> {
        let create = CreateBillingPortalSession::new()
            .customer(customer)
            .return_url(back);
        Ok(patiently(create.send(&self.client)).await?.url)
    }

    async fn change(&self, id: &str, plan: &Plan, period: Period) -> Result<Bought, TillError> {
        let price = self.price(&plan.id, period).await?;
        let price = price.filter(|price| price.active).ok_or_else(|| {
            TillError::Refused(
                "the plan has no price there; run `touchstone stripe sync`".to_owned(),
            )
        })?;
        let kept = patiently(RetrieveSubscription::new(id).send(&self.client)).await?;
        let item = kept.items.data.first().ok_or(TillError::Unknown)?;
        let mut changed = UpdateSubscriptionItems::new();
        changed.id = Some(item.id.to_string());
        changed.price = Some(price.id.to_string());
        let update = UpdateSubscription::new(id)
            .items(vec![changed])
            .cancel_at_period_end(false)
            .proration_behavior(UpdateSubscriptionProrationBehavior::AlwaysInvoice)
            // Else the dearer plan would be had for the grace of a payment that never came.
            .payment_behavior(UpdateSubscriptionPaymentBehavior::ErrorIfIncomplete);
        let changed = patiently(update.send(&self.client)).await?;
        Ok(bought(&changed))
    }

    async fn end(&self, id: &str, ends: bool) -> Result<Bought, TillError> {
        let update = UpdateSubscription::new(id).cancel_at_period_end(ends);
        let changed = patiently(update.send(&self.client)).await?;
        Ok(bought(&changed))
    }

    async fn bought(&self, customer: &str) -> Result<Vec<Bought>, TillError> {
        let all = self.subscriptions(Some(customer)).await?;
        let mut all: Vec<_> = all.iter().map(bought).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.since));
        Ok(all)
    }

    async fn all(&self) -> Result<Vec<Bought>, TillError> {
        let all = self.subscriptions(None).await?;
        Ok(all.iter().map(bought).collect())
    }

    async fn bills(&self, customer: &str) -> Result<Vec<Bill>, TillError> {
        let list = ListInvoice::new().customer(customer).limit(PAGE);
        let found = patiently(list.send(&self.client)).await?;
        Ok(found.data.iter().map(bill).collect())
    }

    async fn customer_of(&self, object: &str) -> Result<Option<String>, TillError> {
        let kind = object.split('_').next().unwrap_or_default();
        let customer = match kind {
            "cus" => Ok(Some(object.to_owned())),
            "sub" => {
                let kept = patiently(RetrieveSubscription::new(object).send(&self.client)).await;
                kept.map(|kept| Some(kept.customer.id().to_string()))
            }
            "in" => {
                let kept = patiently(RetrieveInvoice::new(object).send(&self.client)).await;
                kept.map(|kept| kept.customer.map(|it| it.id().to_string()))
            }
            "ch" | "py" => {
                let kept = patiently(RetrieveCharge::new(object).send(&self.client)).await;
                kept.map(|kept| kept.customer.map(|it| it.id().to_string()))
            }
            "cs" => {
                let kept = RetrieveCheckoutSession::new(object);
                let kept = patiently(kept.send(&self.client)).await;
                kept.map(|kept| kept.customer.map(|it| it.id().to_string()))
            }
            _ => Ok(None),
        };
        match customer {
            Err(TillError::Unknown) => Ok(None),
            other => other,
        }
    }
}

/// How prices of a plan are found.
fn lookup(plan: &PlanId, period: Period) -> String {
    format!("touchstone_{plan}_{}", period.label())
}

/// What is asked twice under this name is done once.
fn once(name: &str) -> Result<RequestStrategy, TillError> {
    let key = IdempotencyKey::new(name);
    let key = key.map_err(|error| TillError::Refused(error.to_string()))?;
    Ok(RequestStrategy::Idempotent(key))
}

/// Waits for an answer, and no longer than anybody should.
async fn patiently<T>(asked: impl Future<Output = Result<T, StripeError>>) -> Result<T, TillError> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| failure(&error)),
        Err(_) => Err(TillError::Unreachable("it does not answer".to_owned())),
    }
}

/// What an error means. Its own words may hold what was asked, so only its message is told.
fn failure(error: &StripeError) -> TillError {
    match error {
        StripeError::Stripe(_, 404) => TillError::Unknown,
        StripeError::Stripe(_, 409 | 429 | 500..) => {
            TillError::Unreachable("it asks for patience".to_owned())
        }
        StripeError::Stripe(said, status) => {
            let said = said.message.as_deref().unwrap_or("it does not say why");
            match status {
                402 => TillError::Declined(said.to_owned()),
                _ => TillError::Refused(format!("{said} ({status})")),
            }
        }
        StripeError::Timeout => TillError::Unreachable("it does not answer".to_owned()),
        StripeError::ClientError(why) => TillError::Unreachable(why.clone()),
        StripeError::JSONDeserialize(why) | StripeError::ConfigError(why) => {
            TillError::Refused(why.clone())
        }
    }
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

fn bought(kept: &Subscription) -> Bought {
    let item = kept.items.data.first();
    let price = item.map(|item| &item.price);
    let plan = price.and_then(|price| price.metadata.get(PLAN));
    let recurring = price.and_then(|price| price.recurring.as_ref());
    let account = kept.metadata.get(ACCOUNT);
    Bought {
        id: kept.id.to_string(),
        customer: kept.customer.id().to_string(),
        account: account.and_then(|account| AccountId::parse(account)),
        plan: plan.and_then(|plan| PlanId::parse(plan).ok()),
        period: recurring.and_then(|it| Period::from_label(it.interval.as_str())),
        standing: match kept.status.as_str() {
            "active" => Standing::Active,
            "trialing" => Standing::Trialing,
            "past_due" => Standing::PastDue,
            // Incomplete, paused, unpaid, canceled, and whatever comes to be: nothing is paid.
            _ => Standing::Ended,
        },
        paid_until: item.map(|item| instant(item.current_period_end)),
        ends: kept.cancel_at_period_end,
        since: instant(kept.created),
    }
}

fn bill(kept: &Invoice) -> Bill {
    Bill {
        number: kept.number.clone(),
        at: instant(kept.created),
        amount: kept.total,
        currency: kept.currency.to_string(),
        status: kept
            .status
            .as_ref()
            .map_or_else(|| "draft".to_owned(), |status| status.as_str().to_owned()),
        url: kept.hosted_invoice_url.clone(),
    }
}
