//! Changing a subscription: its plan, its card, its trial.

use super::{Behavior, Ledger, find};
use crate::payments::calendar;
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Item, Standing, Subscription, Time};
use crate::payments::papers::Reason;
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
        super::ending::details(&mut kept, &mut form)?;
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
        Some("now") if kept.status == Standing::Trialing => kept.trial_end = Some(now),
        Some("now") => {}
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
