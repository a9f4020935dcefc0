//! Candles for whoever looks back: asked of the venue, so many at a time, kept for a moment, and
//! with every gap said.
//!
//! They compete with the feeds for what a venue answers, and no live signal is judged by them; so few
//! questions are under way at once, and who comes too many is asked to come back.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use domain::market::{Candle, Instrument, Interval, Venue};
use domain::ports::{BoxError, Candles, FeedError};
use domain::time::Timestamp;

/// The most candles, and gaps of the length of one, that an answer spans.
pub const LONGEST: u32 = 1_000;

/// Questions that may be under way at once.
const AT_ONCE: usize = 2;

/// How long somebody waits for his turn and his answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long an answer is given again.
const FRESH: Duration = Duration::from_secs(10);

/// Answers that are kept at most.
const KEPT: usize = 64;

/// Which candles: of an instrument, of a length, that begin from an instant and before another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stretch {
    /// Of what.
    pub instrument: Instrument,
    /// How long each is.
    pub interval: Interval,
    /// When the first begins.
    pub from: Timestamp,
    /// When the last is over. At most [`LONGEST`] of them lie between.
    pub to: Timestamp,
}

/// Candles, and where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// What the venue has, in order.
    pub candles: Vec<Candle>,
    /// Stretches of which it has none, in order.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

/// Why there is no chart.
#[derive(Debug, thiserror::Error)]
#[error("too many look back at once")]
struct Crowded;

/// Asks for charts and keeps them for a moment.
pub struct Charts {
    venues: BTreeMap<Venue, Arc<dyn Candles>>,
    turns: Semaphore,
    kept: Mutex<HashMap<Stretch, (Instant, Arc<Chart>)>>,
}

impl Charts {
    /// Charts of some venues.
    #[must_use]
    pub fn new(venues: BTreeMap<Venue, Arc<dyn Candles>>) -> Self {
        Self {
            venues,
            turns: Semaphore::new(AT_ONCE),
            kept: Mutex::default(),
        }
    }

    /// The chart of a stretch.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer in time or does not know the instrument.
    pub async fn chart(&self, stretch: &Stretch) -> Result<Arc<Chart>, FeedError> {
        let unreachable = |source: BoxError| FeedError::Unreachable {
            venue: stretch.instrument.venue.clone(),
            source,
        };
        let asked = timeout(PATIENCE, async {
            let turn = self.turns.acquire().await;
            let _turn = turn.map_err(|closed| unreachable(closed.into()))?;
            // Who waited for the same question finds its answer.
            if let Some(chart) = self.fresh(stretch) {
                return Ok(chart);
            }
            let chart = Arc::new(self.ask(stretch).await?);
            self.keep(stretch.clone(), Arc::clone(&chart));
            Ok(chart)
        });
        if let Some(chart) = self.fresh(stretch) {
            return Ok(chart);
        }
        asked.await.map_err(|_| unreachable(Crowded.into()))?
    }

    /// Whether a venue leaves out candles in which nothing was traded; none where it is not known.
    #[must_use]
    pub fn omits_quiet(&self, venue: &Venue) -> Option<bool> {
        self.venues.get(venue).map(|candles| candles.omits_quiet())
    }

    async fn ask(&self, stretch: &Stretch) -> Result<Chart, FeedError> {
        let instrument = &stretch.instrument;
        let venue = self.venues.get(&instrument.venue);
        let venue = venue.ok_or_else(|| FeedError::Unlisted(instrument.clone()))?;
        let candles = venue
            .candles(instrument, stretch.interval, stretch.from, stretch.to)
            .await?;
        Ok(Chart {
            gaps: gaps(&candles, stretch.from, stretch.to),
            candles,
        })
    }

    fn fresh(&self, stretch: &Stretch) -> Option<Arc<Chart>> {
        let kept = self.kept();
        let (at, chart) = kept.get(stretch)?;
        (at.elapsed() < FRESH).then(|| Arc::clone(chart))
    }

    fn keep(&self, stretch: Stretch, chart: Arc<Chart>) {
        let mut kept = self.kept();
        kept.retain(|_, (at, _)| at.elapsed() < FRESH);
        if kept.len() < KEPT {
            kept.insert(stretch, (Instant::now(), chart));
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Stretch, (Instant, Arc<Chart>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where between two instants no candle lies.
fn gaps(candles: &[Candle], from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut gaps = Vec::new();
    let mut known = from;
    for candle in candles {
        if candle.open_time > known {
            gaps.push((known, candle.open_time));
        }
        known = candle.end();
    }
    if known < to {
        gaps.push((known, to));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use domain::market::Price;

    use super::*;

    #[test]
    fn every_stretch_without_a_candle_is_a_gap_also_before_the_first_and_after_the_last() {
        let minute = |nth: i64| Timestamp::from_millis(nth * 60_000);
        let price = Price::parse("100").unwrap();
        let candle = |nth: i64| Candle {
            open_time: minute(nth),
            span: Duration::from_secs(60),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1.into(),
        };
        let candles = [2, 3, 6].map(candle);
        let expected = [(0, 2), (4, 6), (7, 9)].map(|(from, to)| (minute(from), minute(to)));
        assert_eq!(gaps(&candles, minute(0), minute(9)), expected);
        assert_eq!(gaps(&candles[..2], minute(2), minute(4)), []);
        assert_eq!(gaps(&[], minute(0), minute(1)), [(minute(0), minute(1))]);
    }
}
