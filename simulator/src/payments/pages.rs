//! The pages that people see: checkout, the customer portal, and an invoice to pay.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{self, ServiceConfig};

mod checkout;
mod invoice;
mod portal;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(front))
        .route("/c/pay/{session}", web::get().to(checkout::show))
        .route("/c/pay/{session}", web::post().to(checkout::complete))
        .route("/p/session/{slug}", web::get().to(portal::show))
        .route("/p/session/{slug}", web::post().to(portal::act))
        .route("/i/{slug}", web::get().to(invoice::show))
        .route("/i/{slug}", web::post().to(invoice::pay));
}

async fn front() -> HttpResponse {
    let text = "<h1>Simulated payments</h1><p>This address stands in for Stripe. Its API lies below \
                <code>/v1/</code>; no money moves here.</p>";
    page(StatusCode::OK, "Simulated payments", text)
}

/// A whole page around its content.
fn page(status: StatusCode, title: &str, content: &str) -> HttpResponse {
    let title = escaped(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<p class=\"test\">Simulated: no money moves here.</p>\n{content}\n\
         </main>\n</body>\n</html>\n"
    );
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f5f6f8;color:#1b1f24}\
main{max-width:34rem;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border:1px solid #d4d8de;border-radius:8px}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}label{display:block;margin:.8rem 0 .2rem}\
input,select{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #6b7480;border-radius:4px}\
button{font:inherit;margin:1rem .5rem 0 0;padding:.55rem 1.1rem;border:0;border-radius:4px;background:#1a4fa3;color:#fff}\
button.quiet{background:#e6e9ee;color:#1b1f24}table{width:100%;border-collapse:collapse}\
td,th{text-align:left;padding:.3rem 0;border-bottom:1px solid #e3e6eb}td.sum{text-align:right}\
.test{margin:0;color:#5a3d00;background:#fff3d6;padding:.3rem .6rem;border-radius:4px}\
.wrong{color:#8f1313;background:#fdeaea;padding:.4rem .7rem;border-radius:4px}a{color:#1a4fa3}";

/// The fields of a card, and what the room's cards do.
const CARD: &str = "<label for=\"number\">Card number</label>\
<input id=\"number\" name=\"number\" inputmode=\"numeric\" autocomplete=\"off\" required value=\"4242 4242 4242 4242\" aria-describedby=\"cards\">\
<p id=\"cards\">4242 4242 4242 4242 pays, 4000 0000 0000 0341 pays now and fails at the next renewal, \
4000 0000 0000 0002 is declined.</p>";

fn not_there(what: &str) -> HttpResponse {
    let content = format!("<h1>Not here</h1><p>{}</p>", escaped(what));
    page(StatusCode::NOT_FOUND, "Not here", &content)
}

/// What went wrong, above a form.
fn wrong(message: Option<&str>) -> String {
    message.map_or(String::new(), |message| {
        format!("<p class=\"wrong\" role=\"alert\">{}</p>", escaped(message))
    })
}

fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, to))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}
