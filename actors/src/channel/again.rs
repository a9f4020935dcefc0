//! Again: which trade a re-entry means, and the trade that it opens.
//!
//! Terminal states never change, so who goes in once more opens a trade of its own: the published
//! side, stop and targets of the one that is over, received with the word.

use std::sync::Arc;
use std::time::Duration;

use domain::market::Price;
use domain::reading::{About, Draft, Entry};
use domain::signal::{HELD_AT_MOST, Signal};
use domain::time::Timestamp;

use super::judge::fits;
use crate::floor::UNLISTED;

/// Without a pair or a reply a re-entry means the trade that the channel called last, as long as it is
/// the only one of this time.
const LATELY: Duration = Duration::from_secs(24 * 3600);

/// How long ago a trade may have been called that is entered once more.
pub(crate) const REMEMBERED: Duration = HELD_AT_MOST;

/// Which of a channel's signals a re-entry means, or how many it could mean. `past` is in the order
/// of receipt.
pub(crate) fn which<'a>(
    about: &About,
    replied_to: &'a [Arc<Signal>],
    past: &'a [Arc<Signal>],
    now: Timestamp,
) -> Result<&'a Arc<Signal>, usize> {
    let mut named = replied_to.iter().filter(|signal| fits(about, signal));
    if let Some(signal) = named.next() {
        return match named.count() {
            0 => Ok(signal),
            more => Err(more + 1),
        };
    }
    let fitting: Vec<_> = past.iter().filter(|signal| fits(about, signal)).collect();
    if about.pair.is_some() {
        return fitting.last().copied().ok_or(0);
    }
    let lately: Vec<_> = fitting
        .into_iter()
        .filter(|signal| signal.received + LATELY >= now)
        .collect();
    match lately.as_slice() {
        [signal] => Ok(signal),
        several => Err(several.len()),
    }
}

/// The trade that a re-entry opens: at the price that the word names, else as the first time.
pub(crate) fn draft(before: &Signal, price: Option<Price>) -> Draft {
    let venue = &before.instrument.venue;
    Draft {
        pair: before.instrument.pair.clone(),
        quote_implied: false,
        venue: (venue.as_str() != UNLISTED).then(|| venue.clone()),
        kind: Some(before.instrument.kind),
        side: before.side,
        entry: match (price, before.entry) {
            (Some(price), _) => Entry::Limit(price),
            // What the market cost the first time is no entry of this one.
            (None, Entry::Market(_)) => Entry::Market(None),
            (None, entry) => entry,
        },
        targets: before.targets.clone(),
        stop: before.stop,
        stop_percent: None,
        target_percents: Vec::new(),
        leverage: before.leverage,
        breakeven_after: before.breakeven_after,
        valid_for: Some(before.expires_at.since(before.received)),
        manner: domain::reading::Manner::default(),
        spans: Vec::new(),
    }
}
