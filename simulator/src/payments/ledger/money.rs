//! Money that goes back: refunds and disputes.

use super::{Ledger, find, room_in};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::Id;
use crate::payments::papers::{Charge, Dispute, Refund};
use crate::payments::refusal::Refusal;

/// Why a cardholder may dispute a charge.
const REASONS: [&str; 8] = [
    "fraudulent",
    "duplicate",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "credit_not_processed",
    "unrecognized",
    "general",
];

impl Ledger {
    pub(crate) fn create_refund(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let charge = match form.text("charge")?.filter(|id| !id.is_empty()) {
            Some(charge) => charge,
            None => {
                let intent = form.required("payment_intent")?;
                let intent = find(&self.intents, "payment_intent", &intent, "payment_intent")?;
                let none = || {
                    Refusal::invalid(
                        "This PaymentIntent does not have a successful charge to refund.",
                    )
                };
                intent.charge.clone().ok_or_else(none)?
            }
        };
        let amount = form.value("amount")?;
        let reason = form.text("reason")?.filter(|reason| !reason.is_empty());
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.finish()?;
        let charged = find(&self.charges, "charge", &charge, "charge")?;
        let left = charged.amount - charged.refunded;
        if charged.declined.is_some() {
            return Err(Refusal::invalid(
                "This charge was not successful and cannot be refunded.",
            ));
        }
        if left == 0 {
            let why = format!("Charge {charge} has already been refunded.");
            return Err(Refusal::invalid(why).coded("charge_already_refunded"));
        }
        if charged.disputed {
            let why = format!("Charge {charge} has been charged back; cannot issue a refund.");
            return Err(Refusal::invalid(why).coded("charge_disputed"));
        }
        let amount = amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            let why = format!(
                "Refund amount ({amount}) is not within what is left of the charge ({left})"
            );
            return Err(Refusal::invalid(why).on("amount"));
        }
        let created = self.time_of(charged.customer.as_deref());
        room_in(&self.refunds, "refunds")?;
        let refund = Refund {
            id: self.draw("re_"),
            created,
            charge: charge.clone(),
            amount,
            reason,
            metadata,
        };
        let id = refund.id.clone();
        self.refunds.insert(id.clone(), refund);
        // A refund is told of as what it changes of the charge.
        self.watched(&charge, "charge.refunded", |ledger| {
            if let Some(charge) = ledger.charges.get_mut(&charge) {
                charge.refunded += amount;
            }
            Ok(())
        })?;
        self.told_of(&id, "refund.created");
        Ok(id)
    }

    pub(crate) fn update_refund(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut refund = find(&self.refunds, "refund", id, "id")?.clone();
        form.metadata(&mut refund.metadata)?;
        form.finish()?;
        self.watched(id, "refund.updated", |ledger| {
            ledger.refunds.insert(id.to_owned(), refund);
            Ok(())
        })
    }

    /// The cardholder disputes a charge at his bank.
    pub(crate) fn dispute(&mut self, charge: &str, reason: &str) -> Result<Id, Refusal> {
        let charged: &Charge = find(&self.charges, "charge", charge, "charge")?;
        if !REASONS.contains(&reason) {
            let why = format!("Invalid reason: must be one of {}", REASONS.join(", "));
            return Err(Refusal::invalid(why).on("reason"));
        }
        if charged.disputed || charged.declined.is_some() {
            let why = "Only a successful charge that is not disputed yet can be disputed";
            return Err(Refusal::invalid(why).on("charge"));
        }
        room_in(&self.disputes, "disputes")?;
        let created = self.time_of(charged.customer.as_deref());
        let amount = charged.amount - charged.refunded;
        let dispute = Dispute {
            id: self.draw("du_"),
            created,
            charge: charge.to_owned(),
            amount,
            reason: reason.to_owned(),
            status: "needs_response".to_owned(),
            metadata: Metadata::new(),
        };
        let id = dispute.id.clone();
        self.disputes.insert(id.clone(), dispute);
        self.noticed(charge, "charge.updated", |ledger| {
            if let Some(charge) = ledger.charges.get_mut(charge) {
                charge.disputed = true;
            }
        });
        self.told_of(&id, "charge.dispute.created");
        Ok(id)
    }

    pub(crate) fn update_dispute(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut dispute = find(&self.disputes, "dispute", id, "id")?.clone();
        form.metadata(&mut dispute.metadata)?;
        form.finish()?;
        self.watched(id, "charge.dispute.updated", |ledger| {
            ledger.disputes.insert(id.to_owned(), dispute);
            Ok(())
        })
    }

    /// Gives a dispute up.
    pub(crate) fn close_dispute(&mut self, id: &str) -> Result<(), Refusal> {
        find(&self.disputes, "dispute", id, "id")?;
        if let Some(dispute) = self.disputes.get_mut(id) {
            dispute.status = "lost".to_owned();
        }
        self.told_of(id, "charge.dispute.closed");
        Ok(())
    }
}
