//! Registering, logging in, coming back and leaving.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Desk;
use crate::accounts::desk::{Attempt, From};
use crate::http::body::{self, Body};
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Anyone, Guarded, Person, address_of};

/// Somebody who registers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Where he reads mail.
    #[schema(max_length = 254)]
    email: String,
    /// 10 to 256 characters that are hard to guess.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    password: SecretString,
    /// In which language he is written to: `en` or `ru`.
    #[schema(pattern = "^(en|ru)$")]
    language: Option<String>,
}

/// A mail is on its way, if there is reason to write one. Nothing here tells whether an address has an
/// account; the mail does.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mailed {
    /// Always `true`.
    mailed: bool,
}

/// What a mailed link holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// The token of the link.
    #[schema(value_type = String)]
    token: SecretString,
}

/// Somebody who says that he is somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// His address.
    #[schema(max_length = 254)]
    email: String,
    /// His password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Where he has a second factor: the code of his authenticator, or a recovery code.
    #[schema(value_type = Option<String>)]
    code: Option<SecretString>,
}

/// What a device shows from now on.
// It does not print: its members are secrets.
#[derive(Serialize, ToSchema)]
pub struct TokensOut {
    /// With each request: `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Until when (µs UTC).
    expires: i64,
    /// At /v1/auth/refresh, once, for the next ones.
    refresh_token: String,
}

/// A device that comes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The newest refresh token. One that was used before ends the session.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// Who leaves.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// All devices; else this one.
    #[serde(default)]
    everywhere: bool,
}

/// Who left.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoggedOut {
    /// How many devices were logged out.
    sessions: u64,
}

/// Somebody who forgot his password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    /// His address.
    #[schema(max_length = 254)]
    email: String,
}

/// Another password, by a mailed link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The token of the link. It goes on for ten minutes when the password is not taken.
    #[schema(value_type = String)]
    token: SecretString,
    /// 10 to 256 characters that are hard to guess.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    password: SecretString,
}

/// An answer that nobody keeps.
pub(super) fn secret<T: Serialize>(body: &T) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

pub(in crate::http) fn from(request: &HttpRequest) -> From {
    let agent = request.headers().get(USER_AGENT);
    From {
        address: address_of(request),
        agent: agent
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Registers an account. A mail with a link goes to the address; the account can be used when it was
/// opened. The answer is the same when the address has an account already: then the mail says so.
#[utoipa::path(post, path = "/v1/auth/register", tag = "accounts", security(()), request_body = Registration, responses(
    (status = 202, body = Mailed),
    (status = 400, description = "the address or the password is not taken", body = Problem),
    (status = 429, description = "too many from this address", body = Problem),
))]
pub async fn register(
    _: Guarded<Anyone>,
    request: HttpRequest,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Registration = body::read(&body)?;
    let from = address_of(&request);
    desk.register(&wish.email, &wish.password, wish.language.as_deref(), from)
        .await?;
    Ok(HttpResponse::Accepted().json(Mailed { mailed: true }))
}

/// Shows that an address is one's own, by the token of the link that was mailed there.
#[utoipa::path(post, path = "/v1/auth/verify", tag = "accounts", security(()), request_body = LinkToken, responses(
    (status = 204, description = "it is; log in"),
    (status = 400, description = "the link was used or is too old", body = Problem),
    (status = 429, description = "too many from this address", body = Problem),
))]
pub async fn verify(
    _: Guarded<Anyone>,
    request: HttpRequest,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let link: LinkToken = body::read(&body)?;
    desk.verify(&link.token, address_of(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Logs a device in. Browsers use the page /login, which keeps a cookie that no script can read.
#[utoipa::path(post, path = "/v1/auth/login", tag = "accounts", security(()), request_body = Login, responses(
    (status = 200, body = TokensOut),
    (status = 401, description = "`unauthenticated`: the address or the password is wrong; `second_factor_required`: say the code, too", body = Problem),
    (status = 429, description = "too many attempts; the right password with its second factor passes all the same", body = Problem),
))]
pub async fn login(
    _: Guarded<Anyone>,
    request: HttpRequest,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Login = body::read(&body)?;
    let attempt = Attempt {
        email: &wish.email,
        password: &wish.password,
        code: wish.code.as_ref().map(SecretString::expose_secret),
        from: from(&request),
        browser: false,
    };
    let session = desk.log_in(attempt).await?;
    let (access, until) = desk.access(&session)?;
    Ok(secret(&TokensOut {
        access_token: access.expose_secret().to_owned(),
        token_type: "Bearer",
        expires: until.as_micros(),
        refresh_token: session.secret.expose_secret().to_owned(),
    }))
}

