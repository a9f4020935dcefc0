//! Collecting invoices: what a payment changes, and what a missing one does.

use super::{Afterwards, Ledger, RETRIES, find};
use crate::payments::form::Form;
use crate::payments::objects::{Id, Standing};
use crate::payments::papers::{IntentStatus, InvoiceStatus};
use crate::payments::refusal::Refusal;

impl Ledger {
    /// Tries to collect an open invoice: with this card, or the subscription's, or the customer's.
    pub(crate) fn collect(
        &mut self,
        id: &str,
        with: Option<Id>,
        present: bool,
    ) -> Result<(), Refusal> {
        let invoice = find(&self.invoices, "invoice", id, "invoice")?.clone();
        if invoice.status != InvoiceStatus::Open {
            let why = match invoice.status {
                InvoiceStatus::Paid => "Invoice is already paid",
                InvoiceStatus::Draft | InvoiceStatus::Open => "This invoice is not finalized",
                InvoiceStatus::Void | InvoiceStatus::Uncollectible => "This invoice is closed",
            };
            return Err(Refusal::invalid(why).coded("invoice_not_payable"));
        }
        let Some(intent) = invoice.intent else {
            return Ok(());
        };
        let method =
            with.or_else(|| self.card_of(&invoice.customer, invoice.subscription.as_deref()));
        let charged = match method {
            Some(method) => self.charge(&intent, &method, present),
            None => {
                let why = "Cannot charge customer that has no default payment method";
                Err(Refusal::invalid(why).coded("invoice_payment_intent_requires_action"))
            }
        };
        match charged {
            Ok(()) => {
                self.settle(id);
                Ok(())
            }
            Err(refusal) => {
                self.missed(id);
                Err(refusal)
            }
        }
    }

    /// The card that a subscription is paid with.
    pub(crate) fn card_of(&self, customer: &str, subscription: Option<&str>) -> Option<Id> {
        let own = subscription.and_then(|id| self.subscriptions.get(id));
        let own = own.and_then(|subscription| subscription.default_method.clone());
        let attached = |id: &Id| {
            let method = self.methods.get(id);
            method.is_some_and(|method| method.customer.as_deref() == Some(customer))
        };
        let default = || {
            let customer = self.customers.get(customer)?;
            customer.default_method.clone()
        };
        own.filter(attached).or_else(default)
    }

    /// What follows a payment.
    fn settle(&mut self, id: &str) {
        self.noticed(id, "invoice.updated", |ledger| {
            ledger.stamp(id, |invoice, now| {
                invoice.status = InvoiceStatus::Paid;
                invoice.attempts += 1;
                invoice.amount_paid = invoice.due();
                invoice.paid_at = Some(now);
                invoice.next_attempt = None;
            });
        });
        self.tell_paid(id);
        let about = self
            .invoices
            .get(id)
            .and_then(|invoice| invoice.subscription.clone());
        let Some(subscription) = about.and_then(|id| self.subscriptions.get(&id)) else {
            return;
        };
        let latest = subscription.latest_invoice.as_deref() == Some(id);
        let waiting = matches!(
            subscription.status,
            Standing::Incomplete | Standing::PastDue | Standing::Unpaid
        );
        if latest && waiting {
            self.stand(&subscription.id.clone(), Standing::Active);
        }
    }

    pub(super) fn tell_paid(&mut self, id: &str) {
        self.told_of(id, "invoice.paid");
        self.told_of(id, "invoice.payment_succeeded");
    }

    /// What follows a payment that did not come.
    fn missed(&mut self, id: &str) {
        let about = self
            .invoices
            .get(id)
            .and_then(|invoice| invoice.subscription.clone());
        let standing = about.as_ref().and_then(|id| self.subscriptions.get(id));
        let first = standing.is_some_and(|kept| kept.status == Standing::Incomplete);
        let mut last = false;
        self.noticed(id, "invoice.updated", |ledger| {
            ledger.stamp(id, |invoice, now| {
                let pause = usize::try_from(invoice.attempts).ok();
                let pause = pause.and_then(|attempts| RETRIES.get(attempts));
                invoice.attempts += 1;
                last = pause.is_none();
                let again = pause.map(|pause| now + pause);
                invoice.next_attempt = again.filter(|_| invoice.auto_advance && !first);
            });
        });
        self.told_of(id, "invoice.payment_failed");
        let Some(subscription) = about else {
            return;
        };
        let Some(standing) = self
            .subscriptions
            .get(&subscription)
            .map(|kept| kept.status)
        else {
            return;
        };
        match (standing, last, self.afterwards) {
            (Standing::Active | Standing::Trialing, _, _) => {
                self.stand(&subscription, Standing::PastDue);
            }
            (Standing::PastDue, true, Afterwards::Cancel) => {
                self.cancel_now(&subscription, Some("payment_failed"));
            }
            (Standing::PastDue, true, Afterwards::MarkUnpaid) => {
                self.stand(&subscription, Standing::Unpaid);
            }
            (
                Standing::PastDue
                | Standing::Incomplete
                | Standing::IncompleteExpired
                | Standing::Unpaid
                | Standing::Paused
                | Standing::Canceled,
                _,
                _,
            ) => {}
        }
    }

