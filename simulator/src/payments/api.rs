//! Stripe's API: which request does what to the ledger.
//!
//! Pure, as the ledger is: a request goes in as method, path and form, and an answer comes out.

use serde_json::{Value, json};

use super::form::Form;
use super::ledger::{Ledger, find};
use super::papers::InvoiceStatus;
use super::refusal::Refusal;
use super::show;

mod lists;

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Delete,
}

/// Answers one request. What is refused has changed nothing that a caller could not expect.
pub(crate) fn answer(
    ledger: &mut Ledger,
    verb: Verb,
    path: &[&str],
    mut form: Form,
) -> Result<Value, Refusal> {
    let expansions = form.texts("expand")?;
    let mut answer = match verb {
        Verb::Get => read(ledger, path, form)?,
        Verb::Post => act(ledger, path, form)?,
        Verb::Delete => delete(ledger, path, form)?,
    };
    show::expand(ledger, &mut answer, &expansions)?;
    Ok(answer)
}

fn nowhere(verb: &str, path: &[&str]) -> Refusal {
    let why = format!("Unrecognized request URL ({verb}: /v1/{}).", path.join("/"));
    Refusal::invalid(why).status(404)
}

fn read(ledger: &Ledger, path: &[&str], form: Form) -> Result<Value, Refusal> {
    let (what, id) = match path {
        ["checkout", "sessions", id] => ("checkout.session", *id),
        ["checkout", "sessions", id, "line_items"] => {
            let mut form = form;
            form.ignore(&["limit"]);
            form.finish()?;
            let session = find(&ledger.sessions, "checkout.session", id, "id")?;
            return Ok(ledger.show_wanted(session));
        }
        ["payment_pages", id] => {
            let session = find(&ledger.sessions, "payment_page", id, "id")?;
            return Ok(
                json!({ "id": id, "object": "checkout.session", "url": ledger.show_session(session)["url"] }),
            );
        }
        ["test_helpers", "test_clocks", id] => ("test clock", *id),
        ["billing_portal", "configurations"] => return Ok(lists::configurations()),
        [kind, id] if lists::singular(kind).is_some() => {
            (lists::singular(kind).unwrap_or_default(), *id)
        }
        _ => return lists::list(ledger, path, form),
    };
    form.finish()?;
    let object = ledger.show(id).filter(|object| {
        let kind = object["object"].as_str().unwrap_or_default();
        kind == what || kind.ends_with(what) || lists::kind_of(what) == kind
    });
    object.ok_or_else(|| Refusal::not_found(what, id))
}

fn act(ledger: &mut Ledger, path: &[&str], form: Form) -> Result<Value, Refusal> {
    let id = match path {
        ["customers"] => ledger.create_customer(form)?,
        ["products"] => ledger.create_product(form)?,
        ["prices"] => ledger.create_price(form)?,
        ["checkout", "sessions"] => ledger.create_session(form)?,
        ["subscriptions"] => ledger.create_subscription(form)?,
        ["invoices"] => ledger.create_invoice(form)?,
        ["invoiceitems"] => ledger.create_aside(form)?,
        ["payment_methods"] => ledger.create_method(form)?,
        ["payment_intents"] => ledger.create_intent(form)?,
        ["refunds"] => ledger.create_refund(form)?,
        ["billing_portal", "sessions"] => ledger.create_portal(form)?,
        ["test_helpers", "test_clocks"] => ledger.create_clock(form)?,
        ["webhook_endpoints"] => {
            let id = ledger.create_endpoint(form)?;
            let mut shown = ledger.show(&id).unwrap_or_default();
            // The one time at which its secret is told.
            shown["secret"] = ledger.endpoints[&id].secret.clone().into();
            return Ok(shown);
        }
        ["payment_methods", id, "attach"] => {
            let mut form = form;
            let customer = form.required("customer")?;
            form.finish()?;
            ledger.customer(&customer, "customer")?;
            ledger.attach(id, &customer, "id")?
        }
        [.., id, deed] => {
            change(ledger, path, id, deed, form)?;
            changed(path, id, deed).to_owned()
        }
        _ => return Err(nowhere("POST", path)),
    };
    ledger.show(&id).ok_or_else(|| nowhere("POST", path))
}

