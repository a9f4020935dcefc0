//! Shuffled: what steps make of outcomes that were dealt anew.
//!
//! Where outcomes belong to no signal, nobody can tell winners from losers. A step that can has seen
//! what it must not see, and one that tells the true outcomes no better has learned nothing.

use domain::statistics;
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use super::{Kind, STEPS};
use crate::dataset::{Fate, Fold, Row, folds};
use crate::measure::{Ranked, Said};
use crate::steps::trees::BadTrees;

/// So many rows are enough to see it; of more, every second or third is taken.
const AT_MOST: usize = 6_000;

/// The mean of honest steps is no farther than this from a half.
pub const NEAR: f64 = 0.01;

/// What a step made of shuffled outcomes, and of the true ones, on the same walk forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shuffled {
    /// Which step.
    pub step: String,
    /// How many rows it walked through.
    pub rows: usize,
    /// How often the outcomes were shuffled.
    pub times: usize,
    /// How well it told winners from losers on average when they were.
    pub mean_auc: f64,
    /// The 95th percentile of that.
    pub auc_95: f64,
    /// How well it tells the true ones.
    pub true_auc: f64,
}

impl Shuffled {
    /// Does it tell nothing where there is nothing to be told?
    #[must_use]
    pub fn sees_nothing_in_noise(&self) -> bool {
        (self.mean_auc - 0.5).abs() <= NEAR
    }

    /// Does it tell true outcomes better than nearly all shuffled ones?
    #[must_use]
    pub fn stands_out(&self) -> bool {
        self.true_auc > self.auc_95
    }

    /// Who finds something in noise has seen too much, and who finds nothing in the truth has learned
    /// nothing: neither may speak.
    #[must_use]
    pub fn may_speak(&self) -> bool {
        self.sees_nothing_in_noise() && self.stands_out()
    }
}

/// Lets a step walk through so many pasts whose outcomes were shuffled.
pub(super) fn shuffled(
    kind: &Kind,
    rows: &[Row],
    among: &[usize],
    times: usize,
    seed: u64,
) -> Result<Shuffled, BadTrees> {
    let every = among.len().div_ceil(AT_MOST).max(1);
    let mut rows: Vec<Row> = among
        .iter()
        .step_by(every)
        .map(|nth| rows[*nth].clone())
        .collect();
    let places: Vec<usize> = (0..rows.len()).collect();
    let walk = folds(&rows, &places, STEPS);
    let true_auc = auc(kind, &rows, &walk, seed)?;
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut aucs = Vec::with_capacity(times);
    for _ in 0..times {
        deal(&mut rows, &mut dice);
        aucs.push(auc(kind, &rows, &walk, seed)?);
    }
    aucs.sort_by(f64::total_cmp);
    Ok(Shuffled {
        step: kind.name().to_owned(),
        rows: rows.len(),
        times,
        mean_auc: statistics::mean(&aucs).unwrap_or(0.5),
        auc_95: statistics::quantile(&aucs, 0.95).unwrap_or(0.5),
        true_auc,
    })
}

/// Deals what came of signals to others, whoever called them: among those alike it would still be told
/// by what they have in common. Of targets that a signal has beyond those of the other, the last says
/// what comes of them.
fn deal(rows: &mut [Row], dice: &mut ChaCha8Rng) {
    let mut outcomes: Vec<(Vec<Fate>, f64)> =
        rows.iter().map(|row| (row.fates.clone(), row.r)).collect();
    outcomes.shuffle(dice);
    for (row, (fates, r)) in rows.iter_mut().zip(outcomes) {
        let wanted = row.fates.len();
        row.fates = (0..wanted)
            .map(|nth| fates[nth.min(fates.len() - 1)])
            .collect();
        row.r = r;
    }
}

/// How well a step tells winners from losers on a walk forward.
fn auc(kind: &Kind, rows: &[Row], walk: &[Fold], seed: u64) -> Result<f64, BadTrees> {
    let said = kind.walk(rows, walk, seed)?;
    let walked: Vec<&Row> = walk
        .iter()
        .flat_map(|fold| &fold.test)
        .map(|nth| &rows[*nth])
        .collect();
    let won: Vec<bool> = walked.iter().map(|row| row.won()).collect();
    let earned: Vec<f64> = walked.iter().map(|row| row.r).collect();
    let said = Said {
        step: kind.name(),
        chances: said.iter().map(|said| said[0].target).collect(),
        expected_r: vec![0.0; said.len()],
    };
    let one_block = vec![0; won.len()];
    Ok(Ranked::new(&said, &won, &earned, &one_block)
        .figures(&[1.0])
        .auc)
}
