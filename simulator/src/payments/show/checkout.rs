//! How a checkout looks.

use serde_json::{Value, json};

use super::{both, list};
use crate::payments::ledger::Ledger;
use crate::payments::objects::{Mode, Session, SessionStatus, Wanted};

impl Ledger {
    pub(crate) fn show_session(&self, session: &Session) -> Value {
        let total = self.due_today(session);
        let open = session.status == SessionStatus::Open;
        let paid = match session.status {
            SessionStatus::Complete if total == 0 => "no_payment_required",
            SessionStatus::Complete => "paid",
            SessionStatus::Open | SessionStatus::Expired => "unpaid",
        };
        let subscribes = session.mode == Mode::Subscription;
        let customer = session
            .customer
            .as_ref()
            .and_then(|id| self.customers.get(id));
        let email = session
            .email
            .clone()
            .or(customer.and_then(|known| known.email.clone()));
        let details = email.as_ref().map(|email| {
            json!({
                "address": null,
                "business_name": null,
                "email": email,
                "individual_name": null,
                "name": customer.and_then(|known| known.name.clone()),
                "phone": null,
                "tax_exempt": "none",
                "tax_ids": [],
            })
        });
        let known = session
            .customer
            .as_ref()
            .filter(|_| open || session.email.is_none());
        let currency = session
            .items
            .first()
            .and_then(|item| self.prices.get(&item.price));
        let first = json!({
            "id": session.id,
            "object": "checkout.session",
            "adaptive_pricing": { "enabled": false },
            "after_expiration": null,
            "allow_promotion_codes": null,
            "amount_subtotal": total,
            "amount_total": total,
            "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
            "billing_address_collection": null,
            "cancel_url": session.cancel_url,
            "client_reference_id": session.reference,
            "client_secret": null,
            "consent": null,
            "consent_collection": null,
            "created": session.created,
            "currency": currency.map(|price| &price.currency),
            "currency_conversion": null,
            "custom_fields": [],
            "custom_text": {
                "after_submit": null,
                "shipping_address": null,
                "submit": null,
                "terms_of_service_acceptance": null,
            },
            "customer": session.customer,
            "customer_creation": (known.is_none()).then_some(if subscribes { "always" } else { "if_required" }),
            "customer_details": details,
            "customer_email": session.email.as_ref().filter(|_| known.is_none()),
        });
        let rest = json!({
            "discounts": [],
            "expires_at": session.expires,
            "invoice": session.invoice,
            "invoice_creation": null,
            "livemode": false,
            "locale": null,
            "metadata": session.metadata,
            "mode": if subscribes { "subscription" } else { "payment" },
            "payment_intent": session.intent,
            "payment_link": null,
            "payment_method_collection": if session.card_always { "always" } else { "if_required" },
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "payment_status": paid,
            "phone_number_collection": { "enabled": false },
            "recovered_from": null,
            "setup_intent": null,
            "shipping_address_collection": null,
            "shipping_cost": null,
            "shipping_options": [],
            "status": match session.status {
                SessionStatus::Open => "open",
                SessionStatus::Complete => "complete",
                SessionStatus::Expired => "expired",
            },
            "submit_type": null,
            "subscription": session.subscription,
            "success_url": session.success_url,
            "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
            "ui_mode": "hosted_page",
            "url": open.then(|| format!("{}/c/pay/{}", self.base, session.id)),
            "wallet_options": null,
        });
        both(first, rest)
    }

    /// What is bought in a session, as its page of line items shows it.
    pub(crate) fn show_wanted(&self, session: &Session) -> Value {
        let url = format!("/v1/checkout/sessions/{}/line_items", session.id);
        let trial = self.due_today(session) == 0;
        let line = |wanted: &Wanted| {
            let price = self.prices.get(&wanted.price)?;
            let amount = if trial {
                0
            } else {
                price.amount * wanted.quantity
            };
            Some(json!({
                "id": wanted.id,
                "object": "item",
                "adjustable_quantity": null,
                "amount_discount": 0,
                "amount_subtotal": amount,
                "amount_tax": 0,
                "amount_total": amount,
                "currency": price.currency,
                "description": self.product_name(&wanted.price),
                "metadata": {},
                "price": self.show_price(price),
                "quantity": wanted.quantity,
            }))
        };
        list(session.items.iter().filter_map(line).collect(), &url)
    }
}
