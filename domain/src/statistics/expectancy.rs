//! Expectancy: what a trade of a channel earns on average, and how surely.

use super::blocks::{block_length, blocks, clustered_error, resampled};
use super::{Bounds, DRAWS, LEAST_EFFECTIVE, Trade, count, deviation, mean, quantile};

/// What a trade earns on average, in R net of costs, and how surely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectancy {
    /// How many trades there were.
    pub trades: usize,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of one trade.
    pub deviation: f64,
    /// The standard error of the mean, resampled in blocks.
    pub error: f64,
    /// The same by the formula for clusters, which needs no dice.
    pub clustered_error: f64,
    /// How many independent trades would say as much: deviation² / error², at most the trades.
    pub effective: f64,
    /// The interval of 95 %: the 2.5th and 97.5th percentile of the resampled means.
    pub bounds: Bounds,
    /// How likely a mean as good or better than none is where the truth is what was seen:
    /// (1 + #{resampled means ≥ 0}) / (draws + 1).
    pub p_of_gain: f64,
}

impl Expectancy {
    /// Is there enough to rank the channel by it?
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.effective >= LEAST_EFFECTIVE
    }
}

/// The expectancy of these trades; none of fewer than two, or of trades in a single block, which
/// say nothing about how the next one will differ.
#[must_use]
pub fn expectancy(trades: &[Trade], seed: u64) -> Option<Expectancy> {
    let earned: Vec<f64> = trades.iter().map(|trade| trade.r).collect();
    let (mean, spread) = (mean(&earned)?, deviation(&earned)?);
    let blocks = blocks(trades, block_length(trades));
    if blocks.len() < 2 {
        return None;
    }
    let means = resampled(&blocks, DRAWS, seed);
    let error = deviation(&means)?;
    let effective = if error > 0.0 {
        (spread * spread / (error * error)).min(count(trades.len()))
    } else {
        // Trades that never differ leave nothing to doubt but their number.
        count(blocks.len())
    };
    let gains = means.iter().filter(|mean| **mean >= 0.0).count();
    Some(Expectancy {
        trades: trades.len(),
        mean,
        deviation: spread,
        error,
        clustered_error: clustered_error(&blocks, mean),
        effective,
        bounds: Bounds {
            low: quantile(&means, 0.025)?,
            high: quantile(&means, 0.975)?,
        },
        p_of_gain: count(1 + gains) / count(means.len() + 1),
    })
}
