//! The entrance: registering, logging in and out, and another password for whoever forgot his.
//!
//! No page here tells whether an address has an account, as no answer of the desk does.

use actix_web::{HttpResponse, web};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::posted::Posted;
use super::visit::{Visit, place};
use super::wrong::{FORM, Fields, Trouble, Wrong};
use crate::accounts::Desk;
use crate::accounts::desk::{Attempt, Refusal, Step};
use crate::http::error::ApiError;

type Page = Result<HttpResponse, Trouble>;

/// Somebody wants to register.
pub(super) async fn registering(visit: Visit) -> Page {
    if visit.is_member() {
        return Ok(Visit::lead("/account"));
    }
    visit.page("register", registration("", "en"))
}

fn registration(email: &str, language: &str) -> Value {
    json!({ "title": "Register", "email": email, "language": language })
}

/// Registers him.
pub(super) async fn register(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let (email, language) = (form.text("email"), form.text("language"));
    let password = form.secret("password");
    let registered = desk
        .register(email, &password, Some(language), visit.from.address)
        .await;
    match registered {
        Ok(()) => read_your_mail(&visit, email),
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            visit.wrong("register", registration(email, language), &wrong)
        }
    }
}

/// What is said whether there is an account or not.
fn read_your_mail(visit: &Visit, email: &str) -> Page {
    let mut text = format!(
        "If there is reason to write to {email}, a mail is on its way. Open the link in it."
    );
    if visit.mails_are_files {
        text.push_str(" No mail server is configured here, so the mail is a file: the log says where it lies.");
    }
    visit.page(
        "said",
        json!({
            "title": "Read your mail",
            "text": text,
            "next": [{ "to": "/login", "words": "Log in" }],
        }),
    )
}

/// Somebody opened the link that was mailed to him. A program that looks through mails opens it, too,
/// so it counts when the button is pressed.
pub(super) async fn verifying(visit: Visit) -> Page {
    let link = visit.asks("token");
    visit.page(
        "verify",
        json!({ "title": "Confirm your address", "link": link }),
    )
}

/// The address is his.
pub(super) async fn verify(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let link = form.secret("link");
    match desk.verify(&link, visit.from.address).await {
        Ok(()) => Ok(Visit::lead("/login?done=verified")),
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            let told = json!({ "title": "Confirm your address", "link": "" });
            visit.wrong("verify", told, &wrong)
        }
    }
}

/// Somebody wants to log in.
pub(super) async fn logging_in(visit: Visit) -> Page {
    let next = place(visit.asks("next"));
    if visit.is_member() {
        return Ok(Visit::lead(next));
    }
    let done = match visit.asks("done") {
        "verified" => "Your address is confirmed. Log in.",
        "reset" => "Your password is set, and all devices were logged out. Log in with it.",
        "out" => "You are logged out.",
        "erased" => "Your account is gone, with everything that was yours.",
        _ => "",
    };
    visit.page("login", login("", next, done))
}

fn login(email: &str, next: &str, done: &str) -> Value {
    json!({ "title": "Log in", "email": email, "next": next, "done": done, "held": false })
}

/// Logs him in, or asks for his second factor.
pub(super) async fn log_in(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let (email, next) = (form.text("email"), place(form.text("next")));
    let password = form.secret("password");
    let code = form.text("code");
    let attempt = Attempt {
        email,
        password: &password,
        code: Some(code).filter(|code| !code.is_empty()),
        from: visit.from.clone(),
        browser: true,
    };
    match desk.first_step(attempt).await {
        Ok(Step::In(session)) => Ok(visit.let_in(&session.secret, next)),
        Ok(Step::Code(ticket)) => visit.page("code", second(ticket.expose_secret(), next)),
        Err(Refusal::WrongPassword) => {
            let mut wrong = Wrong::of(Refusal::WrongPassword, Fields::USUAL)?;
            "The address or the password is wrong.".clone_into(&mut wrong.why);
            visit.wrong("login", login(email, next, ""), &wrong)
        }
        Err(refusal) => {
            // Others try too much at this account: only both factors at once open it, whosever they are.
            let held = !code.is_empty() || matches!(refusal, Refusal::TooMany(_));
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            let mut told = login(email, next, "");
            told["held"] = Value::from(held);
            visit.wrong("login", told, &wrong)
        }
    }
}

fn second(ticket: &str, next: &str) -> Value {
    json!({ "title": "Second factor", "ticket": ticket, "next": next })
}

/// Logs in whoever showed his password before, by his second factor.
pub(super) async fn code(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let (ticket, next) = (form.secret("ticket"), place(form.text("next")));
    let entered = desk
        .second_step(&ticket, form.text("code"), visit.from.clone())
        .await;
    match entered {
        Ok(session) => Ok(visit.let_in(&session.secret, next)),
        Err(Refusal::Over) => {
            let wrong = Wrong::of(Refusal::Over, Fields::USUAL)?;
            visit.wrong("login", login("", next, ""), &wrong)
        }
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            visit.wrong("code", second(ticket.expose_secret(), next), &wrong)
        }
    }
}

/// Somebody wants to leave.
pub(super) async fn leaving(visit: Visit) -> Page {
    if !visit.is_member() {
        return Ok(Visit::lead("/login"));
    }
    visit.page("logout", json!({ "title": "Log out" }))
}

/// Logs this browser out, or all devices.
pub(super) async fn log_out(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let everywhere = form.text("everywhere") == "yes";
    match desk.log_out(&visit.guarded.caller, everywhere).await {
        // Whoever is out already wanted to be.
        Ok(_) | Err(Refusal::Over) => Ok(Visit::let_out("/login?done=out")),
        Err(refusal) => Err(Trouble::from(ApiError::from(refusal))),
    }
}

/// Somebody forgot his password.
pub(super) async fn forgetting(visit: Visit) -> Page {
    visit.page(
        "forgot",
        json!({ "title": "Set another password", "email": "" }),
    )
}

/// Mails him a link to another one.
pub(super) async fn forgot(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let email = form.text("email");
    match desk.forgot(email, visit.from.address).await {
        Ok(()) => read_your_mail(&visit, email),
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            let told = json!({ "title": "Set another password", "email": email });
            visit.wrong("forgot", told, &wrong)
        }
    }
}

/// Somebody opened the link to another password.
pub(super) async fn resetting(visit: Visit) -> Page {
    let link = visit.asks("token");
    visit.page(
        "reset",
        json!({ "title": "Set another password", "link": link }),
    )
}

/// Sets it.
pub(super) async fn reset(visit: Visit, form: Posted, desk: web::Data<Desk>) -> Page {
    let (link, password) = (form.secret("link"), form.secret("password"));
    match desk.reset(&link, &password, visit.from.address).await {
        Ok(()) => Ok(Visit::let_out("/login?done=reset")),
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            let kept = match wrong.field.as_str() {
                FORM => "",
                _ => link.expose_secret(),
            };
            let told = json!({ "title": "Set another password", "link": kept });
            visit.wrong("reset", told, &wrong)
        }
    }
}
