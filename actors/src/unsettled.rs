//! What was asked for is not settled, and what to do about it.

use domain::ports::Advice;
use domain::ports::store::StoreError;

use crate::supervise::Away;

/// What was asked for is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not settled: {why}")]
pub struct Unsettled {
    /// What to do next.
    pub advice: Advice,
    /// Why.
    pub why: String,
}

impl Unsettled {
    /// It may go better later.
    #[must_use]
    pub fn retry(why: impl Into<String>) -> Self {
        Self {
            advice: Advice::Retry,
            why: why.into(),
        }
    }
}

impl From<Away> for Unsettled {
    fn from(away: Away) -> Self {
        Self::retry(away.to_string())
    }
}

impl From<&StoreError> for Unsettled {
    fn from(error: &StoreError) -> Self {
        Self {
            advice: error.advice(),
            why: in_full(error),
        }
    }
}

impl From<StoreError> for Unsettled {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

/// An error with everything that caused it.
#[must_use]
pub fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