/// Exchanges a refresh token for new tokens. One that had been exchanged before was stolen from
/// somebody: it ends its session.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "accounts", security(()), request_body = Refresh, responses(
    (status = 200, body = TokensOut),
    (status = 401, description = "the session is over; log in again", body = Problem),
))]
pub async fn refresh(
    _: Guarded<Anyone>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Refresh = body::read(&body)?;
    let refreshed = desk.refresh(&wish.refresh_token).await?;
    Ok(secret(&TokensOut {
        access_token: refreshed.access.expose_secret().to_owned(),
        token_type: "Bearer",
        expires: refreshed.until.as_micros(),
        refresh_token: refreshed.refresh.expose_secret().to_owned(),
    }))
}

/// Logs this device out, or all of them. Their tokens are worth nothing from then on.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "accounts", security(("bearer" = ["person"])), request_body = Logout, responses(
    (status = 200, body = LoggedOut),
))]
pub async fn logout(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Logout = if body.0.is_empty() {
        Logout::default()
    } else {
        body::read(&body)?
    };
    let sessions = desk.log_out(&guarded.caller, wish.everywhere).await?;
    Ok(HttpResponse::Ok().json(LoggedOut { sessions }))
}

/// Mails a link to another password, if there is an account.
#[utoipa::path(post, path = "/v1/auth/forgot", tag = "accounts", security(()), request_body = Forgotten, responses(
    (status = 202, body = Mailed),
    (status = 400, description = "it is no address", body = Problem),
    (status = 429, description = "too many from this address", body = Problem),
))]
pub async fn forgot(
    _: Guarded<Anyone>,
    request: HttpRequest,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Forgotten = body::read(&body)?;
    desk.forgot(&wish.email, address_of(&request)).await?;
    Ok(HttpResponse::Accepted().json(Mailed { mailed: true }))
}

/// Sets another password by a mailed link, and logs all devices out. A second factor stays.
#[utoipa::path(post, path = "/v1/auth/reset", tag = "accounts", security(()), request_body = Reset, responses(
    (status = 204, description = "it holds; log in"),
    (status = 400, description = "the link was used or is too old, or the password is not taken", body = Problem),
    (status = 429, description = "too many from this address", body = Problem),
))]
pub async fn reset(
    _: Guarded<Anyone>,
    request: HttpRequest,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: Reset = body::read(&body)?;
    desk.reset(&wish.token, &wish.password, address_of(&request))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The public halves of the keys that sign access tokens (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub struct JwksOut {
    /// The keys; a token names its own as `kid`.
    keys: Vec<JwkOut>,
}

/// A public key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
pub struct JwkOut {
    /// Always `OKP`.
    kty: String,
    /// Always `Ed25519`.
    crv: String,
    /// Always `EdDSA`.
    alg: String,
    /// Its name.
    kid: String,
    /// The key, in base64url.
    x: String,
}

/// The keys by which access tokens are checked.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "accounts", security(()), responses((status = 200, body = JwksOut)))]
pub async fn jwks(_: Guarded<Anyone>, desk: web::Data<Desk>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(desk.published_keys())
}
