//! A straight line through log-odds: how chances that are too bold or too timid are put right.

use serde::{Deserialize, Serialize};

use crate::features::logit;

/// Told chance = logistic(intercept + slope · logit(reckoned chance)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Nought where it is right on average.
    pub intercept: f64,
    /// One where it is as sure as it may be.
    pub slope: f64,
}

/// So often is it fitted anew; Newton's method needs five or six.
const ROUNDS: usize = 25;

impl Line {
    /// The line that changes nothing.
    pub const STRAIGHT: Self = Self {
        intercept: 0.0,
        slope: 1.0,
    };

    /// What is told where `p` was reckoned.
    #[must_use]
    pub fn of(&self, p: f64) -> f64 {
        logistic(self.intercept + self.slope * logit(p))
    }

    /// The line under which what happened is likeliest, by Newton's method; the straight one where
    /// the chances are all the same or everything ended alike.
    #[must_use]
    pub fn fit(points: impl Iterator<Item = (f64, bool, f64)> + Clone) -> Self {
        let mut line = Self::STRAIGHT;
        for _ in 0..ROUNDS {
            let mut gradient = [0.0_f64; 2];
            let mut curve = [0.0_f64; 3];
            for (p, happened, weight) in points.clone() {
                let x = logit(p);
                let told = logistic(line.intercept + line.slope * x);
                let off = weight * (f64::from(u8::from(happened)) - told);
                let bend = weight * told * (1.0 - told);
                gradient[0] += off;
                gradient[1] += off * x;
                curve[0] += bend;
                curve[1] += bend * x;
                curve[2] += bend * x * x;
            }
            let determinant = curve[0] * curve[2] - curve[1] * curve[1];
            if determinant <= 1e-9 * curve[0] * curve[2] {
                return Self::STRAIGHT;
            }
            let step = [
                (curve[2] * gradient[0] - curve[1] * gradient[1]) / determinant,
                (curve[0] * gradient[1] - curve[1] * gradient[0]) / determinant,
            ];
            line.intercept += step[0].clamp(-2.0, 2.0);
            line.slope += step[1].clamp(-2.0, 2.0);
            if step[0].abs().max(step[1].abs()) < 1e-10 {
                break;
            }
        }
        let sane = line.intercept.is_finite() && line.slope.abs() < 20.0;
        if sane { line } else { Self::STRAIGHT }
    }
}

/// The chance of these log-odds.
#[must_use]
pub fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
