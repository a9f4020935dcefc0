//! The open signals of one instrument, and what the market and their authors do to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Event, Happening};
use domain::execution::ExecutionModel;
use domain::ids::{Seq, SignalId};
use domain::lifecycle::{Book, Change, Track, Word};
use domain::market::Tick;
use domain::ports::store::{MarketEntry, OpenSignal, TrackRecord};
use domain::signal::Signal;
use domain::time::Timestamp;

/// How far back ticks are remembered. A signal is heard of a little after it was received, and what
/// was traded in between is its own.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The most ticks that are remembered; a signal that needs more has the path read again.
const MOST_REMEMBERED: usize = 8_192;

/// A signal's place among the others: they are followed in the order in which they were stored.
type Key = (Seq, SignalId);

/// The open signals, in the order in which they were stored.
pub(crate) struct Tracks {
    model: Arc<ExecutionModel>,
    open: BTreeMap<Key, Followed>,
    /// How far each is.
    book: Book<Key>,
    /// To whom something happened since his track was stored.
    stirred: BTreeSet<Key>,
    /// How many ticks there were in this life.
    ticks: u64,
    /// The signals up to here that are not over have been restored; the others are over.
    restored_until: Seq,
    /// The last ticks, in order.
    recent: VecDeque<Tick>,
    /// From when on every tick is remembered.
    remembered_from: Timestamp,
    /// A signal was received before that: the path is needed again from here.
    reach_back: Option<Timestamp>,
    /// What happened since the last entry was taken.
    happened: Vec<Happening>,
    /// Reused by every step.
    told: Vec<(Key, Change)>,
}

/// One open signal.
struct Followed {
    signal: Arc<Signal>,
    heard: Seq,
    /// How often its track was stored.
    step: u64,
    /// How many ticks there had been then: with more, it has moved on, if only in time.
    stored_at: u64,
    /// It heard a word since then, or moved on before it came into the book.
    moved: bool,
}

