//! The book: the open signals of one instrument, and whom a tick concerns.
//!
//! An exchange keeps resting orders sorted by price, so that a trade is held against the nearest of
//! them and not against all. So does the book with the levels that its tracks wait for: a tick
//! between the nearest ones costs two comparisons, however many signals are open. Those that it
//! does not concern are told later what they slept through, before anything else is asked of them.
//! What comes of it is what stepping every track with every tick gives, in the same order.

mod slept;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use self::slept::Slept;
use super::track::Track;
use super::watch::Watch;
use super::{Change, Word};
use crate::market::{Price, Tick};
use crate::time::Timestamp;

/// The tracks of one instrument by a key, in whose order they are stepped.
#[derive(Clone, Debug)]
pub struct Book<K> {
    tracks: BTreeMap<K, Kept>,
    /// Those that every tick concerns.
    awake: BTreeSet<K>,
    /// The sleepers by the level below them that wakes them.
    below: BTreeSet<(Decimal, K)>,
    /// The sleepers by the level above them.
    above: BTreeSet<(Decimal, K)>,
    /// The sleepers by the instant that wakes them.
    deadlines: BTreeSet<(Timestamp, K)>,
    /// Between these levels all sleepers sleep. Follows from the rest; kept so that a tick is short.
    nearest: Watch,
    /// The next instant that wakes one. Follows from the rest, too.
    deadline: Option<Timestamp>,
    /// What the sleepers have not been told.
    slept: Slept,
    /// Prices up to here were told.
    seen_until: Timestamp,
    /// Whom the tick at hand concerns; reused by every step.
    due: Vec<K>,
    /// Reused by every step.
    changes: Vec<Change>,
}

/// A track in the book.
#[derive(Clone, Debug)]
struct Kept {
    track: Track,
    rest: Rest,
}

/// How a track is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Every tick concerns it.
    Awake,
    /// Only what reaches its levels or its deadline does; it was told everything before this tick.
    Asleep(u64),
    /// None does: it is over.
    Over,
}

impl<K: Ord + Clone> Default for Book<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone> Book<K> {
    /// A book without a track.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tracks: BTreeMap::new(),
            awake: BTreeSet::new(),
            below: BTreeSet::new(),
            above: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            nearest: Watch::ASLEEP,
            deadline: None,
            slept: Slept::new(),
            seen_until: Timestamp::MIN,
            due: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Takes in a track. It may have seen more than the book was told, or less. One that was kept
    /// under this key goes.
    pub fn insert(&mut self, key: K, track: Track) {
        self.remove(&key);
        let rest = Rest::Awake;
        self.tracks.insert(key.clone(), Kept { track, rest });
        self.awake.insert(key.clone());
        self.lay_down(&key);
    }

    /// Gives a track up, with all that it has seen.
    pub fn remove(&mut self, key: &K) -> Option<Track> {
        self.wake(key);
        self.awake.remove(key);
        self.tracks.remove(key).map(|kept| kept.track)
    }

    /// A track, with all that it has seen.
    pub fn get(&mut self, key: &K) -> Option<&Track> {
        self.catch_up(key);
        self.tracks.get(key).map(|kept| &kept.track)
    }

    /// How many tracks there are, those that are over and were not given up among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// There is no track.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Every track has seen the prices up to here; none without tracks.
    #[must_use]
    pub fn seen_by_all(&self) -> Option<Timestamp> {
        let seen = |kept: &Kept| match kept.rest {
            Rest::Asleep(_) => self.seen_until,
            Rest::Awake | Rest::Over => kept.track.seen_until(),
        };
        self.tracks.values().map(seen).min()
    }

    /// Tells a track a later word of its author.
    pub fn hear(&mut self, key: &K, word: &Word, at: Timestamp, out: &mut Vec<Change>) {
        self.wake(key);
        if let Some(kept) = self.tracks.get_mut(key) {
            kept.track.hear(word, at, out);
            self.lay_down(key);
        }
    }

    /// Lets the market go on by one tick, and tells what that changed in which track, in the order
    /// of their keys.
    pub fn step(&mut self, tick: &Tick, out: &mut Vec<(K, Change)>) {
        match *tick {
            Tick::Trade(trade) => self.go_on(trade.at, trade.at, trade.price, trade.price, tick),
            Tick::Candle(candle) => {
                let end = candle.end();
                self.go_on(candle.open_time, end, candle.low, candle.high, tick);
            }
            Tick::Time(at) => {
                self.by_deadline(|deadline| deadline <= at);
            }
            Tick::Hole { to, .. } => {
                self.wake_all();
                self.seen_until = self.seen_until.max(to);
            }
        }
        if self.awake.is_empty() {
            return;
        }
        let mut due = std::mem::take(&mut self.due);
        due.extend(self.awake.iter().cloned());
        for key in due.drain(..) {
            if let Some(kept) = self.tracks.get_mut(&key) {
                kept.track.step(tick, &mut self.changes);
                let told = self.changes.drain(..);
                out.extend(told.map(|change| (key.clone(), change)));
                self.lay_down(&key);
            }
        }
        self.due = due;
    }

