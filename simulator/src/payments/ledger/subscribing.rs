//! How a subscription begins.

use super::{Ledger, find, room_in};
use crate::payments::calendar::{self, DAY};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{
    Id, Item, Recurring, Standing, Subscription, Terms, Wanted, WithoutCard,
};
use crate::payments::papers::Reason;
use crate::payments::refusal::Refusal;

/// The longest trial, in days: two years, as at Stripe.
const LONGEST_TRIAL: i64 = 730;

/// What happens when the first invoice, or that of a change, is not paid at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// It is tried, and what is not paid stays incomplete.
    #[default]
    Allow,
    /// It is not even tried: the customer is to confirm it.
    Wait,
    /// Nothing happens at all.
    Refuse,
}

impl Behavior {
    pub(crate) const WORDS: [(&'static str, Self); 3] = [
        ("allow_incomplete", Self::Allow),
        ("default_incomplete", Self::Wait),
        ("error_if_incomplete", Self::Refuse),
    ];
}

/// A subscription as it is ordered.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) customer: Id,
    pub(crate) items: Vec<Wanted>,
    pub(crate) terms: Terms,
    pub(crate) method: Option<Id>,
    pub(crate) behavior: Behavior,
    /// Whether the card's owner is there.
    pub(crate) present: bool,
}

impl Ledger {
    pub(crate) fn create_subscription(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let customer = form.required("customer")?;
        self.customer(&customer, "customer")?;
        let items = self.wanted(form.each("items")?, "items")?;
        let method = form
            .text("default_payment_method")?
            .filter(|id| !id.is_empty());
        let behavior = form.word("payment_behavior", &Behavior::WORDS)?;
        let cancels = form.value("cancel_at_period_end")?.unwrap_or(false);
        form.word("collection_method", &[("charge_automatically", ())])?;
        form.ignore(&["off_session", "proration_behavior", "billing_mode"]);
        let terms = terms(&mut form)?;
        form.finish()?;
        let method = match method {
            Some(method) => Some(self.attach(&method, &customer, "default_payment_method")?),
            None => None,
        };
        let id = self.subscribe(Order {
            customer,
            items,
            terms,
            method,
            behavior: behavior.unwrap_or_default(),
            present: false,
        })?;
        if cancels {
            self.cancel_at_end(&id, true);
        }
        Ok(id)
    }

    /// Reads prices and quantities; all of a subscription are due at the same times.
    pub(crate) fn wanted(&mut self, forms: Vec<Form>, field: &str) -> Result<Vec<Wanted>, Refusal> {
        let mut wanted = Vec::new();
        for mut form in forms {
            let price = match form.within("price_data")? {
                Some(data) => self.create_price(data)?,
                None => form.required("price")?,
            };
            let quantity = form.value("quantity")?.unwrap_or(1);
            form.ignore(&["metadata"]);
            form.finish()?;
            let param = format!("{field}[{}][price]", wanted.len());
            let known = find(&self.prices, "price", &price, &param)?;
            if !known.active {
                let why = "The price specified is inactive. This field only accepts active prices.";
                return Err(Refusal::invalid(why).on(param));
            }
            if !(1..=10_000).contains(&quantity) {
                let why = "Invalid quantity: from 1 to 10000";
                return Err(
                    Refusal::invalid(why).on(format!("{field}[{}][quantity]", wanted.len()))
                );
            }
            let id = self.draw("li_");
            wanted.push(Wanted {
                id,
                price,
                quantity,
            });
        }
        if wanted.is_empty() || wanted.len() > 20 {
            return Err(Refusal::missing(field));
        }
        Ok(wanted)
    }

