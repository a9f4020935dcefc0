//! The figures, reckoned so that a past that is dealt anew costs one pass over the rows.

use domain::statistics::count;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::Said;
use crate::steps::line::Line;

/// The share that is called the top.
pub const TOP: f64 = 0.1;

/// So many equal parts by chance.
const BINS: usize = 10;

/// Chances are not told surer than this when they are measured.
const SURE: f64 = 1e-6;

/// The figures of one step in one past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Mean −log(chance of what happened).
    pub log_loss: f64,
    /// Mean square of what was off.
    pub brier: f64,
    /// How often a winner was told likelier than a loser.
    pub auc: f64,
    /// How far chances were from shares.
    pub ece: f64,
    /// What would have put the chances right.
    pub line: Line,
    /// The share that won of those told likeliest.
    pub top_precision: f64,
    /// What those earned of which the most was expected.
    pub top_r: f64,
}

/// One of them.
type Figure = fn(&Figures) -> f64;

impl Figures {
    /// The figures that steps are compared by.
    pub const NAMED: [(&'static str, Figure); 8] = [
        ("log_loss", |figures| figures.log_loss),
        ("brier", |figures| figures.brier),
        ("auc", |figures| figures.auc),
        ("ece", |figures| figures.ece),
        ("calibration_intercept", |figures| figures.line.intercept),
        ("calibration_slope", |figures| figures.line.slope),
        ("top_precision", |figures| figures.top_precision),
        ("top_r", |figures| figures.top_r),
    ];
}

/// What a step said, sorted once.
pub struct Ranked {
    /// From the least likely on.
    by_chance: Vec<Point>,
    /// What was earned, by what was expected, the most first.
    by_expected: Vec<Earned>,
}

#[derive(Clone, Copy)]
struct Point {
    chance: f64,
    won: f64,
    loss: f64,
    block: usize,
    bin: usize,
}

#[derive(Clone, Copy)]
struct Earned {
    expected: f64,
    r: f64,
    block: usize,
}

impl Ranked {
    /// Sorts what a step said of rows.
    #[must_use]
    pub fn new(said: &Said, won: &[bool], earned: &[f64], blocks: &[usize]) -> Self {
        let mut by_chance: Vec<Point> = said
            .chances
            .iter()
            .zip(won)
            .zip(blocks)
            .map(|((chance, won), block)| {
                let p = chance.clamp(SURE, 1.0 - SURE);
                Point {
                    chance: *chance,
                    won: f64::from(u8::from(*won)),
                    loss: -(if *won { p } else { 1.0 - p }).ln(),
                    block: *block,
                    bin: 0,
                }
            })
            .collect();
        by_chance.sort_by(|one, other| one.chance.total_cmp(&other.chance));
        let sorted: Vec<f64> = by_chance.iter().map(|point| point.chance).collect();
        for (point, bin) in by_chance.iter_mut().zip(bins(&sorted)) {
            point.bin = bin;
        }
        let mut by_expected: Vec<Earned> = said
            .expected_r
            .iter()
            .zip(earned)
            .zip(blocks)
            .map(|((expected, r), block)| Earned {
                expected: *expected,
                r: *r,
                block: *block,
            })
            .collect();
        by_expected.sort_by(|one, other| other.expected.total_cmp(&one.expected));
        Self {
            by_chance,
            by_expected,
        }
    }

