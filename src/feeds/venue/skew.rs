//! How far the venue's clock is from ours. Measured and shown; the venue's times stay its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::time::Timestamp;

/// How long a measurement is believed; the estimate looks back one to two of these.
const WINDOW: Duration = Duration::from_secs(60);

/// What is known of the venue's clock, for whoever asks.
#[derive(Debug, Default)]
pub(super) struct Skew(AtomicI64);

impl Skew {
    /// What the venue's clock shows when ours shows `now`, at most (its frames took some time).
    pub(super) fn venue_time(&self, now: Timestamp) -> Timestamp {
        let ahead = self.0.load(Ordering::Relaxed);
        Timestamp::from_micros(now.as_micros().saturating_add(ahead))
    }
}

/// Takes the measure from frames.
#[derive(Debug, Default)]
pub(super) struct Meter {
    began: Option<Timestamp>,
    this_window: Option<i64>,
    last_window: Option<i64>,
}

impl Meter {
    /// A frame that the venue stamped `sent` arrived at `received`. Says how many microseconds the
    /// venue is ahead: the largest difference is the one with the shortest journey in it.
    pub(super) fn heard(&mut self, sent: Timestamp, received: Timestamp, skew: &Skew) -> i64 {
        let ahead = sent.as_micros().saturating_sub(received.as_micros());
        if self
            .began
            .is_none_or(|began| received.since(began) >= WINDOW)
        {
            self.began = Some(received);
            self.last_window = self.this_window.take();
        }
        self.this_window = self.this_window.max(Some(ahead));
        let estimate = self.this_window.max(self.last_window).unwrap_or(ahead);
        skew.0.store(estimate, Ordering::Relaxed);
        estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_journey_tells_the_skew_and_old_ones_are_forgotten() {
        let (mut meter, skew) = (Meter::default(), Skew::default());
        let at = |millis: i64| Timestamp::from_millis(1_000_000_000 + millis);
        // The venue is 1.3 s ahead; the frames took 50, 10 and 200 ms.
        for (sent, journey) in [(0, 50), (1_000, 10), (2_000, 200)] {
            meter.heard(at(sent + 1_300), at(sent + journey), &skew);
        }
        assert_eq!(skew.venue_time(at(0)), at(1_290));

        // Its clock is set back; two windows later only the new measure counts.
        for sent in [70_000, 135_000, 200_000] {
            meter.heard(at(sent), at(sent + 20), &skew);
        }
        assert_eq!(skew.venue_time(at(0)), at(-20));
    }
}
