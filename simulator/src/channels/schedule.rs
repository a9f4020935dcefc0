//! The schedule: which post of a channel falls when, and what it is for.
//!
//! Time is cut into slots, one post in each, so a post's number follows from its time and back.
//! Some slots make a cycle, in which each role has one slot; which one is drawn anew every cycle.

use crate::dice::{hash, mix, named, share, whole};
use crate::market::EPOCH_MS;

use super::{Channel, Kind};

/// A slot's length at a pace of one, in microseconds.
const SLOT: f64 = 8_000_000.0;

/// How many cycles later the author comes back to a signal, and to its end.
const MANAGE_AFTER: i64 = 2;
const WRAP_AFTER: i64 = 5;

/// What a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Signal,
    /// A word about the signal of that number, soon after it.
    Manage(i64),
    /// A word about the signal of that number, when it should be over.
    Wrap(i64),
    Chat,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    seed: u64,
    slot: f64,
    phase: f64,
    slots: i64,
}

impl Schedule {
    pub(crate) fn new(seed: u64, channel: &Channel, pace: f64) -> Self {
        let seed = named(seed, channel.name);
        let (slot, slots) = match channel.kind {
            Kind::Preview => (SLOT / pace, 4),
            Kind::Webhook => (2.0 * SLOT / pace, 2),
        };
        let phase = slot * share(mix(seed));
        Self {
            seed,
            slot,
            phase,
            slots,
        }
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// When the post of a number appears, in microseconds since 1970.
    pub(crate) fn at(&self, id: i64) -> i64 {
        let way = 0.05 + 0.9 * share(hash(self.seed, id));
        EPOCH_MS * 1000 + whole(self.phase + ((id - 1) as f64 + way) * self.slot)
    }

    /// The number of the last post at or before an instant; less than one before the first.
    pub(crate) fn last_id(&self, at: i64) -> i64 {
        let since = (at - EPOCH_MS * 1000) as f64 - self.phase;
        let near = whole((since / self.slot).floor()) + 1;
        let found = (near - 1..=near + 1).rev().find(|id| self.at(*id) <= at);
        found.unwrap_or(near - 2).max(0)
    }

    /// What a post is for.
    pub(crate) fn role(&self, id: i64) -> Role {
        let (cycle, place) = (
            (id - 1).div_euclid(self.slots),
            (id - 1).rem_euclid(self.slots),
        );
        let shift = self.shift(cycle);
        let earlier = |back| Some(cycle - back).filter(|cycle| *cycle >= 0);
        let number = (place + shift).rem_euclid(self.slots);
        let role = match (number, self.slots) {
            (0, _) => Some(Role::Signal),
            (1, 2) | (2, _) => earlier(WRAP_AFTER).map(|c| Role::Wrap(self.signal_of(c))),
            (1, _) => earlier(MANAGE_AFTER).map(|c| Role::Manage(self.signal_of(c))),
            _ => None,
        };
        role.unwrap_or(Role::Chat)
    }

    /// The number of the post that will come back to a signal soon after it.
    pub(crate) fn manage_of(&self, signal: i64) -> Option<i64> {
        (self.slots > 2).then(|| self.number(self.cycle(signal) + MANAGE_AFTER, 1))
    }

    /// The number of the post that will come back to a signal when it should be over.
    pub(crate) fn wrap_of(&self, signal: i64) -> i64 {
        let role = if self.slots == 2 { 1 } else { 2 };
        self.number(self.cycle(signal) + WRAP_AFTER, role)
    }

    fn signal_of(&self, cycle: i64) -> i64 {
        self.number(cycle, 0)
    }

    fn cycle(&self, id: i64) -> i64 {
        (id - 1).div_euclid(self.slots)
    }

    fn number(&self, cycle: i64, role: i64) -> i64 {
        let place = (role - self.shift(cycle)).rem_euclid(self.slots);
        cycle * self.slots + place + 1
    }

    fn shift(&self, cycle: i64) -> i64 {
        let drawn = hash(mix(self.seed), cycle) % self.slots.cast_unsigned();
        drawn.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CHANNELS;
    use super::*;

    #[test]
    fn a_number_follows_from_its_time_and_back() {
        for channel in &CHANNELS {
            let schedule = Schedule::new(7, channel, 3.0);
            for id in 1..2_000 {
                let at = schedule.at(id);
                assert!(at < schedule.at(id + 1));
                assert_eq!(schedule.last_id(at), id);
                assert_eq!(schedule.last_id(at - 1), id - 1);
            }
        }
    }

    #[test]
    fn later_words_find_their_signal_and_it_finds_them() {
        let schedule = Schedule::new(7, &CHANNELS[0], 1.0);
        let mut signals = 0;
        for id in (1..400).filter(|id| schedule.role(*id) == Role::Signal) {
            signals += 1;
            let manage = schedule.manage_of(id).map(|id| schedule.role(id));
            assert_eq!(manage, Some(Role::Manage(id)));
            assert_eq!(schedule.role(schedule.wrap_of(id)), Role::Wrap(id));
        }
        assert_eq!(signals, 100);
    }
}
