//! One instrument's price path in finished candles of a minute, where that is how it is to be judged.
//!
//! It costs a venue one message a minute and symbol instead of every trade, and a replay of the same
//! candles comes to the same events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use tokio::sync::mpsc;
use tokio::time::Instant;

use domain::market::{Candle, Instrument, Interval, Tick};
use domain::ports::{FeedError, Tape};
use domain::time::Timestamp;

use super::Shared;
use super::door::{Door, Follow, Heard};
use crate::outbound::Backoff;

/// What a tape may fall behind the connection: a week of minutes is more than it ever needs.
const QUEUE: usize = 1_024;

/// A minute in microseconds.
const MINUTE: i64 = 60_000_000;

/// How long after its end a candle that was not heard is asked for.
const SETTLING: Duration = Duration::from_secs(3);

/// The path of one instrument, a minute at a time.
pub(super) struct CandleTape {
    shared: Arc<Shared>,
    door: Arc<Door>,
    instrument: Instrument,
    symbol: SmolStr,
    /// The first instant that is not told yet; none before it is known where the path begins.
    told: Option<Timestamp>,
    queue: Option<mpsc::Receiver<Heard>>,
    /// Everything before this instant has to be asked for.
    missing_until: Option<Timestamp>,
    /// Heard, and waiting until what comes before it is told.
    held: VecDeque<Candle>,
    listed: bool,
    over: bool,
    due: Instant,
    backoff: Backoff,
}

impl CandleTape {
    pub(super) fn new(
        shared: Arc<Shared>,
        door: Arc<Door>,
        instrument: Instrument,
        since: Option<Timestamp>,
    ) -> Self {
        let rhythm = shared.options.rhythm;
        Self {
            symbol: shared.protocol.symbol(&instrument.pair),
            told: since.map(minute_of),
            queue: None,
            missing_until: None,
            held: VecDeque::new(),
            listed: false,
            over: false,
            due: Instant::now(),
            backoff: Backoff::new(rhythm.first_pause, rhythm.longest_pause),
            shared,
            door,
            instrument,
        }
    }

    async fn check(&mut self) -> Result<(), FeedError> {
        if !self.shared.trades(&self.instrument) {
            return Err(FeedError::Unlisted(self.instrument.clone()));
        }
        if !self.listed && !self.shared.lists(&self.symbol) {
            let protocol = &self.shared.protocol;
            protocol.find(&self.instrument, &self.symbol).await?;
        }
        self.listed = true;
        Ok(())
    }

    async fn listen(&mut self) -> Option<Heard> {
        if self.queue.is_none() {
            let (tell, queue) = mpsc::channel(QUEUE);
            let follow = Follow {
                symbol: self.symbol.clone(),
                tell,
            };
            self.door.knock(follow).await;
            self.queue = Some(queue);
        }
        match &mut self.queue {
            Some(queue) => queue.recv().await,
            None => None,
        }
    }

    /// Asks for what is missing, and tells it.
    async fn refill(&mut self, until: Timestamp) -> Result<Vec<Tick>, FeedError> {
        let mut ticks = Vec::new();
        let from = *self.told.get_or_insert(until);
        if from >= until {
            self.missing_until = None;
            return Ok(ticks);
        }
        let protocol = &self.shared.protocol;
        let page = protocol
            .candles(
                &self.instrument,
                &self.symbol,
                Interval::Minute,
                from,
                until,
            )
            .await?;
        for candle in page.candles {
            if candle.end() <= until {
                self.tell(candle, &mut ticks);
            }
        }
        match page.next.filter(|next| *next > from && *next < until) {
            Some(_) => {}
            None => {
                self.skip_to(until, &mut ticks);
                self.missing_until = None;
            }
        }
        Ok(ticks)
    }

    /// Tells a candle, and before it that others are not to be had.
    fn tell(&mut self, candle: Candle, ticks: &mut Vec<Tick>) {
        let told = *self.told.get_or_insert(candle.open_time);
        if candle.open_time < told {
            return;
        }
        self.skip_to(candle.open_time, ticks);
        self.told = Some(candle.end());
        ticks.push(Tick::Candle(candle));
    }

    /// Where a venue tells no candle of a quiet minute there is nothing to miss.
    fn skip_to(&mut self, to: Timestamp, ticks: &mut Vec<Tick>) {
        let Some(from) = self.told.filter(|from| *from < to) else {
            return;
        };
        if !self.shared.protocol.omits_quiet_candles() {
            self.shared.count("touchstone_feed_holes_total");
            ticks.push(Tick::Hole { from, to });
        }
        self.told = Some(to);
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            // What ended before this moment is asked for; what grows now will be heard.
            Heard::Live => {
                // Whichever clock is ahead: what is asked for too early is waited for below.
                let now = self
                    .shared
                    .venue_time()
                    .max(self.shared.options.clock.now());
                let ended = minute_of(now);
                self.missing_until =
                    Some(self.missing_until.map_or(ended, |until| until.max(ended)));
                // What ended this very moment may still be changed by the venue.
                self.due = Instant::now() + SETTLING.saturating_sub(now.since(ended));
            }
            Heard::Candle(candle) => {
                if self.told.is_some_and(|told| candle.open_time > told) {
                    self.missing_until = Some(candle.open_time);
                }
                self.held.push_back(candle);
            }
            Heard::Refused => self.listed = false,
            // Time passes with the candles: an expiry is decided by them, as in a replay.
            Heard::Trade(_) | Heard::Mentioned(..) | Heard::Time(_) => {}
        }
    }
}

/// The minute in which an instant falls.
fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(MINUTE).saturating_mul(MINUTE))
}

#[async_trait]
impl Tape for CandleTape {
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError> {
        if self.over {
            return Ok(None);
        }
        loop {
            tokio::time::sleep_until(self.due).await;
            let asked = match self.missing_until {
                _ if !self.listed => self.check().await.map(|()| Vec::new()),
                Some(until) => self.refill(until).await,
                None => Ok(Vec::new()),
            };
            let mut ticks = match asked {
                Ok(ticks) => ticks,
                Err(error) => {
                    self.over = matches!(error, FeedError::Unlisted(_));
                    self.due = Instant::now() + self.backoff.failed();
                    return Err(error);
                }
            };
            self.backoff.succeeded();
            if self.missing_until.is_none() {
                while let Some(candle) = self.held.pop_front() {
                    self.tell(candle, &mut ticks);
                }
            }
            if !ticks.is_empty() {
                return Ok(Some(ticks));
            }
            if self.missing_until.is_none() {
                match self.listen().await {
                    Some(heard) => self.hear(heard),
                    None => {
                        // Whoever held the connection died; the next one says from where on it hears.
                        self.queue = None;
                        self.due = Instant::now() + self.backoff.failed();
                    }
                }
            }
        }
    }
}
