//! Buying a plan, changing it and ending it, bills, and what the till tells.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::plan::PlanId;
use domain::ports::till::{Bill, Period};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::secret;
use super::plans::SubscriptionOut;
use crate::accounts::Desk;
use crate::billing::Billing;
use crate::http::body::{self, Body};
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Anyone, Guarded, Person};

/// Where the till's signature stands.
const SIGNATURE: &str = "stripe-signature";

/// What is to be bought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purchase {
    /// The plan, by its name at /v1/plans.
    #[schema(pattern = "^[a-z0-9-]{1,32}$")]
    plan: String,
    /// `month` or `year`; `month` when nothing is said.
    #[schema(pattern = "^(month|year)$")]
    period: Option<String>,
}

impl Purchase {
    fn read(&self) -> Result<(PlanId, Period), ApiError> {
        let plan = PlanId::parse(&self.plan).map_err(|error| ApiError::invalid("plan", error))?;
        let period = self.period.as_deref().unwrap_or("month");
        let period = Period::from_label(period);
        let period = period.ok_or_else(|| ApiError::invalid("period", "use month or year"))?;
        Ok((plan, period))
    }
}

/// Where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOut {
    /// The page, at whoever takes the money.
    url: String,
}

/// Whether it ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// `true`: it ends with what is paid. `false`: it goes on after all.
    ends: bool,
}

/// A bill.
#[derive(Debug, Serialize, ToSchema)]
pub struct BillOut {
    /// Its number; none while it is a draft.
    number: Option<String>,
    /// When it was written (µs UTC).
    at: i64,
    /// How much, in the currency's smallest unit.
    amount: i64,
    /// In which currency: `usd`.
    currency: String,
    /// `draft`, `open`, `paid`, `void` or `uncollectible`.
    status: String,
    /// Where it can be seen and paid.
    url: Option<String>,
}

impl BillOut {
    fn of(bill: Bill) -> Self {
        Self {
            number: bill.number,
            at: bill.at.as_micros(),
            amount: bill.amount,
            currency: bill.currency,
            status: bill.status,
            url: bill.url,
        }
    }
}

/// What one pays for; none when nothing.
#[utoipa::path(get, path = "/v1/billing/subscription", tag = "billing", security(("bearer" = ["person"])), responses(
    (status = 200, body = Option<SubscriptionOut>),
))]
pub async fn subscription(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
) -> Result<web::Json<Option<SubscriptionOut>>, ApiError> {
    let owned = desk.everything_of(&guarded.caller).await?;
    let paid = owned
        .subscription
        .filter(|paid| paid.subscription.is_some());
    Ok(web::Json(paid.as_ref().map(SubscriptionOut::of)))
}

/// Begins to buy a plan: says on which page it is paid. It holds when the till says that it is paid,
/// within a second, on open connections, too.
#[utoipa::path(post, path = "/v1/billing/checkout", tag = "billing", security(("bearer" = ["person"])), request_body = Purchase, responses(
    (status = 200, body = PageOut),
    (status = 409, description = "no payments are taken here, the plan is not sold so, or one runs", body = Problem),
    (status = 502, description = "the till refuses", body = Problem),
))]
pub async fn checkout(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
    billing: web::Data<Billing>,
) -> Result<HttpResponse, ApiError> {
    let wish: Purchase = body::read(&body)?;
    let (plan, period) = wish.read()?;
    let owned = desk.everything_of(&guarded.caller).await?;
    let url = billing.check_out(&owned.account, &plan, period).await?;
    Ok(secret(&PageOut { url }))
}

/// Says on which page one changes one's card and sees one's bills.
#[utoipa::path(post, path = "/v1/billing/portal", tag = "billing", security(("bearer" = ["person"])), responses(
    (status = 200, body = PageOut),
    (status = 409, description = "no payments are taken here, or nothing was bought", body = Problem),
    (status = 502, description = "the till refuses", body = Problem),
))]
pub async fn portal(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
    billing: web::Data<Billing>,
) -> Result<HttpResponse, ApiError> {
    let owned = desk.everything_of(&guarded.caller).await?;
    let url = billing.portal(owned.account.id).await?;
    Ok(secret(&PageOut { url }))
}

