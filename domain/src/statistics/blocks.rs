//! Blocks: stretches of time in which trades depend on each other, dealt anew as a whole.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::{DAY, Trade, count, quantile};

/// How long a block is: a day, or the 90th percentile of the time in a trade where that is longer.
#[must_use]
pub fn block_length(trades: &[Trade]) -> Duration {
    let mut held: Vec<f64> = trades
        .iter()
        .map(|trade| trade.ended.since(trade.entered).as_secs_f64())
        .collect();
    held.sort_by(f64::total_cmp);
    let long = quantile(&held, 0.9).unwrap_or_default();
    DAY.max(Duration::from_secs_f64(long.max(0.0)))
}

/// How many trades a block has, and what they earned together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) trades: f64,
    pub(super) sum: f64,
}

/// The trades in blocks of equal length, by the time of their receipt, from the first one on.
/// Blocks without a trade say nothing about the mean of a trade and are left out.
pub(super) fn blocks(trades: &[Trade], length: Duration) -> Vec<Block> {
    let Some(first) = trades.iter().map(|trade| trade.received).min() else {
        return Vec::new();
    };
    let mut filled: std::collections::BTreeMap<u128, Block> = std::collections::BTreeMap::new();
    for trade in trades {
        let nth = trade.received.since(first).as_nanos() / length.as_nanos().max(1);
        let block = filled.entry(nth).or_default();
        block.trades += 1.0;
        block.sum += trade.r;
    }
    filled.into_values().collect()
}

/// The means of `draws` pasts that are put together from these blocks, each drawn with
/// replacement (the cluster bootstrap of Davison and Hinkley, 1997, section 3.8), sorted.
pub(super) fn resampled(blocks: &[Block], draws: usize, seed: u64) -> Vec<f64> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..draws)
        .map(|_| {
            let mut all = Block::default();
            for _ in 0..blocks.len() {
                let block = blocks[dice.random_range(0..blocks.len())];
                all.trades += block.trades;
                all.sum += block.sum;
            }
            all.sum / all.trades
        })
        .collect();
    means.sort_by(f64::total_cmp);
    means
}

/// The standard error of the mean where trades of one block depend on each other in any way:
/// √(Σ over blocks of (sum − n · mean)²) / N (Cameron and Miller, 2015, equation 11, without a
/// correction for few blocks).
pub(super) fn clustered_error(blocks: &[Block], mean: f64) -> f64 {
    let trades: f64 = blocks.iter().map(|block| block.trades).sum();
    let squares: f64 = blocks
        .iter()
        .map(|block| (block.sum - block.trades * mean).powi(2))
        .sum();
    squares.sqrt() / trades.max(count(1))
}
