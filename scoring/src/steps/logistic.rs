//! Logistic regression on every feature, with a ridge, by Newton's method.

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::line::logistic;
use super::{Asked, Chance, Lesson};
use crate::dataset::Fate;

/// A fitted regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    columns: Columns,
    intercept: f64,
    slopes: Vec<f64>,
}

/// So many rounds at most; six or seven are usual.
const ROUNDS: usize = 20;

impl Logistic {
    /// Fits it. The ridge is told in lessons: so many that say nothing stand against each slope.
    #[must_use]
    pub fn fit(lessons: &[Lesson<'_>], ridge: f64) -> Self {
        Self::with(&Columns::fit(lessons), lessons, ridge)
    }

    /// Fits it on columns that were measured already.
    #[must_use]
    pub fn with(columns: &Columns, lessons: &[Lesson<'_>], ridge: f64) -> Self {
        let width = columns.width();
        let mut table = Vec::with_capacity(lessons.len() * width);
        lessons
            .iter()
            .for_each(|lesson| columns.tell(&lesson.asked(), &mut table));
        // The intercept is the last one and bears no ridge but a prior.
        let size = width + 1;
        let mut beta = vec![0.0_f64; size];
        for _ in 0..ROUNDS {
            let mut gradient = vec![0.0_f64; size];
            let mut curve = vec![0.0_f64; size * size];
            for (lesson, told) in lessons.iter().zip(table.chunks_exact(width)) {
                let z: f64 = beta[width]
                    + beta
                        .iter()
                        .zip(told)
                        .map(|(slope, x)| slope * f64::from(*x))
                        .sum::<f64>();
                let p = logistic(z);
                let won = f64::from(u8::from(lesson.fate() == Fate::Target));
                let off = lesson.weight * (won - p);
                let bend = lesson.weight * p * (1.0 - p);
                for (one, x) in told.iter().enumerate() {
                    let x = f64::from(*x);
                    gradient[one] += off * x;
                    let row = &mut curve[one * size..=one * size + one];
                    for (cell, other) in row.iter_mut().zip(told) {
                        *cell += bend * x * f64::from(*other);
                    }
                    curve[width * size + one] += bend * x;
                }
                gradient[width] += off;
                curve[width * size + width] += bend;
            }
            for nth in 0..width {
                gradient[nth] -= ridge * beta[nth];
                curve[nth * size + nth] += ridge;
            }
            // The intercept hears of half a win and half a loss besides (Jeffreys' prior): where everything
            // ended alike it would go on for ever.
            let usual = logistic(beta[width]);
            gradient[width] += 0.5 - usual;
            curve[width * size + width] += usual * (1.0 - usual);
            let Some(step) = solved(curve, gradient) else {
                break;
            };
            let longest = step
                .iter()
                .fold(0.0_f64, |longest, step| longest.max(step.abs()));
            let brake = (2.0 / longest.max(1e-12)).min(1.0);
            beta.iter_mut()
                .zip(&step)
                .for_each(|(beta, step)| *beta += brake * step);
            if longest < 1e-8 {
                break;
            }
        }
        let intercept = beta.pop().unwrap_or_default();
        Self {
            columns: columns.clone(),
            intercept,
            slopes: beta,
        }
    }

    /// Its intercept and its slopes, one for each column.
    #[must_use]
    pub fn line(&self) -> (f32, Vec<f32>) {
        #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
        let narrow = |value: f64| value as f32;
        let slopes = self.slopes.iter().map(|slope| narrow(*slope));
        (narrow(self.intercept), slopes.collect())
    }

    /// Does it fit this program's features?
    #[must_use]
    pub fn fits(&self) -> bool {
        self.columns.fits() && self.slopes.len() == self.columns.width()
    }

    /// How likely each of these is.
    #[must_use]
    pub fn chances(&self, asked: &[Asked<'_>]) -> Vec<Chance> {
        let mut told = Vec::with_capacity(self.columns.width());
        asked
            .iter()
            .map(|asked| {
                told.clear();
                self.columns.tell(asked, &mut told);
                let sum: f64 = self
                    .slopes
                    .iter()
                    .zip(&told)
                    .map(|(slope, x)| slope * f64::from(*x))
                    .sum();
                Chance {
                    target: logistic(self.intercept + sum),
                    neither: 0.0,
                }
            })
            .collect()
    }

    /// By how much each feature moves the log-odds away from where a usual value would leave them.
    #[must_use]
    pub fn moved(&self, asked: &Asked<'_>) -> Vec<f64> {
        let mut told = Vec::with_capacity(self.columns.width());
        self.columns.tell(asked, &mut told);
        let of = |nth| {
            let own = self.columns.of_feature(nth);
            own.map(|column| self.slopes[column] * f64::from(told[column]))
                .sum()
        };
        (0..super::columns::raw_width()).map(of).collect()
    }
}

/// Solves a symmetric positive system whose lower half is given, by Cholesky's method; none where
/// it is not positive.
fn solved(mut lower: Vec<f64>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let sum: f64 = (0..column)
                .map(|nth| lower[row * size + nth] * lower[column * size + nth])
                .sum();
            let left = lower[row * size + column] - sum;
            lower[row * size + column] = if row == column {
                (left > 0.0).then(|| left.sqrt())?
            } else {
                left / lower[column * size + column]
            };
        }
    }
    for row in 0..size {
        let sum: f64 = (0..row)
            .map(|nth| lower[row * size + nth] * right[nth])
            .sum();
        right[row] = (right[row] - sum) / lower[row * size + row];
    }
    for row in (0..size).rev() {
        let sum: f64 = (row + 1..size)
            .map(|nth| lower[nth * size + row] * right[nth])
            .sum();
        right[row] = (right[row] - sum) / lower[row * size + row];
    }
    Some(right)
}
