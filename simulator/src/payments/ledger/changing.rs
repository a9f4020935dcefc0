//! Changing a subscription: another plan with what that costs by the second, and its end.

use super::{Behavior, Ledger, find};
use crate::payments::calendar;
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Id, Item, Standing, Subscription, Time};
use crate::payments::papers::{Aside, InvoiceStatus, Reason};
use crate::payments::refusal::Refusal;

/// What a change in the middle of a period costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Proration {
    /// The difference waits for the next invoice.
    #[default]
    Create,
    /// It is invoiced at once.
    Invoice,
    /// Nothing.
    Skip,
}

impl Proration {
    const WORDS: [(&'static str, Self); 3] = [
        ("create_prorations", Self::Create),
        ("always_invoice", Self::Invoice),
        ("none", Self::Skip),
    ];
}

impl Ledger {
    pub(crate) fn update_subscription(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut kept = find(&self.subscriptions, "subscription", id, "id")?.clone();
        if kept.status.is_over() {
            let why =
                "A canceled subscription can only update its cancellation_details and metadata.";
            return Err(Refusal::invalid(why).on("id"));
        }
        let now = self.time_of(Some(&kept.customer));
        let behavior = form
            .word("payment_behavior", &Behavior::WORDS)?
            .unwrap_or_default();
        let proration = form
            .word("proration_behavior", &Proration::WORDS)?
            .unwrap_or_default();
        let cancels = form.value::<bool>("cancel_at_period_end")?;
        let cancel_at = form.text("cancel_at")?;
        let trial_end = form.text("trial_end")?;
        if let Some(method) = form.text("default_payment_method")? {
            kept.default_method = match method.as_str() {
                "" => None,
                method => Some(self.attach(method, &kept.customer, "default_payment_method")?),
            };
        }
        if let Some(text) = form.text("description")? {
            kept.description = Some(text).filter(|text| !text.is_empty());
        }
        if let Some(choice) = super::subscribing::without_card(&mut form)? {
            kept.without_card = choice;
        }
        details(&mut kept, &mut form)?;
        form.metadata(&mut kept.metadata)?;
        let items = form.each("items")?;
        form.ignore(&["off_session"]);
        form.finish()?;
        let before = self.clone();
        let was = kept.clone();
        let outcome = self
            .change_items(&mut kept, items)
            .and_then(|()| set_end(&mut kept, cancel_at, trial_end, now))
            .and_then(|()| self.apply(&was, kept, proration, behavior));
        if let Err(refusal) = outcome {
            // A request is granted as a whole or not at all.
            *self = before;
            return Err(refusal);
        }
        if let Some(cancels) = cancels {
            self.cancel_at_end(id, cancels);
        }
        Ok(())
    }

    /// What the request makes of the items.
    fn change_items(&mut self, kept: &mut Subscription, forms: Vec<Form>) -> Result<(), Refusal> {
        for (place, mut form) in forms.into_iter().enumerate() {
            let param = |field: &str| format!("items[{place}][{field}]");
            let (id, price) = (form.text("id")?, form.text("price")?);
            let quantity = form.value::<i64>("quantity")?;
            let deleted = form.value("deleted")?.unwrap_or(false);
            form.finish()?;
            if quantity.is_some_and(|quantity| !(1..=10_000).contains(&quantity)) {
                let why = "Invalid quantity: from 1 to 10000";
                return Err(Refusal::invalid(why).on(param("quantity")));
            }
            if let Some(price) = &price {
                let known = find(&self.prices, "price", price, &param("price"))?;
                if !known.active {
                    let why =
                        "The price specified is inactive. This field only accepts active prices.";
                    return Err(Refusal::invalid(why).on(param("price")));
                }
            }
            match (id, price) {
                (Some(id), price) => {
                    let found = kept.items.iter_mut().find(|item| item.id == id);
                    let item = found
                        .ok_or_else(|| Refusal::nobody("subscription item", &id, &param("id")))?;
                    if let Some(price) = price {
                        item.price = price;
                    }
                    item.quantity = quantity.unwrap_or(item.quantity);
                    if deleted {
                        kept.items.retain(|item| item.id != id);
                    }
                }
                (None, Some(price)) => {
                    if kept.items.iter().any(|item| item.price == price) {
                        let why = format!(
                            "Cannot add multiple subscription items with the same price: {price}. \
                             Name the item by its id to change it."
                        );
                        return Err(Refusal::invalid(why).on(param("price")));
                    }
                    kept.items.push(Item {
                        id: self.draw("si_"),
                        created: self.time_of(Some(&kept.customer)),
                        price,
                        quantity: quantity.unwrap_or(1),
                        metadata: Metadata::new(),
                    });
                }
                (None, None) => return Err(Refusal::missing(&param("price"))),
            }
        }
        if kept.items.is_empty() || kept.items.len() > 20 {
            return Err(
                Refusal::invalid("A subscription must have from 1 to 20 items").on("items"),
            );
        }
        Ok(())
    }

