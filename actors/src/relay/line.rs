//! The way from the store to the bus, as long as nothing goes wrong on it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::ids::{Epoch, Seq};
use domain::ports::View;
use domain::ports::bus::Appended;
use domain::time::Timestamp;

use super::{PAGE, Rooms, SUBSCRIPTION, Trouble, history};
use crate::hub::{Frame, Interest, Join, Mode, Outbox};

/// How far the relay has come.
#[derive(Debug, Default)]
pub(super) struct Stand {
    epoch: Option<Epoch>,
    /// The bus has everything up to here.
    told: Seq,
    /// The newest event of which the relay knows.
    head: Seq,
}

impl Stand {
    /// Shows how far the bus is behind the store.
    fn show(&self, oldest: Option<Duration>) {
        let events = self.head.get().saturating_sub(self.told.get());
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        metrics::gauge!("touchstone_relay_lag_events").set(f64::from(events));
        metrics::gauge!("touchstone_relay_lag_seconds")
            .set(oldest.unwrap_or_default().as_secs_f64());
    }

    /// Asks the store how far the bus is behind, while nothing reaches it.
    pub(super) async fn measure(&mut self, rooms: &Rooms) {
        if self.epoch.is_none() {
            // It is not known yet where the bus stands.
            return;
        }
        let Ok(span) = rooms.store.span().await else {
            return;
        };
        self.head = span.head;
        let oldest = rooms.store.events(self.told, 1).await.unwrap_or_default();
        let now = rooms.clock.now();
        self.show(oldest.first().map(|event| now.since(event.stored)));
    }
}

/// The way from the store to the bus, as long as nothing goes wrong on it.
pub(super) struct Line<'a> {
    rooms: &'a Rooms,
    epoch: Epoch,
    /// Where the log on the bus ends.
    tail: Seq,
    stand: &'a mut Stand,
}

impl<'a> Line<'a> {
    /// Finds out where the bus stands, and that its history is the store's.
    pub(super) async fn settle(rooms: &'a Rooms, stand: &'a mut Stand) -> Result<Self, Trouble> {
        let epoch = rooms.store.span().await?.epoch;
        let tail = rooms.bus.tail(&epoch).await?;
        // Asked after the tail: whatever is on the bus was in the store before.
        let head = rooms.store.span().await?.head;
        if history::went_back(&*rooms.store, &*rooms.encode, &tail, head).await? {
            let tail = tail.seq;
            return Err(Trouble::Ahead { epoch, tail });
        }
        rooms.bus.announce(&epoch, rooms.keep).await?;
        let tail = tail.seq;
        let told = match tail {
            Seq::ZERO => {
                // An empty log begins with what it would still keep.
                let first =
                    history::first_since(&*rooms.store, rooms.clock.now() - rooms.keep).await?;
                Seq::new(first.get().saturating_sub(1))
            }
            tail => tail,
        };
        *stand = Stand {
            epoch: Some(epoch.clone()),
            told,
            head: head.max(told),
        };
        Ok(Self {
            rooms,
            epoch,
            tail,
            stand,
        })
    }

    pub(super) async fn join(&self) -> Result<Arc<Outbox>, Trouble> {
        let outbox = Arc::new(Outbox::new(Mode::Each));
        let join = Join {
            id: SUBSCRIPTION,
            interest: Interest::default(),
            outbox: Arc::clone(&outbox),
        };
        self.rooms.hub.ask(join).await.map_err(|_| Trouble::Hub)?;
        Ok(outbox)
    }

    /// Appends what the hub told, if nothing is missing before it.
    pub(super) async fn hear(
        &mut self,
        frames: Vec<(Frame, u32)>,
        seen: Seq,
    ) -> Result<(), Trouble> {
        self.stand.head = self.stand.head.max(seen);
        let mut new = frames
            .into_iter()
            .map(|(frame, _)| frame)
            .skip_while(|frame| frame.seq <= self.stand.told)
            .peekable();
        match new.peek() {
            None => Ok(()),
            Some(first) if first.seq == self.stand.told.next() => {
                let (events, stored): (Vec<_>, Vec<_>) = new
                    .map(|frame| ((frame.seq, frame.bytes), frame.stored))
                    .unzip();
                self.append(&events, &stored).await
            }
            Some(_) => self.catch_up().await,
        }
    }

    /// Appends everything that the store has beyond where the bus stands.
    pub(super) async fn catch_up(&mut self) -> Result<(), Trouble> {
        loop {
            let page = self.rooms.store.events(self.stand.told, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            self.stand.head = self.stand.head.max(last.seq);
            let encode = &*self.rooms.encode;
            let (events, stored): (Vec<_>, Vec<_>) = page
                .iter()
                .map(|event| {
                    let bytes = encode.encode(event, View::Scored);
                    ((event.seq, bytes), event.stored)
                })
                .unzip();
            self.append(&events, &stored).await?;
        }
    }

    async fn append(
        &mut self,
        events: &[(Seq, Bytes)],
        stored: &[Timestamp],
    ) -> Result<(), Trouble> {
        let Some((last, _)) = events.last() else {
            return Ok(());
        };
        match self
            .rooms
            .bus
            .append(&self.epoch, self.tail, events)
            .await?
        {
            Appended::All { already } => {
                let many = u64::try_from(events.len()).unwrap_or(u64::MAX);
                metrics::counter!("touchstone_relay_appended_total").increment(many - already);
                metrics::counter!("touchstone_relay_already_there_total").increment(already);
                self.tail = *last;
                self.stand.told = *last;
                self.rooms.underway.arrived(*last);
                let now = self.rooms.clock.now();
                for stored in stored {
                    metrics::histogram!("touchstone_stage_seconds", "stage" => "stored_to_relayed")
                        .record(now.since(*stored).as_secs_f64());
                }
                let oldest = stored.first().map(|stored| now.since(*stored));
                let behind = self.stand.head > self.stand.told;
                self.stand.show(oldest.filter(|_| behind));
                Ok(())
            }
            Appended::Elsewhere(found) => Err(Trouble::Moved {
                expected: self.tail,
                found,
            }),
        }
    }

    /// Makes sure that nothing was missed, and that the log is still where it was left.
    pub(super) async fn look(&mut self) -> Result<(), Trouble> {
        self.catch_up().await?;
        let found = self.rooms.bus.tail(&self.epoch).await?.seq;
        if found < self.tail {
            let expected = self.tail;
            return Err(Trouble::Moved { expected, found });
        }
        Ok(())
    }

    /// Takes out what is older than it is to be kept.
    pub(super) async fn trim(&self) -> Result<(), Trouble> {
        let since = self.rooms.clock.now() - self.rooms.keep;
        let first = history::first_since(&*self.rooms.store, since).await?;
        let trimmed = self.rooms.bus.trim(&self.epoch, first).await?;
        metrics::counter!("touchstone_relay_trimmed_total").increment(trimmed);
        Ok(())
    }
}
