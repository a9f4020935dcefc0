//! Splits: what is learned from lies before what it is measured on, and nothing lies in both.
//!
//! A row reaches from its receipt to its end. Whatever is learned from must have ended a while (the
//! embargo) before the first row that it is measured on was received (López de Prado, Advances in
//! Financial Machine Learning, 2018, chapter 7).

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::ChannelId;
use domain::time::Timestamp;

use super::Row;

/// The share of each channel's rows, the last by time, that is laid aside before anything is tried.
pub const HOLDOUT: f64 = 0.2;

/// Between what is learned from and what it is measured on.
pub const EMBARGO: Duration = Duration::from_secs(24 * 3600);

/// Which rows are learned from, and which are measured on, as places in the data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Learned from.
    pub train: Vec<usize>,
    /// Measured on.
    pub test: Vec<usize>,
}

/// Lays the holdout aside. What reaches into the time of any channel's holdout is neither learned
/// from nor measured on.
#[must_use]
pub fn holdout(rows: &[Row]) -> Fold {
    let mut received: BTreeMap<&ChannelId, Vec<Timestamp>> = BTreeMap::new();
    for row in rows {
        received.entry(&row.channel).or_default().push(row.received);
    }
    let cuts: BTreeMap<&ChannelId, Timestamp> = received
        .into_iter()
        .filter_map(|(channel, mut received)| {
            received.sort_unstable();
            let kept = received.len() - share(received.len(), HOLDOUT);
            Some((channel, *received.get(kept)?))
        })
        .collect();
    let is_held = |row: &Row| {
        cuts.get(&row.channel)
            .is_some_and(|cut| row.received >= *cut)
    };
    let test: Vec<usize> = (0..rows.len()).filter(|nth| is_held(&rows[*nth])).collect();
    // One stretch of time for each channel.
    let mut spans: BTreeMap<&ChannelId, (Timestamp, Timestamp)> = BTreeMap::new();
    for row in test.iter().map(|nth| &rows[*nth]) {
        let span = spans
            .entry(&row.channel)
            .or_insert((row.received, row.ended));
        *span = (span.0.min(row.received), span.1.max(row.ended));
    }
    let touches = |row: &Row| {
        spans
            .values()
            .any(|(from, to)| row.ended + EMBARGO > *from && row.received < *to + EMBARGO)
    };
    let train = (0..rows.len())
        .filter(|nth| !is_held(&rows[*nth]) && !touches(&rows[*nth]))
        .collect();
    Fold { train, test }
}

/// Walks forward through some rows in `steps` steps: each part but the first is measured on what
/// lies before it.
#[must_use]
pub fn folds(rows: &[Row], among: &[usize], steps: usize) -> Vec<Fold> {
    let parts = steps + 1;
    (1..parts)
        .filter_map(|part| {
            let bound = |part: usize| among.len() * part / parts;
            let test = among[bound(part)..bound(part + 1)].to_vec();
            let begin = rows[*test.first()?].received;
            let train = purged(rows, &among[..bound(part)], begin);
            (!train.is_empty()).then_some(Fold { train, test })
        })
        .collect()
}

/// Those that had ended a while before an instant.
#[must_use]
pub fn purged(rows: &[Row], among: &[usize], begin: Timestamp) -> Vec<usize> {
    let ended = |nth: &&usize| rows[**nth].ended + EMBARGO <= begin;
    among.iter().filter(ended).copied().collect()
}

/// A share of a number of things, rounded up.
pub(crate) fn share(n: usize, share: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "it lies between nought and the number"
    )]
    let part = (n as f64 * share).ceil() as usize;
    part.min(n)
}
