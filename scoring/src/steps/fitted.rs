//! A fitted step: what it says of whole signals, put right by what it said before.

use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Asked, Chance, Step};
use crate::dataset::Row;
use crate::features::Features;
use crate::measure::Said;

/// A step, and how what it says is put right.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The step.
    pub step: Step,
    /// What puts it right.
    pub put_right: PutRight,
}

/// What puts a step right, learned from what it said of signals that it had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutRight {
    /// Through log-odds of the chances.
    pub chances: Line,
    /// Through what was expected in R: what was earned = intercept + slope · reckoned.
    pub earnings: Line,
}

impl PutRight {
    /// Nothing is put right.
    pub const NOT: Self = Self {
        chances: Line::STRAIGHT,
        earnings: Line::STRAIGHT,
    };

    /// Learns it from what was said of some rows.
    #[must_use]
    pub fn learn<'a>(told: impl Iterator<Item = (&'a Row, &'a [Chance])> + Clone) -> Self {
        let first = told.clone();
        let chances = Line::learn(first.map(|(row, said)| (said[0].target, row.won(), 1.0)));
        let (mut n, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (row, said) in told {
            let told: Vec<Chance> = falling(said, chances);
            let reckoned = reckoned_r(&row.features, &told);
            n += 1.0;
            x += reckoned;
            y += row.r;
            xx += reckoned * reckoned;
            xy += reckoned * row.r;
        }
        let spread = xx - x * x / f64::max(n, 1.0);
        // What is expected is believed less than it says, never more: a slope below nought or
        // above one would be learned from chance.
        let slope = if spread > 1e-9 {
            ((xy - x * y / n) / spread).clamp(0.0, 1.0)
        } else {
            1.0
        };
        let intercept = if n > 0.0 { (y - slope * x) / n } else { 0.0 };
        Self {
            chances,
            earnings: Line { intercept, slope },
        }
    }
}

/// What is said of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of each target, falling.
    pub chances: Vec<Chance>,
    /// `E[R]`, net.
    pub expected_r: f64,
}

impl Fitted {
    /// What it says of these signals.
    #[must_use]
    pub fn answers(&self, signals: &[&Features]) -> Vec<Answer> {
        let said = self.step.of_signals(signals);
        let each = signals.iter().zip(said);
        each.map(|(signal, said)| self.put_right.answer(signal, &said))
            .collect()
    }

    /// What it says of rows' first targets.
    #[must_use]
    pub fn said(&self, rows: &[&Row]) -> Said {
        let signals: Vec<&Features> = rows.iter().map(|row| &row.features).collect();
        let answers = self.answers(&signals);
        Said {
            step: self.step.name(),
            chances: answers
                .iter()
                .map(|answer| answer.chances[0].target)
                .collect(),
            expected_r: answers.iter().map(|answer| answer.expected_r).collect(),
        }
    }
}

impl PutRight {
    /// What is told of a signal where this was said.
    #[must_use]
    pub fn answer(&self, signal: &Features, said: &[Chance]) -> Answer {
        let chances = falling(said, self.chances);
        let reckoned = reckoned_r(signal, &chances);
        Answer {
            expected_r: self.earnings.intercept + self.earnings.slope * reckoned,
            chances,
        }
    }
}

impl Step {
    /// What it says of every target of these signals.
    #[must_use]
    pub fn of_signals(&self, signals: &[&Features]) -> Vec<Vec<Chance>> {
        let asked: Vec<Asked<'_>> = signals
            .iter()
            .flat_map(|features| (0..features.targets.len()).map(|nth| Asked { features, nth }))
            .collect();
        let mut said = self.chances(&asked).into_iter();
        signals
            .iter()
            .map(|signal| said.by_ref().take(signal.targets.len()).collect())
            .collect()
    }
}

/// Chances put right, each at most the one before: who reaches a target has passed those before it.
fn falling(said: &[Chance], line: Line) -> Vec<Chance> {
    let mut highest = 1.0_f64;
    said.iter()
        .map(|said| {
            let target = line.of(said.target).min(highest);
            highest = target;
            Chance {
                target,
                neither: said.neither.min(1.0 - target),
            }
        })
        .collect()
}

/// `E[R]` of a position that is taken in its shares at these chances and stopped else; what ends
/// neither way earns nothing but costs.
#[must_use]
pub fn reckoned_r(signal: &Features, chances: &[Chance]) -> f64 {
    let odds = &signal.odds;
    let parts = chances.iter().zip(&odds.rewards).zip(&signal.weights);
    parts
        .map(|((chance, reward), weight)| {
            let stop = (1.0 - chance.target - chance.neither).max(0.0);
            weight
                * (chance.target * (reward - odds.cost_of_winning)
                    - stop * (1.0 + odds.cost_of_losing)
                    - chance.neither * odds.cost_of_losing)
        })
        .sum()
}
