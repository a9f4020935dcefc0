//! What those who run the platform do to accounts, plans and channels; each of it is noted.

use actix_web::{HttpResponse, web};
use domain::account::{Account, AccountId, Deed, Role};
use domain::ids::ChannelId;
use domain::plan::PlanId;
use domain::ports::accounts::Place;
use domain::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::plans::{PlanOut, PlanTerms};
use crate::accounts::Desk;
use crate::accounts::desk::AccountChange;
use crate::http::body::{self, Body};
use crate::http::channels::find;
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Admin, Guarded};
use crate::http::page;
use crate::http::records::Records;

/// An account, as those who run the platform see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountRow {
    /// Its name here.
    id: String,
    /// Its address of mail.
    email: String,
    /// Whether the address was shown to be its owner's.
    verified: bool,
    /// `user`, `reviewer` or `admin`.
    role: &'static str,
    /// A plan that it has without paying.
    granted: Option<String>,
    /// Whether a second factor is asked for.
    second_factor: bool,
    /// When it was made (µs UTC).
    created: i64,
    /// When it was closed (µs UTC).
    closed: Option<i64>,
}

impl AccountRow {
    fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.as_str().to_owned(),
            verified: account.verified.is_some(),
            role: account.role.label(),
            granted: account.granted.as_ref().map(ToString::to_string),
            second_factor: account.second.as_ref().is_some_and(|it| it.confirmed),
            created: account.created.as_micros(),
            closed: account.closed.map(|at| at.as_micros()),
        }
    }
}

/// Which accounts.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsParams {
    /// Those after this place: the `next` of the page before.
    #[param(pattern = "^[0-9]{1,16}[.][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    after: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of accounts, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsPage {
    /// The accounts.
    accounts: Vec<AccountRow>,
    /// Where the next page begins (`after`); none at the end.
    next: Option<String>,
}

/// What is to change. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEdit {
    /// `user`, `reviewer` or `admin`.
    #[schema(pattern = "^(user|reviewer|admin)$")]
    role: Option<String>,
    /// A plan that it has without paying; `null` takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    granted: Option<Option<String>>,
    /// Closed accounts cannot log in; nothing of them is lost.
    closed: Option<bool>,
}

/// Whose a channel is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// The account; `null` for nobody's.
    #[schema(format = "uuid")]
    account: Option<String>,
}

/// One thing that somebody with privileges did.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeedOut {
    /// Its number.
    number: u64,
    /// When (µs UTC).
    at: i64,
    /// Who: an account's id, or `operator` for the command line and whoever sat at the machine.
    actor: String,
    /// What: `account.change`, `plan.write`, `channel.owner`, …
    action: String,
    /// To what.
    subject: String,
    /// What became of it.
    #[schema(value_type = Object)]
    detail: Value,
}

impl DeedOut {
    fn of((number, deed): (u64, Deed)) -> Self {
        Self {
            number,
            at: deed.at.as_micros(),
            actor: deed.actor,
            action: deed.action,
            subject: deed.subject,
            detail: serde_json::from_str(&deed.detail).unwrap_or_default(),
        }
    }
}

/// Which deeds.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeedsParams {
    /// Before this number: the last one of the page before.
    #[param(minimum = 1, maximum = 9_223_372_036_854_775_807_u64)]
    before: Option<u64>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A member that may be `null`, told from one that is left out.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

fn account_id(field: &'static str, text: &str) -> Result<AccountId, ApiError> {
    AccountId::parse(text).ok_or_else(|| ApiError::invalid(field, "an account's id is a UUID"))
}

/// Reads a place in the list of accounts as `next` writes it.
fn place(text: &str) -> Result<Place, ApiError> {
    let read = |(created, id): (&str, &str)| {
        let digits =
            (1..=16).contains(&created.len()) && created.bytes().all(|byte| byte.is_ascii_digit());
        Some(Place {
            created: Timestamp::from_micros(created.parse().ok().filter(|_| digits)?),
            id: AccountId::parse(id)?,
        })
    };
    let read = text.split_once('.').and_then(read);
    read.ok_or_else(|| ApiError::invalid("after", "take it from `next` of the page before"))
}

/// Accounts, oldest first.
#[utoipa::path(get, path = "/v1/admin/accounts", tag = "admin", security(("bearer" = ["admin"])), params(AccountsParams), responses(
    (status = 200, body = AccountsPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
))]
pub async fn accounts(
    _: Guarded<Admin>,
    params: web::Query<AccountsParams>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let limit = page::limit(params.limit)?;
    let after = params.after.as_deref().map(place).transpose()?;
    let mut accounts = desk.accounts(after, limit + 1).await?;
    let more = accounts.len() > limit;
    accounts.truncate(limit);
    let last = accounts.last().filter(|_| more);
    let body = AccountsPage {
        accounts: accounts.iter().map(AccountRow::of).collect(),
        next: last.map(|account| {
            let Place { created, id } = Place::of(account);
            format!("{}.{id}", created.as_micros())
        }),
    };
    let next = body.next.as_deref();
    Ok(page::answer(
        "/v1/admin/accounts",
        &*params,
        "after",
        next,
        &body,
    ))
}