    /// The figures of a past in which each block came so often.
    #[must_use]
    pub fn figures(&self, deal: &[f64]) -> Figures {
        let (mut all, mut winners, mut loss, mut squares) = (0.0, 0.0, 0.0, 0.0);
        let mut bins = [[0.0_f64; 2]; BINS];
        for point in &self.by_chance {
            let times = deal[point.block];
            all += times;
            winners += times * point.won;
            loss += times * point.loss;
            squares += times * (point.chance - point.won).powi(2);
            bins[point.bin][0] += times * point.chance;
            bins[point.bin][1] += times * point.won;
        }
        let off: f64 = bins.iter().map(|[told, won]| (told - won).abs()).sum();
        let likeliest = self.by_chance.iter().rev();
        let top_precision = top(
            all,
            likeliest.map(|point| (point.chance, point.won, deal[point.block])),
        );
        let expected = self.by_expected.iter();
        let top_r = top(
            all,
            expected.map(|earned| (earned.expected, earned.r, deal[earned.block])),
        );
        let points = self.by_chance.iter();
        Figures {
            log_loss: loss / all,
            brier: squares / all,
            auc: self.auc(deal, winners, all - winners),
            ece: off / all,
            line: Line::fit(points.map(|point| (point.chance, point.won > 0.5, deal[point.block]))),
            top_precision,
            top_r,
        }
    }

