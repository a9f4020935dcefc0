//! `expand[]`: identifiers within an answer become the objects that they name.

use serde_json::Value;

use crate::payments::ledger::Ledger;
use crate::payments::refusal::Refusal;

/// How deep an expansion may go, as at Stripe.
const DEPTH: usize = 4;

/// How many expansions one request may ask for.
const EXPANSIONS: usize = 20;

/// Expands each path, e.g. `data.customer` or `latest_invoice.payments`.
pub(crate) fn expand(ledger: &Ledger, answer: &mut Value, paths: &[String]) -> Result<(), Refusal> {
    if paths.len() > EXPANSIONS {
        let why = format!("You cannot expand more than {EXPANSIONS} properties");
        return Err(Refusal::invalid(why).on("expand"));
    }
    for path in paths {
        let steps: Vec<_> = path.split('.').collect();
        let deep = steps.iter().filter(|step| **step != "data").count();
        if deep > DEPTH {
            let why = format!("You cannot expand more than {DEPTH} levels of a property");
            return Err(Refusal::invalid(why).on("expand"));
        }
        if !along(ledger, answer, &steps) {
            let why = format!("This property cannot be expanded ({path}).");
            return Err(Refusal::invalid(why).on("expand"));
        }
    }
    Ok(())
}

/// Follows the steps; false where one leads nowhere.
fn along(ledger: &Ledger, at: &mut Value, steps: &[&str]) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return true;
    };
    if let Value::Array(list) = at {
        return list.iter_mut().all(|each| along(ledger, each, steps));
    }
    include(ledger, at, step);
    let Some(next) = at.get_mut(*step) else {
        return false;
    };
    if let Value::String(id) = next {
        match ledger.show(id) {
            Some(object) => *next = object,
            None => return false,
        }
    }
    next.is_null() || along(ledger, next, rest)
}

/// Puts in what an object has only when it is asked for.
fn include(ledger: &Ledger, at: &mut Value, step: &str) {
    let Some(id) = at.get("id").and_then(Value::as_str) else {
        return;
    };
    let included = match step {
        "line_items" => ledger
            .sessions
            .get(id)
            .map(|session| ledger.show_wanted(session)),
        "payments" => ledger
            .invoices
            .get(id)
            .map(|invoice| ledger.show_payments(invoice)),
        "subscriptions" => ledger.customers.get(id).map(|_| {
            let his = ledger
                .living(id)
                .into_iter()
                .filter_map(|id| ledger.show(&id));
            super::list(his.collect(), &format!("/v1/customers/{id}/subscriptions"))
        }),
        "refunds" => ledger.charges.get(id).map(|_| {
            let its = ledger.refunds.values().filter(|refund| refund.charge == id);
            let its = its.map(|refund| ledger.show_refund(refund)).collect();
            super::list(its, &format!("/v1/charges/{id}/refunds"))
        }),
        _ => None,
    };
    if let Some(included) = included {
        at[step] = included;
    }
}
