//! How many commands a session may give.

use std::time::Duration;

use domain::time::Timestamp;

/// Commands that may still be given; more of them grow with time.
#[derive(Debug)]
pub(super) struct Pace {
    most: f64,
    a_second: f64,
    left: f64,
    since: Timestamp,
}

impl Pace {
    /// `most` at once, and then so many a second.
    pub(super) const fn new((most, a_second): (f64, f64), now: Timestamp) -> Self {
        Self {
            most,
            a_second,
            left: most,
            since: now,
        }
    }

    /// Takes one, or says how long to wait for it.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let grown = now.since(self.since).as_secs_f64() * self.a_second;
        self.since = self.since.max(now);
        self.left = (self.left + grown).min(self.most);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.left) / self.a_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_so_many_a_second() {
        let at = Timestamp::from_millis;
        let mut pace = Pace::new((2.0, 4.0), at(0));
        assert_eq!(pace.take(at(0)), Ok(()));
        assert_eq!(pace.take(at(0)), Ok(()));
        assert_eq!(pace.take(at(0)), Err(Duration::from_millis(250)));
        assert_eq!(pace.take(at(250)), Ok(()));
        assert!(pace.take(at(250)).is_err());
    }
}
