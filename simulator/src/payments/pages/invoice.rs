//! The page of an invoice, on which it can be paid.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use serde::Deserialize;

use super::{CARD, escaped, go, not_there, page, wrong};
use crate::payments::ledger::Ledger;
use crate::payments::papers::{Invoice, InvoiceStatus};
use crate::payments::refusal::Refusal;
use crate::payments::room::Room;
use crate::payments::show::money;

#[derive(Debug, Deserialize)]
pub(super) struct Paid {
    number: String,
}

pub(super) async fn show(slug: Path<String>, room: Data<Room>) -> HttpResponse {
    room.with(|ledger| form(ledger, &slug, None))
}

pub(super) async fn pay(slug: Path<String>, paid: Form<Paid>, room: Data<Room>) -> HttpResponse {
    room.with(|ledger| {
        let Some(invoice) = by_slug(ledger, &slug).cloned() else {
            return not_there("There is no such invoice.");
        };
        match collect(ledger, &invoice, &paid.number) {
            Ok(()) => go(&format!("/i/{slug}")),
            Err(refusal) => form(ledger, &slug, Some(&refusal.message)),
        }
    })
}

fn collect(ledger: &mut Ledger, invoice: &Invoice, number: &str) -> Result<(), Refusal> {
    let card = ledger.typed_card(number, None)?;
    ledger.collect(&invoice.id, Some(card), true)
}

fn by_slug<'a>(ledger: &'a Ledger, slug: &str) -> Option<&'a Invoice> {
    let mut invoices = ledger.invoices.values();
    invoices.rfind(|invoice| invoice.slug == slug && invoice.status != InvoiceStatus::Draft)
}

fn form(ledger: &Ledger, slug: &str, problem: Option<&str>) -> HttpResponse {
    let Some(invoice) = by_slug(ledger, slug) else {
        return not_there("There is no such invoice.");
    };
    let amount = |cents| escaped(&money(cents, &invoice.currency));
    let line = |line: &crate::payments::papers::Line| {
        let (words, sum) = (escaped(&line.description), amount(line.amount));
        format!("<tr><td>{words}</td><td class=\"sum\">{sum}</td></tr>")
    };
    let rows: String = invoice.lines.iter().map(line).collect();
    let pay = match invoice.status {
        InvoiceStatus::Open => format!(
            "<form method=\"post\">{CARD}<button>Pay {}</button></form>",
            amount(invoice.remaining())
        ),
        InvoiceStatus::Draft
        | InvoiceStatus::Paid
        | InvoiceStatus::Void
        | InvoiceStatus::Uncollectible => String::new(),
    };
    let content = format!(
        "<h1>Invoice {}</h1>{}<p>Status: {}</p><table><tbody>{rows}<tr><th scope=\"row\">Amount due</th>\
         <td class=\"sum\">{}</td></tr></tbody></table>{pay}",
        escaped(invoice.number.as_deref().unwrap_or_default()),
        wrong(problem),
        invoice.status.word(),
        amount(invoice.due()),
    );
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    page(status, "Invoice", &content)
}