    /// Wakes whom prices from `low` to `high` concern, and has the others sleep through them.
    fn go_on(&mut self, from: Timestamp, to: Timestamp, low: Price, high: Price, tick: &Tick) {
        // Of what was seen in part, each track must find out by itself what is new.
        if from < self.seen_until {
            self.wake_all();
        }
        if !self.nearest.sleeps_through(low, high) {
            while let Some((level, key)) = self.below.last()
                && *level >= low.get()
            {
                let key = key.clone();
                self.wake(&key);
            }
            while let Some((level, key)) = self.above.first()
                && *level <= high.get()
            {
                let key = key.clone();
                self.wake(&key);
            }
        }
        self.by_deadline(|deadline| deadline < to);
        self.seen_until = self.seen_until.max(to);
        if self.below.is_empty() {
            self.slept.forget();
        } else {
            let last = tick.last_price().unwrap_or(high);
            self.slept.add(low, high, last);
            if self.slept.is_long() {
                self.tell_all();
            }
        }
    }

    fn by_deadline(&mut self, due: impl Fn(Timestamp) -> bool) {
        while self.deadline.is_some_and(&due)
            && let Some((_, key)) = self.deadlines.first().cloned()
        {
            self.wake(&key);
        }
    }

    /// Wakes everybody who sleeps.
    fn wake_all(&mut self) {
        while let Some((_, key)) = self.below.last().cloned() {
            self.wake(&key);
        }
    }

    /// Tells a sleeper what it slept through; it sleeps on.
    fn catch_up(&mut self, key: &K) {
        if let Some(kept) = self.tracks.get_mut(key)
            && let Rest::Asleep(since) = kept.rest
        {
            self.slept.tell(since, &mut kept.track, self.seen_until);
            kept.rest = Rest::Asleep(self.slept.next());
        }
    }

    /// Tells all sleepers what they slept through, so that it can be forgotten.
    fn tell_all(&mut self) {
        for kept in self.tracks.values_mut() {
            if let Rest::Asleep(since) = kept.rest {
                self.slept.tell(since, &mut kept.track, self.seen_until);
                kept.rest = Rest::Asleep(self.slept.next());
            }
        }
        self.slept.forget();
    }

    /// Wakes a sleeper: it knows all that was told before, and the tick at hand concerns it.
    fn wake(&mut self, key: &K) {
        self.catch_up(key);
        let Some(kept) = self.tracks.get_mut(key) else {
            return;
        };
        if let Rest::Asleep(_) = kept.rest {
            kept.rest = Rest::Awake;
            let (watch, deadline) = (kept.track.watch(), kept.track.next_deadline());
            self.below.remove(&(watch.below, key.clone()));
            self.above.remove(&(watch.above, key.clone()));
            if let Some(deadline) = deadline {
                self.deadlines.remove(&(deadline, key.clone()));
            }
            self.awake.insert(key.clone());
            self.look_around();
        }
    }

    /// Lets who is awake sleep until something reaches its levels, if it has seen what the others
    /// have.
    fn lay_down(&mut self, key: &K) {
        let Some(kept) = self.tracks.get_mut(key) else {
            return;
        };
        if kept.track.is_over() {
            kept.rest = Rest::Over;
            self.awake.remove(key);
        } else if kept.track.seen_until() == self.seen_until && kept.track.watch() != Watch::ALERT {
            kept.rest = Rest::Asleep(self.slept.next());
            let (watch, deadline) = (kept.track.watch(), kept.track.next_deadline());
            self.below.insert((watch.below, key.clone()));
            self.above.insert((watch.above, key.clone()));
            if let Some(deadline) = deadline {
                self.deadlines.insert((deadline, key.clone()));
            }
            self.awake.remove(key);
            self.look_around();
        }
    }

    /// Finds the nearest of all levels and deadlines.
    fn look_around(&mut self) {
        self.nearest = Watch {
            below: (self.below.last()).map_or(Watch::ASLEEP.below, |(level, _)| *level),
            above: (self.above.first()).map_or(Watch::ASLEEP.above, |(level, _)| *level),
        };
        self.deadline = self.deadlines.first().map(|(deadline, _)| *deadline);
    }
}
