//! The verdict: what came of a signal, in R.

use rust_decimal::{Decimal, RoundingStrategy};

use super::run::Run;
use super::track::Track;
use super::{BoundResult, Outcome, State};
use crate::market::Price;

/// R is told to this many decimals, and rounded nowhere before.
const DECIMALS: u32 = 6;

impl Track {
    /// The outcome; none while a bound is not over.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let pessimistic = self.result(&self.pessimistic)?;
        let optimistic = self.result(&self.optimistic)?;
        let ambiguous = self.ambiguous || disagree(&pessimistic, &optimistic);
        Some(Outcome {
            model: self.terms.model,
            policy: self.terms.policy,
            pessimistic,
            optimistic,
            ambiguous,
            incomplete: self.incomplete,
        })
    }

    fn result(&self, run: &Run) -> Option<BoundResult> {
        let State::Ended(ending) = run.state else {
            return None;
        };
        let entered = run.entered_at.is_some();
        let entry = run.average().map(Price::get).filter(|_| entered);
        let sign = self.terms.side.sign();
        let excursion = |price: Option<Price>| {
            let moved = sign * (price?.get() - entry?);
            self.in_r(moved)
        };
        Some(BoundResult {
            ending,
            r: self.in_r(run.cash).filter(|_| entered),
            filled: run.filled,
            targets: run.reached,
            entered_at: run.entered_at,
            ended_at: run.ended_at?,
            mfe: excursion(run.best).map(|r| r.max(Decimal::ZERO)),
            mae: excursion(run.worst).map(|r| r.min(Decimal::ZERO)),
        })
    }

    /// Money in units of the published risk of the whole intended position. What was not entered
    /// earned nothing and still counts in the risk.
    fn in_r(&self, money: Decimal) -> Option<Decimal> {
        let risk = (self.published?.get() - self.terms.stop?.get()).abs();
        let r = money.checked_div(risk)?;
        Some(
            r.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointNearestEven)
                .normalize(),
        )
    }
}

/// Whether the two ways of reading the market tell different stories.
fn disagree(one: &BoundResult, other: &BoundResult) -> bool {
    let near = match (one.r, other.r) {
        (Some(one), Some(other)) => (one - other).abs() <= Decimal::new(2, DECIMALS),
        (one, other) => one == other,
    };
    one.ending != other.ending
        || one.targets != other.targets
        || one.filled != other.filled
        || !near
}
