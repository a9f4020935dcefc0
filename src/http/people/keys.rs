//! The page of keys for programs: made, exchanged and ended.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use domain::account::{ApiKey, KeyId, Scope};
use domain::plan::Feature;
use domain::time::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::account::{day, minute};
use super::posted::Posted;
use super::visit::{Member, Visit};
use super::wrong::{Fields, Trouble, Wrong};
use crate::accounts::Desk;
use crate::accounts::desk::{KeyWish, MadeKey, Refusal};
use crate::http::error::ApiError;
use crate::http::guarded::{Guarded, KeyHolder};

type Page = Result<HttpResponse, Trouble>;

/// Whether the plan has keys, or why not.
type Allowed = Result<Guarded<KeyHolder>, ApiError>;

/// How long a former key goes on beside the new one.
const OVERLAP: Duration = Duration::from_secs(86_400);

/// What a key may do, in words.
const MAY: [(Scope, &str); 6] = [
    (
        Scope::SignalsRead,
        "read signals, events, channels and markets",
    ),
    (Scope::StreamRead, "listen to the stream"),
    (
        Scope::AnalyticsRead,
        "read figures, the leaderboard and what-ifs",
    ),
    (Scope::ScoresRead, "read scores and ask for them"),
    (Scope::ExportsRead, "write files of signals and outcomes"),
    (Scope::IngestWrite, "bring posts to your channels"),
];

/// One's keys.
pub(super) async fn keys(member: Member, desk: web::Data<Desk>) -> Page {
    let told = everything(&member, &desk, &KeyWish::default(), "", None).await?;
    member.visit.page("keys", told)
}

async fn everything(
    member: &Member,
    desk: &Desk,
    wish: &KeyWish,
    expires: &str,
    made: Option<&MadeKey>,
) -> Result<Value, Trouble> {
    let caller = &member.person.caller;
    let keys = desk.keys(caller).await.map_err(ApiError::from)?;
    let now = desk.now();
    let shown: Vec<_> = keys.iter().rev().map(|key| told(key, now)).collect();
    let plan = desk.plan_with_keys().map(|plan| plan.title);
    let scopes: Vec<_> = MAY
        .iter()
        .map(|(scope, words)| {
            json!({
                "label": scope.label(),
                "words": words,
                "chosen": wish.scopes.iter().any(|it| it == scope.label()),
            })
        })
        .collect();
    let done = match member.visit.asks("done") {
        "ended" => "That key holds no more.",
        _ => "",
    };
    Ok(json!({
        "title": "Keys",
        "done": done,
        "keys": shown,
        "scopes": scopes,
        "allowed": caller.entitled.allows.has(Feature::Keys),
        "plan": plan,
        "name": wish.name,
        "networks": wish.networks.join("\n"),
        "expires": expires,
        "made": made.map(|made| json!({ "name": made.key.name, "secret": made.secret.expose_secret() })),
    }))
}

fn told(key: &ApiKey, now: Timestamp) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes.iter().map(|scope| scope.label()).collect::<Vec<_>>(),
        "networks": key.networks,
        "created": day(key.created),
        "expires": key.expires.map(minute),
        "over": key.expires.is_some_and(|expires| expires <= now),
        "used": key.used.map(minute),
    })
}

/// Makes a key, and shows it this once.
pub(super) async fn make(
    member: Member,
    allowed: Allowed,
    form: Posted,
    desk: web::Data<Desk>,
) -> Page {
    let networks = form.text("networks").split_whitespace();
    let mut wish = KeyWish {
        name: form.text("name").to_owned(),
        scopes: form.all("scopes"),
        networks: networks.map(str::to_owned).collect(),
        expires: None,
    };
    let until = form.text("expires");
    let made = async {
        may(allowed)?;
        wish.expires = end_of(until)?;
        desk.make_key(&member.person.caller, wish.clone()).await
    };
    let made = made.await;
    match made {
        Ok(made) => {
            let told = everything(&member, &desk, &KeyWish::default(), "", Some(&made)).await?;
            member.visit.page("keys", told)
        }
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            let told = everything(&member, &desk, &wish, until, None).await?;
            member.visit.wrong("keys", told, &wrong)
        }
    }
}

fn may(allowed: Allowed) -> Result<(), Refusal> {
    allowed
        .map(drop)
        .map_err(|error| Refusal::Unfit(error.to_string()))
}

/// The end of a day that was chosen.
fn end_of(text: &str) -> Result<Option<Timestamp>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Refusal::Invalid("expires", "write the day as 2027-12-31".to_owned());
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    let next = date
        .tomorrow()
        .and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC));
    let next = next.map_err(|_| wrong())?;
    Ok(Some(Timestamp::from_micros(
        next.timestamp().as_microsecond(),
    )))
}

/// Exchanges a key for one like it. Both hold for a day.
pub(super) async fn rotate(
    member: Member,
    allowed: Allowed,
    form: Posted,
    desk: web::Data<Desk>,
) -> Page {
    let rotated = async {
        may(allowed)?;
        desk.rotate_key(&member.person.caller, named(&form)?, OVERLAP)
            .await
    };
    match rotated.await {
        Ok(made) => {
            let told = everything(&member, &desk, &KeyWish::default(), "", Some(&made)).await?;
            member.visit.page("keys", told)
        }
        Err(refusal) => again(&member, &desk, refusal).await,
    }
}

/// Ends a key at once.
pub(super) async fn end(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let ended = async { desk.end_key(&member.person.caller, named(&form)?).await };
    match ended.await {
        Ok(()) => Ok(Visit::lead("/account/keys?done=ended")),
        Err(refusal) => again(&member, &desk, refusal).await,
    }
}

fn named(form: &Posted) -> Result<KeyId, Refusal> {
    KeyId::parse(form.text("key")).ok_or(Refusal::Unknown("key"))
}

async fn again(member: &Member, desk: &Desk, refusal: Refusal) -> Page {
    let wrong = Wrong::of(
        refusal,
        Fields {
            form: "keys_form",
            ..Fields::USUAL
        },
    )?;
    let told = everything(member, desk, &KeyWish::default(), "", None).await?;
    member.visit.wrong("keys", told, &wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_to_the_end_of_its_last_day() {
        let end = end_of("2027-12-31").unwrap().unwrap();
        assert_eq!(minute(end), "1 January 2028, 00:00 UTC");
        assert_eq!(end_of("").unwrap(), None);
        for bad in ["tomorrow", "2027-13-01", "9999-12-31"] {
            assert!(end_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_scope_is_told_in_words() {
        let mut told: Vec<_> = MAY.iter().map(|(scope, _)| *scope).collect();
        told.sort_unstable();
        assert_eq!(told, Scope::ALL);
    }
}
