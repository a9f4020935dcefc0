//! How payment intents, charges, refunds and disputes look.

use serde_json::{Value, json};

use super::both;
use super::sales::billing;
use crate::payments::calendar::DAY;
use crate::payments::cards::{Card, Decline, Temper};
use crate::payments::ledger::Ledger;
use crate::payments::papers::{Charge, Dispute, Intent, IntentStatus, Refund};

impl Ledger {
    pub(crate) fn show_intent(&self, intent: &Intent) -> Value {
        let received = if intent.status == IntentStatus::Succeeded {
            intent.amount
        } else {
            0
        };
        json!({
            "id": intent.id,
            "object": "payment_intent",
            "amount": intent.amount,
            "amount_capturable": 0,
            "amount_details": { "tip": {} },
            "amount_received": received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": null,
            "canceled_at": intent.canceled_at,
            "cancellation_reason": null,
            "capture_method": "automatic",
            "client_secret": format!("{}_secret_simulated", intent.id),
            "confirmation_method": "automatic",
            "created": intent.created,
            "currency": intent.currency,
            "customer": intent.customer,
            "description": intent.description,
            "excluded_payment_method_types": null,
            "last_payment_error": null,
            "latest_charge": intent.charge,
            "livemode": false,
            "metadata": intent.metadata,
            "next_action": null,
            "on_behalf_of": null,
            "payment_method": intent.method,
            "payment_method_configuration_details": null,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "processing": null,
            "receipt_email": null,
            "review": null,
            "setup_future_usage": null,
            "shipping": null,
            "source": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": null,
            "status": intent.status.word(),
            "transfer_data": null,
            "transfer_group": null,
        })
    }

    pub(crate) fn show_charge(&self, charge: &Charge) -> Value {
        let method = self.methods.get(&charge.method);
        let card = method.map(|method| &method.card);
        let failed = charge.declined.is_some();
        let decline = card.and_then(|card| match card.temper {
            Temper::Declines(decline) => Some(decline.words()),
            Temper::Pays | Temper::Tires | Temper::Disputes => None,
        });
        let generic = Decline::Generic.words();
        let (code, _, message) = decline.unwrap_or(generic);
        let first = json!({
            "id": charge.id,
            "object": "charge",
            "amount": charge.amount,
            "amount_captured": if failed { 0 } else { charge.amount },
            "amount_refunded": charge.refunded,
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": null,
            "billing_details": method.map(billing),
            "calculated_statement_descriptor": "SIMULATED",
            "captured": !failed,
            "created": charge.created,
            "currency": charge.currency,
            "customer": charge.customer,
            "description": charge.description,
            "destination": null,
            "dispute": null,
            "disputed": charge.disputed,
            "failure_balance_transaction": null,
            "failure_code": failed.then_some(code),
            "failure_message": failed.then_some(message),
            "fraud_details": {},
            "livemode": false,
            "metadata": charge.metadata,
            "on_behalf_of": null,
            "order": null,
        });
        let rest = json!({
            "outcome": {
                "advice_code": null,
                "network_advice_code": null,
                "network_decline_code": null,
                "network_status": if failed { "declined_by_network" } else { "approved_by_network" },
                "reason": charge.declined,
                "risk_level": "normal",
                "risk_score": 20,
                "seller_message": if failed { "The bank did not return any further details with this decline." } else { "Payment complete." },
                "type": if failed { "issuer_declined" } else { "authorized" },
            },
            "paid": !failed,
            "payment_intent": charge.intent,
            "payment_method": charge.method,
            "payment_method_details": card.map(|card| paid_with(card, charge)),
            "receipt_email": null,
            "receipt_number": null,
            "receipt_url": null,
            "refunded": charge.refunded == charge.amount,
            "review": null,
            "shipping": null,
            "source": null,
            "source_transfer": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": null,
            "status": if failed { "failed" } else { "succeeded" },
            "transfer_data": null,
            "transfer_group": null,
        });
        both(first, rest)
    }

    pub(crate) fn show_refund(&self, refund: &Refund) -> Value {
        let charge = self.charges.get(&refund.charge);
        json!({
            "id": refund.id,
            "object": "refund",
            "amount": refund.amount,
            "balance_transaction": null,
            "charge": refund.charge,
            "created": refund.created,
            "currency": charge.map_or("usd", |charge| charge.currency.as_str()),
            "destination_details": {
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": refund.metadata,
            "payment_intent": charge.map(|charge| &charge.intent),
            "reason": refund.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": "succeeded",
            "transfer_reversal": null,
        })
    }

    pub(crate) fn show_dispute(&self, dispute: &Dispute) -> Value {
        let charge = self.charges.get(&dispute.charge);
        let method = charge.and_then(|charge| self.methods.get(&charge.method));
        json!({
            "id": dispute.id,
            "object": "dispute",
            "amount": dispute.amount,
            "balance_transactions": [],
            "charge": dispute.charge,
            "created": dispute.created,
            "currency": charge.map_or("usd", |charge| charge.currency.as_str()),
            "enhanced_eligibility_types": [],
            "evidence": { "enhanced_evidence": {} },
            "evidence_details": {
                "due_by": dispute.created + 9 * DAY,
                "enhanced_eligibility": {},
                "has_evidence": false,
                "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": false,
            "livemode": false,
            "metadata": dispute.metadata,
            "network_reason_code": "10",
            "payment_intent": charge.map(|charge| &charge.intent),
            "payment_method_details": method.map(|method| json!({
                "card": {
                    "brand": method.card.brand,
                    "case_type": "chargeback",
                    "network": method.card.brand,
                    "network_reason_code": "10",
                },
                "type": "card",
            })),
            "reason": dispute.reason,
            "status": dispute.status,
        })
    }
}

/// The card of a charge.
fn paid_with(card: &Card, charge: &Charge) -> Value {
    json!({
        "card": {
            "amount_authorized": charge.amount,
            "authorization_code": null,
            "brand": card.brand,
            "checks": {
                "address_line1_check": null,
                "address_postal_code_check": null,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": card.month,
            "exp_year": card.year,
            "fingerprint": format!("simulated{}", card.last4),
            "funding": "credit",
            "installments": null,
            "last4": card.last4,
            "mandate": null,
            "network": card.brand,
            "three_d_secure": null,
            "wallet": null,
        },
        "type": "card",
    })
}
