//! What the sleepers of a book have not been told: how far the price went since any of them lay down.
//!
//! Of all highs only those matter that no later one reached, and of all lows likewise: whatever the
//! tick since which somebody sleeps, the first of those left is the farthest since then.

use crate::lifecycle::track::Track;
use crate::market::Price;
use crate::time::Timestamp;

/// So many extremes are remembered; then the sleepers are told, and all are forgotten. A price that
/// only falls leaves a high with each tick.
const MOST: usize = 4_096;

/// The extremes of the last ticks.
#[derive(Clone, Debug)]
pub(super) struct Slept {
    /// How many ticks were told to the book: the number of the next.
    next: u64,
    /// Falling prices, each with the number of its tick.
    highs: Vec<(u64, Price)>,
    /// Rising prices, likewise.
    lows: Vec<(u64, Price)>,
    /// The last price.
    last: Option<Price>,
}

impl Slept {
    pub(super) const fn new() -> Self {
        Self {
            next: 0,
            highs: Vec::new(),
            lows: Vec::new(),
            last: None,
        }
    }

    /// The number of the next tick.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Nobody sleeps who was not told.
    pub(super) fn forget(&mut self) {
        self.highs.clear();
        self.lows.clear();
    }

    /// It is time to tell.
    pub(super) const fn is_long(&self) -> bool {
        self.highs.len() > MOST || self.lows.len() > MOST
    }

    /// One more tick.
    pub(super) fn add(&mut self, low: Price, high: Price, last: Price) {
        while self.highs.last().is_some_and(|(_, other)| *other <= high) {
            self.highs.pop();
        }
        self.highs.push((self.next, high));
        while self.lows.last().is_some_and(|(_, other)| *other >= low) {
            self.lows.pop();
        }
        self.lows.push((self.next, low));
        self.last = Some(last);
        self.next += 1;
    }

    /// Tells a track that sleeps since tick `since` what it slept through until `seen_until`.
    pub(super) fn tell(&self, since: u64, track: &mut Track, seen_until: Timestamp) {
        let farthest = |extremes: &[(u64, Price)]| {
            let first = extremes.partition_point(|(number, _)| *number < since);
            extremes.get(first).map(|(_, price)| *price)
        };
        if let (Some(low), Some(high), Some(last)) =
            (farthest(&self.lows), farthest(&self.highs), self.last)
        {
            track.sleep_through(low, high, last, seen_until);
        }
    }
}
