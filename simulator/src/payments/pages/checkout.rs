//! The page of a checkout: what is bought, who buys, and with which card.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use serde::Deserialize;

use super::{CARD, escaped, go, not_there, page, wrong};
use crate::payments::calendar;
use crate::payments::ledger::Ledger;
use crate::payments::objects::{Mode, Session, SessionStatus};
use crate::payments::refusal::Refusal;
use crate::payments::room::Room;
use crate::payments::show::money;

/// The page as it was filled in.
#[derive(Debug, Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    action: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    number: String,
}

pub(super) async fn show(id: Path<String>, room: Data<Room>) -> HttpResponse {
    room.with(|ledger| form(ledger, &id, None))
}

pub(super) async fn complete(
    id: Path<String>,
    filled: Form<Filled>,
    room: Data<Room>,
) -> HttpResponse {
    room.with(|ledger| {
        let Some(session) = ledger.sessions.get(id.as_str()).cloned() else {
            return form(ledger, &id, None);
        };
        if filled.action == "cancel" {
            return match &session.cancel_url {
                Some(cancel) => go(cancel),
                None => form(ledger, &id, Some("There is no address to go back to.")),
            };
        }
        match pay(ledger, &session, &filled) {
            Ok(next) => go(&next),
            Err(refusal) => form(ledger, &id, Some(&refusal.message)),
        }
    })
}

fn pay(ledger: &mut Ledger, session: &Session, filled: &Filled) -> Result<String, Refusal> {
    let typed = Some(filled.email.trim().to_owned()).filter(|email| !email.is_empty());
    // A known customer keeps his address.
    let email = typed.filter(|_| session.customer.is_none() && session.email.is_none());
    if email.as_ref().is_some_and(|email| !email.contains('@')) {
        return Err(Refusal::invalid("Your email address is incomplete."));
    }
    let card = match filled.number.trim() {
        "" => None,
        number => Some(ledger.typed_card(number, email.clone().or(session.email.clone()))?),
    };
    ledger.complete(&session.id, email, card)
}

fn form(ledger: &Ledger, id: &str, problem: Option<&str>) -> HttpResponse {
    let Some(session) = ledger.sessions.get(id) else {
        return not_there("There is no such checkout.");
    };
    match session.status {
        SessionStatus::Open => {}
        SessionStatus::Complete => {
            return page(
                StatusCode::OK,
                "Paid",
                "<h1>This checkout is complete</h1><p>You may close the page.</p>",
            );
        }
        SessionStatus::Expired => {
            return page(
                StatusCode::GONE,
                "Expired",
                "<h1>This checkout has expired</h1><p>Please begin again where you came from.</p>",
            );
        }
    }
    let due = ledger.due_today(session);
    let mut rows = String::new();
    let mut currency = "usd";
    for item in &session.items {
        if let Some(price) = ledger.prices.get(&item.price) {
            currency = &price.currency;
            rows.push_str(&format!(
                "<tr><td>{} × {}</td><td class=\"sum\">{}</td></tr>",
                item.quantity,
                escaped(&ledger.product_name(&item.price)),
                escaped(&ledger.rate(price)),
            ));
        }
    }
    let trial = trial(session, ledger.time_of(session.customer.as_deref()));
    let known = session
        .customer
        .as_ref()
        .and_then(|id| ledger.customers.get(id));
    let known = known
        .and_then(|known| known.email.as_ref())
        .or(session.email.as_ref());
    let email = match known {
        Some(email) => format!("<p>{}</p>", escaped(email)),
        None => "<label for=\"email\">Email</label><input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" required>".to_owned(),
    };
    let card = if session.card_always || due > 0 {
        CARD
    } else {
        ""
    };
    let verb = match (session.mode, trial.is_empty()) {
        (Mode::Payment, _) => "Pay",
        (Mode::Subscription, true) => "Subscribe",
        (Mode::Subscription, false) => "Start trial",
    };
    let back = match &session.cancel_url {
        Some(_) => {
            "<button class=\"quiet\" name=\"action\" value=\"cancel\" formnovalidate>Back</button>"
        }
        None => "",
    };
    let content = format!(
        "<h1>Checkout</h1>{}<table><tbody>{rows}<tr><th scope=\"row\">Due today</th>\
         <td class=\"sum\">{}</td></tr></tbody></table>{trial}\
         <form method=\"post\">{email}{card}<button name=\"action\" value=\"pay\">{verb}</button>{back}</form>",
        wrong(problem),
        money(due, currency),
    );
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    page(status, "Checkout", &content)
}

fn trial(session: &Session, now: i64) -> String {
    let days = session.terms.trial_days.filter(|days| *days > 0);
    let end = session
        .terms
        .trial_end
        .or(days.map(|days| now + days * calendar::DAY));
    end.map_or(String::new(), |end| {
        format!("<p>Free until {}.</p>", calendar::day(end))
    })
}
