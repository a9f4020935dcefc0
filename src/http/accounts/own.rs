//! One's own account: what is kept of it, its devices, its second factor, and its end.

use actix_web::{HttpResponse, web};
use domain::account::{Account, Session, SessionId};
use domain::ids::ChannelId;
use domain::plan::Entitlement;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::secret;
use super::keys::KeyOut;
use super::plans::SubscriptionOut;
use crate::accounts::Desk;
use crate::http::body::{self, Body};
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Guarded, Person};

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountOut {
    /// Its name here.
    id: String,
    /// Its address of mail.
    email: String,
    /// `user`, `reviewer` or `admin`.
    role: &'static str,
    /// In which language it is written to.
    language: String,
    /// Whether a second factor is asked for.
    second_factor: bool,
    /// When it was made (µs UTC).
    created: i64,
    /// Channels that are its own.
    channels: Vec<String>,
    /// What it may see now.
    allows: AllowsOut,
}

/// What somebody may see, and how often he may ask.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllowsOut {
    /// By which plan; none for admins, who see everything.
    plan: Option<String>,
    /// How long signals and what becomes of them are withheld, in seconds.
    delay_s: u64,
    /// Which channels' signals are shown; none for all.
    shown_channels: Option<Vec<String>>,
    /// How far back signals are shown, in seconds; none for everything.
    history_s: Option<u64>,
    /// What else: `analytics`, `exports`, `scores`, `what_if`, `keys`.
    features: Vec<&'static str>,
    /// How many requests a minute.
    requests_a_minute: u32,
    /// How many requests a month; none without an end.
    requests_a_month: Option<u64>,
}

impl AllowsOut {
    fn of(entitled: &Entitlement) -> Self {
        let allows = &entitled.allows;
        let shown = || entitled.chosen.iter().map(ChannelId::to_string).collect();
        Self {
            plan: entitled.plan.as_ref().map(ToString::to_string),
            delay_s: allows.delay.as_secs(),
            shown_channels: allows.channels.is_some().then(shown),
            history_s: allows.history.map(|history| history.as_secs()),
            features: allows.features.iter().map(|it| it.label()).collect(),
            requests_a_minute: allows.requests_a_minute,
            requests_a_month: allows.requests_a_month,
        }
    }
}

impl AccountOut {
    fn of(account: &Account, channels: &[ChannelId], entitled: &Entitlement) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.as_str().to_owned(),
            role: account.role.label(),
            language: account.language.to_string(),
            second_factor: account.second.as_ref().is_some_and(|it| it.confirmed),
            created: account.created.as_micros(),
            channels: channels.iter().map(ToString::to_string).collect(),
            allows: AllowsOut::of(entitled),
        }
    }
}

/// A device that is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionOut {
    /// Its name here.
    id: String,
    /// What it says that it is.
    agent: String,
    /// From where it logged in.
    address: Option<String>,
    /// When it logged in (µs UTC).
    began: i64,
    /// When it was last seen, to the minute (µs UTC).
    seen: i64,
    /// Until when it may stay away (µs UTC).
    expires: i64,
    /// It is the one that asks.
    current: bool,
}

impl SessionOut {
    fn of(session: &Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            agent: session.agent.clone(),
            address: session.address.map(|address| address.to_string()),
            began: session.began.as_micros(),
            seen: session.seen.as_micros(),
            expires: session.expires.as_micros(),
            current: Some(session.id) == current,
        }
    }
}

/// Everything that is kept of somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountExport {
    /// The account.
    account: AccountOut,
    /// Its devices.
    sessions: Vec<SessionOut>,
    /// Its keys, without the keys themselves.
    keys: Vec<KeyOut>,
    /// What it pays for.
    subscription: Option<SubscriptionOut>,
    /// Recovery codes that are left; the codes themselves are not known here.
    recovery_codes: u32,
}

/// What is to change. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPreferences {
    /// In which language to write: `en` or `ru`.
    #[schema(pattern = "^(en|ru)$")]
    language: Option<String>,
    /// Which channels' signals to show, where the plan shows only some.
    shown_channels: Option<Vec<String>>,
}

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one that holds.
    #[schema(value_type = String, format = Password)]
    current: SecretString,
    /// 10 to 256 characters that are hard to guess.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    new: SecretString,
    /// Where there is a second factor: its code, or a recovery code.
    #[schema(value_type = Option<String>)]
    code: Option<SecretString>,
}

