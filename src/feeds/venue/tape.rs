//! One instrument's price path: what the connection hears, and what is fetched where it heard
//! nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use tokio::sync::mpsc;
use tokio::time::Instant;

use domain::market::{Instrument, Tick, Trade};
use domain::ports::{FeedError, Tape};
use domain::time::Timestamp;

use super::Shared;
use super::door::{Door, Follow, Heard};
use super::fill::Fill;
use super::path::{Live, Path};
use crate::outbound::Backoff;

/// What a tape may fall behind the connection, in things heard. One that is full forgets what
/// comes until its owner has caught up, and then fetches it.
const QUEUE: usize = 8_192;

/// Ticks that are handed out together at most.
const BATCH: usize = 1_024;

/// How often trades are looked for that must exist by their numbers, before it is a hole.
const ATTEMPTS: u32 = 4;

/// How often an answer may be unreadable before what was asked for counts as not to be had.
const UNREADABLE: u32 = 5;

/// How long before it is heard of a path begins, so that no clock's difference cuts a trade off.
const BEFORE: Duration = Duration::from_secs(5);

/// The pause before the first repetition; it grows by as much each time.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(200);

/// The path of one instrument.
pub(super) struct VenueTape {
    shared: Arc<Shared>,
    door: Arc<Door>,
    instrument: Instrument,
    symbol: SmolStr,
    path: Path,
    queue: Option<mpsc::Receiver<Heard>>,
    /// The venue is known to trade it.
    listed: bool,
    over: bool,
    fill: Option<Fill>,
    /// A live trade that waits until those before it are fetched.
    held: Option<Trade>,
    attempts: u32,
    /// The venue mentioned this trade, at that instant.
    mentioned: Option<(u64, Timestamp)>,
    /// Nothing is asked before this instant.
    due: Instant,
    backoff: Backoff,
}

impl VenueTape {
    pub(super) fn new(
        shared: Arc<Shared>,
        door: Arc<Door>,
        instrument: Instrument,
        since: Option<Timestamp>,
    ) -> Self {
        let rhythm = shared.options.rhythm;
        Self {
            symbol: shared.protocol.symbol(&instrument.pair),
            path: Path::starting(since),
            queue: None,
            listed: false,
            over: false,
            fill: None,
            held: None,
            attempts: 0,
            mentioned: None,
            due: Instant::now(),
            backoff: Backoff::new(rhythm.first_pause, rhythm.longest_pause),
            shared,
            door,
            instrument,
        }
    }

    /// Makes sure, once, that there is such an instrument: the socket would be silent about it.
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

    /// Stands in line at the connection, if it does not yet.
    async fn listen(&mut self) -> &mut mpsc::Receiver<Heard> {
        if self.queue.is_none() {
            let (tell, queue) = mpsc::channel(QUEUE);
            let follow = Follow {
                symbol: self.symbol.clone(),
                tell,
            };
            self.door.knock(follow).await;
            self.queue = Some(queue);
        }
        self.queue.get_or_insert_with(|| mpsc::channel(1).1)
    }

    /// Fetches a page of what is missing.
    async fn refill(&mut self) -> Result<Vec<Tick>, FeedError> {
        let Some(fill) = &mut self.fill else {
            return Ok(Vec::new());
        };
        let protocol = &*self.shared.protocol;
        let mut ticks = fill
            .step(&mut self.path, protocol, &self.instrument, &self.symbol)
            .await?;
        if fill.is_done() {
            self.fill = None;
            if let Some(held) = self.held.take() {
                self.rejoin(held, &mut ticks);
            }
        }
        Ok(ticks)
    }

