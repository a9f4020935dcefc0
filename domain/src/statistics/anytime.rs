//! Anytime: bounds that hold however often, and whenever, somebody looks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::blocks::Block;
use super::{Bounds, DAY, Trade, block_length, count};

/// In blocks: where the bounds are tightest, at some 24 of them, as far as their level allows.
const TIGHTEST: f64 = 3.0;

/// What a mean is known to be by blocks of time that are over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anytime {
    /// In how many blocks something was seen.
    pub blocks: usize,
    /// Where the mean lies; none while the blocks are too few to say so at this level.
    pub bounds: Option<Bounds>,
}

/// Bounds of the mean that miss it with a probability of `level` at most **at any time at all**: one who
/// looks after every block and stops at the first that pleases him is wrong no more often.
///
/// Blocks are whole days, as long as [`block_length`] says, counted from 1970 so that none changes its
/// limits while the past grows. The newest is not over and does not count.
///
/// With d the sum of a block's distances from a mean μ and n blocks, μ is inside while
/// |Σ d| / √(Σ d² / n) < u, where u² = 2 (n + ρ) ln(1 + √((n + ρ) / ρ) / level): the one-sided normal
/// mixture of Howard, Ramdas, McAuliffe and Sekhon, *Time-uniform, nonparametric, nonasymptotic confidence
/// sequences*, Annals of Statistics 49 (2021), equation 14, once for each side, on sums that are
/// normalised by themselves (de la Peña, *A general class of exponential inequalities for martingales and
/// ratios*, Annals of Probability 27, 1999), which holds for sums that are as likely to lie above as below
/// and, by Waudby-Smith et al., *Time-uniform central limit theory and asymptotic confidence sequences*,
/// Annals of Statistics 52 (2024), for others where the blocks are many.
#[must_use]
pub fn anytime(trades: &[Trade], level: f64) -> Anytime {
    let length = whole_days(block_length(trades));
    let mut blocks: BTreeMap<i128, Block> = BTreeMap::new();
    for trade in trades {
        let at = i128::from(trade.received.as_micros());
        let block = blocks.entry(at.div_euclid(length)).or_default();
        block.trades += 1.0;
        block.sum += trade.r;
    }
    blocks.pop_last();
    let blocks: Vec<Block> = blocks.into_values().collect();
    Anytime {
        blocks: blocks.len(),
        bounds: bounds(&blocks, level),
    }
}

/// The two ends: where the inequality above, a square of the distance from the mean that was seen, is
/// an equality.
fn bounds(blocks: &[Block], level: f64) -> Option<Bounds> {
    let n = count(blocks.len());
    let trades: f64 = blocks.iter().map(|block| block.trades).sum();
    let mean = blocks.iter().map(|block| block.sum).sum::<f64>() / trades;
    let (mut crossed, mut spread, mut squares) = (0.0, 0.0, 0.0);
    for block in blocks {
        let apart = block.sum - block.trades * mean;
        crossed += apart * block.trades;
        spread += apart * apart;
        squares += block.trades * block.trades;
    }
    let reach = 2.0 * (n + TIGHTEST) * (1.0 + ((n + TIGHTEST) / TIGHTEST).sqrt() / level).ln() / n;
    // Where this is not above nought any mean at all would do; so it is where there are no blocks.
    let room = trades * trades - reach * squares;
    if room.is_nan() || room <= 0.0 {
        return None;
    }
    let (middle, half) = (
        reach * crossed / room,
        ((reach * crossed).powi(2) + room * reach * spread).sqrt() / room,
    );
    Some(Bounds {
        low: mean - middle - half,
        high: mean - middle + half,
    })
}

