//! Outboxes: what waits for one subscription, and what happens when it is too much.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::event::{Body, Event, Told};
use domain::ids::{Seq, SignalId};
use domain::time::Timestamp;
use tokio::sync::Notify;

/// How much may wait. Beyond it, whoever wants each event loses all that waits and is told from
/// where to where; whoever wants the latest loses the oldest, and is told up to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many bytes, those that are shared with other outboxes included.
    pub bytes: usize,
    /// So many frames.
    pub frames: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            frames: 4_096,
        }
    }
}

/// An event as its listeners share it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its place in the stream.
    pub seq: Seq,
    /// Which signal it is about; a seal is about none, and nothing takes its place.
    pub signal: Option<SignalId>,
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
        let (signal, expires_at) = match &event.told {
            Told::Happening(about) => {
                let expires_at = match &about.body {
                    Body::Signal { signal, .. } => Some(signal.expires_at),
                    Body::Instruction { .. } | Body::Revision { .. } | Body::Progress(_) => None,
                };
                (Some(about.signal), expires_at)
            }
            Told::Seal(_) => (None, None),
        };
        Self {
            seq: event.seq,
            signal,
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
    room: Room,
    inside: Mutex<Inside>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Inside {
    /// In order, each with how many older ones of its signal were folded away.
    frames: VecDeque<(Frame, u32)>,
    /// Of a latest outbox: where the frame of a signal is.
    newest: HashMap<SignalId, Seq>,
    bytes: usize,
    /// Every event up to here is in the box, was in it, is lost or is not wanted.
    seen: Seq,
    /// Something before the frames is not in the box.
    lost: Option<Lost>,
    /// The hub is gone: nothing will get in any more.
    deaf: bool,
}

/// What is not in an outbox though it was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Everything up to here that was not taken before may be missing.
    pub to: Seq,
    /// How often the box overflowed since the last time that something was taken; 0 when it had
    /// room and the hub was not told.
    pub overflows: u32,
}

/// What is in an outbox.
#[derive(Debug)]
pub enum Taken {
    /// These, in order, each with how many older ones of its signal were folded away. After them
    /// everything up to `seen` has been dealt with.
    Frames(Vec<(Frame, u32)>, Seq),
    /// Something is missing here.
    Lost(Lost),
    /// The hub is gone: join anew, and read the store.
    Deaf,
}

