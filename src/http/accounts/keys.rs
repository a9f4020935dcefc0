//! Keys for programs.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use domain::account::{ApiKey, KeyId};
use domain::time::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::secret;
use crate::accounts::Desk;
use crate::accounts::desk::{KeyWish, MadeKey};
use crate::http::body::{self, Body};
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Guarded, KeyHolder, Person};

/// A key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyOut {
    /// Its name here.
    id: String,
    /// Its name for people.
    name: String,
    /// What it begins with.
    prefix: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// From which networks it may come; empty for everywhere.
    networks: Vec<String>,
    /// When it was made (µs UTC).
    created: i64,
    /// Until when it holds (µs UTC); none without an end.
    expires: Option<i64>,
    /// When it was last used, to a few seconds (µs UTC).
    used: Option<i64>,
}

impl KeyOut {
    pub(super) fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            scopes: key.scopes.iter().map(|scope| scope.label()).collect(),
            networks: key.networks.clone(),
            created: key.created.as_micros(),
            expires: key.expires.map(Timestamp::as_micros),
            used: key.used.map(Timestamp::as_micros),
        }
    }
}

/// A key that was made.
// It does not print: its members are secrets.
#[derive(Serialize, ToSchema)]
pub struct NewKeyOut {
    /// What is kept of it.
    key: KeyOut,
    /// The key, shown this once: `Authorization: Bearer ts_live_…`.
    secret: String,
}

/// A key that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do: `stream:read`, `signals:read`, `analytics:read`, `scores:read`, `exports:read`,
    /// `ingest:write`.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// From which addresses or networks it may come; everywhere when nothing is said.
    #[serde(default)]
    networks: Vec<String>,
    /// Until when it holds (µs UTC).
    expires: Option<i64>,
}

/// How a key is exchanged.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the former one goes on beside the new one, in seconds; a day when nothing is said.
    #[schema(minimum = 0, maximum = 604_800)]
    overlap_s: Option<u64>,
}

fn made(made: &MadeKey) -> HttpResponse {
    secret(&NewKeyOut {
        key: KeyOut::of(&made.key),
        secret: made.secret.expose_secret().to_owned(),
    })
}

fn named(id: &str) -> Result<KeyId, ApiError> {
    KeyId::parse(id).ok_or_else(|| ApiError::invalid("id", "it is a UUID"))
}

/// One's keys, in the order in which they were made.
#[utoipa::path(get, path = "/v1/account/keys", tag = "accounts", security(("bearer" = ["person"])), responses(
    (status = 200, body = Vec<KeyOut>),
))]
pub async fn keys(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
) -> Result<web::Json<Vec<KeyOut>>, ApiError> {
    let keys = desk.keys(&guarded.caller).await?;
    Ok(web::Json(keys.iter().map(KeyOut::of).collect()))
}

/// Makes a key for a program. It is shown this once.
#[utoipa::path(post, path = "/v1/account/keys", tag = "accounts", security(("bearer" = ["key_holder"])), request_body = NewApiKey, responses(
    (status = 200, body = NewKeyOut),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 403, description = "the plan has no keys", body = Problem),
    (status = 409, description = "there are too many", body = Problem),
))]
pub async fn make(
    person: Guarded<Person>,
    _: Guarded<KeyHolder>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: NewApiKey = body::read(&body)?;
    let wish = KeyWish {
        name: wish.name,
        scopes: wish.scopes,
        networks: wish.networks,
        expires: wish.expires.map(Timestamp::from_micros),
    };
    Ok(made(&desk.make_key(&person.caller, wish).await?))
}

/// Exchanges a key for another one like it. Both hold for a while, so that no program stands still.
#[utoipa::path(post, path = "/v1/account/keys/{id}/rotate", tag = "accounts", security(("bearer" = ["key_holder"])), request_body = Rotation,
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 200, body = NewKeyOut),
    (status = 403, description = "the plan has no keys", body = Problem),
    (status = 404, description = "no such key of this account, or it is over", body = Problem),
))]
pub async fn rotate(
    person: Guarded<Person>,
    _: Guarded<KeyHolder>,
    id: web::Path<String>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Rotation = if body.0.is_empty() {
        Rotation::default()
    } else {
        body::read(&body)?
    };
    let overlap = Duration::from_secs(wish.overlap_s.unwrap_or(86_400));
    let rotated = desk
        .rotate_key(&person.caller, named(&id)?, overlap)
        .await?;
    Ok(made(&rotated))
}

/// Ends a key at once.
#[utoipa::path(delete, path = "/v1/account/keys/{id}", tag = "accounts", security(("bearer" = ["person"])),
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 204, description = "it is over"),
    (status = 404, description = "no such key of this account, or it is over", body = Problem),
))]
pub async fn end(
    guarded: Guarded<Person>,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    desk.end_key(&guarded.caller, named(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
