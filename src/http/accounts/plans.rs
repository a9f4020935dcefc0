//! The plans that there are, and what one pays for.

use std::time::Duration;

use actix_web::web;
use domain::plan::{Allowance, Feature, Plan, PlanId, Prices};
use domain::ports::accounts::Subscription;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Door;
use crate::http::error::ApiError;
use crate::http::guarded::{Anyone, Guarded};

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanOut {
    /// Its name.
    id: String,
    /// What is to be said of it.
    #[serde(flatten)]
    terms: PlanTerms,
}

/// What a plan costs and allows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTerms {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 100)]
    title: String,
    /// Its place among the plans; everybody with an account has the least.
    rank: u16,
    /// What a month costs, in cents of a US dollar; none when it is not sold by the month.
    monthly_cents: Option<u32>,
    /// What a year costs.
    yearly_cents: Option<u32>,
    /// So many days are free at first.
    trial_days: u16,
    /// How long signals and what becomes of them are withheld, in seconds; 0: realtime.
    delay_s: u32,
    /// Of how many channels signals are shown; none: of all.
    channels: Option<u32>,
    /// How far back signals are shown, in days; none: everything.
    history_days: Option<u32>,
    /// What else: `analytics`, `exports`, `scores`, `what_if`, `keys`.
    features: Vec<String>,
    /// How many requests a minute.
    #[schema(minimum = 1)]
    requests_a_minute: u32,
    /// How many requests a month; none without an end.
    requests_a_month: Option<u64>,
}

impl PlanOut {
    pub(super) fn of(plan: &Plan) -> Self {
        let allows = &plan.allows;
        let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            id: plan.id.to_string(),
            terms: PlanTerms {
                title: plan.title.clone(),
                rank: plan.rank,
                monthly_cents: plan.prices.monthly,
                yearly_cents: plan.prices.yearly,
                trial_days: plan.prices.trial_days,
                delay_s: whole(allows.delay.as_secs()),
                channels: allows.channels,
                history_days: allows.history.map(|it| whole(it.as_secs() / 86_400)),
                features: allows
                    .features
                    .iter()
                    .map(|it| it.label().to_owned())
                    .collect(),
                requests_a_minute: allows.requests_a_minute,
                requests_a_month: allows.requests_a_month,
            },
        }
    }
}

impl PlanTerms {
    /// The plan of this name.
    pub(super) fn plan(self, id: PlanId) -> Result<Plan, ApiError> {
        let title = self.title.trim().to_owned();
        if !(1..=100).contains(&title.chars().count()) {
            return Err(ApiError::invalid("title", "use 1 to 100 characters"));
        }
        if self.requests_a_minute == 0 {
            return Err(ApiError::invalid(
                "requests_a_minute",
                "nobody could ask anything; use 60",
            ));
        }
        if self.monthly_cents == Some(0) || self.yearly_cents == Some(0) {
            let why = "leave it out when it is not sold";
            return Err(ApiError::invalid("monthly_cents", why));
        }
        let feature = |label: &String| {
            let known: Vec<_> = Feature::ALL.iter().map(|it| it.label()).collect();
            Feature::from_label(label).ok_or_else(|| {
                ApiError::invalid("features", format!("use some of {}", known.join(", ")))
            })
        };
        Ok(Plan {
            id,
            title,
            rank: self.rank,
            prices: Prices {
                monthly: self.monthly_cents,
                yearly: self.yearly_cents,
                trial_days: self.trial_days,
            },
            allows: Allowance {
                delay: Duration::from_secs(self.delay_s.into()),
                channels: self.channels,
                history: self
                    .history_days
                    .map(|days| Duration::from_secs(u64::from(days) * 86_400)),
                features: self
                    .features
                    .iter()
                    .map(feature)
                    .collect::<Result<_, _>>()?,
                requests_a_minute: self.requests_a_minute,
                requests_a_month: self.requests_a_month,
            },
        })
    }
}

/// What somebody pays for.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionOut {
    /// Which plan.
    plan: Option<String>,
    /// `trialing`, `active`, `past_due` (a payment failed, and the grace period runs) or `ended`.
    standing: &'static str,
    /// Until when it is paid (µs UTC).
    paid_until: Option<i64>,
    /// It ends then.
    ends: bool,
    /// Until when a failed payment is borne (µs UTC).
    grace_until: Option<i64>,
}

impl SubscriptionOut {
    pub(in crate::http) fn of(paid: &Subscription) -> Self {
        Self {
            plan: paid.plan.as_ref().map(ToString::to_string),
            standing: paid.standing.label(),
            paid_until: paid.paid_until.map(Timestamp::as_micros),
            ends: paid.ends,
            grace_until: paid.grace_until.map(Timestamp::as_micros),
        }
    }
}

/// The plans, from the least.
#[utoipa::path(get, path = "/v1/plans", tag = "accounts", security(()), responses((status = 200, body = Vec<PlanOut>)))]
pub async fn plans(_: Guarded<Anyone>, door: web::Data<Door>) -> web::Json<Vec<PlanOut>> {
    web::Json(door.plans().iter().map(PlanOut::of).collect())
}