/// In microseconds.
fn whole_days(length: Duration) -> i128 {
    let (length, day) = (length.as_micros(), DAY.as_micros());
    i128::try_from(length.div_ceil(day).max(1) * day).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;
    use crate::time::Timestamp;

    /// A trade in the middle of each day that earned so much.
    fn daily(earned: &[f64]) -> Vec<Trade> {
        let trades = earned.iter().zip(0..).map(|(r, day)| {
            let received = Timestamp::from_micros(0) + DAY * day + DAY / 2;
            Trade {
                received,
                entered: received,
                ended: received + DAY / 48,
                r: *r,
            }
        });
        trades.collect()
    }

    #[test]
    fn the_bounds_are_those_on_paper() {
        // Sixteen days that are over, +1 and -1 in turn, and one that is not.
        let earned: Vec<f64> = (0..17).map(|day| f64::from(1 - day % 2 * 2)).collect();
        let told = anytime(&daily(&earned), 0.05);
        // u² = 2 · 19 · ln(1 + √(19/3) / 0.05) = 149.7; ± u · 1 / √(16² − u²)
        let bounds = told.bounds.unwrap();
        assert_eq!(told.blocks, 16);
        let square = 38.0 * (1.0 + (19.0_f64 / 3.0).sqrt() / 0.05).ln();
        assert!((square - 149.7).abs() < 0.05, "{square}");
        let half = (square / (256.0 - square)).sqrt();
        assert!((bounds.high - half).abs() < 1e-12 && (bounds.low + half).abs() < 1e-12);
    }

    #[test]
    fn few_blocks_say_nothing_however_much_they_agree_and_the_newest_is_not_over() {
        assert_eq!(anytime(&[], 0.05).bounds, None);
        let ten = anytime(&daily(&[-1.0; 10]), 0.05);
        assert_eq!((ten.blocks, ten.bounds), (9, None));
        let eleven = anytime(&daily(&[-1.0; 11]), 0.05);
        assert!(eleven.bounds.unwrap().high < 0.0);
        // A stricter level asks for more of them.
        assert_eq!(anytime(&daily(&[-1.0; 11]), 0.01).bounds, None);
    }

    #[test]
    fn a_block_that_outweighs_all_others_counts_as_hardly_more_than_one() {
        let mut trades = daily(&[-1.0; 20]);
        let heavy: Vec<Trade> = vec![trades[3]; 400];
        assert!(anytime(&trades, 0.05).bounds.is_some());
        trades.extend(heavy);
        assert_eq!(anytime(&trades, 0.05).bounds, None);
    }

    /// Whether the mean is ever said to lie below nought, where it lies `by` standard deviations of a day's
    /// mean below it and somebody looks after every day of sixty. Days have one to five trades.
    fn ever_below(seed: u64, by: f64, level: f64) -> bool {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut trades = Vec::new();
        (0..61_u32).any(|day| {
            let shared = dice.random_range(-3.0_f64.sqrt()..3.0_f64.sqrt()) - by;
            for nth in 0..dice.random_range(1..6_u32) {
                let received = Timestamp::from_micros(0) + DAY * day + DAY / 24 * nth;
                trades.push(Trade {
                    received,
                    entered: received,
                    ended: received,
                    r: shared,
                });
            }
            let bounds = anytime(&trades, level).bounds;
            bounds.is_some_and(|bounds| bounds.high < 0.0)
        })
    }

    #[test]
    fn whoever_looks_every_day_at_what_is_no_different_is_hardly_ever_wrong() {
        let wrong = (0..1_000).filter(|seed| ever_below(*seed, 0.0, 0.05));
        let wrong = wrong.count();
        assert!(wrong <= 25, "{wrong} of 1000");
        // Of four that are looked at together, each at a fourth of the level.
        let line_ups = (0..250_u64).filter(|line_up| {
            let mut four = (0..4).map(|nth| 10_000 + line_up * 4 + nth);
            four.any(|seed| ever_below(seed, 0.0, 0.05 / 4.0))
        });
        let wrong = line_ups.count();
        assert!(wrong <= 7, "{wrong} of 250 line-ups");
    }

    #[test]
    fn what_is_clearly_less_is_found_within_sixty_days() {
        // Three quarters of a day's deviation, and days of unlike weight.
        let found = (0..200).filter(|seed| ever_below(*seed, 0.75, 0.05));
        let found = found.count();
        assert!(found >= 180, "{found} of 200");
    }
}
