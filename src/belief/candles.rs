//! Candles in advance: every market that is followed, and bitcoin, minute by minute.
//!
//! Trades tell no volume, so the minutes are asked of the venue as they end. A market that is new is
//! asked for its last days first. Nobody waits for any of it: what is not there yet is unknown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use actors::floor::Followed;
use domain::market::{Candle, Instrument, Interval, Venue};
use domain::ports::{Advice, Candles, Clock, FeedError};
use domain::time::Timestamp;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::time::Instant;

use super::Knowledge;

/// How often it is looked whether a minute is over. The clock may be another than the wall's.
const PULSE: Duration = Duration::from_millis(250);

/// So long after its end a minute is asked for: venues are a moment late.
const SETTLING: Duration = Duration::from_secs(1);

/// How long a minute that is not there yet is asked for again.
const LATE: Duration = Duration::from_secs(30);

/// The pause after a failure.
const REST: Duration = Duration::from_secs(15);

/// The pause after an answer that cannot be read, which the next one will hardly be better than.
const LONG_REST: Duration = Duration::from_secs(600);

/// The pause before a minute that is late is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// Markets that are asked for at once.
const AT_ONCE: usize = 4;

/// What is asked of a new market: candles of these lengths, so far back, the longest first. Shorter
/// ones go on where longer ones end.
const WARM_UP: [(Interval, Duration); 4] = [
    (Interval::Hour, Duration::from_secs(10 * 86_400)),
    (Interval::Quarter, Duration::from_secs(32 * 3_600)),
    (Interval::FiveMinutes, Duration::from_secs(9 * 3_600)),
    (Interval::Minute, Duration::from_secs(2 * 3_600)),
];

/// After a gap longer than this a market is asked for its last days again.
const FORGOTTEN: Duration = Duration::from_secs(2 * 3_600);

/// Fills the knowledge with candles.
pub struct Watcher {
    /// What is to be filled.
    pub knowledge: Arc<Knowledge>,
    /// Who tells candles.
    pub venues: BTreeMap<Venue, Arc<dyn Candles>>,
    /// The markets that are followed now.
    pub followed: Followed,
    /// Markets that are watched whether or not they are followed.
    pub always: Vec<Instrument>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// How far a market is known.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The first instant that is not known; none before the first answer.
    told: Option<Timestamp>,
    /// When it may be asked again.
    rest: Option<Instant>,
    /// The venue does not trade it.
    absent: bool,
}

impl Watcher {
    /// Watches for as long as it is awaited, each venue by itself: one that is slow, or asks for patience,
    /// keeps no other's candles back.
    pub async fn watch(self) {
        join_all(self.venues.keys().map(|venue| self.watch_one(venue))).await;
    }

    async fn watch_one(&self, venue: &Venue) {
        let mut places: HashMap<Instrument, Place> = HashMap::new();
        loop {
            let due = Interval::Minute.begin_of(self.clock.now() - SETTLING);
            let wanted = self.wanted(venue);
            let asked: Vec<(Instrument, Place)> = wanted
                .into_iter()
                .map(|on| {
                    let place = places.get(&on).copied().unwrap_or_default();
                    (on, place)
                })
                .filter(|(_, place)| place.lacks(due))
                .collect();
            if asked.is_empty() {
                tokio::time::sleep(PULSE).await;
                continue;
            }
            let mut answers = stream::iter(asked)
                .map(|(on, place)| async move {
                    let place = self.ask(&on, place, due).await;
                    (on, place)
                })
                .buffer_unordered(AT_ONCE);
            while let Some((on, place)) = answers.next().await {
                places.insert(on, place);
            }
        }
    }

    fn wanted(&self, venue: &Venue) -> Vec<Instrument> {
        let followed = self.followed.all().into_iter().map(|seen| seen.instrument);
        let wanted = self.always.iter().cloned().chain(followed);
        let mut wanted: Vec<Instrument> = wanted.filter(|on| on.venue == *venue).collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }

