//! How customers, cards, products, prices and portals look.

use serde_json::{Value, json};

use crate::payments::ledger::CONFIGURATION;
use crate::payments::ledger::Ledger;
use crate::payments::objects::{Customer, Method, Price, Product};
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