impl Outbox {
    /// An empty outbox with the usual room.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self::with_room(mode, Room::default())
    }

    /// An empty outbox.
    #[must_use]
    pub fn with_room(mode: Mode, room: Room) -> Self {
        Self {
            mode,
            room,
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

    /// Puts the wanted events in, and says that everything up to `seen` has been offered with
    /// them. Never waits.
    pub(super) fn offer(&self, wanted: impl Iterator<Item = Frame>, seen: Seq) {
        let mut inside = self.inside();
        let mut came = false;
        for frame in wanted {
            came = true;
            match self.mode {
                Mode::Each => inside.push(frame, 0),
                Mode::Latest => inside.fold(frame),
            }
            inside.keep_within(self.room, self.mode);
        }
        inside.seen = seen;
        drop(inside);
        if came {
            self.bell.notify_one();
        }
    }

    /// Says that not everything up to `to` was offered.
    pub(super) fn miss(&self, to: Seq) {
        let mut inside = self.inside();
        let waiting = inside.frames.back().map(|(frame, _)| frame.seq);
        let before = inside.lost.unwrap_or(Lost {
            to: Seq::ZERO,
            overflows: 0,
        });
        inside.clear();
        let to = to.max(before.to).max(waiting.unwrap_or_default());
        let overflows = before.overflows;
        inside.lost = Some(Lost { to, overflows });
        drop(inside);
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
        if inside.deaf {
            return Some(Taken::Deaf);
        }
        if let Some(lost) = inside.lost.take() {
            return Some(Taken::Lost(lost));
        }
        let mut frames = Vec::new();
        let mut room = bytes;
        while room > 0
            && let Some((frame, folded)) = inside.pop()
        {
            room = room.saturating_sub(frame.bytes.len());
            frames.push((frame, folded));
        }
        let last = frames.last().map(|(frame, _)| frame.seq)?;
        let seen = if inside.frames.is_empty() {
            inside.seen
        } else {
            last
        };
        Some(Taken::Frames(frames, seen))
    }

    /// When nothing waits: up to where everything has been offered.
    #[must_use]
    pub fn idle_at(&self) -> Option<Seq> {
        let inside = self.inside();
        let idle = inside.frames.is_empty() && inside.lost.is_none() && !inside.deaf;
        idle.then_some(inside.seen)
    }

    /// Waits until something may have come. Cancel safe.
    pub async fn something(&self) {
        self.bell.notified().await;
    }
}

impl Inside {
    fn push(&mut self, frame: Frame, folded: u32) {
        self.bytes += frame.bytes.len();
        self.frames.push_back((frame, folded));
    }

    fn pop(&mut self) -> Option<(Frame, u32)> {
        let (frame, folded) = self.frames.pop_front()?;
        self.bytes -= frame.bytes.len();
        if let Some(signal) = &frame.signal {
            self.newest.remove(signal);
        }
        Some((frame, folded))
    }

    fn clear(&mut self) {
        self.frames.clear();
        self.newest.clear();
        self.bytes = 0;
    }

    /// The newest of a signal takes the place of the older ones.
    fn fold(&mut self, frame: Frame) {
        let folded = frame
            .signal
            .and_then(|signal| self.newest.insert(signal, frame.seq))
            .and_then(|seq| {
                self.frames
                    .binary_search_by_key(&seq, |(frame, _)| frame.seq)
                    .ok()
            })
            .and_then(|place| self.frames.remove(place))
            .map_or(0, |(old, folded)| {
                self.bytes -= old.bytes.len();
                folded + 1
            });
        self.push(frame, folded);
    }

    fn keep_within(&mut self, room: Room, mode: Mode) {
        if self.bytes <= room.bytes && self.frames.len() <= room.frames {
            return;
        }
        metrics::counter!("touchstone_outbox_overflows_total").increment(1);
        let mut last = None;
        match mode {
            Mode::Each => {
                last = self.frames.back().map(|(frame, _)| frame.seq);
                self.clear();
            }
            Mode::Latest => {
                while (self.bytes > room.bytes || self.frames.len() > room.frames)
                    && let Some((oldest, _)) = self.pop()
                {
                    last = Some(oldest.seq);
                }
            }
        }
        if let Some(to) = last {
            let overflows = self.lost.map_or(0, |lost| lost.overflows) + 1;
            self.lost = Some(Lost { to, overflows });
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, PostKey};

    use super::*;

    const ROOM: Room = Room {
        bytes: 100,
        frames: 8,
    };

    fn frame(seq: u64, signal: &str, bytes: usize) -> Frame {
        let channel = ChannelId::parse("test").unwrap();
        Frame {
            seq: Seq::new(seq),
            signal: (signal != "seal").then(|| SignalId::of(&channel, &PostKey::new(signal), 0)),
            stored: Timestamp::MIN,
            expires_at: None,
            bytes: Bytes::from(vec![b'x'; bytes]),
        }
    }

    fn put(outbox: &Outbox, seq: u64, signal: &str, bytes: usize) {
        outbox.offer(std::iter::once(frame(seq, signal, bytes)), Seq::new(seq));
    }

    fn seqs(taken: Option<Taken>) -> Vec<(u64, u32)> {
        match taken {
            Some(Taken::Frames(frames, _)) => frames
                .iter()
                .map(|(frame, folded)| (frame.seq.get(), *folded))
                .collect(),
            Some(Taken::Lost(_) | Taken::Deaf) | None => Vec::new(),
        }
    }

    fn lost(taken: Option<Taken>) -> Option<(u64, u32)> {
        match taken {
            Some(Taken::Lost(lost)) => Some((lost.to.get(), lost.overflows)),
            Some(Taken::Frames(..) | Taken::Deaf) | None => None,
        }
    }

    #[test]
    fn each_event_comes_out_once_and_in_order() {
        let outbox = Outbox::new(Mode::Each);
        (1..=5).for_each(|seq| put(&outbox, seq, "a", 10));
        assert_eq!(seqs(outbox.take(25)), [(1, 0), (2, 0), (3, 0)]);
        assert_eq!(seqs(outbox.take(1_000)), [(4, 0), (5, 0)]);
        assert!(outbox.take(1_000).is_none());
    }

    #[test]
    fn what_does_not_fit_is_told_before_what_came_after_it() {
        let outbox = Outbox::with_room(Mode::Each, ROOM);
        put(&outbox, 1, "a", 100);
        put(&outbox, 2, "a", 1);
        put(&outbox, 3, "a", 1);
        assert_eq!(outbox.idle_at(), None);
        assert_eq!(lost(outbox.take(1_000)), Some((2, 1)));
        assert_eq!(seqs(outbox.take(1_000)), [(3, 0)]);
    }

    #[test]
    fn many_small_frames_overflow_too() {
        let outbox = Outbox::with_room(Mode::Each, ROOM);
        (1..=9).for_each(|seq| put(&outbox, seq, "a", 1));
        assert_eq!(lost(outbox.take(1_000)), Some((9, 1)));
    }

    #[test]
    fn a_second_overflow_before_anything_was_taken_is_counted() {
        let outbox = Outbox::with_room(Mode::Each, ROOM);
        (1..=4).for_each(|seq| put(&outbox, seq, "a", 60));
        assert_eq!(lost(outbox.take(1_000)), Some((4, 2)));
        put(&outbox, 5, "a", 60);
        put(&outbox, 6, "a", 60);
        assert_eq!(lost(outbox.take(1_000)), Some((6, 1)));
    }

    #[test]
    fn the_latest_folds_and_says_how_much() {
        let outbox = Outbox::new(Mode::Latest);
        for (seq, signal) in [(1, "a"), (2, "b"), (3, "a"), (4, "c"), (5, "a"), (6, "b")] {
            put(&outbox, seq, signal, 10);
        }
        assert_eq!(seqs(outbox.take(10)), [(4, 0)]);
        put(&outbox, 7, "b", 10);
        assert_eq!(seqs(outbox.take(1_000)), [(5, 2), (7, 2)]);
        put(&outbox, 8, "b", 10);
        assert_eq!(seqs(outbox.take(1_000)), [(8, 0)]);
    }

    #[test]
    fn the_latest_folds_no_seal() {
        let outbox = Outbox::new(Mode::Latest);
        for (seq, signal) in [(1, "seal"), (2, "a"), (3, "seal"), (4, "a")] {
            put(&outbox, seq, signal, 10);
        }
        assert_eq!(seqs(outbox.take(1_000)), [(1, 0), (3, 0), (4, 1)]);
    }

    #[test]
    fn the_latest_loses_the_oldest_signals_and_says_so() {
        let outbox = Outbox::with_room(Mode::Latest, ROOM);
        for (seq, signal) in [(1, "a"), (2, "b"), (3, "c")] {
            put(&outbox, seq, signal, 50);
        }
        assert_eq!(lost(outbox.take(1_000)), Some((1, 1)));
        assert_eq!(seqs(outbox.take(1_000)), [(2, 0), (3, 0)]);
    }

    #[test]
    fn an_idle_outbox_says_up_to_where_it_saw() {
        let outbox = Outbox::new(Mode::Each);
        put(&outbox, 1, "a", 10);
        assert_eq!(outbox.idle_at(), None);
        outbox.take(1_000);
        outbox.offer(std::iter::empty(), Seq::new(9));
        assert_eq!(outbox.idle_at(), Some(Seq::new(9)));
    }

    #[test]
    fn what_the_hub_was_not_told_is_told_before_what_came_after_it() {
        let outbox = Outbox::new(Mode::Each);
        put(&outbox, 1, "a", 10);
        outbox.miss(Seq::new(5));
        put(&outbox, 6, "a", 10);
        assert_eq!(lost(outbox.take(1_000)), Some((5, 0)));
        assert_eq!(seqs(outbox.take(1_000)), [(6, 0)]);
    }
}