    /// Puts the new state in place, and writes what the change costs.
    fn apply(
        &mut self,
        was: &Subscription,
        mut kept: Subscription,
        proration: Proration,
        behavior: Behavior,
    ) -> Result<(), Refusal> {
        let id = kept.id.clone();
        let now = self.time_of(Some(&kept.customer));
        let (every, _) = self.rhythm(kept.items.iter().map(|item| &item.price))?;
        let (before, _) = self.rhythm(was.items.iter().map(|item| &item.price))?;
        let trial_over = was.status == Standing::Trialing && kept.trial_end == Some(now);
        let trialing = was.status == Standing::Trialing && !trial_over;
        if trial_over {
            self.subscriptions.insert(id.clone(), kept.clone());
            if self.left_without_card(&kept) {
                return Ok(());
            }
        }
        // Another rhythm begins a new period today.
        let anew = trial_over || (every != before && !trialing);
        let mut asides = Vec::new();
        if proration != Proration::Skip && was.status != Standing::Trialing {
            asides = self.prorations(was, &kept, now, anew);
        }
        if trialing {
            (kept.end, kept.anchor) = (
                kept.trial_end.unwrap_or(was.end),
                kept.trial_end.unwrap_or(was.anchor),
            );
        }
        if trial_over {
            kept.status = Standing::Active;
        }
        if anew {
            (kept.start, kept.anchor) = (now, now);
            kept.end = calendar::next_end(now, every, now);
        }
        if kept.cancel_at_period_end {
            kept.cancel_at = Some(kept.end);
        }
        for aside in asides {
            self.put_aside(aside)?;
        }
        self.watched(&id, "customer.subscription.updated", |ledger| {
            ledger.subscriptions.insert(id.clone(), kept);
            Ok(())
        })?;
        let at_once = anew || (proration == Proration::Invoice && self.pending(&id));
        if !at_once {
            return Ok(());
        }
        let reason = if trial_over {
            Reason::Cycle
        } else {
            Reason::Update
        };
        let invoice = self.write_invoice(&id, reason, anew);
        self.set_latest(&id, &invoice);
        self.told_of(&invoice, "invoice.created");
        self.finalize(&invoice);
        if self.is_settled(&invoice) || behavior == Behavior::Wait {
            return Ok(());
        }
        match self.collect(&invoice, None, false) {
            Err(refusal) if behavior == Behavior::Refuse => Err(refusal),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A credit for the rest of what was paid, and the price of the rest of what is wanted now.
    fn prorations(
        &self,
        was: &Subscription,
        kept: &Subscription,
        now: Time,
        anew: bool,
    ) -> Vec<Aside> {
        let (left, whole) = (was.end - now, was.end - was.start);
        let mut asides = Vec::new();
        let mut part = |item: &Item, sign: i64, words: &str| {
            let price = self.prices.get(&item.price);
            let full = price.map_or(0, |price| price.amount) * item.quantity;
            asides.push(Aside {
                id: Id::new(),
                created: now,
                customer: was.customer.clone(),
                subscription: Some(was.id.clone()),
                item: Some(item.id.clone()),
                amount: sign * share(full, left, whole),
                currency: price.map_or(String::new(), |price| price.currency.clone()),
                quantity: item.quantity,
                description: format!(
                    "{words} time on {} after {}",
                    self.product_name(&item.price),
                    calendar::day(now)
                ),
                start: now,
                end: was.end,
                price: Some(item.price.clone()),
                proration: true,
                invoice: None,
                metadata: Metadata::new(),
            });
        };
        let same = |one: &Item, other: &Item| {
            one.id == other.id && one.price == other.price && one.quantity == other.quantity
        };
        for old in &was.items {
            if anew || !kept.items.iter().any(|new| same(old, new)) {
                part(old, -1, "Unused");
            }
        }
        for new in kept.items.iter().filter(|_| !anew) {
            if !was.items.iter().any(|old| same(old, new)) {
                part(new, 1, "Remaining");
            }
        }
        asides
    }

    /// Ends a subscription with its period, or takes that back.
    pub(crate) fn cancel_at_end(&mut self, id: &str, cancels: bool) {
        let now = self
            .subscriptions
            .get(id)
            .map(|kept| self.time_of(Some(&kept.customer)));
        self.noticed(id, "customer.subscription.updated", |ledger| {
            let Some(kept) = ledger.subscriptions.get_mut(id) else {
                return;
            };
            if kept.cancel_at_period_end == cancels {
                return;
            }
            kept.cancel_at_period_end = cancels;
            kept.cancel_at = cancels.then_some(kept.end);
            kept.canceled_at = now.filter(|_| cancels);
            kept.reason = cancels.then(|| "cancellation_requested".to_owned());
        });
    }

    /// Ends a subscription at once; what is owed is not collected by itself any more.
    pub(super) fn cancel_now(&mut self, id: &str, reason: Option<&str>) {
        let Some(kept) = self.subscriptions.get(id) else {
            return;
        };
        let now = self.time_of(Some(&kept.customer));
        if let Some(kept) = self.subscriptions.get_mut(id) {
            kept.status = Standing::Canceled;
            kept.canceled_at.get_or_insert(now);
            kept.ended_at = Some(now);
            if kept.reason.is_none() {
                kept.reason = reason.map(str::to_owned);
            }
        }
        let waiting = self.invoices.values_mut().filter(|invoice| {
            invoice.subscription.as_deref() == Some(id)
                && matches!(invoice.status, InvoiceStatus::Draft | InvoiceStatus::Open)
        });
        for invoice in waiting {
            invoice.auto_advance = false;
            invoice.next_attempt = None;
            invoice.finalizes_at = None;
        }
        self.told_of(id, "customer.subscription.deleted");
    }

    pub(crate) fn cancel_subscription(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let kept = find(&self.subscriptions, "subscription", id, "id")?.clone();
        let prorate = form.value("prorate")?.unwrap_or(false);
        let invoice_now = form.value("invoice_now")?.unwrap_or(false);
        let mut changed = kept.clone();
        details(&mut changed, &mut form)?;
        form.finish()?;
        if kept.status.is_over() {
            return Err(Refusal::not_found("subscription", id));
        }
        let now = self.time_of(Some(&kept.customer));
        self.subscriptions.insert(id.to_owned(), changed);
        if prorate && kept.status != Standing::Trialing {
            for aside in self.prorations(&kept, &kept, now, true) {
                self.put_aside(aside)?;
            }
        }
        if invoice_now && self.pending(id) {
            let invoice = self.write_invoice(id, Reason::Update, false);
            self.set_latest(id, &invoice);
            self.told_of(&invoice, "invoice.created");
            self.finalize(&invoice);
            if !self.is_settled(&invoice) {
                // A failure is told by events; the subscription ends all the same.
                let _ = self.collect(&invoice, None, false);
            }
        }
        self.cancel_now(id, Some("cancellation_requested"));
        Ok(())
    }
}

/// The part of an amount that belongs to the seconds that are left, to the nearest cent.
fn share(amount: i64, left: Time, whole: Time) -> i64 {
    let (amount, left, whole) = (
        i128::from(amount),
        i128::from(left),
        i128::from(whole.max(1)),
    );
    let nearest = (amount * left * 2 + whole) / (whole * 2);
    i64::try_from(nearest).unwrap_or(i64::MAX)
}

/// Why somebody leaves.
fn details(kept: &mut Subscription, form: &mut Form) -> Result<(), Refusal> {
    let Some(mut sent) = form.within("cancellation_details")? else {
        return Ok(());
    };
    if let Some(comment) = sent.text("comment")? {
        kept.comment = Some(comment).filter(|text| !text.is_empty());
    }
    if let Some(feedback) = sent.text("feedback")? {
        kept.feedback = Some(feedback).filter(|text| !text.is_empty());
    }
    sent.finish()
}

/// Takes when the trial, or the whole, is to end.
fn set_end(
    kept: &mut Subscription,
    cancel_at: Option<String>,
    trial_end: Option<String>,
    now: Time,
) -> Result<(), Refusal> {
    let future = |text: &str, param: &str| {
        let time = text.parse::<Time>().ok().filter(|time| *time > now);
        time.ok_or_else(|| {
            Refusal::invalid(format!("Invalid {param}: it must lie in the future")).on(param)
        })
    };
    match cancel_at.as_deref() {
        None => {}
        Some("") => (kept.cancel_at, kept.canceled_at, kept.reason) = (None, None, None),
        Some(text) => {
            kept.cancel_at = Some(future(text, "cancel_at")?);
            kept.canceled_at = Some(now);
            kept.reason = Some("cancellation_requested".to_owned());
        }
    }
    match trial_end.as_deref() {
        None => {}
        Some("now") => {
            if kept.status == Standing::Trialing {
                kept.trial_end = Some(now);
            }
        }
        Some(text) => {
            let end = future(text, "trial_end")?;
            if kept.status != Standing::Trialing {
                let why = "This room extends trials only while they last";
                return Err(Refusal::invalid(why).on("trial_end"));
            }
            kept.trial_end = Some(end);
        }
    }
    Ok(())
}