    /// Asks for what a market lacks, and says how far it is known then.
    async fn ask(&self, on: &Instrument, place: Place, due: Timestamp) -> Place {
        let Some(venue) = self.venues.get(&on.venue) else {
            return Place {
                absent: true,
                ..place
            };
        };
        let told = place.told.filter(|told| due.since(*told) < FORGOTTEN);
        let asked = match told {
            Some(told) => self.minutes(&**venue, on, told, due).await,
            None => self.days(&**venue, on, due).await,
        };
        match asked {
            Ok(known) if known >= due || self.clock.now().since(due) > LATE => Place {
                told: Some(due),
                rest: None,
                absent: false,
            },
            Ok(known) => Place {
                told: Some(known),
                rest: Some(Instant::now() + AGAIN),
                absent: false,
            },
            Err(error) if error.advice() == Advice::Stop => Place {
                absent: true,
                ..place
            },
            Err(error) => {
                let rest = match error.advice() {
                    Advice::Retry => REST,
                    Advice::Skip | Advice::Stop => LONG_REST,
                };
                tracing::debug!(%on, "no candles of {on} for the models: {error}");
                metrics::counter!("touchstone_belief_candle_failures_total").increment(1);
                Place {
                    rest: Some(Instant::now() + rest),
                    ..place
                }
            }
        }
    }

    /// The minutes from an instant on; the end of the last one that is there.
    async fn minutes(
        &self,
        venue: &dyn Candles,
        on: &Instrument,
        told: Timestamp,
        due: Timestamp,
    ) -> Result<Timestamp, FeedError> {
        let candles = venue.candles(on, Interval::Minute, told, due).await?;
        self.knowledge.learn(on, &candles);
        Ok(candles.last().map_or(told, Candle::end))
    }

    /// The last days, in ever shorter candles. They are learned all at once, so that nobody who asks
    /// meanwhile sees a market of which the hours are new and the minutes old.
    async fn days(
        &self,
        venue: &dyn Candles,
        on: &Instrument,
        due: Timestamp,
    ) -> Result<Timestamp, FeedError> {
        let mut days = Vec::new();
        for (interval, back) in WARM_UP {
            let (from, to) = (interval.begin_of(due - back), interval.begin_of(due));
            days.extend(venue.candles(on, interval, from, to).await?);
        }
        self.knowledge.learn(on, &days);
        Ok(days.iter().map(Candle::end).max().unwrap_or(due))
    }
}

impl Place {
    fn lacks(&self, due: Timestamp) -> bool {
        let rests = self.rest.is_some_and(|until| Instant::now() < until);
        !self.absent && !rests && self.told.is_none_or(|told| told < due)
    }
}

#[cfg(test)]
mod tests {
    use domain::market::{MarketKind, Pair, Price};
    use rust_decimal::Decimal;

    use super::*;

    /// The time that it is.
    const NOW: Timestamp = Timestamp::from_millis(1_735_700_400_500);

    /// A venue where nothing moves, that looks at each question what is known by then.
    struct Quiet(Arc<Knowledge>);

    #[async_trait::async_trait]
    impl Candles for Quiet {
        async fn candles(
            &self,
            on: &Instrument,
            interval: Interval,
            from: Timestamp,
            to: Timestamp,
        ) -> Result<Vec<Candle>, FeedError> {
            assert_eq!(self.0.known_until(on), None, "before {interval:?} is told");
            let price = Price::parse("100").unwrap();
            let span = interval.span();
            let begins = std::iter::successors(Some(from), |begin| Some(*begin + span));
            let candles = begins
                .take_while(|begin| *begin < to)
                .map(|open_time| Candle {
                    open_time,
                    span,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: Decimal::ONE,
                });
            Ok(candles.collect())
        }
    }

    struct Standing;

    impl Clock for Standing {
        fn now(&self) -> Timestamp {
            NOW
        }
    }

    #[actix::test]
    async fn of_the_last_days_nothing_is_known_before_everything_is() {
        let knowledge = Arc::new(Knowledge::new(BTreeMap::new()));
        let venue = Venue::new("quiet");
        let on = Instrument {
            venue: venue.clone(),
            kind: MarketKind::Spot,
            pair: Pair::new("BTC", "USDT").unwrap(),
        };
        let quiet: Arc<dyn Candles> = Arc::new(Quiet(Arc::clone(&knowledge)));
        let watcher = Watcher {
            knowledge: Arc::clone(&knowledge),
            venues: BTreeMap::from([(venue, quiet)]),
            followed: Followed::default(),
            always: vec![on.clone()],
            clock: Arc::new(Standing),
        };
        let due = Interval::Minute.begin_of(NOW - SETTLING);
        let place = watcher.ask(&on, Place::default(), due).await;
        assert_eq!(
            (place.told, knowledge.known_until(&on)),
            (Some(due), Some(due))
        );
    }
}
