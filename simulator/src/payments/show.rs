//! What the ledger's objects look like to others: Stripe's JSON of API version 2026-09-30.

use serde_json::{Value, json};

use super::ledger::{Endpoint, Event, Ledger};
use super::papers::TestClock;

mod bills;
mod checkout;
mod expand;
mod payments;
mod sales;
mod subscription;

pub(crate) use expand::expand;
pub(crate) use sales::money;

/// The version of Stripe's API that the room speaks.
pub(crate) const VERSION: &str = "2026-09-30.endive";

impl Ledger {
    /// Any object, by its identifier.
    pub(crate) fn show(&self, id: &str) -> Option<Value> {
        macro_rules! first {
            ($($table:ident => $show:ident),+ $(,)?) => {
                $(if let Some(object) = self.$table.get(id) {
                    return Some(self.$show(object));
                })+
            };
        }
        first! {
            customers => show_customer,
            methods => show_method,
            products => show_product,
            prices => show_price,
            sessions => show_session,
            subscriptions => show_subscription,
            invoices => show_invoice,
            asides => show_aside,
            intents => show_intent,
            charges => show_charge,
            refunds => show_refund,
            disputes => show_dispute,
            portals => show_portal,
            clocks => show_clock,
            events => show_event,
            endpoints => show_endpoint,
        }
        None
    }

    pub(crate) fn show_event(&self, event: &Event) -> Value {
        let pending = self
            .outbox
            .iter()
            .filter(|delivery| delivery.event == event.id);
        let mut data = json!({ "object": event.object });
        if let Some(previous) = &event.previous {
            data["previous_attributes"] = previous.clone();
        }
        json!({
            "id": event.id,
            "object": "event",
            "api_version": VERSION,
            "created": event.created,
            "data": data,
            "livemode": false,
            "pending_webhooks": pending.count(),
            "request": {
                "id": event.asked.request,
                "idempotency_key": event.asked.idempotency_key,
            },
            "type": event.kind,
        })
    }

    /// An endpoint as it is read later; its secret is told once, at its creation.
    pub(crate) fn show_endpoint(&self, endpoint: &Endpoint) -> Value {
        json!({
            "id": endpoint.id,
            "object": "webhook_endpoint",
            "api_version": null,
            "application": null,
            "created": endpoint.created,
            "description": endpoint.description,
            "enabled_events": endpoint.wants,
            "livemode": false,
            "metadata": endpoint.metadata,
            "status": if endpoint.enabled { "enabled" } else { "disabled" },
            "url": endpoint.url,
        })
    }

    pub(crate) fn show_clock(&self, clock: &TestClock) -> Value {
        json!({
            "id": clock.id,
            "object": "test_helpers.test_clock",
            "created": clock.created,
            "deletes_after": clock.created + 30 * super::calendar::DAY,
            "frozen_time": clock.frozen,
            "livemode": false,
            "name": clock.name,
            "status": "ready",
            "status_details": {},
        })
    }
}

/// A whole list within an object.
fn list(data: Vec<Value>, url: &str) -> Value {
    json!({
        "object": "list",
        "total_count": data.len(),
        "data": data,
        "has_more": false,
        "url": url,
    })
}

/// An object that is too large for one macro.
fn both(mut first: Value, rest: Value) -> Value {
    if let (Value::Object(first), Value::Object(rest)) = (&mut first, rest) {
        first.extend(rest);
    }
    first
}
