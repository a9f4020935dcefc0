//! The days on which things are due.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::objects::{Interval, Recurring, Time};

pub(crate) const HOUR: Time = 3600;
pub(crate) const DAY: Time = 24 * HOUR;

/// The end of the period that holds or begins at `now`, counted from the anchor: the 31st stays
/// the last day of shorter months and is the 31st again after them.
pub(crate) fn next_end(anchor: Time, every: Recurring, now: Time) -> Time {
    // As many whole intervals as have surely passed, so only a few steps are left.
    let mut count = ((now - anchor).max(0) / length(every).max(1)).max(1);
    loop {
        let end = after(anchor, every, count);
        if end > now {
            return end;
        }
        count += 1;
    }
}

/// So many intervals after the anchor.
fn after(anchor: Time, every: Recurring, times: i64) -> Time {
    let count = i64::from(every.count) * times;
    let days = match every.interval {
        Interval::Day => return anchor + count * DAY,
        Interval::Week => return anchor + count * 7 * DAY,
        Interval::Month => Span::new().try_months(count),
        Interval::Year => Span::new().try_years(count),
    };
    let moved = days.and_then(|span| {
        let zoned = Timestamp::from_second(anchor)?.to_zoned(TimeZone::UTC);
        zoned.checked_add(span)
    });
    // Beyond the calendar's end nothing is due any more.
    moved.map_or(Time::MAX, |moved| moved.timestamp().as_second())
}

/// How long an interval is at most.
fn length(every: Recurring) -> Time {
    let days = match every.interval {
        Interval::Day => 1,
        Interval::Week => 7,
        Interval::Month => 31,
        Interval::Year => 366,
    };
    days * DAY * i64::from(every.count)
}

/// A day as invoices name it: `28 Nov 2026`.
pub(crate) fn day(time: Time) -> String {
    date(time).strftime("%-d %b %Y").to_string()
}

pub(crate) fn year(time: Time) -> i64 {
    i64::from(date(time).year())
}

fn date(time: Time) -> Date {
    let at = Timestamp::from_second(time).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    const MONTHLY: Recurring = Recurring {
        interval: Interval::Month,
        count: 1,
    };

    #[test]
    fn the_31st_comes_back_after_a_short_month() {
        let anchor = at("2026-01-31T10:00:00Z");
        let february = next_end(anchor, MONTHLY, anchor);
        assert_eq!(february, at("2026-02-28T10:00:00Z"));
        assert_eq!(
            next_end(anchor, MONTHLY, february),
            at("2026-03-31T10:00:00Z")
        );
    }

    #[test]
    fn an_end_long_after_the_anchor_is_found() {
        let anchor = at("2026-01-31T10:00:00Z");
        assert_eq!(
            next_end(anchor, MONTHLY, at("2043-06-15T00:00:00Z")),
            at("2043-06-30T10:00:00Z")
        );
        let yearly = Recurring {
            interval: Interval::Year,
            count: 1,
        };
        assert_eq!(
            next_end(
                at("2024-02-29T00:00:00Z"),
                yearly,
                at("2027-03-01T00:00:00Z")
            ),
            at("2028-02-29T00:00:00Z")
        );
    }
}