    /// Puts a subscription into another standing, and tells so.
    pub(super) fn stand(&mut self, subscription: &str, standing: Standing) {
        self.noticed(subscription, "customer.subscription.updated", |ledger| {
            if let Some(kept) = ledger.subscriptions.get_mut(subscription) {
                kept.status = standing;
            }
        });
    }

    pub(crate) fn pay_invoice(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let status = find(&self.invoices, "invoice", id, "id")?.status;
        let method = form.text("payment_method")?.filter(|id| !id.is_empty());
        let outside = form.value("paid_out_of_band")?.unwrap_or(false);
        form.ignore(&["off_session"]);
        form.finish()?;
        if status == InvoiceStatus::Draft {
            self.finalize(id);
        }
        if self.is_settled(id) && status == InvoiceStatus::Draft {
            return Ok(());
        }
        if outside && self.is_open(id) {
            self.settle(id);
            return Ok(());
        }
        let method = match method {
            Some(method) => Some(self.take_card(&method)?),
            None => {
                let owner = self
                    .invoices
                    .get(id)
                    .map(|invoice| invoice.customer.clone());
                owner.and_then(|owner| self.any_card_of(&owner))
            }
        };
        self.collect(id, method, false)
    }

    fn is_open(&self, id: &str) -> bool {
        let invoice = self.invoices.get(id);
        invoice.is_some_and(|invoice| invoice.status == InvoiceStatus::Open)
    }

    /// His default card, or any that is attached to him.
    fn any_card_of(&self, customer: &str) -> Option<Id> {
        let his = |method: &&crate::payments::objects::Method| {
            method.customer.as_deref() == Some(customer)
        };
        let attached = || {
            self.methods
                .values()
                .rfind(his)
                .map(|method| method.id.clone())
        };
        self.card_of(customer, None).or_else(attached)
    }

    pub(crate) fn finalize_invoice(&mut self, id: &str) -> Result<(), Refusal> {
        let status = find(&self.invoices, "invoice", id, "id")?.status;
        if status != InvoiceStatus::Draft {
            let why = "This invoice is already finalized, you can't re-finalize it";
            return Err(Refusal::invalid(why).coded("invoice_not_editable"));
        }
        self.finalize(id);
        Ok(())
    }

    /// Voids an open invoice, or gives it up as uncollectible.
    pub(crate) fn close_invoice(&mut self, id: &str, status: InvoiceStatus) -> Result<(), Refusal> {
        let invoice = find(&self.invoices, "invoice", id, "id")?;
        let intent = invoice.intent.clone();
        if invoice.status != InvoiceStatus::Open {
            let why = format!(
                "You can only pass in open invoices. This invoice is {}",
                invoice.status.word()
            );
            return Err(Refusal::invalid(why).coded("invoice_not_editable"));
        }
        self.stamp(id, |invoice, now| {
            invoice.status = status;
            invoice.next_attempt = None;
            match status {
                InvoiceStatus::Void => invoice.voided_at = Some(now),
                InvoiceStatus::Uncollectible => invoice.uncollectible_at = Some(now),
                InvoiceStatus::Draft | InvoiceStatus::Open | InvoiceStatus::Paid => {}
            }
        });
        if status == InvoiceStatus::Void {
            let unpaid = |id: &Id| {
                let intent = self.intents.get(id);
                intent.is_some_and(|intent| intent.status != IntentStatus::Succeeded)
            };
            if let Some(intent) = intent.filter(unpaid) {
                self.cancel_intent(&intent)?;
            }
            self.told_of(id, "invoice.voided");
        } else {
            self.told_of(id, "invoice.marked_uncollectible");
        }
        Ok(())
    }

    pub(crate) fn update_invoice(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut invoice = find(&self.invoices, "invoice", id, "id")?.clone();
        if let Some(description) = form.text("description")? {
            invoice.description = Some(description).filter(|text| !text.is_empty());
        }
        if let Some(advance) = form.value("auto_advance")? {
            invoice.auto_advance = advance;
        }
        form.metadata(&mut invoice.metadata)?;
        form.finish()?;
        self.watched(id, "invoice.updated", |ledger| {
            ledger.invoices.insert(id.to_owned(), invoice);
            Ok(())
        })
    }
}
