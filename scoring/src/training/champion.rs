//! The champion: which step of a ladder may speak.

use crate::measure::Table;

/// The step that speaks where no other is surely better: it has two numbers and nothing to forget.
pub const USUAL: &str = "geometry_calibrated";

/// The step with the least log-loss among those that are surely better than calibrated geometry
/// (the whole interval of the difference lies below nought); calibrated geometry where none is.
#[must_use]
pub(super) fn of(walk: &Table) -> &'static str {
    let surely_better = |name: &&&'static str| {
        let against = walk
            .steps
            .get(**name)
            .and_then(|step| step.against.get(USUAL));
        against
            .and_then(|against| against.get("log_loss"))
            .is_some_and(|difference| difference.high < 0.0)
    };
    let loss = |name: &&'static str| {
        walk.steps
            .get(*name)
            .map_or(f64::INFINITY, |step| step.log_loss)
    };
    crate::steps::LADDER
        .iter()
        .filter(surely_better)
        .min_by(|one, other| loss(one).total_cmp(&loss(other)))
        .copied()
        .unwrap_or(USUAL)
}
