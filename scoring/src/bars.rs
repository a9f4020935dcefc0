//! Bars: what was traded lately, at several lengths at once, as numbers to reckon with.
//!
//! A model sees the market through a [`Series`] and through nothing else. Whoever holds one hands
//! it finished candles in the order of their time, live or from files, and longer bars follow from
//! shorter ones; so both ways see the same.

use std::collections::VecDeque;

use domain::market::Candle;
use domain::time::Timestamp;
use rust_decimal::prelude::ToPrimitive as _;

/// A finished candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Its first instant.
    pub open_time: Timestamp,
    /// The first instant that is no longer in it.
    pub end: Timestamp,
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price.
    pub close: f64,
    /// Traded amount in the base asset.
    pub volume: f64,
}

impl Bar {
    /// The numbers of a candle.
    #[must_use]
    pub fn of(candle: &Candle) -> Self {
        let number = |price: domain::market::Price| price.get().to_f64().unwrap_or(f64::NAN);
        Self {
            open_time: candle.open_time,
            end: candle.end(),
            open: number(candle.open),
            high: number(candle.high),
            low: number(candle.low),
            close: number(candle.close),
            volume: candle.volume.to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The same bar after this one was traded, too.
    fn and(self, next: &Self) -> Self {
        Self {
            open_time: self.open_time,
            end: self.end,
            open: self.open,
            high: self.high.max(next.high),
            low: self.low.min(next.low),
            close: next.close,
            volume: self.volume + next.volume,
        }
    }
}

/// The lengths that are kept, in minutes, and how many bars of each are told: an hour of minutes,
/// six hours of five, a day of quarters and eight days of hours.
const SHELVES: [(i64, usize); 4] = [(1, 60), (5, 72), (15, 96), (60, 192)];

/// So many more bars are kept of each length, so that who asks of an instant up to half an hour ago
/// is told the same as if he had asked at it.
const SPARE: usize = 30;

const MINUTE: i64 = 60_000_000;

/// After a silence of half an hour, or of four bars where that is longer, what was before says
/// nothing of the present.
const fn silence(shelf: usize) -> i64 {
    let bars = 4 * SHELVES[shelf].0 * MINUTE;
    if bars > 30 * MINUTE {
        bars
    } else {
        30 * MINUTE
    }
}

/// Which shelf of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Bars of a minute.
    Minute,
    /// Bars of five minutes.
    Five,
    /// Bars of a quarter of an hour.
    Quarter,
    /// Bars of an hour.
    Hour,
}

impl Length {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Five, Self::Quarter, Self::Hour];
}

/// One instrument's recent bars.
#[derive(Clone, Debug, Default)]
pub struct Series {
    shelves: [Shelf; 4],
}

#[derive(Clone, Debug, Default)]
struct Shelf {
    bars: VecDeque<Bar>,
    /// The bar that is still being traded, made of shorter ones.
    growing: Option<Bar>,
    /// The end of the last candle that was taken: what begins before it was told already.
    told: Option<Timestamp>,
}

impl Series {
    /// Takes the next finished candle. One that is not later than what is known already is left
    /// out, so an overlap of two files or a repeated answer of a venue changes nothing. A candle
    /// of a length between two shelves counts from the next longer one on; one that is longer than
    /// an hour says nothing here.
    pub fn push(&mut self, bar: &Bar) {
        let span = bar
            .end
            .as_micros()
            .saturating_sub(bar.open_time.as_micros());
        for (nth, (shelf, (minutes, told))) in self.shelves.iter_mut().zip(SHELVES).enumerate() {
            if span > 0 && span <= minutes * MINUTE {
                shelf.forget_before_silence(bar, silence(nth));
                shelf.push(bar, minutes * MINUTE, told + SPARE);
            }
        }
    }

    /// The last finished bars of a length that were over at an instant, oldest first; none where
    /// nothing was told for a while before it.
    pub fn until(&self, length: Length, at: Timestamp) -> impl DoubleEndedIterator<Item = &Bar> {
        let bars = &self.shelves[length as usize].bars;
        let mut known = bars.partition_point(|bar| bar.end <= at);
        let last = known.checked_sub(1).map(|last| bars[last].end);
        if last.is_none_or(|last| at.as_micros() - last.as_micros() > silence(length as usize)) {
            known = 0;
        }
        bars.range(known.saturating_sub(SHELVES[length as usize].1)..known)
    }

    /// The end of the last bar of any length.
    #[must_use]
    pub fn last_end(&self) -> Option<Timestamp> {
        let last = |shelf: &Shelf| shelf.bars.back().map(|bar| bar.end);
        self.shelves.iter().filter_map(last).max()
    }
}

impl Shelf {
    fn forget_before_silence(&mut self, bar: &Bar, silence: i64) {
        let last = self.bars.back().map(|last| last.end);
        let begun = self.growing.map(|growing| growing.open_time);
        let known = last.max(begun).unwrap_or(bar.open_time);
        if bar.open_time.as_micros() - known.as_micros() > silence {
            *self = Self::default();
        }
    }

