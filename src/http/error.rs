//! What a client is told when something is wrong: problem details (RFC 9457) with a stable code.
//!
//! The only place that picks status codes. What is logged and what a client sees are apart.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use actors::unsettled::{Unsettled, in_full};
use domain::ports::store::StoreError;
use domain::ports::till::TillError;
use domain::ports::{Advice, FeedError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::desk::Refusal;
use crate::accounts::door::Denied;
use crate::accounts::limiter::TooMany;
use crate::accounts::passwords::Unhashed;
use crate::billing;
use crate::filter::BadFilter;

/// Where the codes are explained.
const CODES: &str = "/docs#errors";

/// Everything that a request can be told instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// A parameter or a body that cannot be read.
    #[error("{field}: {why}")]
    Invalid {
        /// Which parameter or member.
        field: String,
        /// Why, and what would be right.
        why: String,
    },
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
    /// No key, or a wrong one.
    #[error("the key is missing or wrong")]
    WrongKey,
    /// Nobody knows who asks, or what he shows does not say it any more.
    #[error("{why}")]
    Unauthenticated {
        /// Why, and the remedy.
        why: String,
    },
    /// The password is right, and the second factor is asked for.
    #[error("say the code of your authenticator, or a recovery code, as `code`")]
    SecondFactor,
    /// His plan does not have it.
    #[error("{what} comes with the plan {plan}; see /v1/plans")]
    PlanNeeded {
        /// What he wants.
        what: String,
        /// The cheapest plan that has it.
        plan: String,
    },
    /// He may not do that, whatever he pays.
    #[error("that needs {what}")]
    NotAllowed {
        /// What it needs: a role or a scope.
        what: String,
    },
    /// Not from here.
    #[error("the request is refused: {why}")]
    Forbidden {
        /// Why, and the remedy.
        why: String,
    },
    /// The address is there, and does not do that.
    #[error("the method is none of {allowed}")]
    WrongMethod {
        /// What it does, as `Allow` says it.
        allowed: String,
    },
    /// The client wants what is not made here.
    #[error("this address answers with {made}; accept that, or */*")]
    NotAcceptable {
        /// What is made.
        made: String,
    },
    /// What is there does not allow it.
    #[error("{why}")]
    Conflict {
        /// Why, and the remedy.
        why: String,
    },
    /// The channel takes no more posts.
    #[error("`{0}` is archived and takes no more posts")]
    Archived(String),
    /// It was changed since the client saw it.
    #[error("it was changed meanwhile; get it again, and decide again")]
    Stale,
    /// The client does not say which state it wants to change.
    #[error("say with `If-Match` which state is meant: the `ETag` of the channel, or *")]
    Unconditional,
    /// The body is of a kind that nobody here reads.
    #[error("`{given}` is not read here; send application/json or text/plain")]
    UnsupportedMedia {
        /// What the client says that it is.
        given: String,
    },
    /// The body is larger than it may be.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// How large it may be.
        limit: usize,
    },
    /// Somebody inside does not answer now.
    #[error("the platform cannot answer now: {why}")]
    Away {
        /// Who, for people.
        why: String,
    },
    /// It is about to stop, and nothing new should come here.
    #[error("the platform is stopping; come back to the one that follows")]
    Leaving,
    /// It is asked too often.
    #[error("that is asked too often; ask again in {seconds} s")]
    TooMany {
        /// When it may be asked again.
        seconds: u64,
    },
    /// Whoever is asked for it elsewhere does not answer as he should.
    #[error("the other side did not answer as it should: {why}")]
    Upstream {
        /// Why, and the remedy.
        why: String,
    },
    /// Something that nobody foresaw. What it was stands in the log.
    #[error("something went wrong here")]
    Internal,
}

