//! Statistics: what may be said of a channel, from the trades of its that have ended.
//!
//! Signals come in baskets and overlap, so everything that speaks of chance is resampled in blocks
//! of time. The formulas and their sources are explained in `docs/guide/figures.md`; each is tested
//! against an independent library.

mod anytime;
mod blocks;
mod bounds;
mod deletions;
mod discovery;
mod equity;
mod expectancy;

use std::time::Duration;

pub use anytime::{Anytime, anytime};
pub use blocks::block_length;
pub use bounds::{Bounds, wilson};
pub use deletions::{Exact, Told, exact, permuted};
pub use discovery::discoveries;
pub use equity::{Curve, Point, per_day, sharpe, sortino};
pub use expectancy::{Expectancy, expectancy};

use crate::time::Timestamp;

/// A day, in which signals are thought to depend on each other however short they are held.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// The z of a two-sided interval of 95 %: the 0.975 quantile of the normal distribution.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// The least effective number of trades with which a channel is ranked.
pub const LEAST_EFFECTIVE: f64 = 30.0;

/// How many times the past is dealt anew.
pub const DRAWS: usize = 2_000;

/// A trade that has ended, as the figures see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// When its signal was received.
    pub received: Timestamp,
    /// When it was first filled.
    pub entered: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What it earned in R, net of costs.
    pub r: f64,
}

/// The mean; none of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
}

/// The standard deviation of a sample, with n − 1; none of fewer than two values.
#[must_use]
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / count(values.len() - 1)).sqrt())
}

/// What was won over what was lost, Σ gains / |Σ losses|; none where nothing was lost.
#[must_use]
pub fn profit_factor(values: &[f64]) -> Option<f64> {
    let sum = |wins: bool| -> f64 {
        let side = values.iter().filter(|value| (**value > 0.0) == wins);
        side.sum()
    };
    let lost = sum(false).abs();
    (lost > 0.0).then(|| sum(true) / lost)
}

/// How often a price that goes nowhere reaches a target `gain` away before a stop `risk` away:
/// risk / (risk + gain), the gambler's ruin (Feller, *An Introduction to Probability Theory*, vol. 1,
/// ch. XIV); none where they are no distance apart.
#[must_use]
pub fn by_chance(risk: f64, gain: f64) -> Option<f64> {
    let apart = risk + gain;
    (apart > 0.0).then(|| risk / apart)
}

/// The value below which a share of the sorted values lies, interpolated between neighbours
/// (Hyndman and Fan's definition 7, which numpy uses).
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * count(last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between zero and the length"
    )]
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    let part = at - at.floor();
    Some(sorted[below] + (sorted[above] - sorted[below]) * part)
}

/// The value in the middle, or between the two there; none of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// A number of things as a number to reckon with.
#[expect(
    clippy::cast_precision_loss,
    reason = "no list has more than 2^52 members"
)]
#[must_use]
pub const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(mean(&[]), None);
        assert_eq!(deviation(&[1.0]), None);
        assert_eq!(profit_factor(&[1.0, 2.0]), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&sorted, 0.5), Some(3.0));
        assert_eq!(quantile(&sorted, 0.0), Some(1.0));
        assert_eq!(quantile(&sorted, 1.0), Some(8.0));
    }
}