    /// Gives up what is missing: the venue answers, but nothing that can be read.
    fn give_up(&mut self) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let planned = self.fill.take().map(|fill| fill.planned());
        match (self.held.take(), self.path.refill_from().zip(planned)) {
            (Some(held), _) => ticks.extend(self.path.after_hole(held)),
            (None, Some((from, to))) if from < to => self.path.hole(from, to, &mut ticks),
            (None, _) => {}
        }
        self.attempts = 0;
        ticks
    }

    /// Goes on with the trade that showed that others are missing.
    fn rejoin(&mut self, held: Trade, ticks: &mut Vec<Tick>) {
        match self.path.live(held) {
            Live::Next(tick) => ticks.push(tick),
            Live::Known => {}
            // The venue tells of a trade over the socket a moment before it can be fetched.
            Live::Gap if self.attempts < ATTEMPTS => {
                self.attempts += 1;
                self.due = Instant::now() + ATTEMPT_PAUSE * self.attempts;
                self.fill_up_to(held);
                return;
            }
            Live::Gap => ticks.extend(self.path.after_hole(held)),
        }
        self.attempts = 0;
    }

    fn fill_up_to(&mut self, held: Trade) {
        self.start_fill(Some(held.id - 1));
        self.held = Some(held);
    }

    fn start_fill(&mut self, upto: Option<u64>) {
        let now = self.shared.venue_time();
        self.fill = self
            .path
            .refill_from()
            .map(|from| Fill::plan(from, now, upto));
    }

    /// Takes in what the connection heard, until something has to be fetched first.
    fn hear(&mut self, heard: Heard, ticks: &mut Vec<Tick>) {
        match heard {
            Heard::Live => {
                if self.path.refill_from().is_some() {
                    self.shared.count("touchstone_feed_refills_total");
                    self.start_fill(None);
                }
                self.path.begin(self.shared.venue_time() - BEFORE);
            }
            Heard::Trade(trade) => match self.path.live(trade) {
                Live::Next(tick) => ticks.push(tick),
                Live::Known => {}
                Live::Gap => {
                    self.shared.count("touchstone_feed_gaps_total");
                    self.fill_up_to(trade);
                }
            },
            Heard::Mentioned(id, at) => self.mentioned = Some((id, at)),
            Heard::Time(at) => {
                // What was mentioned well before this instant has arrived, or it got lost.
                if let Some((id, _)) = self.mentioned.take_if(|(_, then)| *then <= at)
                    && self.path.last_trade().is_some_and(|last| last < id)
                {
                    self.shared.count("touchstone_feed_gaps_total");
                    self.start_fill(None);
                    return;
                }
                ticks.extend(self.path.time(at));
            }
            Heard::Refused => self.listed = false,
            // Trades judge here.
            Heard::Candle(_) => {}
        }
    }

    /// Counts what is handed out in a way that somebody should know of.
    fn note(&mut self, ticks: &[Tick]) {
        let holes = ticks
            .iter()
            .filter(|tick| matches!(tick, Tick::Hole { .. }));
        for _ in holes {
            self.shared.count("touchstone_feed_holes_total");
        }
        for _ in 0..self.path.take_late() {
            self.shared.count("touchstone_feed_late_trades_total");
        }
    }
}

#[async_trait]
impl Tape for VenueTape {
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError> {
        if self.over {
            return Ok(None);
        }
        loop {
            tokio::time::sleep_until(self.due).await;
            let mut ticks = Vec::new();
            let asked = if self.fill.is_some() {
                self.refill().await.map(|fetched| ticks = fetched)
            } else if self.listed {
                Ok(())
            } else {
                self.check().await
            };
            match asked {
                Ok(()) => self.backoff.succeeded(),
                Err(FeedError::Unreadable { .. })
                    if self.fill.is_some() && self.backoff.failures() >= UNREADABLE =>
                {
                    self.backoff.succeeded();
                    ticks = self.give_up();
                }
                Err(error) => {
                    self.over = matches!(error, FeedError::Unlisted(_));
                    self.due = Instant::now() + self.backoff.failed();
                    return Err(error);
                }
            }
            if ticks.is_empty() && self.fill.is_none() {
                let Some(heard) = self.listen().await.recv().await else {
                    // Whoever held the connection died; the next one is told to fetch the rest.
                    self.queue = None;
                    self.due = Instant::now() + self.backoff.failed();
                    continue;
                };
                self.hear(heard, &mut ticks);
                while self.fill.is_none() && self.listed && ticks.len() < BATCH {
                    let Some(Ok(heard)) = self.queue.as_mut().map(mpsc::Receiver::try_recv) else {
                        break;
                    };
                    self.hear(heard, &mut ticks);
                }
            }
            if !ticks.is_empty() {
                self.note(&ticks);
                return Ok(Some(ticks));
            }
        }
    }
}
