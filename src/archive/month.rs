//! Months of the calendar in UTC, which is how the archive divides time.

use std::fmt;

use domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan as _};

/// A month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// Its first day.
    first: Date,
}

impl Month {
    /// The month in which an instant falls; none for one that no calendar knows.
    #[must_use]
    pub fn of(at: Timestamp) -> Option<Self> {
        let at = Instant::from_microsecond(at.as_micros()).ok()?;
        let first = at.to_zoned(TimeZone::UTC).date().first_of_month();
        // The last month of the calendar has no end.
        first.checked_add(1.month()).ok()?;
        Some(Self { first })
    }

    /// Its first instant.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        midnight(self.first)
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        midnight(self.first.saturating_add(1.month()))
    }
}

impl fmt::Display for Month {
    /// `2025-03`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// The months that touch the time from `from` until before `to`, in order.
#[must_use]
pub fn between(from: Timestamp, to: Timestamp) -> Vec<Month> {
    let mut months = Vec::new();
    let mut at = from;
    while at < to
        && let Some(month) = Month::of(at)
    {
        months.push(month);
        at = month.end();
    }
    months
}

/// Reads `2025-03-01` (its first instant in UTC) or an instant like `2025-03-01T12:00:00Z`.
///
/// # Errors
///
/// When it is neither, with an example.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(date) = text.parse::<Date>()
        && !text.contains('T')
    {
        return Ok(midnight(date));
    }
    let at: Instant = text
        .parse()
        .map_err(|_| "write a day (2025-03-01) or an instant (2025-03-01T12:00:00Z)".to_owned())?;
    Ok(Timestamp::from_micros(at.as_microsecond()))
}

/// An instant as a person reads it.
#[must_use]
pub fn written(at: Timestamp) -> String {
    Instant::from_microsecond(at.as_micros())
        .map_or_else(|_| at.to_string(), |instant| instant.to_string())
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |at| {
        Timestamp::from_micros(at.timestamp().as_microsecond())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_over_the_year_and_meet() {
        let (from, to) = (
            instant("2024-12-31T23:59:59Z").unwrap(),
            instant("2025-02-01").unwrap(),
        );
        let months = between(from, to);
        let names: Vec<_> = months.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["2024-12", "2025-01"]);
        assert_eq!(months[0].end(), months[1].begin());
        assert_eq!(months[1].end(), to);
        assert!(between(to, to).is_empty());
    }

    #[test]
    fn what_is_no_instant_is_told_what_one_is() {
        assert!(instant("March").unwrap_err().contains("2025-03-01"));
        assert_eq!(
            written(instant("2025-03-01").unwrap()),
            "2025-03-01T00:00:00Z"
        );
    }
}
