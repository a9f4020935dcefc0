//! How a subscription looks.

use serde_json::{Value, json};

use super::{both, list};
use crate::payments::ledger::Ledger;
use crate::payments::objects::{Item, Standing, Subscription, WithoutCard};

impl Ledger {
    pub(crate) fn show_subscription(&self, kept: &Subscription) -> Value {
        let items = kept
            .items
            .iter()
            .filter_map(|item| self.show_item(kept, item));
        let url = format!("/v1/subscription_items?subscription={}", kept.id);
        let first = kept
            .items
            .first()
            .and_then(|item| self.prices.get(&item.price));
        let clock = self
            .customers
            .get(&kept.customer)
            .and_then(|known| known.clock.clone());
        let without_card = WithoutCard::WORDS
            .iter()
            .find(|(_, choice)| *choice == kept.without_card);
        let paused = (kept.status == Standing::Paused).then(|| {
            json!({
                "paused": {
                    "subscription": { "type": "trial_end_without_payment_method" },
                    "transitioned_at": kept.end,
                    "type": "subscription",
                },
            })
        });
        let first = json!({
            "id": kept.id,
            "object": "subscription",
            "application": null,
            "application_fee_percent": null,
            "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
            "billing_cycle_anchor": kept.anchor,
            "billing_cycle_anchor_config": null,
            "billing_mode": {
                "flexible": { "proration_discounts": "included" },
                "type": "flexible",
                "updated_at": kept.created,
            },
            "billing_schedules": [],
            "billing_thresholds": null,
            "cancel_at": kept.cancel_at,
            "cancel_at_period_end": kept.cancel_at_period_end,
            "canceled_at": kept.canceled_at,
            "cancellation_details": {
                "comment": kept.comment,
                "feedback": kept.feedback,
                "reason": kept.reason,
            },
            "collection_method": "charge_automatically",
            "created": kept.created,
            "currency": first.map_or("usd", |price| price.currency.as_str()),
            "customer": kept.customer,
            "days_until_due": null,
            "default_payment_method": kept.default_method,
            "default_source": null,
            "default_tax_rates": [],
            "description": kept.description,
            "discounts": [],
        });
        let rest = json!({
            "ended_at": kept.ended_at,
            "invoice_settings": { "account_tax_ids": null, "issuer": { "type": "self" } },
            "items": list(items.collect(), &url),
            "latest_invoice": kept.latest_invoice,
            "livemode": false,
            "metadata": kept.metadata,
            "next_pending_invoice_item_invoice": null,
            "on_behalf_of": null,
            "pause_collection": null,
            "payment_settings": {
                "payment_method_options": null,
                "payment_method_types": null,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": null,
            "pending_setup_intent": null,
            "pending_update": null,
            "schedule": null,
            "start_date": kept.created,
            "status": kept.status.word(),
            "status_details": paused,
            "test_clock": clock,
            "transfer_data": null,
            "trial_end": kept.trial_end,
            "trial_settings": {
                "end_behavior": { "missing_payment_method": without_card.map(|(word, _)| word) },
            },
            "trial_start": kept.trial_start,
        });
        both(first, rest)
    }

    pub(crate) fn show_item(&self, kept: &Subscription, item: &Item) -> Option<Value> {
        let price = self.prices.get(&item.price)?;
        let recurring = price.recurring?;
        Some(json!({
            "id": item.id,
            "object": "subscription_item",
            "billed_until": kept.end,
            "billing_thresholds": null,
            "created": item.created,
            "current_period_end": kept.end,
            "current_period_start": kept.start,
            "discounts": [],
            "metadata": item.metadata,
            "plan": {
                "id": price.id,
                "object": "plan",
                "active": price.active,
                "amount": price.amount,
                "amount_decimal": price.amount.to_string(),
                "billing_scheme": "per_unit",
                "created": price.created,
                "currency": price.currency,
                "interval": recurring.interval.word(),
                "interval_count": recurring.count,
                "livemode": false,
                "metadata": price.metadata,
                "meter": null,
                "nickname": price.nickname,
                "product": price.product,
                "tiers_mode": null,
                "transform_usage": null,
                "trial_period_days": null,
                "usage_type": "licensed",
            },
            "price": self.show_price(price),
            "quantity": item.quantity,
            "subscription": kept.id,
            "tax_rates": [],
        }))
    }
}
