//! How a market follows its instrument: what it waits for, in which order.

use std::sync::Arc;
use std::time::Duration;

use domain::event::Event;
use domain::ids::Seq;
use domain::market::{Instrument, Tick};
use domain::ports::store::{Entry, OpenSignal, StoreError};
use domain::ports::{Advice, Feed, Tape};
use domain::time::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::tracks::Tracks;
use super::{Board, Last, Rooms};
use crate::hub::{Ear, Heard, Listen, ear};
use crate::ledger::Write;
use crate::supervise::Exit;
use crate::unsettled::in_full;

/// How often the tracks that only moved on in time are stored.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);

/// How long to rest before the store, the hub or the venue is asked again.
const REST: Duration = Duration::from_millis(200);

/// A market that is raised for a signal begins a little before it: the signal was received before
/// anybody followed the price.
const LOOK_BACK: Duration = Duration::from_secs(10);

/// How many events are read from the store at once.
const PAGE: usize = 1_000;

/// Follows one instrument until it is asked to leave.
pub(crate) struct Watcher {
    instrument: Instrument,
    feed: Arc<dyn Feed>,
    rooms: Rooms,
    board: Board,
    leave: CancellationToken,
    tracks: Tracks,
    /// Every event up to here was heard.
    heard: Seq,
}

/// Why the watcher stops.
type Stop = Exit;

impl Watcher {
    pub(crate) fn new(
        instrument: Instrument,
        feed: Arc<dyn Feed>,
        rooms: Rooms,
        board: Board,
        leave: CancellationToken,
    ) -> Self {
        let tracks = Tracks::new(Arc::clone(&rooms.model));
        Self {
            instrument,
            feed,
            rooms,
            board,
            leave,
            tracks,
            heard: Seq::ZERO,
        }
    }

    pub(crate) async fn watch(mut self) -> Exit {
        match self.follow().await {
            Ok(()) => Exit::Finished,
            Err(stop) => stop,
        }
    }

    async fn follow(&mut self) -> Result<(), Stop> {
        // The ear comes first: whatever is stored after the look into the store is heard.
        let mut ear = self.listen().await?;
        self.recall().await?;
        let since = self
            .tracks
            .seen_by_all()
            .unwrap_or(self.rooms.clock.now() - LOOK_BACK);
        let mut tape = self.open(since);
        self.board.present.send_replace(true);
        self.store(false).await?;

        let mut checkpoint = interval_at(Instant::now() + CHECKPOINT_EVERY, CHECKPOINT_EVERY);
        checkpoint.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let leave = self.leave.clone();
        loop {
            tokio::select! {
                biased;
                () = leave.cancelled() => {
                    self.store(true).await?;
                    return Err(Exit::Asked);
                }
                heard = ear.hear() => {
                    self.take_in(&heard, &mut ear).await?;
                    if let Some(since) = self.tracks.take_reach_back() {
                        tape = self.open(since);
                    }
                }
                ticks = tape.next() => match ticks {
                    Ok(Some(ticks)) => {
                        // A signal that was stored before these ticks came has been heard of.
                        while let Some(heard) = ear.heard_already() {
                            self.take_in(&heard, &mut ear).await?;
                        }
                        self.step(&ticks).await?;
                        if let Some(since) = self.tracks.take_reach_back() {
                            tape = self.open(since);
                        }
                    }
                    Ok(None) => return self.after_the_end(&mut ear).await,
                    Err(error) => {
                        tracing::warn!(instrument = %self.instrument, "{}", in_full(&error));
                        if error.advice() == Advice::Stop {
                            return Err(Exit::Finished);
                        }
                        self.rest().await?;
                    }
                },
                _ = checkpoint.tick() => self.store(true).await?,
            }
        }
    }

    /// The price path has ended. Words of authors are still heard, and nothing is forgotten.
    async fn after_the_end(&mut self, ear: &mut Ear) -> Result<(), Stop> {
        self.store(true).await?;
        let leave = self.leave.clone();
        loop {
            tokio::select! {
                biased;
                () = leave.cancelled() => {
                    self.store(true).await?;
                    return Err(Exit::Asked);
                }
                heard = ear.hear() => self.take_in(&heard, ear).await?,
            }
        }
    }

