//! Figures: percentiles of what was timed, ratios to a baseline, and what the process spent.

use std::time::Duration;

use anyhow::Context as _;

/// What was timed, in order of length.
#[derive(Clone, Debug)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Puts them in order.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The one below which so many in a thousand lie; zero where nothing was timed.
    #[must_use]
    pub fn at(&self, in_a_thousand: usize) -> Duration {
        let place = self.0.len().saturating_sub(1) * in_a_thousand / 1_000;
        self.0.get(place).copied().unwrap_or_default()
    }

    /// The middle one.
    #[must_use]
    pub fn p50(&self) -> Duration {
        self.at(500)
    }

    /// The one that 99 in a hundred do not exceed.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.at(990)
    }
}

/// A duration in microseconds, as a table shows it.
#[must_use]
pub fn micros(time: Duration) -> String {
    format!("{:.0}", time.as_secs_f64() * 1e6)
}

/// How many times the baseline.
#[must_use]
pub fn ratio(of: Duration, to: Duration) -> String {
    format!("{:.2}", of.as_secs_f64() / to.as_secs_f64())
}

/// So many in a second.
#[must_use]
pub fn per_second(count: usize, spent: Duration) -> String {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    format!("{:.0}", f64::from(count) / spent.as_secs_f64())
}

/// What this process has spent of the processor, in user and kernel mode together.
///
/// # Errors
///
/// Where there is no `/proc`.
pub fn spent() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("no /proc/self/stat")?;
    // The name stands in brackets and may hold anything; what follows it is plain.
    let (_, fields) = stat
        .rsplit_once(')')
        .context("unreadable /proc/self/stat")?;
    let ticks = |nth: usize| -> anyhow::Result<u64> {
        let field = fields.split_whitespace().nth(nth);
        Ok(field.context("unreadable /proc/self/stat")?.parse()?)
    };
    // Linux shows these in hundredths of a second, whatever the kernel's own clock.
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}
