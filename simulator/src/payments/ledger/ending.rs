//! How a subscription ends: with its period, at once, or not at all after all.

use super::{Ledger, find};
use crate::payments::form::Form;
use crate::payments::objects::{Standing, Subscription};
use crate::payments::papers::{InvoiceStatus, Reason};
use crate::payments::refusal::Refusal;

impl Ledger {
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

/// Why somebody leaves.
pub(super) fn details(kept: &mut Subscription, form: &mut Form) -> Result<(), Refusal> {
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
