//! Outboxes: what waits for one subscription, and what happens when it is too much.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::event::{Body, Event};
use domain::ids::{Seq, SignalId};
use domain::time::Timestamp;
use tokio::sync::Notify;

/// So many bytes may wait. Whoever wants each event reads the rest in the store when he is ready;
/// whoever wants the latest loses the oldest.
const BYTES: usize = 1024 * 1024;

/// An event as its listeners share it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its place in the stream.
    pub seq: Seq,
    /// Which signal it is about.
    pub signal: SignalId,
    /// When it was stored.
    pub stored: Timestamp,
    /// When it is no longer to be shown as fresh; none for what is never stale.
    pub expires_at: Option<Timestamp>,
    /// What happened, as JSON without the opening brace.
    pub bytes: Bytes,
}

impl Frame {
    /// An event and its bytes.
    #[must_use]
    pub fn new(event: &Event, bytes: Bytes) -> Self {
        let expires_at = match &event.happening.body {
            Body::Signal { signal, .. } => Some(signal.expires_at),
            Body::Instruction { .. } | Body::Revision { .. } | Body::Progress(_) => None,
        };
        Self {
            seq: event.seq,
            signal: event.happening.signal,
            stored: event.stored,
            expires_at,
            bytes,
        }
    }
}

/// What a listener does not want to miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each event.
    Each,
    /// The newest of each signal.
    Latest,
}

/// What waits for one subscription.
#[derive(Debug)]
pub struct Outbox {
    mode: Mode,
    inside: Mutex<Inside>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Inside {
    frames: VecDeque<(Frame, u32)>,
    /// Of a latest outbox: how many frames were taken from the front, so that places stay findable.
    taken: usize,
    places: HashMap<SignalId, usize>,
    bytes: usize,
    /// Every event up to here is in the box, was in it, or is not wanted.
    seen: Seq,
    /// Something did not get in: the store knows what.
    missed: bool,
    /// The hub is gone: nothing will get in any more.
    deaf: bool,
}

/// What is in an outbox.
#[derive(Debug)]
pub enum Taken {
    /// These, in order, each with how many older ones of its signal were folded away. After them
    /// everything up to `seen` has been dealt with.
    Frames(Vec<(Frame, u32)>, Seq),
    /// Something is missing here: read the store.
    Missed,
    /// The hub is gone: join anew, and read the store.
    Deaf,
}

impl Outbox {
    /// An empty outbox.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            inside: Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// How much it is wanted.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a wanted event in; never waits.
    pub(super) fn put(&self, frame: Frame) {
        let mut inside = self.inside();
        inside.seen = frame.seq;
        match self.mode {
            Mode::Each if inside.missed => {}
            Mode::Each if inside.bytes + frame.bytes.len() > BYTES => {
                metrics::counter!("touchstone_outbox_overflows_total").increment(1);
                inside.frames.clear();
                inside.bytes = 0;
                inside.missed = true;
            }
            Mode::Each => {
                inside.bytes += frame.bytes.len();
                inside.frames.push_back((frame, 0));
            }
            Mode::Latest => inside.fold(frame),
        }
        drop(inside);
        self.bell.notify_one();
    }

    /// Says that everything up to here has been offered.
    pub(super) fn saw(&self, seq: Seq) {
        let mut inside = self.inside();
        inside.seen = inside.seen.max(seq);
    }

    /// Says that something was not offered.
    pub(super) fn miss(&self) {
        self.inside().missed = true;
        self.bell.notify_one();
    }

    /// Says that nothing will be offered any more.
    pub(super) fn deafen(&self) {
        self.inside().deaf = true;
        self.bell.notify_one();
    }

    /// Takes what is there, up to `bytes` of it; none when it is empty.
    pub fn take(&self, bytes: usize) -> Option<Taken> {
        let mut inside = self.inside();
        if inside.missed || inside.deaf {
            let deaf = inside.deaf;
            let seen = inside.seen;
            *inside = Inside {
                seen,
                ..Inside::default()
            };
            return Some(if deaf { Taken::Deaf } else { Taken::Missed });
        }
        let mut frames = Vec::new();
        let mut room = bytes;
        while let Some((frame, folded)) = inside.frames.pop_front() {
            inside.taken += 1;
            inside.bytes -= frame.bytes.len();
            inside.places.remove(&frame.signal);
            room = room.saturating_sub(frame.bytes.len());
            frames.push((frame, folded));
            if room == 0 {
                break;
            }
        }
        let last = frames.last().map(|(frame, _)| frame.seq)?;
        let seen = if inside.frames.is_empty() {
            inside.seen.max(last)
        } else {
            last
        };
        Some(Taken::Frames(frames, seen))
    }

