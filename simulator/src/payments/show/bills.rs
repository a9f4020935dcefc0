//! How invoices and what is put aside for them look.

use serde_json::{Value, json};

use super::{both, list};
use crate::payments::ledger::Ledger;
use crate::payments::papers::{Aside, IntentStatus, Invoice, InvoiceStatus, Line, Origin};

impl Ledger {
    pub(crate) fn show_invoice(&self, invoice: &Invoice) -> Value {
        let lines = invoice
            .lines
            .iter()
            .map(|line| self.show_line(invoice, line));
        let customer = self.customers.get(&invoice.customer);
        let total = invoice.total();
        let open = !matches!(invoice.status, InvoiceStatus::Draft);
        let page = |more: &str| open.then(|| format!("{}/i/{}{more}", self.base, invoice.slug));
        let about = invoice.subscription.as_ref().map(|id| {
            let metadata = self.subscriptions.get(id).map(|kept| kept.metadata.clone());
            json!({
                "quote_details": null,
                "subscription_details": {
                    "metadata": metadata.unwrap_or_default(),
                    "subscription": id,
                },
                "type": "subscription_details",
            })
        });
        let first = json!({
            "id": invoice.id,
            "object": "invoice",
            "account_country": "US",
            "account_name": "Simulated payments",
            "account_tax_ids": null,
            "amount_due": invoice.due(),
            "amount_overpaid": 0,
            "amount_paid": invoice.amount_paid,
            "amount_remaining": invoice.remaining(),
            "amount_shipping": 0,
            "application": null,
            "attempt_count": invoice.attempts,
            "attempted": invoice.attempts > 0 || invoice.status == InvoiceStatus::Paid,
            "auto_advance": invoice.auto_advance && invoice.status != InvoiceStatus::Paid,
            "automatic_tax": {
                "disabled_reason": null,
                "enabled": false,
                "liability": null,
                "provider": null,
                "status": null,
            },
            "automatically_finalizes_at": invoice.finalizes_at,
            "billing_reason": invoice.reason.word(),
            "collection_method": "charge_automatically",
            "created": invoice.created,
            "currency": invoice.currency,
            "custom_fields": null,
            "customer": invoice.customer,
            "customer_address": null,
            "customer_email": customer.and_then(|known| known.email.clone()),
            "customer_name": customer.and_then(|known| known.name.clone()),
            "customer_phone": customer.and_then(|known| known.phone.clone()),
            "customer_shipping": null,
            "customer_tax_exempt": "none",
            "customer_tax_ids": [],
            "default_payment_method": null,
            "default_source": null,
            "default_tax_rates": [],
            "description": invoice.description,
        });
        let rest = json!({
            "discounts": [],
            "due_date": null,
            "effective_at": invoice.finalized_at,
            "ending_balance": invoice.ending_balance,
            "footer": null,
            "from_invoice": null,
            "hosted_invoice_url": page(""),
            "invoice_pdf": null,
            "issuer": { "type": "self" },
            "last_finalization_error": null,
            "latest_revision": null,
            "lines": list(lines.collect(), &format!("/v1/invoices/{}/lines", invoice.id)),
            "livemode": false,
            "metadata": invoice.metadata,
            "next_payment_attempt": invoice.next_attempt,
            "number": invoice.number,
            "on_behalf_of": null,
            "parent": about,
            "payment_settings": {
                "default_mandate": null,
                "payment_method_options": null,
                "payment_method_types": null,
            },
            "period_end": invoice.end,
            "period_start": invoice.start,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "receipt_number": null,
            "rendering": null,
            "shipping_cost": null,
            "shipping_details": null,
            "starting_balance": invoice.starting_balance,
            "statement_descriptor": null,
            "status": invoice.status.word(),
            "status_transitions": {
                "finalized_at": invoice.finalized_at,
                "marked_uncollectible_at": invoice.uncollectible_at,
                "paid_at": invoice.paid_at,
                "voided_at": invoice.voided_at,
            },
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "test_clock": customer.and_then(|known| known.clock.clone()),
            "total": total,
            "total_discount_amounts": [],
            "total_excluding_tax": total,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": invoice.finalized_at,
        });
        both(first, rest)
    }

