//! Reading: single objects by their kind, and lists with their filters.

use serde_json::{Value, json};

use crate::payments::form::Form;
use crate::payments::ledger::{CONFIGURATION, Ledger, find};
use crate::payments::listing::Listing;
use crate::payments::objects::{Price, Subscription};
use crate::payments::refusal::Refusal;

/// What one object of a collection is called in refusals.
pub(super) fn singular(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "customers" => "customer",
        "products" => "product",
        "prices" => "price",
        "subscriptions" => "subscription",
        "invoices" => "invoice",
        "invoiceitems" => "invoiceitem",
        "payment_methods" => "PaymentMethod",
        "payment_intents" => "payment_intent",
        "charges" => "charge",
        "refunds" => "refund",
        "disputes" => "dispute",
        "events" => "event",
        "webhook_endpoints" => "webhook endpoint",
        _ => return None,
    })
}

/// The `object` of whatever a refusal calls otherwise.
pub(super) fn kind_of(what: &str) -> &str {
    match what {
        "PaymentMethod" => "payment_method",
        "webhook endpoint" => "webhook_endpoint",
        "test clock" => "test_helpers.test_clock",
        other => other,
    }
}

/// The portal's one configuration.
pub(super) fn configurations() -> Value {
    json!({
        "object": "list",
        "data": [{ "id": CONFIGURATION, "object": "billing_portal.configuration", "active": true, "is_default": true }],
        "has_more": false,
        "url": "/v1/billing_portal/configurations",
    })
}

/// Whether a filter that was not sent, or is met.
fn meets(wanted: &Option<String>, has: Option<&str>) -> bool {
    wanted.as_deref().is_none_or(|wanted| has == Some(wanted))
}

macro_rules! page {
    ($ledger:ident, $listing:ident, $url:ident, $table:ident, $show:ident, $keep:expr) => {
        $listing.page(
            &$url,
            $ledger.$table.values().filter($keep),
            |object| &object.id,
            |object| object.created,
            |object| $ledger.$show(object),
        )
    };
}

pub(super) fn list(ledger: &Ledger, path: &[&str], mut form: Form) -> Result<Value, Refusal> {
    let url = format!("/v1/{}", path.join("/"));
    let listing = Listing::take(&mut form)?;
    let mut filter =
        |field: &str| Ok::<_, Refusal>(form.text(field)?.filter(|text| !text.is_empty()));
    match path {
        ["customers"] => {
            let (email, clock) = (filter("email")?, filter("test_clock")?);
            form.finish()?;
            page!(ledger, listing, url, customers, show_customer, |kept| {
                !kept.deleted
                    && meets(&email, kept.email.as_deref())
                    && meets(&clock, kept.clock.as_deref())
            })
        }
        ["products"] => {
            let active = form.value::<bool>("active")?;
            let ids = form.texts("ids")?;
            form.finish()?;
            page!(ledger, listing, url, products, show_product, |kept| {
                active.is_none_or(|active| kept.active == active)
                    && (ids.is_empty() || ids.contains(&kept.id))
            })
        }
        ["prices"] => prices(ledger, &url, &listing, form),
        ["subscriptions"] => subscriptions(ledger, &url, &listing, form),
        ["checkout", "sessions"] => {
            let (customer, subscription) = (filter("customer")?, filter("subscription")?);
            let intent = filter("payment_intent")?;
            form.finish()?;
            page!(ledger, listing, url, sessions, show_session, |kept| {
                meets(&customer, kept.customer.as_deref())
                    && meets(&subscription, kept.subscription.as_deref())
                    && meets(&intent, kept.intent.as_deref())
            })
        }
        ["invoices"] => {
            let (customer, subscription) = (filter("customer")?, filter("subscription")?);
            let status = filter("status")?;
            form.finish()?;
            page!(ledger, listing, url, invoices, show_invoice, |kept| {
                meets(&customer, Some(&kept.customer))
                    && meets(&subscription, kept.subscription.as_deref())
                    && meets(&status, Some(kept.status.word()))
            })
        }
        ["invoiceitems"] => {
            let (customer, invoice) = (filter("customer")?, filter("invoice")?);
            let pending = form.value("pending")?;
            form.finish()?;
            page!(ledger, listing, url, asides, show_aside, |kept| {
                meets(&customer, Some(&kept.customer))
                    && meets(&invoice, kept.invoice.as_deref())
                    && pending.is_none_or(|pending: bool| pending == kept.invoice.is_none())
            })
        }
        ["payment_methods"] | ["customers", _, "payment_methods"] => {
            let of = path.get(1).map(|id| (*id).to_owned());
            let customer = of.or(filter("customer")?);
            form.word("type", &[("card", ())])?;
            form.finish()?;
            page!(ledger, listing, url, methods, show_method, |kept| {
                meets(&customer, kept.customer.as_deref())
            })
        }
        ["payment_intents"] => {
            let customer = filter("customer")?;
            form.finish()?;
            page!(ledger, listing, url, intents, show_intent, |kept| {
                meets(&customer, kept.customer.as_deref())
            })
        }
        ["charges"] => {
            let (customer, intent) = (filter("customer")?, filter("payment_intent")?);
            form.finish()?;
            page!(ledger, listing, url, charges, show_charge, |kept| {
                meets(&customer, kept.customer.as_deref()) && meets(&intent, Some(&kept.intent))
            })
        }
        ["refunds"] => {
            let charge = filter("charge")?;
            form.finish()?;
            page!(ledger, listing, url, refunds, show_refund, |kept| meets(
                &charge,
                Some(&kept.charge)
            ))
        }
        ["disputes"] => {
            let (charge, intent) = (filter("charge")?, filter("payment_intent")?);
            form.finish()?;
            let intent_of =
                |charge: &str| ledger.charges.get(charge).map(|kept| kept.intent.as_str());
            page!(ledger, listing, url, disputes, show_dispute, |kept| {
                meets(&charge, Some(&kept.charge)) && meets(&intent, intent_of(&kept.charge))
            })
        }
        ["events"] => {
            let kind = filter("type")?;
            let kinds = form.texts("types")?;
            form.ignore(&["delivery_success"]);
            form.finish()?;
            page!(ledger, listing, url, events, show_event, |kept| {
                meets(&kind, Some(&kept.kind)) && (kinds.is_empty() || kinds.contains(&kept.kind))
            })
        }
        ["webhook_endpoints"] => {
            form.finish()?;
            page!(ledger, listing, url, endpoints, show_endpoint, |_| true)
        }
        ["test_helpers", "test_clocks"] => {
            form.finish()?;
            page!(ledger, listing, url, clocks, show_clock, |_| true)
        }
        _ => Err(super::nowhere("GET", path)),
    }
}

