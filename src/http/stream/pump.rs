//! The pump of one subscription: out of the store while it catches up, then out of its outbox.
//!
//! A frame that was published while the store was read is known by its `seq`, so there is neither
//! a hole nor a double where replay turns into live. A client that is too slow for its outbox is
//! served from the store again when it is ready: `each` leaves nothing out.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::hub::{Frame, Hub, Interest, Join, Leave, Outbox, Taken};
use actors::supervise::Door;
use domain::event::Event;
use domain::ids::Seq;
use domain::ports::store::Store;
use domain::ports::{Clock, Encode as _};
use domain::time::Timestamp;

use super::flow::Flow;
use crate::wire::Encoder;

/// How many events are read from the store at once.
const PAGE: usize = 256;

/// About so many bytes are handed to the socket at once.
const BATCH: usize = 64 * 1024;

/// How long to rest before a store or a hub that was away is asked again.
const REST: Duration = Duration::from_millis(200);

/// What a subscription shares with its session.
pub(super) struct Shared {
    /// Its number in the process.
    pub(super) id: u64,
    /// Its number in the connection.
    pub(super) sub: u32,
    pub(super) outbox: Arc<Outbox>,
    pub(super) interest: Mutex<Interest>,
    /// Everything up to here has been written.
    dealt: AtomicU64,
    catching_up: AtomicBool,
}

impl Shared {
    pub(super) fn new(id: u64, sub: u32, outbox: Outbox, interest: Interest, after: Seq) -> Self {
        Self {
            id,
            sub,
            outbox: Arc::new(outbox),
            interest: Mutex::new(interest),
            dealt: AtomicU64::new(after.get()),
            catching_up: AtomicBool::new(true),
        }
    }

    pub(super) fn interest(&self) -> Interest {
        self.interest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the hub for a place.
    pub(super) fn join(&self) -> Join {
        Join {
            id: self.id,
            interest: self.interest(),
            outbox: Arc::clone(&self.outbox),
        }
    }

    /// Says where it begins.
    pub(super) fn begin_at(&self, after: Seq) {
        self.dealt.store(after.get(), Ordering::SeqCst);
    }

    /// The position to resume from: everything up to here was written, or was not wanted.
    pub(super) fn position(&self) -> u64 {
        let dealt = self.dealt.load(Ordering::SeqCst);
        if self.catching_up.load(Ordering::SeqCst) {
            return dealt;
        }
        self.outbox
            .idle_at()
            .map_or(dealt, |seen| dealt.max(seen.get()))
    }
}

/// Pumps events to one subscription.
pub(super) struct Pump {
    pub(super) shared: Arc<Shared>,
    pub(super) hub: Door<Hub>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) flow: Arc<Flow>,
    pub(super) pause: Option<Duration>,
    pub(super) prev: Seq,
    pub(super) gap: Option<(Seq, Seq)>,
    pub(super) position: Seq,
}

/// Frames, as they go to the socket.
pub(super) struct Texts(pub(super) Vec<String>);

impl Drop for Pump {
    fn drop(&mut self) {
        let (hub, id) = (self.hub.clone(), self.shared.id);
        // A hub that is away has forgotten the subscription anyway.
        actix::spawn(async move { hub.ask(Leave(id)).await.ok() });
    }
}

impl Pump {
    /// The next frames, and the pump to ask for those after them.
    pub(super) async fn next(mut self) -> Option<(Texts, Self)> {
        if let Some((from, to)) = self.gap.take() {
            self.prev = to;
            let text = format!(
                r#"{{"sub":{},"type":"gap","from":{from},"to":{to},"why":"retention"}}"#,
                self.shared.sub
            );
            return Some((Texts(vec![text]), self));
        }
        loop {
            self.flow.room().await;
            let texts = if self.shared.catching_up.load(Ordering::SeqCst) {
                self.out_of_store().await
            } else {
                self.out_of_outbox().await
            };
            if !texts.is_empty() {
                return Some((Texts(texts), self));
            }
        }
    }

