//! Measures: how good chances were, and how surely one step is better than another.
//!
//! Every figure is of the first target. What speaks of certainty is resampled in blocks of time,
//! the same blocks for all steps, so that a difference is measured on the same past.

use std::collections::BTreeMap;

use domain::statistics::{self, Trade, block_length};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use crate::dataset::Row;
use crate::training::USUAL;

mod figures;
mod picture;

pub use figures::{Figures, Ranked, TOP, bins, perfect_ece};
pub use picture::reliability;

/// So often the past is dealt anew.
pub const DRAWS: usize = 400;

/// The dice with which it is dealt: always the same, so a table is, too.
const SEED: u64 = 1;

/// With fewer blocks of time than this the past says nothing of how the next will differ.
pub const LEAST_BLOCKS: usize = 8;

/// A figure between its bounds: the 2.5th and 97.5th percentile of the resampled ones; without
/// bounds where there are too few blocks of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// The figure.
    pub value: f64,
    /// Its lower bound.
    pub low: Option<f64>,
    /// Its upper bound.
    pub high: Option<f64>,
}

/// How good the chances of one step were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Mean −log(chance of what happened), in nats; a coin has 0.6931.
    pub log_loss: f64,
    /// Mean square of what was off; a coin has 0.25.
    pub brier: f64,
    /// How often a winner was told likelier than a loser; a coin has 0.5.
    pub auc: f64,
    /// Over ten equal parts by chance, equal chances in one: how far the mean chance was from the share
    /// that won.
    pub ece: f64,
    /// What that would be, on as many rows, were every chance right.
    pub ece_of_perfect: f64,
    /// The line through log-odds that would have put the chances right: nought and one are perfect.
    pub calibration_intercept: Between,
    /// Its slope.
    pub calibration_slope: Between,
    /// The share that reached the first target, of the tenth told likeliest.
    pub top_precision: Between,
    /// What was earned in R on average, of the tenth of which the most was expected.
    pub top_r: Between,
    /// The figures between their bounds, by name.
    pub between: BTreeMap<String, Between>,
    /// How much more this step has than each of those below it and than calibrated geometry, by the step's
    /// name and the figure's. Of log-loss, Brier and ECE less is better.
    pub against: BTreeMap<String, BTreeMap<String, Between>>,
}

/// The ladder as it was measured on some rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// How many rows.
    pub rows: usize,
    /// How many of them reached the first target.
    pub won: usize,
    /// What they earned in R on average.
    pub mean_r: f64,
    /// In how many blocks of time they lie.
    pub blocks: usize,
    /// How long a block is, in hours.
    pub block_hours: f64,
    /// Each step.
    pub steps: BTreeMap<String, Standing>,
}

/// What a step said of some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Which step.
    pub step: &'static str,
    /// The chance of each row's first target.
    pub chances: Vec<f64>,
    /// What it expected of each row in R.
    pub expected_r: Vec<f64>,
}

impl Said {
    /// What was said of those at these places.
    #[must_use]
    pub fn among(&self, places: &[usize]) -> Self {
        let of = |values: &[f64]| places.iter().map(|nth| values[*nth]).collect();
        Self {
            step: self.step,
            chances: of(&self.chances),
            expected_r: of(&self.expected_r),
        }
    }
}

