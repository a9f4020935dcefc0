//! Recorded prices of a venue: its finest candles that reach back far enough, page by page.
//!
//! Pages begin at whole multiples of their length, so that trials on one market ask for the same
//! ones, and a page that is over is kept for a while. Every question goes through [`Charts`], which
//! lets few be under way at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::market::{Candle, Instrument, Interval, Tick};
use domain::ports::retrial::{Path, Paths};
use domain::ports::{Clock, FeedError};
use domain::time::Timestamp;

use crate::charts::{Charts, LONGEST, Stretch};
use crate::replay::candles::PricePath;

/// A candle is asked for only this long after its end: before, the venue may not have it yet.
const SETTLING: Duration = Duration::from_secs(3);

/// A path is made of so many candles at most; a longer one is made of longer candles.
const MOST: u32 = 50_000;

/// Candles longer than this blur a trade too much.
const COARSEST: Interval = Interval::Hour;

/// Pages that are kept: some 15 kB each.
const PAGES: usize = 1_024;

/// The paths of venues.
pub struct VenuePaths {
    shared: Arc<Shared>,
}

struct Shared {
    charts: Arc<Charts>,
    clock: Arc<dyn Clock>,
    pages: Mutex<HashMap<Stretch, PricePath>>,
}

impl VenuePaths {
    /// Paths by way of charts.
    #[must_use]
    pub fn new(charts: Arc<Charts>, clock: Arc<dyn Clock>) -> Self {
        let shared = Shared {
            charts,
            clock,
            pages: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl Paths for VenuePaths {
    fn path(
        &self,
        instrument: &Instrument,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Box<dyn Path>> {
        let omits_quiet = self.shared.charts.omits_quiet(&instrument.venue)?;
        Some(Box::new(VenuePath {
            shared: Arc::clone(&self.shared),
            instrument: instrument.clone(),
            omits_quiet,
            interval: None,
            at: from,
            to,
            told: false,
        }))
    }
}

/// One path.
struct VenuePath {
    shared: Arc<Shared>,
    instrument: Instrument,
    omits_quiet: bool,
    /// How long its candles are, once that is known.
    interval: Option<Interval>,
    /// Everything before was told.
    at: Timestamp,
    to: Timestamp,
    /// The end was told, too.
    told: bool,
}

#[async_trait::async_trait]
impl Path for VenuePath {
    async fn next(&mut self) -> Result<Vec<Tick>, FeedError> {
        let interval = match self.interval {
            Some(interval) => interval,
            None => match self.finest().await? {
                Some(interval) => interval,
                None => return Ok(Vec::new()),
            },
        };
        if self.interval.is_none() {
            // The candle in which the path begins is told whole: the track knows what to make of it.
            self.at = interval.begin_of(self.at);
            self.interval = Some(interval);
        }
        let present = interval.begin_of(self.shared.clock.now() - SETTLING);
        if self.at >= self.to {
            let end = (!std::mem::replace(&mut self.told, true)).then_some(Tick::Time(self.at));
            return Ok(end.into_iter().collect());
        }
        let page = page(&self.instrument, interval, self.at);
        let until = page.to.min(present);
        if until <= self.at {
            return Ok(Vec::new());
        }
        let candles = self.shared.candles(page, present).await?;
        let candles = candles
            .into_iter()
            .filter(|candle| candle.open_time >= self.at);
        let ticks = with_holes(candles, self.at, until, self.omits_quiet);
        self.at = until;
        Ok(ticks)
    }

    fn source(&self) -> &str {
        self.instrument.venue.as_str()
    }
}

impl VenuePath {
    /// The finest candles of which the venue still has the one in which the path begins; where it has
    /// none of them, those of a minute, and the path begins with a hole. None before the first is over.
    async fn finest(&self) -> Result<Option<Interval>, FeedError> {
        let long = |interval: &Interval| self.to.since(self.at) > interval.span() * MOST;
        let known = Interval::ALL.into_iter();
        let coarsest = |interval: &Interval| interval.span() <= COARSEST.span();
        let mut fits: Vec<Interval> = known.filter(coarsest).filter(|one| !long(one)).collect();
        if fits.is_empty() {
            fits.push(COARSEST);
        }
        let now = self.shared.clock.now() - SETTLING;
        for interval in &fits {
            let (present, begin) = (interval.begin_of(now), interval.begin_of(self.at));
            if present <= begin {
                return Ok(None);
            }
            let page = page(&self.instrument, *interval, begin);
            let candles = self.shared.candles(page, present).await?;
            let first = candles.iter().find(|candle| candle.end() > self.at);
            let there = |first: &Candle| self.omits_quiet || first.open_time <= self.at;
            if first.is_some_and(there) {
                return Ok(Some(*interval));
            }
        }
        Ok(fits.first().copied())
    }
}

impl Shared {
    /// The candles of a page that are over. One that a venue does not list has none.
    async fn candles(&self, page: Stretch, present: Timestamp) -> Result<Vec<Candle>, FeedError> {
        if let Some(kept) = self.pages().get(&page).cloned() {
            let candle = |tick| match tick {
                Tick::Candle(candle) => Some(candle),
                Tick::Trade(_) | Tick::Time(_) | Tick::Hole { .. } => None,
            };
            return Ok(kept.ticks().filter_map(candle).collect());
        }
        let whole = page.to <= present;
        let asked = Stretch {
            to: page.to.min(present),
            ..page.clone()
        };
        let chart = match self.charts.chart(&asked).await {
            Ok(chart) => chart,
            Err(FeedError::Unlisted(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // A page with gaps is asked for again: a candle may come late.
        if whole && chart.gaps.is_empty() {
            let mut pages = self.pages();
            if pages.len() >= PAGES {
                pages.clear();
            }
            pages.insert(
                page,
                PricePath::pack(chart.candles.iter().copied().map(Tick::Candle)),
            );
        }
        Ok(chart.candles.clone())
    }

    fn pages(&self) -> MutexGuard<'_, HashMap<Stretch, PricePath>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The page in which an instant lies.
fn page(instrument: &Instrument, interval: Interval, at: Timestamp) -> Stretch {
    let length = interval.span() * LONGEST;
    let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    let from = at.as_micros().div_euclid(micros).saturating_mul(micros);
    let from = Timestamp::from_micros(from);
    Stretch {
        instrument: instrument.clone(),
        interval,
        from,
        to: from + length,
    }
}

/// Candles between two instants as ticks; what is not told is a hole, unless it only was quiet.
fn with_holes(
    candles: impl Iterator<Item = Candle>,
    from: Timestamp,
    to: Timestamp,
    omits_quiet: bool,
) -> Vec<Tick> {
    let (mut ticks, mut known) = (Vec::new(), from);
    for candle in candles {
        if candle.open_time > known && !omits_quiet {
            ticks.push(Tick::Hole {
                from: known,
                to: candle.open_time,
            });
        }
        known = candle.end();
        ticks.push(Tick::Candle(candle));
    }
    if known < to {
        ticks.push(match omits_quiet {
            true => Tick::Time(to),
            false => Tick::Hole { from: known, to },
        });
    }
    ticks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::market::{Price, Venue};
    use domain::ports::Candles;
    use rust_decimal::Decimal;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn minute(nth: i64) -> Timestamp {
        Timestamp::from_millis(nth * 60_000)
    }

    /// A venue that has forgotten the minutes before one, and lacks a few others.
    struct Forgetful {
        minutes_from: i64,
        missing: Vec<i64>,
        omits_quiet: bool,
        asked: Mutex<Vec<Interval>>,
    }

    #[async_trait::async_trait]
    impl Candles for Forgetful {
        async fn candles(
            &self,
            _: &Instrument,
            interval: Interval,
            from: Timestamp,
            to: Timestamp,
        ) -> Result<Vec<Candle>, FeedError> {
            self.asked.lock().unwrap().push(interval);
            let step = i64::from(interval.minutes());
            let first = from.as_millis() / 60_000;
            let price = Price::parse("100").unwrap();
            let has = |nth: &i64| {
                interval != Interval::Minute
                    || *nth >= self.minutes_from && !self.missing.contains(nth)
            };
            let candles = (0..i64::from(LONGEST)).map(|nth| first + nth * step);
            let candles = candles.take_while(|nth| minute(*nth) < to).filter(has);
            Ok(candles
                .map(|nth| Candle {
                    open_time: minute(nth),
                    span: interval.span(),
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: Decimal::ONE,
                })
                .collect())
        }

        fn omits_quiet(&self) -> bool {
            self.omits_quiet
        }
    }

    struct At(Mutex<Timestamp>);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    /// 10,000 is a whole multiple of a page of minutes, and of one of five.
    fn paths(venue: Forgetful, now: i64) -> (VenuePaths, Arc<Forgetful>, Arc<At>) {
        let venue = Arc::new(venue);
        let asked: Arc<dyn Candles> = Arc::clone(&venue) as _;
        let charts = Charts::new(BTreeMap::from([(Venue::new("sim"), asked)]));
        let clock = Arc::new(At(Mutex::new(minute(now))));
        let paths = VenuePaths::new(Arc::new(charts), Arc::clone(&clock) as _);
        (paths, venue, clock)
    }

    fn forgetful(minutes_from: i64, missing: &[i64]) -> Forgetful {
        Forgetful {
            minutes_from,
            missing: missing.to_vec(),
            omits_quiet: false,
            asked: Mutex::default(),
        }
    }

    fn open(paths: &VenuePaths, from: i64, to: i64) -> Box<dyn Path> {
        let instrument = Instrument::parse("sim:spot:BTC/USDT").unwrap();
        let from = minute(from) + MINUTE / 2;
        paths.path(&instrument, from, minute(to)).unwrap()
    }

    async fn all(path: &mut dyn Path) -> Vec<Tick> {
        let mut ticks = Vec::new();
        loop {
            let more = path.next().await.unwrap();
            if more.is_empty() {
                return ticks;
            }
            ticks.extend(more);
        }
    }

    fn candles(ticks: &[Tick]) -> Vec<(Timestamp, Duration)> {
        let candle = |tick: &Tick| match tick {
            Tick::Candle(candle) => Some((candle.open_time, candle.span)),
            Tick::Trade(_) | Tick::Time(_) | Tick::Hole { .. } => None,
        };
        ticks.iter().filter_map(candle).collect()
    }

    #[tokio::test]
    async fn a_path_begins_with_the_candle_of_its_first_instant_and_ends_with_the_time() {
        let (paths, venue, _) = paths(forgetful(0, &[10_005]), 20_000);
        let mut path = open(&paths, 10_003, 11_010);
        let ticks = all(&mut *path).await;
        assert_eq!(candles(&ticks)[0], (minute(10_003), MINUTE));
        let hole = Tick::Hole {
            from: minute(10_005),
            to: minute(10_006),
        };
        assert_eq!(ticks[2], hole);
        // It ends with the page in which the end lies.
        assert_eq!(ticks.last(), Some(&Tick::Time(minute(12_000))));
        assert_eq!(path.next().await.unwrap(), []);
        // Another path of the same time asks only for the page that has a gap.
        let before = venue.asked.lock().unwrap().len();
        all(&mut *open(&paths, 11_003, 11_010)).await;
        assert_eq!(venue.asked.lock().unwrap().len(), before);
    }

    #[tokio::test]
    async fn a_path_goes_on_where_the_present_was() {
        let (paths, _, clock) = paths(forgetful(0, &[]), 10_010);
        let mut path = open(&paths, 10_003, 10_500);
        assert_eq!(candles(&all(&mut *path).await).len(), 6);
        *clock.0.lock().unwrap() = minute(10_020);
        let more = candles(&all(&mut *path).await);
        assert_eq!(more.len(), 10);
        assert_eq!(more[0].0, minute(10_009));
    }

    #[tokio::test]
    async fn what_a_venue_has_forgotten_is_told_by_longer_candles() {
        let (paths, _, _) = paths(forgetful(15_000, &[]), 20_000);
        let ticks = all(&mut *open(&paths, 10_003, 10_100)).await;
        assert_eq!(candles(&ticks)[0], (minute(10_000), 5 * MINUTE));
    }

    #[tokio::test]
    async fn a_venue_that_leaves_out_quiet_minutes_hides_nothing() {
        let quiet = Forgetful {
            omits_quiet: true,
            ..forgetful(0, &[10_003, 10_005])
        };
        let (paths, _, _) = paths(quiet, 20_000);
        let ticks = all(&mut *open(&paths, 10_003, 10_100)).await;
        assert_eq!(candles(&ticks)[0], (minute(10_004), MINUTE));
        assert!(!ticks.iter().any(|tick| matches!(tick, Tick::Hole { .. })));
    }
}