/// The last part of a path is what is done to the part before it, or the object itself.
fn changed<'a>(path: &[&'a str], id: &'a str, deed: &'a str) -> &'a str {
    match path {
        [_, _] | ["checkout", "sessions", _] => deed,
        _ => id,
    }
}

fn change(
    ledger: &mut Ledger,
    path: &[&str],
    of: &str,
    deed: &str,
    form: Form,
) -> Result<(), Refusal> {
    match path {
        ["customers", id] => ledger.update_customer(id, form),
        ["products", id] => ledger.update_product(id, form),
        ["prices", id] => ledger.update_price(id, form),
        ["subscriptions", id] => ledger.update_subscription(id, form),
        ["invoices", id] => ledger.update_invoice(id, form),
        ["refunds", id] => ledger.update_refund(id, form),
        ["disputes", id] => ledger.update_dispute(id, form),
        ["webhook_endpoints", id] => ledger.update_endpoint(id, form),
        ["invoices", id, "pay"] => ledger.pay_invoice(id, form),
        ["test_helpers", "test_clocks", id, "advance"] => ledger.advance_clock(id, form),
        ["payment_intents", id, "confirm"] => {
            let mut form = form;
            let method = form.text("payment_method")?.filter(|id| !id.is_empty());
            form.ignore(&["return_url"]);
            form.finish()?;
            ledger.confirm(id, method.as_deref())
        }
        ["payment_pages", id, "confirm"] => {
            let mut form = form;
            let method = form.required("payment_method")?;
            form.ignore(&["expected_amount", "key", "eid"]);
            form.finish()?;
            let email = ledger
                .methods
                .get(&method)
                .and_then(|method| method.email.clone());
            ledger.complete(id, email, Some(method)).map(|_| ())
        }
        _ => deed_of(ledger, path, of, deed, form),
    }
}

/// Deeds that need nothing more to be said.
fn deed_of(
    ledger: &mut Ledger,
    path: &[&str],
    of: &str,
    deed: &str,
    mut form: Form,
) -> Result<(), Refusal> {
    form.ignore(&["cancellation_reason"]);
    let known = [
        "expire",
        "finalize",
        "void",
        "mark_uncollectible",
        "detach",
        "cancel",
        "close",
    ];
    if !known.contains(&deed) {
        return Err(nowhere("POST", path));
    }
    form.finish()?;
    match path {
        ["checkout", "sessions", _, "expire"] => ledger.session_to_expire(of),
        ["invoices", _, "finalize"] => ledger.finalize_invoice(of),
        ["invoices", _, "void"] => ledger.close_invoice(of, InvoiceStatus::Void),
        ["invoices", _, "mark_uncollectible"] => {
            ledger.close_invoice(of, InvoiceStatus::Uncollectible)
        }
        ["payment_methods", _, "detach"] => ledger.detach(of),
        ["payment_intents", _, "cancel"] => ledger.cancel_intent(of),
        ["disputes", _, "close"] => ledger.close_dispute(of),
        _ => Err(nowhere("POST", path)),
    }
}

fn delete(ledger: &mut Ledger, path: &[&str], form: Form) -> Result<Value, Refusal> {
    if let ["subscriptions", id] = path {
        ledger.cancel_subscription(id, form)?;
        return ledger.show(id).ok_or_else(|| nowhere("DELETE", path));
    }
    form.finish()?;
    let (kind, id) = match path {
        ["customers", id] => {
            ledger.delete_customer(id)?;
            ("customer", *id)
        }
        ["products", id] => {
            ledger.delete_product(id)?;
            ("product", *id)
        }
        ["webhook_endpoints", id] => {
            ledger.delete_endpoint(id)?;
            ("webhook_endpoint", *id)
        }
        ["invoiceitems", id] => {
            ledger.delete_aside(id)?;
            ("invoiceitem", *id)
        }
        ["invoices", id] => {
            ledger.delete_invoice(id)?;
            ("invoice", *id)
        }
        _ => return Err(nowhere("DELETE", path)),
    };
    Ok(json!({ "id": id, "object": kind, "deleted": true }))
}
