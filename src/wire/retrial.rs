//! What came of a signal when it was tried again, as the REST API shows it.

use std::time::Duration;

use domain::execution::ExecutionModel;
use domain::lifecycle::Outcome;
use domain::ports::retrial::Retried;
use domain::retrial::Seen;
use serde::Serialize;
use utoipa::ToSchema;

use super::event::OutcomeOut;

/// What came of a signal under a model from recorded prices.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetriedOut {
    /// By the rules of this version.
    policy: u32,
    /// How often it was tried by them with another result or path, from 1.
    revision: u32,
    /// When it was tried (µs UTC).
    tried: i64,
    /// What it was tried on.
    path: SeenOut,
    /// What came of it.
    outcome: OutcomeOut,
    /// What is not known for certain, and why; empty where everything is.
    unclear: Vec<String>,
}

/// The prices on which a signal was tried, as far as they mattered.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeenOut {
    /// The venue that told them, or `archive`.
    source: String,
    /// How long its longest candle is, in seconds; 0 where it is made of trades alone.
    interval_s: u64,
    /// Where it begins (µs UTC).
    from: i64,
    /// How far it was followed (µs UTC).
    to: i64,
    /// How many candles and trades.
    ticks: u64,
    /// In how many places nothing is known.
    gaps: u64,
    /// How long these are together, in seconds.
    missing_s: u64,
}

impl SeenOut {
    /// What was seen of a source.
    #[must_use]
    pub fn of(seen: &Seen, source: &str) -> Self {
        Self {
            source: source.to_owned(),
            interval_s: seen.span.as_secs(),
            from: seen.from.as_micros(),
            to: seen.to.as_micros(),
            ticks: seen.ticks,
            gaps: seen.gaps,
            missing_s: seen.missing.as_secs(),
        }
    }
}

impl From<&Retried> for RetriedOut {
    fn from(retried: &Retried) -> Self {
        let delay = ExecutionModel::named(retried.outcome.model).map(|model| model.delay);
        Self {
            policy: retried.policy,
            revision: retried.revision,
            tried: retried.tried.as_micros(),
            path: SeenOut::of(&retried.seen, &retried.source),
            outcome: OutcomeOut::of(&retried.outcome),
            unclear: unclear(
                &retried.outcome,
                Some(&retried.seen),
                delay.unwrap_or_default(),
            ),
        }
    }
}

/// What is not known for certain of an outcome, and why.
#[must_use]
pub fn unclear(outcome: &Outcome, seen: Option<&Seen>, delay: Duration) -> Vec<String> {
    let mut why = Vec::new();
    let (worse, better) = (&outcome.pessimistic, &outcome.optimistic);
    let r = |r: Option<rust_decimal::Decimal>| {
        r.map_or_else(|| "no R".to_owned(), |r| format!("{} R", r.normalize()))
    };
    if worse.ending != better.ending || worse.targets != better.targets {
        why.push(format!(
            "the price path allows both `{}` after {} targets ({}) and `{}` after {} ({})",
            worse.ending.label(),
            worse.targets,
            r(worse.r),
            better.ending.label(),
            better.targets,
            r(better.r),
        ));
    } else if worse.filled != better.filled || worse.r != better.r {
        why.push(format!(
            "the price touched an order without trading through it, or one candle holds two levels: {} or {}",
            r(worse.r),
            r(better.r),
        ));
    } else if outcome.ambiguous {
        why.push(
            "a level lies in a candle that also holds the receipt, a word of the author or a moved stop: \
             nobody can tell on which side of it"
                .to_owned(),
        );
    }
    if outcome.incomplete {
        why.push(seen.map_or_else(
            || "nothing is known of the market for a part of its life".to_owned(),
            |seen| {
                format!(
                    "nothing is known of the market in {} places, together {} s",
                    seen.gaps,
                    seen.missing.as_secs()
                )
            },
        ));
    }
    if let Some(seen) = seen.filter(|seen| !delay.is_zero() && seen.span > delay) {
        why.push(format!(
            "candles of {} s do not resolve a delay of {} s",
            seen.span.as_secs(),
            delay.as_secs()
        ));
    }
    why
}
