//! The track: one signal followed under one execution model, in both bounds at once.

use super::run::Run;
use super::terms::Terms;
use super::watch::Watch;
use crate::market::Price;
use crate::time::Timestamp;

/// A signal on its way. Plain data: whoever stores it stores its fields, and goes on from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// What it was opened with.
    pub terms: Terms,
    /// The published entry from which 1R is measured; none until a market order without a price
    /// has met its first price.
    pub published: Option<Price>,
    /// The bound that counts.
    pub pessimistic: Run,
    /// The other bound.
    pub optimistic: Run,
    /// A price after receipt was seen.
    pub started: bool,
    /// The last price seen.
    pub last: Option<Price>,
    /// Everything up to here was seen.
    pub seen_until: Timestamp,
    /// A level was touched where nobody can tell on which side of an instant: in the candle of
    /// receipt, of a word, or of one that was partly seen before.
    pub ambiguous: bool,
    /// Nothing was known of the market for a part of its life.
    pub incomplete: bool,
    /// The outcome was told.
    pub judged: bool,
    /// Between these levels nothing happens. Follows from the rest; kept so that a step is short.
    pub watch: Watch,
    /// The next instant at which time alone changes something. Follows from the rest, too.
    pub deadline: Option<Timestamp>,
}