    /// What the store has after the position; when it has nothing more, the outbox has it.
    async fn out_of_store(&mut self) -> Vec<String> {
        let events = match self.store.events(self.position, PAGE).await {
            Ok(events) => events,
            Err(_) => {
                tokio::time::sleep(REST).await;
                return Vec::new();
            }
        };
        let Some(last) = events.last() else {
            self.shared.catching_up.store(false, Ordering::SeqCst);
            return Vec::new();
        };
        let last = last.seq;
        let interest = self.shared.interest();
        let frame = |event: &Arc<Event>| Frame::new(event, Encoder.encode(event, interest.view));
        let wanted = events.iter().filter(|event| interest.wants(event));
        let frames: Vec<_> = wanted.map(|event| (frame(event), 0)).collect();
        let texts = self.write(frames);
        self.dealt(last);
        texts
    }

    async fn out_of_outbox(&mut self) -> Vec<String> {
        if let Some(pause) = self.pause {
            tokio::time::sleep(pause).await;
        }
        match self.shared.outbox.take(BATCH) {
            Some(Taken::Frames(mut frames, seen)) => {
                frames.retain(|(frame, _)| frame.seq > self.position);
                let texts = self.write(frames);
                self.dealt(seen);
                texts
            }
            Some(Taken::Missed) => {
                self.shared.catching_up.store(true, Ordering::SeqCst);
                Vec::new()
            }
            Some(Taken::Deaf) => {
                self.shared.catching_up.store(true, Ordering::SeqCst);
                while self.hub.ask(self.shared.join()).await.is_err() {
                    tokio::time::sleep(REST).await;
                }
                Vec::new()
            }
            None => {
                self.shared.outbox.something().await;
                Vec::new()
            }
        }
    }

    fn dealt(&mut self, seen: Seq) {
        self.position = self.position.max(seen);
        self.shared
            .dealt
            .store(self.position.get(), Ordering::SeqCst);
    }

    /// Puts what is this subscription's own before the bytes that all share. What has expired is
    /// no fresh trade any more: it becomes a gap, and its neighbours with it.
    fn write(&mut self, frames: Vec<(Frame, u32)>) -> Vec<String> {
        let now = self.clock.now();
        let mut texts = Vec::with_capacity(frames.len());
        let mut expired: Option<(Seq, Seq, u32)> = None;
        for (frame, folded) in frames {
            if frame.expires_at.is_some_and(|expires| expires <= now) {
                let (from, _, count) = expired.unwrap_or((frame.seq, frame.seq, 0));
                expired = Some((from, frame.seq, count + 1));
                continue;
            }
            texts.extend(expired.take().map(|expired| self.expired(expired)));
            self.told(&frame, now);
            texts.push(self.text(&frame, folded, now));
            self.prev = frame.seq;
        }
        texts.extend(expired.take().map(|expired| self.expired(expired)));
        texts
    }

    fn expired(&mut self, (from, to, count): (Seq, Seq, u32)) -> String {
        self.prev = to;
        let sub = self.shared.sub;
        format!(
            r#"{{"sub":{sub},"type":"gap","from":{from},"to":{to},"why":"expired","count":{count}}}"#
        )
    }

    /// Counts how long a fresh event took from the store to the socket.
    fn told(&self, frame: &Frame, now: Timestamp) {
        if !self.shared.catching_up.load(Ordering::SeqCst) {
            metrics::histogram!("touchstone_stage_seconds", "stage" => "stored_to_sent")
                .record(now.since(frame.stored).as_secs_f64());
        }
    }

    fn text(&self, frame: &Frame, folded: u32, now: Timestamp) -> String {
        let mut text = String::with_capacity(frame.bytes.len() + 80);
        let (sub, prev, sent) = (self.shared.sub, self.prev, now.as_micros());
        // Writing to a string cannot fail.
        write!(text, r#"{{"sub":{sub},"prev":{prev},"sent":{sent},"#).ok();
        if folded > 0 {
            write!(text, r#""folded":{folded},"#).ok();
        }
        text.push_str(std::str::from_utf8(&frame.bytes).unwrap_or("}"));
        text
    }
}