    fn push(&mut self, bar: &Bar, span: i64, room: usize) {
        let begin = bar.open_time.as_micros().div_euclid(span) * span;
        let (begin, end) = (
            Timestamp::from_micros(begin),
            Timestamp::from_micros(begin + span),
        );
        if let Some(told) = self.told
            && bar.open_time < told
        {
            // After a gap the whole is told of what was only begun.
            let whole = |growing: Bar| bar.open_time == growing.open_time && told < bar.end;
            if !self.growing.is_some_and(whole) {
                return;
            }
            self.growing = None;
        }
        self.told = Some(bar.end);
        let growing = match self.growing.take() {
            Some(growing) if growing.open_time == begin => growing.and(bar),
            // Its last part was never told: what is known of it stands.
            Some(growing) => {
                self.keep(growing, room);
                Bar {
                    open_time: begin,
                    end,
                    ..*bar
                }
            }
            None => Bar {
                open_time: begin,
                end,
                ..*bar
            },
        };
        if bar.end >= end {
            self.keep(growing, room);
        } else {
            self.growing = Some(growing);
        }
    }

    fn keep(&mut self, bar: Bar, room: usize) {
        if self.bars.len() == room {
            self.bars.pop_front();
        }
        self.bars.push_back(bar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(nth: i64, close: f64) -> Bar {
        Bar {
            open_time: Timestamp::from_micros(nth * MINUTE),
            end: Timestamp::from_micros((nth + 1) * MINUTE),
            open: close,
            high: close + 1.0,
            low: close - 1.0,
            close,
            volume: 2.0,
        }
    }

    #[test]
    fn longer_bars_follow_from_minutes_and_only_when_they_are_over() {
        let mut series = Series::default();
        for nth in 0..14 {
            series.push(&minute(nth, 100.0 + nth as f64));
        }
        let now = Timestamp::from_micros(15 * MINUTE);
        assert_eq!(series.until(Length::Minute, now).count(), 14);
        assert_eq!(series.until(Length::Five, now).count(), 2);
        assert_eq!(series.until(Length::Quarter, now).count(), 0);
        series.push(&minute(14, 114.0));
        let quarter = *series.until(Length::Quarter, now).next().unwrap();
        assert_eq!((quarter.open, quarter.close), (100.0, 114.0));
        assert_eq!((quarter.high, quarter.low), (115.0, 99.0));
        assert!((quarter.volume - 30.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_not_over_at_an_instant_is_not_seen_at_it() {
        let mut series = Series::default();
        (0..10).for_each(|nth| series.push(&minute(nth, 100.0)));
        let at = Timestamp::from_micros(5 * MINUTE - 1);
        assert_eq!(series.until(Length::Minute, at).count(), 4);
        assert_eq!(series.until(Length::Five, at).count(), 0);
    }

    #[test]
    fn what_was_before_a_long_silence_is_forgotten() {
        let mut series = Series::default();
        (0..20).for_each(|nth| series.push(&minute(nth, 100.0)));
        assert_eq!(
            series
                .until(Length::Minute, Timestamp::from_micros(49 * MINUTE))
                .count(),
            20
        );
        assert_eq!(
            series
                .until(Length::Minute, Timestamp::from_micros(51 * MINUTE))
                .count(),
            0
        );
        series.push(&minute(500, 100.0));
        assert_eq!(series.until(Length::Minute, Timestamp::MAX).count(), 0);
        let now = Timestamp::from_micros(501 * MINUTE);
        assert_eq!(series.until(Length::Minute, now).count(), 1);
    }

    #[test]
    fn what_shorter_candles_tell_again_of_a_bar_that_grows_is_not_counted_twice() {
        let mut series = Series::default();
        let of = |begin: i64, minutes: i64| Bar {
            open_time: Timestamp::from_micros(begin * MINUTE),
            end: Timestamp::from_micros((begin + minutes) * MINUTE),
            volume: minutes as f64,
            ..minute(0, 100.0)
        };
        // As a market is asked of its last days: the longest candles first.
        (0..3).for_each(|nth| series.push(&of(nth * 15, 15)));
        (0..10).for_each(|nth| series.push(&of(nth * 5, 5)));
        (0..60).for_each(|nth| series.push(&of(nth, 1)));
        let now = Timestamp::from_micros(60 * MINUTE);
        let hour = series.until(Length::Hour, now).next().unwrap();
        assert!((hour.volume - 60.0).abs() < 1e-9, "{}", hour.volume);

        // Half an hour of the next hour, a gap, and the hour as a whole.
        (60..90).for_each(|nth| series.push(&of(nth, 1)));
        series.push(&Bar {
            close: 200.0,
            ..of(60, 60)
        });
        let later = Timestamp::from_micros(120 * MINUTE);
        let hour = series.until(Length::Hour, later).next_back().unwrap();
        assert!((hour.volume - 60.0).abs() < 1e-9, "{}", hour.volume);
        assert!((hour.close - 200.0).abs() < 1e-9);
    }

    #[test]
    fn a_candle_that_is_told_twice_counts_once() {
        let mut series = Series::default();
        (0..5).for_each(|nth| series.push(&minute(nth, 100.0)));
        (0..5).for_each(|nth| series.push(&minute(nth, 200.0)));
        let now = Timestamp::from_micros(5 * MINUTE);
        assert_eq!(series.until(Length::Minute, now).count(), 5);
        assert_eq!(series.until(Length::Five, now).count(), 1);
    }
}
