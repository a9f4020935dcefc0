//! Scores: how much a signal deserves belief.

use smol_str::SmolStr;

use crate::ids::SignalId;
use crate::time::Timestamp;

/// What a model says of a signal, stored before the outcome can be known.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Which model said it, `geometry/2`.
    pub model: SmolStr,
    /// P(target k before stop before expiry) for each target, 0 to 1, falling.
    pub targets: Vec<f64>,
    /// `E[R]`, after costs, where the signal has a stop and a target.
    pub expected_r: Option<f64>,
    /// How much likelier the first target is than by the levels alone, where a model learned more
    /// than those.
    pub skill: Option<f64>,
    /// What moved it most away from the levels alone, the strongest first.
    pub moved: Vec<Moved>,
}

/// What one feature did to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Which feature: `coin.trend_1d`.
    pub feature: SmolStr,
    /// By how much the log-odds of the first target are higher than with a usual value.
    pub by: f64,
}

impl Score {
    /// The probability of the first target, by which lists are filtered and sorted.
    #[must_use]
    pub fn first_target(&self) -> Option<f64> {
        self.targets.first().copied()
    }
}

/// What models made of a signal, and of what.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessed {
    /// What the model says that speaks.
    pub score: Score,
    /// What others say that are tried beside it.
    pub shadows: Vec<Score>,
    /// What they saw.
    pub seen: Option<Seen>,
}

impl From<Score> for Assessed {
    fn from(score: Score) -> Self {
        Self {
            score,
            shadows: Vec::new(),
            seen: None,
        }
    }
}

/// The features that models saw, as they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The hash of their schema, which names them.
    pub schema: SmolStr,
    /// Their values; NaN is unknown.
    pub values: Vec<f32>,
}

/// An assessment as it is kept: before anybody can know how the signal ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Of which signal.
    pub signal: SignalId,
    /// When it was made.
    pub at: Timestamp,
    /// What was said.
    pub assessed: Assessed,
}
