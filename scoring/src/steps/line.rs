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

/// With fewer winners or losers than this, nothing is learned to speak by: what is said of the rarer ones
/// would be chance.
pub const LEAST_OF_EACH: usize = 10;

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

    /// The line under which what happened is likeliest, by Newton's method with half steps where a
    /// whole one goes too far; the straight one where the chances are all the same or everything
    /// ended alike.
    #[must_use]
    pub fn fit(points: impl Iterator<Item = (f64, bool, f64)> + Clone) -> Self {
        let points: Vec<(f64, bool, f64)> = points
            .map(|(p, happened, weight)| (logit(p), happened, weight))
            .collect();
        let ends = |wanted| {
            let mut those = points.iter();
            those.any(|(_, happened, weight)| *happened == wanted && *weight > 0.0)
        };
        if !ends(true) || !ends(false) {
            return Self::STRAIGHT;
        }
        let mut line = Self::STRAIGHT;
        let mut loss = line.loss(&points);
        for _ in 0..ROUNDS {
            let Some(step) = line.step(&points) else {
                return Self::STRAIGHT;
            };
            let mut part = 1.0;
            let (next, next_loss) = loop {
                let next = Self {
                    intercept: line.intercept + part * step[0],
                    slope: line.slope + part * step[1],
                };
                let next_loss = next.loss(&points);
                if next_loss <= loss || part < 1e-6 {
                    break (next, next_loss);
                }
                part /= 2.0;
            };
            if next_loss > loss {
                break;
            }
            let gained = loss - next_loss;
            (line, loss) = (next, next_loss);
            if gained <= 1e-12 * loss.abs() {
                break;
            }
        }
        line
    }

    /// [`Self::fit`], to speak by: the straight line, too, where too little happened or failed to happen.
    #[must_use]
    pub fn learn(points: impl Iterator<Item = (f64, bool, f64)> + Clone) -> Self {
        let all = points.clone().count();
        let happened = points.clone().filter(|(_, happened, _)| *happened).count();
        if happened.min(all - happened) < LEAST_OF_EACH {
            return Self::STRAIGHT;
        }
        Self::fit(points)
    }

    /// The weighted sum of −log(chance of what happened).
    fn loss(self, points: &[(f64, bool, f64)]) -> f64 {
        points
            .iter()
            .map(|(x, happened, weight)| {
                let z = self.intercept + self.slope * x;
                let against = if *happened { -z } else { z };
                weight * (against.max(0.0) + (-against.abs()).exp().ln_1p())
            })
            .sum()
    }

    /// Newton's step from here; none where the points do not lie apart.
    fn step(self, points: &[(f64, bool, f64)]) -> Option<[f64; 2]> {
        let mut gradient = [0.0_f64; 2];
        let mut curve = [0.0_f64; 3];
        for (x, happened, weight) in points {
            let told = logistic(self.intercept + self.slope * x);
            let off = weight * (f64::from(u8::from(*happened)) - told);
            let bend = weight * told * (1.0 - told);
            gradient[0] += off;
            gradient[1] += off * x;
            curve[0] += bend;
            curve[1] += bend * x;
            curve[2] += bend * x * x;
        }
        let determinant = curve[0] * curve[2] - curve[1] * curve[1];
        (determinant > 1e-9 * curve[0] * curve[2]).then(|| {
            [
                (curve[2] * gradient[0] - curve[1] * gradient[1]) / determinant,
                (curve[0] * gradient[1] - curve[1] * gradient[0]) / determinant,
            ]
        })
    }
}

/// The chance of these log-odds.
#[must_use]
pub fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_that_are_far_too_bold_are_put_right() {
        // Told with 0.9999 or 0.0001, it happens in three of four.
        let points = (0..400).map(|nth| {
            let up = nth % 2 == 0;
            let right = nth % 8 < 6;
            (if up { 0.9999 } else { 0.0001 }, up == right, 1.0)
        });
        let line = Line::fit(points);
        assert!((line.of(0.9999) - 0.75).abs() < 1e-6, "{line:?}");
        assert!((line.of(0.0001) - 0.25).abs() < 1e-6, "{line:?}");
    }

    #[test]
    fn where_all_is_alike_nothing_is_put_right() {
        let alike = (0..10).map(|nth| (0.3, nth < 5, 1.0));
        assert_eq!(Line::fit(alike), Line::STRAIGHT);
    }

    #[test]
    fn where_everything_ended_alike_nothing_is_put_right() {
        let told = |nth: i32| 0.2 + 0.005 * f64::from(nth);
        for ended in [true, false] {
            assert_eq!(
                Line::fit((0..100).map(|nth| (told(nth), ended, 1.0))),
                Line::STRAIGHT
            );
            // Nor where only what does not count ended otherwise.
            let one = (0..100).map(|nth| match nth {
                0 => (told(nth), !ended, 0.0),
                _ => (told(nth), ended, 1.0),
            });
            assert_eq!(Line::fit(one), Line::STRAIGHT);
        }
    }

    #[test]
    fn a_line_to_speak_by_wants_ten_of_either_end() {
        let points = |happened: i32| {
            (0..100).map(move |nth| (0.3 + f64::from(nth % 7) * 0.05, nth < happened, 1.0))
        };
        assert_eq!(Line::learn(points(9)), Line::STRAIGHT);
        assert_eq!(Line::learn(points(91)), Line::STRAIGHT);
        assert_ne!(Line::learn(points(10)), Line::STRAIGHT);
    }
}
