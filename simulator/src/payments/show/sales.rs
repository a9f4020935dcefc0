//! How customers, cards, products, prices and checkouts look.

use serde_json::{Value, json};

use super::{both, list};
use crate::payments::ledger::CONFIGURATION;
use crate::payments::ledger::Ledger;
use crate::payments::objects::{
    Customer, Method, Mode, Price, Product, Session, SessionStatus, Wanted,
};
use crate::payments::papers::Portal;

impl Ledger {
    pub(crate) fn show_customer(&self, customer: &Customer) -> Value {
        if customer.deleted {
            return json!({ "id": customer.id, "object": "customer", "deleted": true });
        }
        let delinquent = self.owed(&customer.id).any(|invoice| invoice.attempts > 0);
        json!({
            "id": customer.id,
            "object": "customer",
            "address": null,
            "balance": customer.balance,
            "created": customer.created,
            "currency": null,
            "default_source": null,
            "delinquent": delinquent,
            "description": customer.description,
            "discount": null,
            "email": customer.email,
            "invoice_prefix": customer.prefix,
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": customer.default_method,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": customer.metadata,
            "name": customer.name,
            "next_invoice_sequence": customer.next_invoice,
            "phone": customer.phone,
            "preferred_locales": [],
            "shipping": null,
            "tax_exempt": "none",
            "test_clock": customer.clock,
        })
    }

    pub(crate) fn show_method(&self, method: &Method) -> Value {
        let card = &method.card;
        json!({
            "id": method.id,
            "object": "payment_method",
            "allow_redisplay": "always",
            "billing_details": billing(method),
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": null,
                    "address_postal_code_check": null,
                    "cvc_check": "pass",
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": card.month,
                "exp_year": card.year,
                "fingerprint": format!("simulated{}", card.last4),
                "funding": "credit",
                "generated_from": null,
                "last4": card.last4,
                "networks": { "available": [card.brand], "preferred": null },
                "regulated_status": "unregulated",
                "three_d_secure_usage": { "supported": true },
                "wallet": null,
            },
            "created": method.created,
            "customer": method.customer,
            "livemode": false,
            "metadata": method.metadata,
            "type": "card",
        })
    }

    pub(crate) fn show_product(&self, product: &Product) -> Value {
        json!({
            "id": product.id,
            "object": "product",
            "active": product.active,
            "created": product.created,
            "default_price": product.default_price,
            "description": product.description,
            "images": [],
            "livemode": false,
            "marketing_features": [],
            "metadata": product.metadata,
            "name": product.name,
            "package_dimensions": null,
            "shippable": null,
            "statement_descriptor": null,
            "tax_code": null,
            "type": "service",
            "unit_label": null,
            "updated": product.updated,
            "url": null,
        })
    }

    pub(crate) fn show_price(&self, price: &Price) -> Value {
        let recurring = price.recurring.map(|recurring| {
            json!({
                "interval": recurring.interval.word(),
                "interval_count": recurring.count,
                "meter": null,
                "trial_period_days": null,
                "usage_type": "licensed",
            })
        });
        json!({
            "id": price.id,
            "object": "price",
            "active": price.active,
            "billing_scheme": "per_unit",
            "created": price.created,
            "currency": price.currency,
            "custom_unit_amount": null,
            "livemode": false,
            "lookup_key": price.lookup_key,
            "metadata": price.metadata,
            "nickname": price.nickname,
            "product": price.product,
            "recurring": recurring,
            "tax_behavior": "unspecified",
            "tiers_mode": null,
            "transform_quantity": null,
            "type": if price.recurring.is_some() { "recurring" } else { "one_time" },
            "unit_amount": price.amount,
            "unit_amount_decimal": price.amount.to_string(),
        })
    }

    /// A price in words: `$19.00 / month`.
    pub(crate) fn rate(&self, price: &Price) -> String {
        let amount = money(price.amount, &price.currency);
        match price.recurring {
            None => amount,
            Some(every) if every.count == 1 => format!("{amount} / {}", every.interval.word()),
            Some(every) => format!("{amount} every {} {}s", every.count, every.interval.word()),
        }
    }

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

    pub(crate) fn show_portal(&self, portal: &Portal) -> Value {
        json!({
            "id": portal.id,
            "object": "billing_portal.session",
            "configuration": CONFIGURATION,
            "created": portal.created,
            "customer": portal.customer,
            "customer_account": null,
            "flow": null,
            "livemode": false,
            "locale": null,
            "on_behalf_of": null,
            "return_url": portal.return_url,
            "url": format!("{}/p/session/{}", self.base, portal.slug),
        })
    }
}

/// Whom a card belongs to, by its own word.
pub(super) fn billing(method: &Method) -> Value {
    json!({
        "address": {
            "city": null,
            "country": null,
            "line1": null,
            "line2": null,
            "postal_code": null,
            "state": null,
        },
        "email": method.email,
        "name": method.name,
        "phone": null,
        "tax_id": null,
    })
}

/// An amount as people write it.
pub(crate) fn money(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
    match currency {
        "usd" => format!("{sign}${whole}.{rest:02}"),
        other => format!("{sign}{whole}.{rest:02} {}", other.to_uppercase()),
    }
}
