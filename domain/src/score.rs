//! Scores: how much a signal deserves belief.

use smol_str::SmolStr;

/// What a model says of a signal, stored before the outcome can be known.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Which model said it, `geometry/1`.
    pub model: SmolStr,
    /// P(target k before stop before expiry) for each target, 0 to 1, falling.
    pub targets: Vec<f64>,
    /// `E[R]`, after costs, where the signal has a stop and a target.
    pub expected_r: Option<f64>,
}

impl Score {
    /// The probability of the first target, by which lists are filtered and sorted.
    #[must_use]
    pub fn first_target(&self) -> Option<f64> {
        self.targets.first().copied()
    }
}