    /// The rhythm and the currency that all of these share.
    pub(crate) fn rhythm<'a>(
        &self,
        prices: impl Iterator<Item = &'a Id>,
    ) -> Result<(Recurring, String), Refusal> {
        let mut shared = None;
        for id in prices {
            let price = find(&self.prices, "price", id, "price")?;
            let Some(recurring) = price.recurring else {
                let why = format!(
                    "The price specified is set to `type=one_time` but this field only accepts \
                     prices with `type=recurring`: {id}"
                );
                return Err(Refusal::invalid(why).on("items"));
            };
            let this = (recurring, price.currency.clone());
            if *shared.get_or_insert_with(|| this.clone()) != this {
                let why = "All prices of a subscription must have the same interval and currency.";
                return Err(Refusal::invalid(why).on("items"));
            }
        }
        shared.ok_or_else(|| Refusal::missing("items"))
    }

    /// Begins a subscription, writes its first invoice and, unless it is to wait, collects it.
    pub(crate) fn subscribe(&mut self, order: Order) -> Result<Id, Refusal> {
        let (every, _) = self.rhythm(order.items.iter().map(|item| &item.price))?;
        room_in(&self.subscriptions, "subscriptions")?;
        room_in(&self.invoices, "invoices")?;
        let now = self.time_of(Some(&order.customer));
        let days = order.terms.trial_days.filter(|days| *days > 0);
        let trial_end = order.terms.trial_end.or(days.map(|days| now + days * DAY));
        if trial_end.is_some_and(|end| end <= now || end - now > LONGEST_TRIAL * DAY) {
            let why = "Invalid trial: it must end in the future, within two years.";
            return Err(Refusal::invalid(why).on("trial_end"));
        }
        // What is refused as a whole leaves nothing behind.
        let before = (order.behavior == Behavior::Refuse).then(|| self.clone());
        let subscription = self.begin(&order, every, trial_end);
        let id = subscription.id.clone();
        self.subscriptions.insert(id.clone(), subscription);
        let invoice = self.write_invoice(&id, Reason::Create, true);
        self.set_latest(&id, &invoice);
        self.told_of(&id, "customer.subscription.created");
        self.told_of(&invoice, "invoice.created");
        self.finalize(&invoice);
        let short = self.horizon(Some(&order.customer));
        if trial_end.is_some_and(|end| end - 3 * DAY <= short) {
            self.warn_of_trial_end(&id);
        }
        if order.behavior == Behavior::Wait || self.is_settled(&invoice) {
            return Ok(id);
        }
        match (self.collect(&invoice, order.method, order.present), before) {
            (Err(refusal), Some(before)) => {
                *self = before;
                Err(refusal)
            }
            // The subscription tells for itself that it is incomplete.
            (Ok(()) | Err(_), _) => Ok(id),
        }
    }

    fn begin(&mut self, order: &Order, every: Recurring, trial_end: Option<i64>) -> Subscription {
        let now = self.time_of(Some(&order.customer));
        let mut items = Vec::new();
        for wanted in &order.items {
            items.push(Item {
                id: self.draw("si_"),
                created: now,
                price: wanted.price.clone(),
                quantity: wanted.quantity,
                metadata: Metadata::new(),
            });
        }
        let free = order
            .items
            .iter()
            .all(|item| self.amount_of(&item.price) == 0);
        let status = match trial_end {
            Some(_) => Standing::Trialing,
            None if free => Standing::Active,
            None => Standing::Incomplete,
        };
        Subscription {
            id: self.draw("sub_"),
            created: now,
            customer: order.customer.clone(),
            status,
            items,
            start: now,
            end: trial_end.unwrap_or_else(|| calendar::next_end(now, every, now)),
            anchor: trial_end.unwrap_or(now),
            cancel_at_period_end: false,
            cancel_at: None,
            canceled_at: None,
            ended_at: None,
            feedback: None,
            comment: None,
            reason: None,
            trial_start: trial_end.map(|_| now),
            trial_end,
            warned: false,
            without_card: order.terms.without_card,
            default_method: order.method.clone(),
            latest_invoice: None,
            description: order.terms.description.clone(),
            metadata: order.terms.metadata.clone(),
        }
    }

    pub(super) fn amount_of(&self, price: &str) -> i64 {
        self.prices.get(price).map_or(0, |price| price.amount)
    }

    pub(super) fn set_latest(&mut self, subscription: &str, invoice: &str) {
        if let Some(subscription) = self.subscriptions.get_mut(subscription) {
            subscription.latest_invoice = Some(invoice.to_owned());
        }
    }
}

/// What a request says of trial, description and metadata.
pub(crate) fn terms(form: &mut Form) -> Result<Terms, Refusal> {
    let trial_days = form.value("trial_period_days")?;
    let trial_end = form.value("trial_end")?;
    if trial_days.is_some_and(|days| !(0..=LONGEST_TRIAL).contains(&days)) {
        let why = "Invalid trial_period_days: from 1 to 730";
        return Err(Refusal::invalid(why).on("trial_period_days"));
    }
    let mut terms = Terms {
        trial_days,
        trial_end,
        description: form.text("description")?.filter(|text| !text.is_empty()),
        metadata: Metadata::new(),
        without_card: without_card(form)?.unwrap_or_default(),
    };
    form.metadata(&mut terms.metadata)?;
    Ok(terms)
}

pub(super) fn without_card(form: &mut Form) -> Result<Option<WithoutCard>, Refusal> {
    let Some(mut settings) = form.within("trial_settings")? else {
        return Ok(None);
    };
    let mut end = settings.within("end_behavior")?.unwrap_or_default();
    let choice = end.word("missing_payment_method", &WithoutCard::WORDS)?;
    end.finish()?;
    settings.finish()?;
    Ok(choice)
}