/// Measures what steps said of these rows.
#[must_use]
pub fn table(rows: &[&Row], said: &[Said]) -> Table {
    let (blocks, hours) = blocks(rows);
    let count = blocks.iter().max().map_or(0, |last| last + 1);
    let deals = deals(count);
    let won: Vec<bool> = rows.iter().map(|row| row.won()).collect();
    let earned: Vec<f64> = rows.iter().map(|row| row.r).collect();
    let ranked: Vec<Ranked> = said
        .iter()
        .map(|said| Ranked::new(said, &won, &earned, &blocks))
        .collect();
    let once = vec![1.0; count];
    let point: Vec<Figures> = ranked.iter().map(|ranked| ranked.figures(&once)).collect();
    let dealt: Vec<Vec<Figures>> = ranked
        .iter()
        .map(|ranked| deals.iter().map(|deal| ranked.figures(deal)).collect())
        .collect();
    let steps = said
        .iter()
        .enumerate()
        .map(|(nth, step)| {
            let of = |figure: fn(&Figures) -> f64| {
                let all = dealt[nth].iter().map(figure);
                between(figure(&point[nth]), all)
            };
            // Whoever is surely better than the usual may speak, those below it, too.
            let others = (0..said.len())
                .filter(|other| *other < nth || (*other != nth && said[*other].step == USUAL));
            let against = others.map(|below| {
                let figures = Figures::NAMED.iter().map(|(name, figure)| {
                    let differ = dealt[nth].iter().zip(&dealt[below]);
                    let differ = differ.map(|(one, other)| figure(one) - figure(other));
                    let value = figure(&point[nth]) - figure(&point[below]);
                    ((*name).to_owned(), between(value, differ))
                });
                (said[below].step.to_owned(), figures.collect())
            });
            let figures = &point[nth];
            let standing = Standing {
                log_loss: figures.log_loss,
                brier: figures.brier,
                auc: figures.auc,
                ece: figures.ece,
                ece_of_perfect: perfect_ece(&step.chances, SEED),
                calibration_intercept: of(|figures| figures.line.intercept),
                calibration_slope: of(|figures| figures.line.slope),
                top_precision: of(|figures| figures.top_precision),
                top_r: of(|figures| figures.top_r),
                between: Figures::NAMED
                    .iter()
                    .map(|(name, figure)| ((*name).to_owned(), of(*figure)))
                    .collect(),
                against: against.collect(),
            };
            (step.step.to_owned(), standing)
        })
        .collect();
    Table {
        rows: rows.len(),
        won: won.iter().filter(|won| **won).count(),
        mean_r: statistics::mean(&earned).unwrap_or_default(),
        blocks: count,
        block_hours: hours,
        steps,
    }
}

/// In which block of time each row lies, and how long a block is in hours.
fn blocks(rows: &[&Row]) -> (Vec<usize>, f64) {
    let trades: Vec<Trade> = rows
        .iter()
        .map(|row| Trade {
            received: row.received,
            entered: row.received,
            ended: row.ended,
            r: row.r,
        })
        .collect();
    let length = block_length(&trades);
    let Some(first) = rows.iter().map(|row| row.received).min() else {
        return (Vec::new(), 0.0);
    };
    let nth = |row: &&Row| row.received.since(first).as_nanos() / length.as_nanos().max(1);
    // Blocks without a row say nothing and have no number.
    let mut filled: Vec<u128> = rows.iter().map(nth).collect();
    filled.sort_unstable();
    filled.dedup();
    let place = |row: &&Row| filled.partition_point(|filled| *filled < nth(row));
    (
        rows.iter().map(place).collect(),
        length.as_secs_f64() / 3600.0,
    )
}

/// How often each block is dealt, in each of the pasts; no pasts where there are too few blocks.
fn deals(blocks: usize) -> Vec<Vec<f64>> {
    if blocks < LEAST_BLOCKS {
        return Vec::new();
    }
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    (0..DRAWS)
        .map(|_| {
            let mut deal = vec![0.0; blocks];
            for _ in 0..blocks {
                deal[dice.random_range(0..blocks)] += 1.0;
            }
            deal
        })
        .collect()
}

/// A figure between the 2.5th and 97.5th percentile of others; of no others without bounds.
fn between(value: f64, others: impl Iterator<Item = f64>) -> Between {
    let mut others: Vec<f64> = others.filter(|other| other.is_finite()).collect();
    others.sort_by(f64::total_cmp);
    Between {
        value,
        low: statistics::quantile(&others, 0.025),
        high: statistics::quantile(&others, 0.975),
    }
}