    /// Opens the price path from an instant on. Ticks that a track has seen change nothing in it.
    fn open(&mut self, since: Timestamp) -> Box<dyn Tape> {
        self.tracks.path_begins(since);
        self.feed.follow(&self.instrument, Some(since))
    }

    async fn listen(&mut self) -> Result<Ear, Stop> {
        loop {
            let (mouth, ear) = ear(self.instrument.clone());
            if self.rooms.hub.ask(Listen(mouth)).await.is_ok() {
                return Ok(ear);
            }
            self.rest().await?;
        }
    }

    /// Finds the open signals in the store, with what was said of them since their tracks heard.
    async fn recall(&mut self) -> Result<(), Stop> {
        let (open, head) = loop {
            match self.remembered().await {
                Ok(remembered) => break remembered,
                Err(error) => self.bear(&error).await?,
            }
        };
        self.tracks.restore_all(open, head);
        self.heard = self.tracks.heard_by_all().unwrap_or(head);
        self.catch_up().await
    }

    /// The signals that are not judged, and the head of the stream before they were asked for.
    async fn remembered(&self) -> Result<(Vec<OpenSignal>, Seq), StoreError> {
        let span = self.rooms.store.span().await?;
        let open = self.rooms.store.open_on(&self.instrument).await?;
        Ok((open, span.head))
    }

    /// Hears from the store whatever was not heard yet.
    async fn catch_up(&mut self) -> Result<(), Stop> {
        loop {
            match self
                .rooms
                .store
                .events_on(&self.instrument, self.heard, PAGE)
                .await
            {
                Ok(events) if events.is_empty() => return Ok(()),
                Ok(events) => events.iter().for_each(|event| self.hear(event)),
                Err(error) => self.bear(&error).await?,
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        if event.seq > self.heard {
            self.heard = event.seq;
            self.tracks.hear(event);
        }
    }

    /// Takes in what the ear heard. One that missed something reads it in the store.
    async fn take_in(&mut self, heard: &Heard, ear: &mut Ear) -> Result<(), Stop> {
        match heard {
            Heard::Event(event) => self.hear(event),
            Heard::Missed => self.catch_up().await?,
            Heard::Deaf => {
                *ear = self.listen().await?;
                self.catch_up().await?;
            }
        }
        self.store(false).await
    }

    async fn step(&mut self, ticks: &[Tick]) -> Result<(), Stop> {
        let received = self.rooms.clock.now();
        for tick in ticks {
            self.tracks.step(tick, received);
        }
        let last = ticks.iter().rev().find_map(|tick| {
            Some(Last {
                price: tick.last_price()?,
                at: tick.at(),
            })
        });
        if last.is_some() {
            self.board.last.send_replace(last);
        }
        if self.tracks.stirred() {
            self.store(false).await
        } else {
            Ok(())
        }
    }

    /// Has stored what happened; with `all`, also what only moved on. Asks until it is stored,
    /// and asks the same, so that a lost answer doubles nothing.
    async fn store(&mut self, all: bool) -> Result<(), Stop> {
        let Some(entry) = self.tracks.entry(all) else {
            return Ok(());
        };
        loop {
            let written = self
                .rooms
                .ledger
                .ask(Write::of(Entry::Market(entry.clone())))
                .await;
            match written {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(unsettled)) if unsettled.advice != Advice::Retry => {
                    return Err(Exit::Failed(unsettled.why));
                }
                Ok(Err(_)) | Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    /// Bears a failing store for a while, unless that is hopeless.
    async fn bear(&mut self, error: &StoreError) -> Result<(), Stop> {
        tracing::warn!(instrument = %self.instrument, "{}", in_full(error));
        if error.advice() == Advice::Stop {
            return Err(Exit::Fatal(error.to_string()));
        }
        self.rest().await
    }

    async fn rest(&mut self) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = self.leave.cancelled() => Err(Exit::Asked),
            () = tokio::time::sleep(REST) => Ok(()),
        }
    }
}
