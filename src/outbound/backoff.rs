//! How long to wait after a failure: longer each time, and never in step with others.

use std::time::Duration;

/// A pause that doubles with every failure and is forgotten with the first success.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins at `first` and never waits longer than `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// Another failure: how long to wait before the next attempt.
    pub fn failed(&mut self) -> Duration {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        jittered(self.first.saturating_mul(1 << doublings).min(self.longest))
    }

    /// It works again.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How often it failed in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// Between three quarters and five quarters of `span`, so that many who wait for the same thing
/// do not come back together.
#[must_use]
pub fn jittered(span: Duration) -> Duration {
    span.mul_f64(rand::random_range(0.75..1.25))
}

/// A wait that somebody asked for: all of it, and up to a quarter more for the same reason.
#[must_use]
pub fn no_sooner(span: Duration) -> Duration {
    span.mul_f64(rand::random_range(1.0..1.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_a_limit_and_success_forgets_them() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let within = |wait: Duration, middle: u64| {
            let middle = Duration::from_secs(middle);
            (middle.mul_f64(0.75)..=middle.mul_f64(1.25)).contains(&wait)
        };
        for middle in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = backoff.failed();
            assert!(within(wait, middle), "{wait:?} is not about {middle} s");
        }
        backoff.succeeded();
        assert!(within(backoff.failed(), 1));
    }
}
