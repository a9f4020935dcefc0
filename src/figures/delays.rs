//! The delay curve: what is left of a channel for those who come later.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::execution::ExecutionModel;
use domain::ids::SignalId;
use domain::ports::retrial::Retried;
use domain::ports::store::SignalRecord;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Figures, Known, under};

/// What came of the signals for those who come so much later, beside the same ones without delay.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Delayed {
    /// How much later than receipt, in seconds.
    pub delay_s: u64,
    /// The execution model.
    pub model: &'static str,
    /// How many signals: those that were tried with and without the delay, on prices that resolve it and
    /// have no gap.
    pub signals: usize,
    /// How many of them were entered without delay, and had a stop.
    pub trades_at_once: usize,
    /// How many of them were entered so much later, and had a stop.
    pub trades: usize,
    /// What a trade earned on average without delay, in R, on the same prices.
    pub mean_r_at_once: Option<Known>,
    /// What a trade earned on average so much later, in R.
    pub mean_r: Option<Known>,
    /// How many signals were tried on prices that do not resolve the delay, or have a gap.
    pub left_out: usize,
}

/// The models of the curve: the default and what differs from it by its delay alone.
pub fn models() -> impl Iterator<Item = ExecutionModel> {
    ExecutionModel::ALL.into_iter().filter(|model| {
        let at_once = ExecutionModel {
            name: ExecutionModel::DEFAULT.name,
            delay: Duration::ZERO,
            ..model.clone()
        };
        at_once == ExecutionModel::DEFAULT
    })
}

/// The curve, of the newest retrials of each signal under each of [`models`]; only delays that some of
/// the prices resolve.
#[must_use]
pub fn curve(signals: &[SignalRecord], retried: &[Retried]) -> Vec<Delayed> {
    let mut by: HashMap<&str, HashMap<SignalId, &Retried>> = HashMap::new();
    for one in retried {
        let of = by.entry(one.outcome.model).or_default();
        of.insert(one.signal, one);
    }
    let nothing = HashMap::new();
    let at_once = by.get(ExecutionModel::DEFAULT.name).unwrap_or(&nothing);
    let point = |model: ExecutionModel| {
        let late = by.get(model.name)?;
        let whole =
            |retried: &Retried| retried.seen.span <= model.delay && !retried.outcome.incomplete;
        let both = |id: &SignalId| {
            let pair = [late.get(id), at_once.get(id)];
            pair.iter().all(|one| one.is_some_and(|one| whole(one)))
        };
        let told: HashSet<SignalId> = late.keys().copied().filter(both).collect();
        let of = |retried: &HashMap<SignalId, &Retried>| {
            let records = signals.iter().filter(|one| told.contains(&one.signal.id));
            let retried = |id| retried.get(&id).map(|one| one.outcome.clone());
            Figures::of(&under(records.cloned().collect(), retried).0)
        };
        let (early, late_of) = (of(at_once), of(late));
        (!told.is_empty()).then(|| Delayed {
            delay_s: model.delay.as_secs(),
            model: model.name,
            signals: told.len(),
            trades_at_once: early.trades,
            trades: late_of.trades,
            mean_r_at_once: early.mean_r,
            mean_r: late_of.mean_r,
            left_out: late.len() - told.len(),
        })
    };
    let late = models().filter(|model| !model.delay.is_zero());
    late.filter_map(point).collect()
}
