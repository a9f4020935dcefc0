//! Writing invoices: their lines, their numbers, and when they become final.

use super::{Ledger, find, room_in};
use crate::payments::calendar::HOUR;
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Id, Standing, Subscription, Time};
use crate::payments::papers::{Invoice, InvoiceStatus, Line, Origin, Reason};
use crate::payments::refusal::Refusal;

impl Ledger {
    /// Writes a draft for a subscription: what was put aside for it, and its current period if that
    /// is to be paid now.
    pub(super) fn write_invoice(&mut self, subscription: &str, reason: Reason, period: bool) -> Id {
        let Some(subscription) = self.subscriptions.get(subscription).cloned() else {
            return Id::new();
        };
        let id = self.draft(&subscription.customer, Some(&subscription), reason);
        let mut lines = self.take_asides(&subscription.customer, Some(&subscription.id), &id);
        if period {
            lines.extend(self.period_lines(&subscription));
        }
        if let Some(invoice) = self.invoices.get_mut(&id) {
            invoice.lines = lines;
        }
        id
    }

    /// One line for each item.
    fn period_lines(&mut self, subscription: &Subscription) -> Vec<Line> {
        let trial = subscription.status == Standing::Trialing;
        let mut lines = Vec::new();
        for item in &subscription.items {
            let name = self.product_name(&item.price);
            let (amount, rate) = match self.prices.get(&item.price) {
                Some(price) => (price.amount * item.quantity, self.rate(price)),
                None => (0, String::new()),
            };
            let description = if trial {
                format!("Trial period for {name}")
            } else {
                format!("{} × {name} (at {rate})", item.quantity)
            };
            lines.push(Line {
                id: self.draw("il_"),
                amount: if trial { 0 } else { amount },
                quantity: item.quantity,
                description,
                start: subscription.start,
                end: subscription.end,
                price: Some(item.price.clone()),
                proration: false,
                origin: Origin::Subscription {
                    subscription: subscription.id.clone(),
                    item: item.id.clone(),
                },
            });
        }
        lines
    }

    fn draft(&mut self, customer: &str, about: Option<&Subscription>, reason: Reason) -> Id {
        let now = self.time_of(Some(customer));
        let currency = about.and_then(|subscription| subscription.items.first());
        let currency = currency.and_then(|item| self.prices.get(&item.price));
        let currency = currency.map_or("usd".to_owned(), |price| price.currency.clone());
        let id = self.draw("in_");
        let invoice = Invoice {
            id: id.clone(),
            created: now,
            customer: customer.to_owned(),
            subscription: about.map(|subscription| subscription.id.clone()),
            reason,
            status: InvoiceStatus::Draft,
            currency,
            description: None,
            lines: Vec::new(),
            number: None,
            slug: self.draw("test_"),
            start: about.map_or(now, |subscription| subscription.start),
            end: about.map_or(now, |subscription| subscription.end),
            attempts: 0,
            next_attempt: None,
            finalizes_at: (reason == Reason::Cycle).then_some(now + HOUR),
            auto_advance: reason != Reason::Manual,
            finalized_at: None,
            paid_at: None,
            voided_at: None,
            uncollectible_at: None,
            starting_balance: self
                .customers
                .get(customer)
                .map_or(0, |customer| customer.balance),
            ending_balance: None,
            amount_paid: 0,
            intent: None,
            metadata: Metadata::new(),
        };
        self.invoices.insert(id.clone(), invoice);
        id
    }

