//! Bad training: why nothing was trained, and what helps.

use crate::steps::trees::BadTrees;

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
pub enum BadTraining {
    /// Too few rows.
    #[error(
        "there are {rows} signals that were entered and are over, {least} are needed: collect more, or give more channels or a longer time"
    )]
    TooFew {
        /// How many there are to learn from.
        rows: usize,
        /// How many are needed.
        least: usize,
    },
    /// Nearly everything ended alike.
    #[error(
        "of the signals to learn from {winners} reached the first target and {losers} did not, at least {least} of each are needed to tell them apart: collect more, or give more channels or a longer time"
    )]
    OneSided {
        /// How many reached the first target.
        winners: usize,
        /// How many did not.
        losers: usize,
        /// How many of each are needed.
        least: usize,
    },
    /// Features know too much.
    #[error(
        "these features tell winners from losers of one channel and of like levels better than an honest one should, as if they had seen what came after receipt: {0}; if you know why they are that telling, accept them by name"
    )]
    Leak(String),
    /// What is accepted is no feature.
    #[error(
        "there is no feature `{0}` that could be accepted; docs/guide/models.md and each model's reference.json name them"
    )]
    NoFeature(String),
    /// The trees' library refused.
    #[error(transparent)]
    Trees(#[from] BadTrees),
}