    /// The share of pairs of a winner and a loser in which the winner was told likelier; those told
    /// alike count by half.
    fn auc(&self, deal: &[f64], winners: f64, losers: f64) -> f64 {
        let (mut below, mut sum) = (0.0, 0.0);
        for alike in self
            .by_chance
            .chunk_by(|one, other| one.chance.total_cmp(&other.chance).is_eq())
        {
            let (mut won, mut lost) = (0.0, 0.0);
            for point in alike {
                won += deal[point.block] * point.won;
                lost += deal[point.block] * (1.0 - point.won);
            }
            sum += won * (below + lost / 2.0);
            below += lost;
        }
        if winners > 0.0 && losers > 0.0 {
            sum / (winners * losers)
        } else {
            0.5
        }
    }
}

/// The mean of the first tenth of values in their order; of those that stand alike at its end each
/// counts by the part that is missing.
fn top(all: f64, ordered: impl Iterator<Item = (f64, f64, f64)>) -> f64 {
    let wanted = all * TOP;
    let (mut taken, mut sum) = (0.0, 0.0);
    let mut alike: Option<(f64, f64, f64)> = None;
    let take = |taken: &mut f64, sum: &mut f64, group: Option<(f64, f64, f64)>| {
        if let Some((_, value, times)) = group.filter(|group| group.2 > 0.0) {
            let part = ((wanted - *taken) / times).min(1.0);
            *taken += part * times;
            *sum += part * value;
        }
    };
    for (key, value, times) in ordered {
        if taken >= wanted {
            break;
        }
        match &mut alike {
            Some(group) if group.0.total_cmp(&key).is_eq() => {
                group.1 += value * times;
                group.2 += times;
            }
            _ => {
                take(&mut taken, &mut sum, alike);
                alike = Some((key, value * times, times));
            }
        }
    }
    if taken < wanted {
        take(&mut taken, &mut sum, alike);
    }
    sum / taken
}

/// To which of ten equal parts each of these sorted chances belongs. Equal chances are never parted: what
/// came first by time or name would else decide where each stands. All go where their middle one would.
#[must_use]
pub fn bins(sorted: &[f64]) -> Vec<usize> {
    let mut bins = Vec::with_capacity(sorted.len());
    for alike in sorted.chunk_by(|one, other| one.total_cmp(other).is_eq()) {
        let middle = 2 * bins.len() + alike.len();
        let bin = (middle * BINS / (2 * sorted.len())).min(BINS - 1);
        bins.resize(bins.len() + alike.len(), bin);
    }
    bins
}

/// What ECE would be on average, were every one of these chances right: things are let happen with
/// them, a hundred times over.
#[must_use]
pub fn perfect_ece(chances: &[f64], seed: u64) -> f64 {
    const TIMES: usize = 100;
    let mut sorted = chances.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bins = bins(&sorted);
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut sum = 0.0;
    for _ in 0..TIMES {
        let mut off = [0.0_f64; BINS];
        for (chance, bin) in sorted.iter().zip(&bins) {
            let happened = dice.random::<f64>() < *chance;
            off[*bin] += chance - f64::from(u8::from(happened));
        }
        sum += off.iter().map(|off| off.abs()).sum::<f64>() / count(sorted.len().max(1));
    }
    sum / count(TIMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(chances: &[f64], won: &[bool]) -> Ranked {
        let said = Said {
            step: "coin",
            chances: chances.to_vec(),
            expected_r: chances.to_vec(),
        };
        let earned: Vec<f64> = won
            .iter()
            .map(|won| if *won { 1.0 } else { -1.0 })
            .collect();
        Ranked::new(&said, won, &earned, &vec![0; won.len()])
    }

    #[test]
    fn a_coin_has_the_figures_of_a_coin() {
        let won: Vec<bool> = (0..100).map(|nth| nth % 2 == 0).collect();
        let figures = ranked(&[0.5; 100], &won).figures(&[1.0]);
        assert!((figures.log_loss - 2.0_f64.ln()).abs() < 1e-12);
        assert!((figures.brier - 0.25).abs() < 1e-12 && (figures.auc - 0.5).abs() < 1e-12);
        // All stand alike, so the top tenth is like the rest.
        assert!((figures.top_precision - 0.5).abs() < 1e-12 && figures.top_r.abs() < 1e-12);
    }

    #[test]
    fn who_tells_winners_from_losers_has_an_auc_of_one() {
        let figures = ranked(&[0.2, 0.3, 0.7, 0.8], &[false, false, true, true]).figures(&[1.0]);
        assert!((figures.auc - 1.0).abs() < 1e-12);
        assert!((figures.top_precision - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_perfectly_calibrated_model_is_not_perfect_on_a_thousand_rows() {
        // The brief's own figure: 0.039 on 988 rows and ten bins.
        let chances: Vec<f64> = (0..988).map(|nth| 0.5 + f64::from(nth) * 1e-9).collect();
        let ece = perfect_ece(&chances, 7);
        assert!((ece - 0.039).abs() < 0.003, "{ece}");
        // Told alike they are one bin: the mean of |N(0, 1/4n)|.
        let ece = perfect_ece(&[0.5; 988], 7);
        assert!((ece - 0.0127).abs() < 0.003, "{ece}");
    }

    #[test]
    fn a_coin_is_as_far_off_as_the_share_of_winners_whatever_their_order() {
        // The first of ten all win, as in a good month, and nobody after them.
        let won: Vec<bool> = (0..1_000).map(|nth| nth < 371).collect();
        let figures = ranked(&[0.5; 1_000], &won).figures(&[1.0]);
        assert!((figures.ece - 0.129).abs() < 1e-9, "{}", figures.ece);
    }

    #[test]
    fn equal_chances_stand_together_and_others_in_ten_equal_parts() {
        let apart: Vec<f64> = (0..200).map(f64::from).collect();
        let bins_apart = bins(&apart);
        assert!((0..10).all(|bin| bins_apart.iter().filter(|of| **of == bin).count() == 20));
        // Eight of ten are told alike.
        let mut alike = vec![0.1; 10];
        alike.extend([0.5; 80]);
        alike.extend([0.9; 10]);
        let bins = bins(&alike);
        assert!(bins[..10].iter().all(|bin| *bin == 0), "{bins:?}");
        assert!(bins[10..90].iter().all(|bin| *bin == 5), "{bins:?}");
        assert!(bins[90..].iter().all(|bin| *bin == 9), "{bins:?}");
    }

    #[test]
    fn chances_that_are_too_bold_have_a_slope_below_one() {
        // What is told 0.9 happens in 7 of 10, what is told 0.1 in 3 of 10.
        let mut chances = vec![0.9; 100];
        chances.extend([0.1; 100]);
        let won: Vec<bool> = (0..200).map(|nth| (nth % 10 < 7) == (nth < 100)).collect();
        let line = ranked(&chances, &won).figures(&[1.0]).line;
        assert!((line.slope - (7.0_f64 / 3.0).ln() / 9.0_f64.ln()).abs() < 1e-6);
        assert!(line.intercept.abs() < 1e-6);
    }
}