/// Problem details, as RFC 9457 has them, with a stable `code`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Where this kind of problem is explained.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time, and the remedy.
    detail: String,
    /// The kind of problem, for programs. It never changes.
    code: &'static str,
    /// The parameter or member that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The cheapest plan that has what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// The request, as it stands in the log and in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl ApiError {
    /// A parameter or member that cannot be read.
    pub fn invalid(field: impl Into<String>, why: impl ToString) -> Self {
        Self::Invalid {
            field: field.into(),
            why: why.to_string(),
        }
    }

    /// The one table of codes, titles and statuses.
    const fn row(&self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Invalid { .. } => (
                "invalid_request",
                "The request cannot be read",
                StatusCode::BAD_REQUEST,
            ),
            Self::NotFound(_) => ("not_found", "There is no such thing", StatusCode::NOT_FOUND),
            Self::WrongKey => (
                "wrong_key",
                "The key is missing or wrong",
                StatusCode::UNAUTHORIZED,
            ),
            Self::Unauthenticated { .. } => (
                "unauthenticated",
                "Nobody knows who asks",
                StatusCode::UNAUTHORIZED,
            ),
            Self::SecondFactor => (
                "second_factor_required",
                "The second factor is asked for",
                StatusCode::UNAUTHORIZED,
            ),
            Self::PlanNeeded { .. } => (
                "plan_required",
                "Another plan has that",
                StatusCode::FORBIDDEN,
            ),
            Self::NotAllowed { .. } => (
                "not_allowed",
                "Somebody else may do that",
                StatusCode::FORBIDDEN,
            ),
            Self::Forbidden { .. } => {
                ("forbidden", "The request is refused", StatusCode::FORBIDDEN)
            }
            Self::WrongMethod { .. } => (
                "method_not_allowed",
                "The address does not take this method",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::NotAcceptable { .. } => (
                "not_acceptable",
                "Nothing that is accepted is made here",
                StatusCode::NOT_ACCEPTABLE,
            ),
            Self::UnsupportedMedia { .. } => (
                "unsupported_media_type",
                "The body is of a kind that is not read",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::Conflict { .. } => (
                "conflict",
                "What is there does not allow it",
                StatusCode::CONFLICT,
            ),
            Self::Archived(_) => ("archived", "The channel is archived", StatusCode::GONE),
            Self::Stale => (
                "stale",
                "It was changed meanwhile",
                StatusCode::PRECONDITION_FAILED,
            ),
            Self::Unconditional => (
                "precondition_required",
                "The request must say which state it changes",
                StatusCode::PRECONDITION_REQUIRED,
            ),
            Self::TooLarge { .. } => (
                "too_large",
                "The body is too large",
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            Self::Away { .. } => (
                "unavailable",
                "The platform cannot answer now",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::Leaving => (
                "leaving",
                "The platform is stopping",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::TooMany { .. } => (
                "too_many_requests",
                "It is asked too often",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::Upstream { .. } => (
                "upstream",
                "Another server did not answer as it should",
                StatusCode::BAD_GATEWAY,
            ),
            Self::Internal => (
                "internal",
                "Something went wrong here",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
        }
    }

    /// Problem details as an answer, with the id of the request where there is one.
    pub(super) fn answer(&self, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        match self {
            Self::Away { .. } | Self::Leaving => {
                response.insert_header((RETRY_AFTER, "2"));
            }
            Self::TooMany { seconds } => {
                response.insert_header((RETRY_AFTER, seconds.to_string()));
            }
            Self::WrongMethod { allowed } => {
                response.insert_header((ALLOW, allowed.as_str()));
            }
            Self::Unauthenticated { .. } | Self::SecondFactor => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Self::Invalid { .. }
            | Self::NotFound(_)
            | Self::WrongKey
            | Self::PlanNeeded { .. }
            | Self::NotAllowed { .. }
            | Self::Forbidden { .. }
            | Self::NotAcceptable { .. }
            | Self::Conflict { .. }
            | Self::Archived(_)
            | Self::Stale
            | Self::Unconditional
            | Self::UnsupportedMedia { .. }
            | Self::TooLarge { .. }
            | Self::Upstream { .. }
            | Self::Internal => {}
        }
        match serde_json::to_string(&self.problem(request_id)) {
            Ok(body) => response.body(body),
            Err(_) => response.finish(),
        }
    }

    fn problem(&self, request_id: Option<&str>) -> Problem {
        let (code, title, status) = self.row();
        let plan = if let Self::PlanNeeded { plan, .. } = self {
            Some(plan.clone())
        } else {
            None
        };
        let field = match self {
            Self::Invalid { field, .. } => Some(field.clone()),
            Self::NotFound(_)
            | Self::WrongKey
            | Self::Unauthenticated { .. }
            | Self::SecondFactor
            | Self::PlanNeeded { .. }
            | Self::NotAllowed { .. }
            | Self::Forbidden { .. }
            | Self::WrongMethod { .. }
            | Self::NotAcceptable { .. }
            | Self::Conflict { .. }
            | Self::Archived(_)
            | Self::Stale
            | Self::Unconditional
            | Self::UnsupportedMedia { .. }
            | Self::TooLarge { .. }
            | Self::Away { .. }
            | Self::Leaving
            | Self::TooMany { .. }
            | Self::Upstream { .. }
            | Self::Internal => None,
        };
        Problem {
            kind: format!("{CODES}-{code}"),
            title,
            status: status.as_u16(),
            detail: self.to_string(),
            code,
            field,
            plan,
            request_id: request_id.map(str::to_owned),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.row().2
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(None)
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => error.into(),
            Denied::WrongNetwork => Self::NotAllowed {
                what: "another address: the key may not be used from this one".to_owned(),
            },
            Denied::Unbelieved(_) | Denied::Over | Denied::WrongKey => Self::Unauthenticated {
                why: denied.to_string(),
            },
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let why = refusal.to_string();
        match refusal {
            Refusal::WrongPassword | Refusal::WrongCode | Refusal::Over | Refusal::Reused => {
                Self::Unauthenticated { why }
            }
            Refusal::SecondFactor => Self::SecondFactor,
            Refusal::DeadLink => Self::invalid("token", why),
            Refusal::Weak(weak) => Self::invalid("password", weak),
            Refusal::Invalid(field, why) => Self::invalid(field, why),
            Refusal::TooMany(TooMany(wait)) => Self::TooMany {
                seconds: wait.as_secs() + 1,
            },
            Refusal::Unfit(why) => Self::Conflict { why },
            Refusal::Unknown(what) => Self::NotFound(what.to_owned()),
            Refusal::Stale => Self::Stale,
            Refusal::Unhashed(Unhashed::Crowded) => Self::Away { why },
            Refusal::Store(error) => error.into(),
            Refusal::Unhashed(Unhashed::Refused(_)) | Refusal::Unopened(_) | Refusal::Broken(_) => {
                tracing::error!("an account could not be served: {why}");
                Self::Internal
            }
        }
    }
}

impl From<billing::Refusal> for ApiError {
    fn from(refusal: billing::Refusal) -> Self {
        let why = refusal.to_string();
        match refusal {
            billing::Refusal::NoTill | billing::Refusal::Unfit(_) => Self::Conflict { why },
            billing::Refusal::Unsigned => Self::invalid("Stripe-Signature", why),
            billing::Refusal::Unreadable => Self::invalid("body", why),
            billing::Refusal::Store(error) => error.into(),
            billing::Refusal::Till(error) => {
                tracing::warn!(advice = %error.advice(), "the till did not do it: {why}");
                match error {
                    TillError::Unreachable(_) => Self::Away { why },
                    TillError::Declined(_) => Self::Conflict { why },
                    TillError::Refused(_) | TillError::Unknown => Self::Upstream { why },
                }
            }
        }
    }
}

impl From<FeedError> for ApiError {
    fn from(error: FeedError) -> Self {
        tracing::warn!(advice = %error.advice(), "a venue could not answer: {}", in_full(&error));
        match &error {
            FeedError::Unlisted(instrument) => Self::NotFound(format!("market {instrument}")),
            FeedError::Unreachable { .. } | FeedError::Unreadable { .. } => Self::Away {
                why: error.to_string(),
            },
        }
    }
}

impl From<Unsettled> for ApiError {
    fn from(unsettled: Unsettled) -> Self {
        Self::Away { why: unsettled.why }
    }
}

impl From<BadFilter> for ApiError {
    fn from(bad: BadFilter) -> Self {
        Self::invalid(bad.field, bad.why)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::from(Arc::new(error))
    }
}

impl From<Arc<StoreError>> for ApiError {
    fn from(error: Arc<StoreError>) -> Self {
        let advice = error.advice();
        tracing::warn!(%advice, "a request could not be answered: {}", in_full(&error));
        match advice {
            Advice::Retry => Self::Away {
                why: "the store is away".to_owned(),
            },
            Advice::Skip | Advice::Stop => Self::Internal,
        }
    }
}