fn prices(
    ledger: &Ledger,
    url: &String,
    listing: &Listing,
    mut form: Form,
) -> Result<Value, Refusal> {
    let active = form.value::<bool>("active")?;
    let product = form.text("product")?;
    let currency = form.text("currency")?;
    let keys = form.texts("lookup_keys")?;
    let kinds = [("recurring", true), ("one_time", false)];
    let recurring = form.word("type", &kinds)?;
    let mut every = form.within("recurring")?.unwrap_or_default();
    let interval = every.text("interval")?;
    every.finish()?;
    form.finish()?;
    let has_key = |price: &Price| {
        let key = price.lookup_key.as_ref();
        keys.is_empty() || key.is_some_and(|key| keys.contains(key))
    };
    page!(ledger, listing, url, prices, show_price, |kept| {
        let word = kept.recurring.map(|every| every.interval.word());
        active.is_none_or(|active: bool| kept.active == active)
            && recurring.is_none_or(|wanted| kept.recurring.is_some() == wanted)
            && meets(&product, Some(&kept.product))
            && meets(&currency, Some(&kept.currency))
            && meets(&interval, word)
            && has_key(kept)
    })
}

/// Ended subscriptions are listed only where they are asked for.
fn subscriptions(
    ledger: &Ledger,
    url: &String,
    listing: &Listing,
    mut form: Form,
) -> Result<Value, Refusal> {
    let customer = form.text("customer")?;
    let price = form.text("price")?;
    let status = form.text("status")?;
    let clock = form.text("test_clock")?;
    form.finish()?;
    if let Some(customer) = &customer {
        find(&ledger.customers, "customer", customer, "customer")?;
    }
    let wanted = |kept: &Subscription| match status.as_deref() {
        None => !kept.status.is_over(),
        Some("all") => true,
        Some("ended") => kept.status.is_over(),
        Some(status) => kept.status.word() == status,
    };
    page!(
        ledger,
        listing,
        url,
        subscriptions,
        show_subscription,
        |kept| {
            let owner = ledger.customers.get(&kept.customer);
            wanted(kept)
                && meets(&customer, Some(&kept.customer))
                && meets(&clock, owner.and_then(|owner| owner.clock.as_deref()))
                && price
                    .as_ref()
                    .is_none_or(|price| kept.items.iter().any(|item| item.price == *price))
        }
    )
}
