//! Refusals in Binance's words.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

/// A request that the exchange does not answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) i32, pub(super) String);

impl Refusal {
    pub(super) fn symbol() -> Self {
        Self(-1121, "Invalid symbol.".to_owned())
    }

    pub(super) fn interval() -> Self {
        Self(-1120, "Invalid interval.".to_owned())
    }

    pub(super) fn missing(name: &str) -> Self {
        let why = "was not sent, was empty/null, or malformed.";
        Self(-1102, format!("Mandatory parameter '{name}' {why}"))
    }

    pub(super) fn illegal(name: &str) -> Self {
        Self(
            -1100,
            format!("Illegal characters found in parameter '{name}'."),
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::BadRequest().json(json!({ "code": self.0, "msg": self.1 }))
    }
}