/// The password, once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Where there is a second factor: its code, or a recovery code.
    #[schema(value_type = Option<String>)]
    code: Option<SecretString>,
}

impl Proof {
    fn code(&self) -> Option<&str> {
        self.code.as_ref().map(SecretString::expose_secret)
    }
}

/// What an authenticator is given.
// It does not print: its members are secrets.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorOut {
    /// The secret, in base32.
    secret: String,
    /// The same as an address: show it as a QR code.
    otpauth: String,
}

/// The first code of a second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    /// Six digits.
    #[schema(value_type = String)]
    code: SecretString,
}

/// Codes for whoever lost his authenticator, each good once.
// It does not print: its members are secrets.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Shown this once.
    recovery_codes: Vec<String>,
}

/// One's own account, and what it may see now.
#[utoipa::path(get, path = "/v1/account", tag = "accounts", security(("bearer" = ["person"])), responses(
    (status = 200, body = AccountOut),
))]
pub async fn account(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
) -> Result<web::Json<AccountOut>, ApiError> {
    let caller = &guarded.caller;
    let owned = desk.everything_of(caller).await?;
    let shown = AccountOut::of(&owned.account, &owned.channels, &caller.entitled);
    Ok(web::Json(shown))
}

/// Everything that is kept of oneself.
#[utoipa::path(get, path = "/v1/account/export", tag = "accounts", security(("bearer" = ["person"])), responses(
    (status = 200, body = AccountExport),
))]
pub async fn export(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let caller = &guarded.caller;
    let owned = desk.everything_of(caller).await?;
    let current = current(&guarded);
    Ok(secret(&AccountExport {
        account: AccountOut::of(&owned.account, &owned.channels, &caller.entitled),
        sessions: owned
            .sessions
            .iter()
            .map(|it| SessionOut::of(it, current))
            .collect(),
        keys: owned.keys.iter().map(KeyOut::of).collect(),
        subscription: owned.subscription.as_ref().map(SubscriptionOut::of),
        recovery_codes: owned.recovery_codes,
    }))
}

const fn current(guarded: &Guarded<Person>) -> Option<SessionId> {
    match &guarded.caller.who {
        crate::accounts::Who::Member { session, .. } => Some(*session),
        crate::accounts::Who::Stranger
        | crate::accounts::Who::Operator
        | crate::accounts::Who::Program { .. } => None,
    }
}

/// Changes in which language one is written to, and which channels are shown.
#[utoipa::path(patch, path = "/v1/account", tag = "accounts", security(("bearer" = ["person"])), request_body = AccountPreferences, responses(
    (status = 204, description = "it holds"),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 412, description = "it was changed meanwhile", body = Problem),
))]
pub async fn prefer(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: AccountPreferences = body::read(&body)?;
    let read = |id: &String| {
        ChannelId::parse(id).map_err(|error| ApiError::invalid("shown_channels", error))
    };
    let chosen = wish.shown_channels.as_ref();
    let chosen = chosen
        .map(|ids| ids.iter().map(read).collect::<Result<_, _>>())
        .transpose()?;
    desk.prefer(&guarded.caller, wish.language.as_deref(), chosen)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Erases one's account with everything that is one's own. It cannot be undone.
#[utoipa::path(delete, path = "/v1/account", tag = "accounts", security(("bearer" = ["person"])), request_body = Proof, responses(
    (status = 204, description = "it is gone"),
    (status = 401, description = "the password or the code is wrong", body = Problem),
    (status = 409, description = "a subscription runs", body = Problem),
    (status = 429, description = "too many attempts", body = Problem),
))]
pub async fn erase(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let proof: Proof = body::read(&body)?;
    desk.erase(&guarded.caller, &proof.password, proof.code())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets another password, and logs all other devices out.
#[utoipa::path(post, path = "/v1/account/password", tag = "accounts", security(("bearer" = ["person"])), request_body = NewPassword, responses(
    (status = 204, description = "it holds"),
    (status = 400, description = "the new one is not taken", body = Problem),
    (status = 401, description = "the current one or the code is wrong", body = Problem),
    (status = 429, description = "too many attempts", body = Problem),
))]
pub async fn password(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let wish: NewPassword = body::read(&body)?;
    let code = wish.code.as_ref().map(SecretString::expose_secret);
    desk.change_password(&guarded.caller, &wish.current, &wish.new, code)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The devices on which one is logged in, the last seen first.
#[utoipa::path(get, path = "/v1/account/sessions", tag = "accounts", security(("bearer" = ["person"])), responses(
    (status = 200, body = Vec<SessionOut>),
))]
pub async fn sessions(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
) -> Result<web::Json<Vec<SessionOut>>, ApiError> {
    let devices = desk.devices(&guarded.caller).await?;
    let current = current(&guarded);
    let shown = devices.iter().map(|it| SessionOut::of(it, current));
    Ok(web::Json(shown.collect()))
}