impl Tracks {
    pub(crate) const fn new(model: Arc<ExecutionModel>) -> Self {
        Self {
            model,
            open: BTreeMap::new(),
            book: Book::new(),
            stirred: BTreeSet::new(),
            ticks: 0,
            restored_until: Seq::ZERO,
            recent: VecDeque::new(),
            remembered_from: Timestamp::MIN,
            reach_back: None,
            happened: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Takes in the signals that were open before this life began, of all that were stored up to
    /// `until`. An older one that is not among them is over, whatever is heard of it again.
    pub(crate) fn restore_all(&mut self, open: Vec<OpenSignal>, until: Seq) {
        self.restored_until = until;
        open.into_iter().for_each(|signal| self.restore(signal));
    }

    fn restore(&mut self, open: OpenSignal) {
        let (followed, track) = match open.track {
            Some(TrackRecord {
                step, heard, track, ..
            }) => {
                let followed = self.begin(&open.signal, heard);
                (Followed { step, ..followed }, track)
            }
            None => (
                self.begin(&open.signal, open.seq),
                Track::open(&open.signal, &self.model),
            ),
        };
        self.take_in((open.seq, open.signal.id), followed, track);
    }

    fn begin(&self, signal: &Arc<Signal>, heard: Seq) -> Followed {
        Followed {
            signal: Arc::clone(signal),
            heard,
            step: 0,
            stored_at: self.ticks,
            moved: false,
        }
    }

    fn take_in(&mut self, key: Key, followed: Followed, track: Track) {
        self.open.insert(key, followed);
        self.book.insert(key, track);
    }

    /// Begins a track and steps it through what was traded between the signal's receipt and now.
    fn begin_late(&mut self, signal: &Arc<Signal>, seq: Seq) {
        let key = (seq, signal.id);
        let mut followed = self.begin(signal, seq);
        let mut track = Track::open(signal, &self.model);
        let mut changes = Vec::new();
        if signal.received < self.remembered_from {
            let reach = self
                .reach_back
                .map_or(signal.received, |other| other.min(signal.received));
            self.reach_back = Some(reach);
        } else {
            for tick in self
                .recent
                .iter()
                .filter(|tick| tick.at() > signal.received)
            {
                track.step(tick, &mut changes);
                followed.moved = true;
            }
        }
        self.take_in(key, followed, track);
        self.note(key, changes, signal.received);
    }

    /// Says from when on the path is told now.
    pub(crate) fn path_begins(&mut self, since: Timestamp) {
        self.recent.clear();
        self.remembered_from = since;
    }

    /// From when on the path is needed again, if it is.
    pub(crate) fn take_reach_back(&mut self) -> Option<Timestamp> {
        self.reach_back.take()
    }

    fn remember(&mut self, tick: &Tick) {
        self.recent.push_back(*tick);
        let horizon = tick.at() - REMEMBERED;
        while self.recent.len() > MOST_REMEMBERED
            || self
                .recent
                .front()
                .is_some_and(|oldest| oldest.at() < horizon)
        {
            let Some(oldest) = self.recent.pop_front() else {
                break;
            };
            self.remembered_from = self.remembered_from.max(oldest.at());
        }
    }

    /// Where to begin reading what was missed: every track has heard everything up to here.
    pub(crate) fn heard_by_all(&self) -> Option<Seq> {
        self.open.values().map(|followed| followed.heard).min()
    }

    /// From when on the price path is needed: every track has seen everything up to here.
    pub(crate) fn seen_by_all(&self) -> Option<Timestamp> {
        self.book.seen_by_all()
    }

    /// Hears an event about this instrument. One heard before changes nothing.
    pub(crate) fn hear(&mut self, event: &Event) {
        let Some(about) = event.happening() else {
            return;
        };
        match &about.body {
            Body::Signal { signal, .. } => {
                self.oppose(signal, event.seq, about.received);
                let new = event.seq > self.restored_until
                    && !self.open.keys().any(|(_, id)| *id == signal.id);
                if new {
                    self.begin_late(signal, event.seq);
                }
            }
            Body::Instruction { order, post } => {
                let word = Word::Order(order.clone(), post.clone());
                self.tell(event.seq, about.received, &word, |signal| {
                    signal.id == about.signal
                });
            }
            // Edits and deletions move nothing, and what happened was told from here.
            Body::Revision { .. } | Body::Progress(_) => {}
        }
    }

    /// The author turned to the other side: his open trades on this one are over.
    fn oppose(&mut self, new: &Signal, seq: Seq, received: Timestamp) {
        let word = Word::Opposite(new.id);
        self.tell(seq, received, &word, |signal| {
            signal.channel == new.channel && signal.side == new.side.opposite()
        });
    }

    /// Tells a word to those tracks that are meant and have not heard it.
    fn tell(
        &mut self,
        seq: Seq,
        received: Timestamp,
        word: &Word,
        meant: impl Fn(&Signal) -> bool,
    ) {
        let mut changes = Vec::new();
        let meant: Vec<Key> = (self.open.iter_mut())
            .filter(|(_, followed)| followed.heard < seq && meant(&followed.signal))
            .map(|(key, followed)| {
                followed.heard = seq;
                followed.moved = true;
                *key
            })
            .collect();
        for key in meant {
            self.book.hear(&key, word, received, &mut changes);
            self.note(key, changes.drain(..), received);
        }
    }

    /// Lets the market go on by a tick that was received at `received`.
    pub(crate) fn step(&mut self, tick: &Tick, received: Timestamp) {
        self.remember(tick);
        self.ticks += 1;
        let mut told = std::mem::take(&mut self.told);
        self.book.step(tick, &mut told);
        for (key, change) in told.drain(..) {
            self.note(key, [change], received);
        }
        self.told = told;
    }

    /// Makes what changed happen.
    fn note(&mut self, key: Key, changes: impl IntoIterator<Item = Change>, received: Timestamp) {
        let Some(Followed { signal, .. }) = self.open.get(&key) else {
            return;
        };
        for change in changes {
            self.stirred.insert(key);
            self.happened.push(Happening {
                signal: signal.id,
                channel: signal.channel.clone(),
                instrument: signal.instrument.clone(),
                side: signal.side,
                origin: signal.origin,
                posted: None,
                received,
                scored: None,
                body: Body::Progress(Box::new(change)),
            });
        }
    }

    /// Something happened that is not stored yet.
    pub(crate) fn stirred(&self) -> bool {
        !self.happened.is_empty()
    }

    /// What is to be stored: what happened, and the tracks that it happened to. With `all`, every
    /// track that moved on, so that the next life need not look back far.
    pub(crate) fn entry(&mut self, all: bool) -> Option<MarketEntry> {
        let ticks = self.ticks;
        let moved = |followed: &Followed| followed.moved || followed.stored_at < ticks;
        let due: Vec<Key> = if all {
            let due = self
                .open
                .iter()
                .filter(|(key, followed)| self.stirred.contains(*key) || moved(followed));
            due.map(|(key, _)| *key).collect()
        } else {
            self.stirred.iter().copied().collect()
        };
        self.stirred.clear();
        let tracks: Vec<_> = due.into_iter().filter_map(|key| self.record(key)).collect();
        let happenings = std::mem::take(&mut self.happened);
        (!tracks.is_empty()).then_some(MarketEntry { happenings, tracks })
    }

    /// A track as it is to be stored. One that is over is given up.
    fn record(&mut self, key: Key) -> Option<TrackRecord> {
        let track = self.book.get(&key)?.clone();
        let followed = self.open.get_mut(&key)?;
        followed.step += 1;
        followed.stored_at = self.ticks;
        followed.moved = false;
        let record = TrackRecord {
            signal: followed.signal.id,
            step: followed.step,
            heard: followed.heard,
            track,
        };
        if record.track.is_over() {
            self.open.remove(&key);
            self.book.remove(&key);
        }
        Some(record)
    }
}