/// Changes what one pays for. The difference is reckoned to the second and billed at once.
#[utoipa::path(post, path = "/v1/billing/change", tag = "billing", security(("bearer" = ["person"])), request_body = Purchase, responses(
    (status = 200, body = SubscriptionOut),
    (status = 409, description = "no payments are taken here, the plan is not sold so, or nothing runs", body = Problem),
    (status = 502, description = "the till refuses", body = Problem),
))]
pub async fn change(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
    billing: web::Data<Billing>,
) -> Result<web::Json<SubscriptionOut>, ApiError> {
    let wish: Purchase = body::read(&body)?;
    let (plan, period) = wish.read()?;
    let owned = desk.everything_of(&guarded.caller).await?;
    let now = billing.change(owned.account.id, &plan, period).await?;
    Ok(web::Json(SubscriptionOut::of(&now)))
}

/// Lets what one pays for end with what is paid, or takes that back.
#[utoipa::path(post, path = "/v1/billing/end", tag = "billing", security(("bearer" = ["person"])), request_body = Ending, responses(
    (status = 200, body = SubscriptionOut),
    (status = 409, description = "no payments are taken here, or nothing runs", body = Problem),
    (status = 502, description = "the till refuses", body = Problem),
))]
pub async fn end(
    guarded: Guarded<Person>,
    body: Body,
    desk: web::Data<Desk>,
    billing: web::Data<Billing>,
) -> Result<web::Json<SubscriptionOut>, ApiError> {
    let wish: Ending = body::read(&body)?;
    let owned = desk.everything_of(&guarded.caller).await?;
    let now = billing.end(owned.account.id, wish.ends).await?;
    Ok(web::Json(SubscriptionOut::of(&now)))
}

/// One's bills, the newest first.
#[utoipa::path(get, path = "/v1/billing/invoices", tag = "billing", security(("bearer" = ["person"])), responses(
    (status = 200, body = Vec<BillOut>),
    (status = 409, description = "no payments are taken here", body = Problem),
    (status = 502, description = "the till refuses", body = Problem),
))]
pub async fn invoices(
    guarded: Guarded<Person>,
    desk: web::Data<Desk>,
    billing: web::Data<Billing>,
) -> Result<web::Json<Vec<BillOut>>, ApiError> {
    let owned = desk.everything_of(&guarded.caller).await?;
    let bills = billing.bills(owned.account.id).await?;
    Ok(web::Json(bills.into_iter().map(BillOut::of).collect()))
}

/// Takes what the till tells, signed by it. It is kept, answered at once, and dealt with afterwards; the
/// same twice changes nothing.
#[utoipa::path(post, path = "/v1/billing/webhook", tag = "billing", security(()),
    params(("Stripe-Signature" = String, Header, description = "the signature over the body")),
    request_body(content = String, content_type = "application/json", description = "an event"), responses(
    (status = 204, description = "it is kept"),
    (status = 400, description = "it is no event, or the signature is missing, wrong or too old", body = Problem),
    (status = 409, description = "no payments are taken here", body = Problem),
))]
pub async fn webhook(
    _: Guarded<Anyone>,
    request: HttpRequest,
    body: Body,
    billing: web::Data<Billing>,
) -> Result<HttpResponse, ApiError> {
    let text =
        std::str::from_utf8(&body.0).map_err(|_| ApiError::invalid("body", "it is not UTF-8"))?;
    let signature = request.headers().get(SIGNATURE);
    let signature = signature
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    billing.told(text, signature).await?;
    Ok(HttpResponse::NoContent().finish())
}
