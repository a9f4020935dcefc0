//! The page of one's account: what is kept, how to change it, and how to end it.

use actix_web::{HttpResponse, web};
use domain::account::{Session, SessionId};
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::posted::Posted;
use super::visit::{Member, Visit};
use super::wrong::{Fields, Trouble, Wrong};
use crate::accounts::desk::Refusal;
use crate::accounts::{Desk, Who};
use crate::http::error::ApiError;

type Page = Result<HttpResponse, Trouble>;

/// What was done, by its short name in the address that led here.
const DONE: [(&str, &str); 6] = [
    ("language", "Mails come in that language from now on."),
    (
        "password",
        "Your password is changed, and all other devices were logged out.",
    ),
    ("session", "That device is logged out."),
    ("second-factor", "Your second factor is taken away."),
    ("codes", "Your recovery codes are kept."),
    ("new", "You are logged in."),
];

/// One's account.
pub(super) async fn account(member: Member, desk: web::Data<Desk>) -> Page {
    let told = everything(&member, &desk).await?;
    member.visit.page("account", told)
}

/// The same with a form of it that was filled in wrongly.
pub(super) async fn again(member: &Member, desk: &Desk, refusal: Refusal, fields: Fields) -> Page {
    let wrong = Wrong::of(refusal, fields)?;
    let told = everything(member, desk).await?;
    member.visit.wrong("account", told, &wrong)
}

async fn everything(member: &Member, desk: &Desk) -> Result<Value, Trouble> {
    let caller = &member.person.caller;
    let owned = desk.everything_of(caller).await.map_err(ApiError::from)?;
    let here = match &caller.who {
        Who::Member { session, .. } => Some(*session),
        Who::Stranger | Who::Operator | Who::Program { .. } => None,
    };
    let asked = member.visit.asks("done");
    let done = DONE
        .iter()
        .find(|(name, _)| *name == asked)
        .map_or("", |(_, words)| words);
    let sessions: Vec<_> = owned.sessions.iter().map(|it| device(it, here)).collect();
    let channels: Vec<_> = owned.channels.iter().map(ToString::to_string).collect();
    Ok(json!({
        "title": "Your account",
        "done": done,
        "email": owned.account.email.as_str(),
        "role": owned.account.role.label(),
        "language": owned.account.language.as_str(),
        "created": day(owned.account.created),
        "second": owned.account.second.as_ref().is_some_and(|it| it.confirmed),
        "codes": owned.recovery_codes,
        "sessions": sessions,
        "channels": channels,
    }))
}

fn device(session: &Session, here: Option<SessionId>) -> Value {
    json!({
        "id": session.id.to_string(),
        "name": name_of(&session.agent),
        "agent": session.agent,
        "address": session.address.map(|address| address.to_string()),
        "began": day(session.began),
        "seen": minute(session.seen),
        "here": Some(session.id) == here,
    })
}

/// What people call a device that calls itself so.
fn name_of(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    // The order counts: each pretends to be those after it.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("YaBrowser/", "Yandex Browser"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Macintosh", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if agent.is_empty() => "a device that does not say what it is".to_owned(),
        (None, None) => agent.chars().take(60).collect(),
    }
}

/// A day for people.
pub(super) fn day(at: Timestamp) -> String {
    written(at, "%-d %B %Y")
}

/// A minute for people.
pub(super) fn minute(at: Timestamp) -> String {
    written(at, "%-d %B %Y, %H:%M UTC")
}

fn written(at: Timestamp, form: &str) -> String {
    let at = jiff::Timestamp::from_microsecond(at.as_micros());
    at.map(|at| at.strftime(form).to_string())
        .unwrap_or_default()
}

/// In which language mails come.
pub(super) async fn language(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let wanted = desk
        .prefer(&member.person.caller, Some(form.text("language")), None)
        .await;
    match wanted {
        Ok(()) => Ok(Visit::lead("/account?done=language")),
        Err(refusal) => again(&member, &desk, refusal, Fields::USUAL).await,
    }
}

/// Another password.
pub(super) async fn password(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let (current, new) = (form.secret("current"), form.secret("new"));
    let code = Some(form.text("password_code")).filter(|code| !code.is_empty());
    match desk
        .change_password(&member.person.caller, &current, &new, code)
        .await
    {
        Ok(()) => Ok(Visit::lead("/account?done=password")),
        Err(refusal) => {
            let fields = Fields {
                password: "current",
                new: "new",
                code: "password_code",
                form: "password_form",
            };
            again(&member, &desk, refusal, fields).await
        }
    }
}

/// Logs one of one's devices out.
pub(super) async fn end_session(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let id = SessionId::parse(form.text("session"));
    let ended = match id {
        Some(id) => desk.end_device(&member.person.caller, id).await,
        None => Err(Refusal::Unknown("session")),
    };
    match ended {
        // Whoever ends his own is led on to the login by the page itself.
        Ok(()) => Ok(Visit::lead("/account?done=session")),
        Err(refusal) => {
            let fields = Fields {
                form: "sessions_form",
                ..Fields::USUAL
            };
            again(&member, &desk, refusal, fields).await
        }
    }
}

/// Ends the account.
pub(super) async fn erase(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let code = form.text("delete_code");
    let code = (!code.is_empty()).then_some(code);
    let password = form.secret("delete_password");
    match desk.erase(&member.person.caller, &password, code).await {
        Ok(()) => Ok(Visit::let_out("/login?done=erased")),
        Err(refusal) => {
            let fields = Fields {
                password: "delete_password",
                code: "delete_code",
                form: "delete_form",
                ..Fields::USUAL
            };
            again(&member, &desk, refusal, fields).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_called_what_people_call_them() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", "a device that does not say what it is"),
        ] {
            assert_eq!(name_of(agent), name);
        }
    }

    #[test]
    fn days_are_written_for_people() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(
            (day(at).as_str(), minute(at).as_str()),
            ("14 November 2023", "14 November 2023, 22:13 UTC")
        );
    }
}
