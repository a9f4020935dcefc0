//! What is put aside for the next invoice: prorations, and items by hand.

use super::{Ledger, find, room_in};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::Id;
use crate::payments::papers::{Aside, Line, Origin};
use crate::payments::refusal::Refusal;

/// Lines of one invoice that come from here.
const LINES: usize = 250;

impl Ledger {
    /// Lines of what was put aside for this customer and nothing else's invoice.
    pub(super) fn take_asides(
        &mut self,
        customer: &str,
        subscription: Option<&Id>,
        invoice: &str,
    ) -> Vec<Line> {
        let concerns = |aside: &Aside| {
            aside.invoice.is_none()
                && aside.customer == customer
                && (aside.subscription.is_none() || aside.subscription.as_ref() == subscription)
        };
        let pending: Vec<_> = self
            .asides
            .values()
            .filter(|aside| concerns(aside))
            .cloned()
            .collect();
        let mut lines = Vec::new();
        for aside in pending.into_iter().take(LINES) {
            if let Some(kept) = self.asides.get_mut(&aside.id) {
                kept.invoice = Some(invoice.to_owned());
            }
            lines.push(Line {
                id: self.draw("il_"),
                amount: aside.amount,
                quantity: aside.quantity,
                description: aside.description,
                start: aside.start,
                end: aside.end,
                price: aside.price,
                proration: aside.proration,
                origin: Origin::Aside {
                    aside: aside.id,
                    subscription: aside.subscription,
                    item: aside.item,
                },
            });
        }
        lines
    }

    pub(crate) fn create_aside(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let customer = form.required("customer")?;
        self.customer(&customer, "customer")?;
        let amount = form
            .value("amount")?
            .ok_or_else(|| Refusal::missing("amount"))?;
        let currency = form.text("currency")?.unwrap_or_else(|| "usd".to_owned());
        let description = form.text("description")?.unwrap_or_default();
        let subscription = form.text("subscription")?.filter(|id| !id.is_empty());
        if let Some(id) = &subscription {
            find(&self.subscriptions, "subscription", id, "subscription")?;
        }
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.finish()?;
        let now = self.time_of(Some(&customer));
        let aside = Aside {
            id: String::new(),
            created: now,
            customer,
            subscription,
            item: None,
            amount,
            currency,
            quantity: 1,
            description,
            start: now,
            end: now,
            price: None,
            proration: false,
            invoice: None,
            metadata,
        };
        self.put_aside(aside)
    }

    pub(super) fn put_aside(&mut self, mut aside: Aside) -> Result<Id, Refusal> {
        room_in(&self.asides, "invoice items")?;
        aside.id = self.draw("ii_");
        let id = aside.id.clone();
        self.asides.insert(id.clone(), aside);
        self.told_of(&id, "invoiceitem.created");
        Ok(id)
    }

    pub(crate) fn delete_aside(&mut self, id: &str) -> Result<(), Refusal> {
        let aside = find(&self.asides, "invoiceitem", id, "id")?;
        if aside.invoice.is_some() {
            return Err(Refusal::invalid(
                "This invoice item is on an invoice already.",
            ));
        }
        self.told_of(id, "invoiceitem.deleted");
        self.asides.shift_remove(id);
        Ok(())
    }

    /// What was put aside and is on no invoice yet.
    pub(super) fn pending(&self, subscription: &str) -> bool {
        let mut asides = self.asides.values();
        asides.any(|aside| {
            aside.invoice.is_none() && aside.subscription.as_deref() == Some(subscription)
        })
    }
}