/// Changes what an account may do.
#[utoipa::path(patch, path = "/v1/admin/accounts/{id}", tag = "admin", security(("bearer" = ["admin"])), request_body = AccountEdit,
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 200, body = AccountRow),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 404, description = "no such account or plan", body = Problem),
    (status = 409, description = "nobody takes his own rights away", body = Problem),
    (status = 412, description = "it was changed meanwhile", body = Problem),
))]
pub async fn change_account(
    guarded: Guarded<Admin>,
    id: web::Path<String>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<web::Json<AccountRow>, ApiError> {
    let id = account_id("id", &id)?;
    let edit: AccountEdit = body::read(&body)?;
    let role = |label: &String| {
        Role::from_label(label)
            .ok_or_else(|| ApiError::invalid("role", "use user, reviewer or admin"))
    };
    let plan =
        |name: String| PlanId::parse(&name).map_err(|error| ApiError::invalid("granted", error));
    let change = AccountChange {
        role: edit.role.as_ref().map(role).transpose()?,
        granted: edit
            .granted
            .map(|it| it.map(plan).transpose())
            .transpose()?,
        closed: edit.closed,
    };
    let changed = desk.change_account(&guarded.caller, id, change).await?;
    Ok(web::Json(AccountRow::of(&changed)))
}

/// Takes the second factor of somebody away who has lost it and his recovery codes: the password alone
/// opens his account then, all of his devices are logged out, and he is told by mail. Make sure that it is
/// he who asks for it. Nobody takes his own away like this.
#[utoipa::path(delete, path = "/v1/admin/accounts/{id}/second-factor", tag = "admin", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 204, description = "it is gone"),
    (status = 400, description = "it is no UUID", body = Problem),
    (status = 404, description = "no such account", body = Problem),
    (status = 409, description = "there is none, or it is one's own", body = Problem),
    (status = 412, description = "it was changed meanwhile", body = Problem),
))]
pub async fn reset_second(
    guarded: Guarded<Admin>,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let id = account_id("id", &id)?;
    desk.reset_second(&guarded.caller, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Writes a plan: a new one, or another form of one that there is. Who has it sees the difference within
/// a second. What is charged changes with `touchstone stripe sync`.
#[utoipa::path(put, path = "/v1/admin/plans/{id}", tag = "admin", security(("bearer" = ["admin"])), request_body = PlanTerms,
    params(("id" = String, Path, description = "its name", pattern = "^[a-z0-9-]{1,32}$")), responses(
    (status = 200, body = PlanOut),
    (status = 400, description = "something of it cannot be", body = Problem),
))]
pub async fn write_plan(
    guarded: Guarded<Admin>,
    id: web::Path<String>,
    body: Body,
    desk: web::Data<Desk>,
) -> Result<web::Json<PlanOut>, ApiError> {
    let id = PlanId::parse(&id).map_err(|error| ApiError::invalid("id", error))?;
    let terms: PlanTerms = body::read(&body)?;
    let plan = terms.plan(id)?;
    desk.write_plan(&guarded.caller, &plan).await?;
    Ok(web::Json(PlanOut::of(&plan)))
}

/// Gives a channel to an account, which answers for it from then on and cannot touch its history.
#[utoipa::path(put, path = "/v1/admin/channels/{id}/owner", tag = "admin", security(("bearer" = ["admin"])), request_body = Ownership,
    params(("id" = String, Path, description = "the channel's name")), responses(
    (status = 204, description = "it is his"),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 404, description = "no such channel or account", body = Problem),
))]
pub async fn give_channel(
    guarded: Guarded<Admin>,
    id: web::Path<String>,
    body: Body,
    desk: web::Data<Desk>,
    store: web::Data<Records>,
) -> Result<HttpResponse, ApiError> {
    let id = ChannelId::parse(&id).map_err(|error| ApiError::invalid("id", error))?;
    let wish: Ownership = body::read(&body)?;
    find(id.as_str(), &store).await?;
    let to = wish.account.as_deref();
    let to = to.map(|text| account_id("account", text)).transpose()?;
    desk.give_channel(&guarded.caller, &id, to).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What privileged people did, newest first. It is added to and never changed.
#[utoipa::path(get, path = "/v1/admin/audit", tag = "admin", security(("bearer" = ["admin"])), params(DeedsParams), responses(
    (status = 200, body = Vec<DeedOut>),
))]
pub async fn audit(
    _: Guarded<Admin>,
    params: web::Query<DeedsParams>,
    desk: web::Data<Desk>,
) -> Result<web::Json<Vec<DeedOut>>, ApiError> {
    let limit = page::limit(params.limit)?;
    if params
        .before
        .is_some_and(|before| before == 0 || i64::try_from(before).is_err())
    {
        return Err(ApiError::invalid("before", "numbers begin with 1"));
    }
    let deeds = desk.deeds(params.before, limit).await?;
    Ok(web::Json(deeds.into_iter().map(DeedOut::of).collect()))
}