    /// The payments of an invoice, which a request has to ask for.
    pub(crate) fn show_payments(&self, invoice: &Invoice) -> Value {
        let url = format!("/v1/invoice_payments?invoice={}", invoice.id);
        let intent = invoice.intent.as_ref().and_then(|id| self.intents.get(id));
        let payment = intent.map(|intent| {
            let paid = intent.status == IntentStatus::Succeeded;
            json!({
                "id": intent.id.replacen("pi_", "inpay_", 1),
                "object": "invoice_payment",
                "amount_paid": paid.then_some(intent.amount),
                "amount_requested": intent.amount,
                "created": intent.created,
                "currency": intent.currency,
                "invoice": invoice.id,
                "is_default": true,
                "livemode": false,
                "payment": { "payment_intent": intent.id, "type": "payment_intent" },
                "status": match intent.status {
                    IntentStatus::Succeeded => "paid",
                    IntentStatus::Canceled => "canceled",
                    IntentStatus::NeedsMethod | IntentStatus::NeedsConfirmation => "open",
                },
                "status_transitions": {
                    "canceled_at": intent.canceled_at,
                    "paid_at": invoice.paid_at.filter(|_| paid),
                },
            })
        });
        list(payment.into_iter().collect(), &url)
    }

    fn show_line(&self, invoice: &Invoice, line: &Line) -> Value {
        let details = json!({ "credited_items": null });
        let parent = match &line.origin {
            Origin::Subscription { subscription, item } => json!({
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null,
                    "proration": line.proration,
                    "proration_details": details,
                    "subscription": subscription,
                    "subscription_item": item,
                },
                "type": "subscription_item_details",
            }),
            Origin::Aside {
                aside,
                subscription: Some(subscription),
                item: Some(item),
            } => json!({
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": aside,
                    "proration": line.proration,
                    "proration_details": details,
                    "subscription": subscription,
                    "subscription_item": item,
                },
                "type": "subscription_item_details",
            }),
            Origin::Aside {
                aside,
                subscription,
                ..
            } => json!({
                "invoice_item_details": {
                    "invoice_item": aside,
                    "proration": line.proration,
                    "proration_details": details,
                    "subscription": subscription,
                },
                "subscription_item_details": null,
                "type": "invoice_item_details",
            }),
        };
        json!({
            "id": line.id,
            "object": "line_item",
            "amount": line.amount,
            "currency": invoice.currency,
            "description": line.description,
            "discount_amounts": [],
            "discountable": !line.proration,
            "discounts": [],
            "invoice": invoice.id,
            "livemode": false,
            "metadata": {},
            "parent": parent,
            "period": { "end": line.end, "start": line.start },
            "pretax_credit_amounts": [],
            "pricing": self.show_pricing(line.price.as_deref()),
            "quantity": line.quantity,
            "subtotal": line.amount,
            "taxes": [],
        })
    }

    fn show_pricing(&self, price: Option<&str>) -> Value {
        let Some(price) = price.and_then(|id| self.prices.get(id)) else {
            return Value::Null;
        };
        json!({
            "price_details": { "price": price.id, "product": price.product },
            "type": "price_details",
            "unit_amount_decimal": price.amount.to_string(),
        })
    }

    pub(crate) fn show_aside(&self, aside: &Aside) -> Value {
        let parent = aside.subscription.as_ref().map(|subscription| {
            json!({
                "subscription_details": {
                    "subscription": subscription,
                    "subscription_item": aside.item,
                },
                "type": "subscription_details",
            })
        });
        json!({
            "id": aside.id,
            "object": "invoiceitem",
            "amount": aside.amount,
            "currency": aside.currency,
            "customer": aside.customer,
            "date": aside.created,
            "description": aside.description,
            "discountable": !aside.proration,
            "discounts": [],
            "invoice": aside.invoice,
            "livemode": false,
            "metadata": aside.metadata,
            "net_amount": aside.amount,
            "parent": parent,
            "period": { "end": aside.end, "start": aside.start },
            "pricing": self.show_pricing(aside.price.as_deref()),
            "proration": aside.proration,
            "proration_details": null,
            "quantity": aside.quantity,
            "quantity_decimal": aside.quantity.to_string(),
            "tax_rates": [],
            "test_clock": null,
        })
    }
}