    /// When nothing waits: up to where everything has been offered.
    #[must_use]
    pub fn idle_at(&self) -> Option<Seq> {
        let inside = self.inside();
        let idle = inside.frames.is_empty() && !inside.missed && !inside.deaf;
        idle.then_some(inside.seen)
    }

    /// Waits until something may have come. Cancel safe.
    pub async fn something(&self) {
        self.bell.notified().await;
    }
}

impl Inside {
    /// The newest of a signal takes the place of the older ones.
    fn fold(&mut self, frame: Frame) {
        let place = self
            .places
            .get(&frame.signal)
            .and_then(|place| place.checked_sub(self.taken));
        let folded = match place.and_then(|place| self.frames.remove(place)) {
            Some((old, folded)) => {
                self.bytes -= old.bytes.len();
                // Those behind it have moved up by one.
                for (nth, (frame, _)) in self.frames.iter().enumerate() {
                    self.places.insert(frame.signal, nth + self.taken);
                }
                folded + 1
            }
            None => 0,
        };
        self.bytes += frame.bytes.len();
        self.places
            .insert(frame.signal, self.frames.len() + self.taken);
        self.frames.push_back((frame, folded));
        while self.bytes > BYTES {
            let Some((oldest, _)) = self.frames.pop_front() else {
                break;
            };
            self.taken += 1;
            self.bytes -= oldest.bytes.len();
            self.places.remove(&oldest.signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, PostKey};

    use super::*;

    fn frame(seq: u64, signal: &str, bytes: usize) -> Frame {
        let channel = ChannelId::parse("test").unwrap();
        Frame {
            seq: Seq::new(seq),
            signal: SignalId::of(&channel, &PostKey::new(signal), 0),
            stored: Timestamp::MIN,
            expires_at: None,
            bytes: Bytes::from(vec![b'x'; bytes]),
        }
    }

    fn seqs(taken: Option<Taken>) -> Vec<(u64, u32)> {
        match taken {
            Some(Taken::Frames(frames, _)) => frames
                .iter()
                .map(|(frame, folded)| (frame.seq.get(), *folded))
                .collect(),
            Some(Taken::Missed | Taken::Deaf) | None => Vec::new(),
        }
    }

    #[test]
    fn each_event_comes_out_once_and_in_order() {
        let outbox = Outbox::new(Mode::Each);
        (1..=5).for_each(|seq| outbox.put(frame(seq, "a", 10)));
        assert_eq!(seqs(outbox.take(25)), [(1, 0), (2, 0), (3, 0)]);
        assert_eq!(seqs(outbox.take(1_000)), [(4, 0), (5, 0)]);
        assert!(outbox.take(1_000).is_none());
    }

    #[test]
    fn what_does_not_fit_is_read_in_the_store() {
        let outbox = Outbox::new(Mode::Each);
        outbox.put(frame(1, "a", BYTES));
        outbox.put(frame(2, "a", 1));
        outbox.put(frame(3, "a", 1));
        assert!(matches!(outbox.take(1_000), Some(Taken::Missed)));
        outbox.put(frame(4, "a", 1));
        assert_eq!(seqs(outbox.take(1_000)), [(4, 0)]);
    }

    #[test]
    fn the_latest_folds_and_says_how_much() {
        let outbox = Outbox::new(Mode::Latest);
        for (seq, signal) in [(1, "a"), (2, "b"), (3, "a"), (4, "c"), (5, "a"), (6, "b")] {
            outbox.put(frame(seq, signal, 10));
        }
        assert_eq!(seqs(outbox.take(10)), [(4, 0)]);
        outbox.put(frame(7, "b", 10));
        assert_eq!(seqs(outbox.take(1_000)), [(5, 2), (7, 2)]);
    }

    #[test]
    fn an_idle_outbox_says_up_to_where_it_saw() {
        let outbox = Outbox::new(Mode::Each);
        outbox.put(frame(1, "a", 10));
        assert_eq!(outbox.idle_at(), None);
        outbox.take(1_000);
        outbox.saw(Seq::new(9));
        assert_eq!(outbox.idle_at(), Some(Seq::new(9)));
    }
}