/// Logs a device out.
#[utoipa::path(delete, path = "/v1/account/sessions/{id}", tag = "accounts", security(("bearer" = ["person"])),
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 204, description = "it is out"),
    (status = 404, description = "no such session of this account", body = Problem),
))]
pub async fn end_session(
    guarded: Guarded<Person>,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let id = SessionId::parse(&id).ok_or_else(|| ApiError::invalid("id", "it is a UUID"))?;
    desk.end_device(&guarded.caller, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Begins a second factor. It counts when its first code was shown (PUT).
#[utoipa::path(post, path = "/v1/account/second-factor", tag = "accounts", security(("bearer" = ["person"])), request_body = Proof, responses(
    (status = 200, body = SecondFactorOut),
    (status = 401, description = "the password is wrong", body = Problem),
    (status = 409, description = "there is one", body = Problem),
    (status = 429, description = "too many attempts", body = Problem),
))]
pub async fn begin_second(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let proof: Proof = body::read(&body)?;
    let (base32, otpauth) = desk.begin_second(&guarded.caller, &proof.password).await?;
    Ok(secret(&SecondFactorOut {
        secret: base32,
        otpauth,
    }))
}

/// Lets a second factor count, by its first code, and says the recovery codes.
#[utoipa::path(put, path = "/v1/account/second-factor", tag = "accounts", security(("bearer" = ["person"])), request_body = FirstCode, responses(
    (status = 200, body = RecoveryCodes),
    (status = 401, description = "the code is wrong", body = Problem),
    (status = 409, description = "none was begun", body = Problem),
    (status = 429, description = "too many attempts", body = Problem),
))]
pub async fn confirm_second(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let first: FirstCode = body::read(&body)?;
    let codes = desk
        .confirm_second(&guarded.caller, first.code.expose_secret())
        .await?;
    Ok(secret(&RecoveryCodes {
        recovery_codes: codes,
    }))
}

/// Takes the second factor away.
#[utoipa::path(delete, path = "/v1/account/second-factor", tag = "accounts", security(("bearer" = ["person"])), request_body = Proof, responses(
    (status = 204, description = "it is gone"),
    (status = 401, description = "the password or the code is wrong", body = Problem),
    (status = 429, description = "too many attempts", body = Problem),
))]
pub async fn drop_second(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let proof: Proof = body::read(&body)?;
    let code = proof.code().unwrap_or_default();
    desk.drop_second(&guarded.caller, &proof.password, code)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes new recovery codes; the former ones are worth nothing from then on.
#[utoipa::path(post, path = "/v1/account/recovery-codes", tag = "accounts", security(("bearer" = ["person"])), request_body = Proof, responses(
    (status = 200, body = RecoveryCodes),
    (status = 401, description = "the password or the code is wrong", body = Problem),
    (status = 409, description = "there is no second factor", body = Problem),
    (status = 429, description = "too many attempts", body = Problem),
))]
pub async fn renew_codes(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let proof: Proof = body::read(&body)?;
    let code = proof.code().unwrap_or_default();
    let codes = desk
        .renew_codes(&guarded.caller, &proof.password, code)
        .await?;
    Ok(secret(&RecoveryCodes {
        recovery_codes: codes,
    }))
}
