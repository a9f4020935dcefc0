//! The page of the customer portal: card, plan, end and invoices.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use serde::Deserialize;

use super::{CARD, escaped, go, not_there, page, wrong};
use crate::payments::calendar;
use crate::payments::form;
use crate::payments::ledger::Ledger;
use crate::payments::objects::Subscription;
use crate::payments::papers::{InvoiceStatus, Portal};
use crate::payments::refusal::Refusal;
use crate::payments::room::Room;
use crate::payments::show::money;

/// Invoices that are shown.
const SHOWN: usize = 24;

/// What somebody wants to be done.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    action: String,
    #[serde(default)]
    subscription: String,
    #[serde(default)]
    price: String,
    #[serde(default)]
    number: String,
}

pub(super) async fn show(slug: Path<String>, room: Data<Room>) -> HttpResponse {
    room.with(|ledger| match ledger.portal(&slug) {
        Some(portal) => whole(ledger, portal, None),
        None => gone(),
    })
}

pub(super) async fn act(slug: Path<String>, wish: Form<Wish>, room: Data<Room>) -> HttpResponse {
    room.with(|ledger| {
        let Some(portal) = ledger.portal(&slug).cloned() else {
            return gone();
        };
        match grant(ledger, &portal, &wish) {
            Ok(()) => go(&format!("/p/session/{slug}")),
            Err(refusal) => whole(ledger, &portal, Some(&refusal.message)),
        }
    })
}

fn gone() -> HttpResponse {
    not_there("This link is not good any more. Please open the portal again where you came from.")
}

fn grant(ledger: &mut Ledger, portal: &Portal, wish: &Wish) -> Result<(), Refusal> {
    if wish.action == "card" {
        let email = ledger
            .customers
            .get(&portal.customer)
            .and_then(|known| known.email.clone());
        let card = ledger.typed_card(&wish.number, email)?;
        return ledger.change_card(&portal.customer, &card);
    }
    let his = ledger.living(&portal.customer).contains(&wish.subscription);
    let kept = ledger.subscriptions.get(&wish.subscription).filter(|_| his);
    let kept = kept.ok_or_else(|| Refusal::invalid("There is no such subscription."))?;
    let item = kept
        .items
        .first()
        .map(|item| item.id.clone())
        .unwrap_or_default();
    match wish.action.as_str() {
        "cancel" => ledger.cancel_at_end(&wish.subscription, true),
        "resume" => ledger.cancel_at_end(&wish.subscription, false),
        "change" => {
            if !ledger.offers().any(|price| price.id == wish.price) {
                return Err(Refusal::invalid("That plan is not on offer."));
            }
            let asked = format!(
                "items[0][id]={item}&items[0][price]={}&proration_behavior=create_prorations",
                wish.price
            );
            ledger.update_subscription(&wish.subscription, form::Form::read(asked.as_bytes())?)?;
        }
        _ => return Err(Refusal::invalid("Nothing like that can be done here.")),
    }
    Ok(())
}

fn whole(ledger: &Ledger, portal: &Portal, problem: Option<&str>) -> HttpResponse {
    let mut content = format!("<h1>Your plan</h1>{}", wrong(problem));
    let living = ledger.living(&portal.customer);
    if living.is_empty() {
        content.push_str("<p>There is no subscription.</p>");
    }
    for kept in living.iter().filter_map(|id| ledger.subscriptions.get(id)) {
        content.push_str(&plan(ledger, kept));
    }
    content.push_str(&card(ledger, portal, &living));
    content.push_str(&invoices(ledger, portal));
    if let Some(back) = &portal.return_url {
        content.push_str(&format!("<p><a href=\"{}\">Return</a></p>", escaped(back)));
    }
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    page(status, "Your plan", &content)
}

fn plan(ledger: &Ledger, kept: &Subscription) -> String {
    let item = kept.items.first();
    let price = item.and_then(|item| ledger.prices.get(&item.price));
    let name = item.map_or(String::new(), |item| ledger.product_name(&item.price));
    let hidden = format!(
        "<input type=\"hidden\" name=\"subscription\" value=\"{}\">",
        kept.id
    );
    let (until, button) = if kept.cancel_at_period_end {
        (
            "Ends",
            "<button name=\"action\" value=\"resume\">Keep the plan</button>",
        )
    } else {
        (
            "Renews",
            "<button class=\"quiet\" name=\"action\" value=\"cancel\">Cancel the plan</button>",
        )
    };
    let offer = |offer: &crate::payments::objects::Price| {
        let chosen = if price.is_some_and(|price| price.id == offer.id) {
            " selected"
        } else {
            ""
        };
        let words = format!("{}, {}", ledger.product_name(&offer.id), ledger.rate(offer));
        format!(
            "<option value=\"{}\"{chosen}>{}</option>",
            offer.id,
            escaped(&words)
        )
    };
    let offers: String = ledger.offers().map(offer).collect();
    format!(
        "<h2>{}</h2><p>{} · {} · {until} on {}</p><form method=\"post\">{hidden}{button}</form>\
         <form method=\"post\">{hidden}<label for=\"price-{id}\">Another plan</label>\
         <select id=\"price-{id}\" name=\"price\">{offers}</select>\
         <button name=\"action\" value=\"change\">Change the plan</button></form>",
        escaped(&name),
        price.map_or(String::new(), |price| escaped(&ledger.rate(price))),
        kept.status.word().replace('_', " "),
        calendar::day(kept.end),
        id = kept.id,
    )
}

fn card(ledger: &Ledger, portal: &Portal, living: &[String]) -> String {
    let about = living.first().map(String::as_str);
    let method = ledger
        .card_of(&portal.customer, about)
        .and_then(|id| ledger.methods.get(&id));
    let now = method.map_or("There is no card.".to_owned(), |method| {
        format!("{} ending in {}", method.card.brand, method.card.last4)
    });
    format!(
        "<h2>Card</h2><p>{}</p><form method=\"post\">{CARD}\
         <button name=\"action\" value=\"card\">Use this card</button></form>",
        escaped(&now)
    )
}

fn invoices(ledger: &Ledger, portal: &Portal) -> String {
    let his = ledger.invoices.values().rev().filter(|invoice| {
        invoice.customer == portal.customer && invoice.status != InvoiceStatus::Draft
    });
    let row = |invoice: &crate::payments::papers::Invoice| {
        format!(
            "<tr><td><a href=\"{}/i/{}\">{}</a></td><td>{}</td><td>{}</td><td class=\"sum\">{}</td></tr>",
            escaped(&ledger.base),
            invoice.slug,
            escaped(invoice.number.as_deref().unwrap_or_default()),
            calendar::day(invoice.created),
            invoice.status.word(),
            escaped(&money(invoice.due(), &invoice.currency)),
        )
    };
    let rows: String = his.take(SHOWN).map(row).collect();
    format!(
        "<h2>Invoices</h2><table><thead><tr><th scope=\"col\">Number</th><th scope=\"col\">Date</th>\
         <th scope=\"col\">Status</th><th scope=\"col\">Due</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}
