//! The open signals of one instrument, and what the market and their authors do to them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Event, Happening};
use domain::execution::ExecutionModel;
use domain::ids::{Seq, SignalId};
use domain::lifecycle::{Change, Track, Word};
use domain::market::Tick;
use domain::ports::store::{MarketEntry, OpenSignal, TrackRecord};
use domain::signal::Signal;
use domain::time::Timestamp;

/// How far back ticks are remembered. A signal is heard of a little after it was received, and what
/// was traded in between is its own.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The most ticks that are remembered; a signal that needs more has the path read again.
const MOST_REMEMBERED: usize = 8_192;

/// The open signals, in the order in which they were stored.
pub(crate) struct Tracks {
    model: Arc<ExecutionModel>,
    open: BTreeMap<(Seq, SignalId), Followed>,
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
    changes: Vec<Change>,
}

/// One open signal.
struct Followed {
    signal: Arc<Signal>,
    track: Track,
    heard: Seq,
    /// How often its track was stored.
    step: u64,
    /// Something happened to it since then.
    stirred: bool,
    /// Its track moved on since then, if only in time.
    moved: bool,
}

impl Tracks {
    pub(crate) const fn new(model: Arc<ExecutionModel>) -> Self {
        Self {
            model,
            open: BTreeMap::new(),
            restored_until: Seq::ZERO,
            recent: VecDeque::new(),
            remembered_from: Timestamp::MIN,
            reach_back: None,
            happened: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Takes in the signals that were open before this life began, of all that were stored up to
    /// `until`. An older one that is not among them is over, whatever is heard of it again.
    pub(crate) fn restore_all(&mut self, open: Vec<OpenSignal>, until: Seq) {
        self.restored_until = until;
        open.into_iter().for_each(|signal| self.restore(signal));
    }

    fn restore(&mut self, open: OpenSignal) {
        let followed = match open.track {
            Some(TrackRecord {
                step, heard, track, ..
            }) => Followed {
                signal: Arc::clone(&open.signal),
                track,
                heard,
                step,
                stirred: false,
                moved: false,
            },
            None => self.begin(&open.signal, open.seq),
        };
        self.open.insert((open.seq, open.signal.id), followed);
    }

    fn begin(&self, signal: &Arc<Signal>, seq: Seq) -> Followed {
        Followed {
            signal: Arc::clone(signal),
            track: Track::open(signal, &self.model),
            heard: seq,
            step: 0,
            stirred: false,
            moved: false,
        }
    }

    /// Begins a track and steps it through what was traded between the signal's receipt and now.
    fn begin_late(&mut self, signal: &Arc<Signal>, seq: Seq) -> Followed {
        let mut followed = self.begin(signal, seq);
        if signal.received < self.remembered_from {
            let reach = self
                .reach_back
                .map_or(signal.received, |other| other.min(signal.received));
            self.reach_back = Some(reach);
            return followed;
        }
        for tick in self
            .recent
            .iter()
            .filter(|tick| tick.at() > signal.received)
        {
            followed.track.step(tick, &mut self.changes);
            followed.moved = true;
            followed.note(&mut self.changes, signal.received, &mut self.happened);
        }
        followed
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
        self.open
            .values()
            .map(|followed| followed.track.seen_until())
            .min()
    }

    /// Hears an event about this instrument. One heard before changes nothing.
    pub(crate) fn hear(&mut self, event: &Event) {
        let Some(about) = event.happening() else {
            return;
        };
        match &about.body {
            Body::Signal { signal, .. } => {
                self.oppose(signal, event.seq, about.received);
                let key = (event.seq, signal.id);
                let new = event.seq > self.restored_until
                    && !self.open.keys().any(|(_, id)| *id == signal.id);
                if new {
                    let followed = self.begin_late(signal, event.seq);
                    self.open.insert(key, followed);
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
        for followed in self.open.values_mut() {
            if followed.heard < seq && meant(&followed.signal) {
                followed.track.hear(word, received, &mut self.changes);
                followed.heard = seq;
                followed.moved = true;
                followed.note(&mut self.changes, received, &mut self.happened);
            }
        }
    }

    /// Steps every track with a tick that was received at `received`.
    pub(crate) fn step(&mut self, tick: &Tick, received: Timestamp) {
        self.remember(tick);
        for followed in self.open.values_mut() {
            followed.track.step(tick, &mut self.changes);
            followed.moved = true;
            if !self.changes.is_empty() {
                followed.note(&mut self.changes, received, &mut self.happened);
            }
        }
    }

    /// Something happened that is not stored yet.
    pub(crate) fn stirred(&self) -> bool {
        !self.happened.is_empty()
    }

    /// What is to be stored: what happened, and the tracks that it happened to. With `all`, every
    /// track that moved on, so that the next life need not look back far.
    pub(crate) fn entry(&mut self, all: bool) -> Option<MarketEntry> {
        let mut tracks = Vec::new();
        for followed in self.open.values_mut() {
            if followed.stirred || (all && followed.moved) {
                followed.step += 1;
                followed.stirred = false;
                followed.moved = false;
                tracks.push(TrackRecord {
                    signal: followed.signal.id,
                    step: followed.step,
                    heard: followed.heard,
                    track: followed.track.clone(),
                });
            }
        }
        self.open.retain(|_, followed| !followed.track.is_over());
        let happenings = std::mem::take(&mut self.happened);
        (!tracks.is_empty()).then_some(MarketEntry { happenings, tracks })
    }
}

impl Followed {
    /// Makes what changed happen.
    fn note(&mut self, changes: &mut Vec<Change>, received: Timestamp, out: &mut Vec<Happening>) {
        for change in changes.drain(..) {
            self.stirred = true;
            out.push(Happening {
                signal: self.signal.id,
                channel: self.signal.channel.clone(),
                instrument: self.signal.instrument.clone(),
                side: self.signal.side,
                origin: self.signal.origin,
                posted: None,
                received,
                scored: None,
                body: Body::Progress(Box::new(change)),
            });
        }
    }
}