    /// Gives a draft its number, settles it with the customer's balance, and opens it.
    pub(super) fn finalize(&mut self, id: &str) {
        let Some(mut invoice) = self.invoices.get(id).cloned() else {
            return;
        };
        let now = self.time_of(Some(&invoice.customer));
        let owner = invoice.customer.clone();
        let number = self.customers.get_mut(&owner).map(|customer| {
            let number = format!("{}-{:04}", customer.prefix, customer.next_invoice);
            customer.next_invoice += 1;
            number
        });
        invoice.starting_balance = self.customers.get(&owner).map_or(0, |owner| owner.balance);
        let after = (invoice.total() + invoice.starting_balance).min(0);
        invoice.number = number;
        invoice.ending_balance = Some(after);
        invoice.status = InvoiceStatus::Open;
        invoice.finalized_at = Some(now);
        invoice.finalizes_at = None;
        if invoice.due() > 0 {
            invoice.intent = Some(self.intent_for(&invoice));
        }
        let settled = invoice.due() == 0;
        if settled {
            invoice.status = InvoiceStatus::Paid;
            invoice.paid_at = Some(now);
        }
        self.invoices.insert(id.to_owned(), invoice);
        self.noticed(&owner.clone(), "customer.updated", |ledger| {
            if let Some(customer) = ledger.customers.get_mut(&owner) {
                customer.balance = after;
            }
        });
        self.told_of(id, "invoice.finalized");
        if settled {
            self.tell_paid(id);
        }
    }

    pub(super) fn is_settled(&self, invoice: &str) -> bool {
        let invoice = self.invoices.get(invoice);
        invoice.is_some_and(|invoice| invoice.status == InvoiceStatus::Paid)
    }

    /// An invoice by hand, of what was put aside.
    pub(crate) fn create_invoice(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let customer = form.required("customer")?;
        self.customer(&customer, "customer")?;
        let behavior = form.word(
            "pending_invoice_items_behavior",
            &[("include", true), ("exclude", false)],
        )?;
        let description = form.text("description")?;
        let advance = form.value("auto_advance")?.unwrap_or(false);
        form.word("collection_method", &[("charge_automatically", ())])?;
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.finish()?;
        room_in(&self.invoices, "invoices")?;
        let id = self.draft(&customer, None, Reason::Manual);
        let lines = match behavior {
            Some(true) => self.take_asides(&customer, None, &id),
            Some(false) | None => Vec::new(),
        };
        let hour = self.time_of(Some(&customer)) + HOUR;
        if let Some(invoice) = self.invoices.get_mut(&id) {
            invoice.lines = lines;
            invoice.description = description;
            invoice.metadata = metadata;
            invoice.auto_advance = advance;
            invoice.finalizes_at = advance.then_some(hour);
        }
        self.told_of(&id, "invoice.created");
        Ok(id)
    }

    /// Throws a draft away.
    pub(crate) fn delete_invoice(&mut self, id: &str) -> Result<(), Refusal> {
        let invoice = find(&self.invoices, "invoice", id, "id")?;
        if invoice.status != InvoiceStatus::Draft || invoice.subscription.is_some() {
            let why = "You can only delete draft invoices that no subscription made.";
            return Err(Refusal::invalid(why).coded("invoice_not_editable"));
        }
        self.told_of(id, "invoice.deleted");
        self.invoices.shift_remove(id);
        self.asides
            .retain(|_, aside| aside.invoice.as_deref() != Some(id));
        Ok(())
    }

    pub(crate) fn product_name(&self, price: &str) -> String {
        let product = self
            .prices
            .get(price)
            .and_then(|price| self.products.get(&price.product));
        product.map_or(String::new(), |product| product.name.clone())
    }

    /// A customer's invoices that wait to be paid.
    pub(crate) fn owed(&self, customer: &str) -> impl Iterator<Item = &Invoice> {
        let open = |invoice: &&Invoice| invoice.status == InvoiceStatus::Open;
        let his = move |invoice: &&Invoice| invoice.customer == customer;
        self.invoices.values().filter(his).filter(open)
    }

    pub(super) fn stamp(&mut self, id: &str, stamp: impl FnOnce(&mut Invoice, Time)) {
        let owner = self
            .invoices
            .get(id)
            .map(|invoice| invoice.customer.clone());
        let now = self.time_of(owner.as_deref());
        if let Some(invoice) = self.invoices.get_mut(id) {
            stamp(invoice, now);
        }
    }
}
