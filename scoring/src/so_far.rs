//! So far: what has become of everybody's signals up to an instant.
//!
//! Is told of signals, of their ends and of their posts' revisions in any order, and counts at an
//! instant only what was over before it. The live path and the making of a data set tell it the
//! same things, so a channel's record means the same in both.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use domain::ids::{ChannelId, SignalId};
use domain::lifecycle::{Ending, Outcome};
use domain::market::{Instrument, Side};
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::prelude::ToPrimitive as _;

use crate::geometry;

/// So many of a channel's ended signals are remembered: what it did long ago says little.
const REMEMBERED: usize = 200;

/// Signals of others count as company for so long.
pub const COMPANY: Duration = Duration::from_secs(2 * 3600);

/// So many edited signals are known again: posts are hardly edited once so many others were.
const EDITED: usize = 100_000;

/// The weight of the prior in a shrunk rate or mean, in signals.
const PRIOR: f64 = 10.0;

/// A signal that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Which.
    pub signal: SignalId,
    /// Whose.
    pub channel: ChannelId,
    /// When it was received.
    pub received: Timestamp,
    /// When its outcome could be known.
    pub ended: Timestamp,
    /// It was entered, at least in part.
    pub filled: bool,
    /// Its first target was reached; none where it had none or was not entered.
    pub won: Option<bool>,
    /// What it earned in R, net; none without a stop or an entry.
    pub r: Option<f64>,
    /// The probability of its first target by its levels alone.
    pub geometry: Option<f64>,
}

impl Ended {
    /// The end of a signal as its outcome tells it.
    #[must_use]
    pub fn of(signal: &Signal, outcome: &Outcome) -> Self {
        let result = &outcome.pessimistic;
        let filled = result.entered_at.is_some();
        let has_target = !signal.targets.is_empty();
        Self {
            signal: signal.id,
            channel: signal.channel.clone(),
            received: signal.received,
            ended: result.ended_at.max(outcome.optimistic.ended_at),
            filled,
            won: (filled && has_target && result.ending != Ending::Invalidated)
                .then_some(result.targets > 0),
            r: result.r.and_then(|r| r.to_f64()),
            geometry: geometry::odds(signal).map(|odds| odds.first()),
        }
    }

    /// Its place among others: those that ended in one instant are told in any order.
    const fn place(&self) -> (Timestamp, Timestamp, SignalId) {
        (self.ended, self.received, self.signal)
    }
}

/// A channel's record at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChannelSoFar {
    /// How many of its ended signals were entered and had a target, of the last 200.
    pub ended: f64,
    /// The share of them that reached the first target, shrunk to a half.
    pub win_rate: f64,
    /// How much more often they did than their levels alone would, shrunk to nothing.
    pub over_geometry: f64,
    /// The mean of R, shrunk to nothing.
    pub mean_r: f64,
    /// The deviation of R.
    pub deviation_r: f64,
    /// The share of ended signals that were entered, shrunk to a half.
    pub fill_rate: f64,
    /// Wins in a row as a positive, losses in a row as a negative number.
    pub streak: f64,
    /// The share of its signals whose post was edited later, shrunk to nothing.
    pub edit_rate: f64,
    /// The share of its signals whose post was deleted later, shrunk to nothing.
    pub deletion_rate: f64,
    /// The share of its signals that were nobody's before, shrunk to one.
    pub originality: f64,
    /// Since its last signal, in hours; none where this is the first.
    pub hours_since_last: Option<f64>,
}

/// What others said within two hours before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Crowd {
    /// Signals of other channels on the same instrument and side.
    pub same: f64,
    /// Signals of other channels on the same instrument and the other side.
    pub against: f64,
    /// Signals of any channel on the same side of any instrument.
    pub market_same: f64,
    /// Signals of any channel on the other side of any instrument.
    pub market_against: f64,
    /// Since the first other channel said the same, in minutes.
    pub copy_lag: Option<f64>,
}

/// Everybody's signals so far.
#[derive(Clone, Debug, Default)]
pub struct SoFar {
    channels: BTreeMap<ChannelId, Channel>,
    lately: VecDeque<Call>,
    edited: Edited,
}

/// Signals whose edit was counted: whoever edits a post ten times has edited one post, and after a
/// restart that is all that is known.
#[derive(Clone, Debug, Default)]
struct Edited {
    known: HashSet<SignalId>,
    in_order: VecDeque<SignalId>,
}

impl Edited {
    fn is_first(&mut self, signal: SignalId) -> bool {
        if !self.known.insert(signal) {
            return false;
        }
        self.in_order.push_back(signal);
        if self.in_order.len() > EDITED
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[derive(Clone, Debug, Default)]
struct Channel {
    /// In the order of their ends.
    ended: VecDeque<Ended>,
    called: Called,
    edited: f64,
    deleted: f64,
    /// When the last signals were received, at two instants: those of one instant do not know of
    /// each other, whichever of them is stored first.
    last: Option<Timestamp>,
    before: Option<Timestamp>,
    /// Those of the last instant.
    together: Called,
}

/// How many signals, and how many of them were others' before.
#[derive(Clone, Copy, Debug, Default)]
struct Called {
    signals: f64,
    copies: f64,
}

impl Called {
    fn count(&mut self, copied: bool) {
        self.signals += 1.0;
        self.copies += f64::from(u8::from(copied));
    }
}

#[derive(Clone, Debug)]
struct Call {
    channel: ChannelId,
    instrument: Instrument,
    side: Side,
    received: Timestamp,
}

/// What became of the post of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revised {
    /// It was changed.
    Edited,
    /// It was taken away.
    Deleted,
}

impl SoFar {
    /// Takes note of a signal, after whatever was to be known for it has been asked.
    pub fn heard(&mut self, signal: &Signal) {
        let copied = self.crowd(signal).copy_lag.is_some();
        let channel = self.channels.entry(signal.channel.clone()).or_default();
        channel.called.count(copied);
        if channel.last < Some(signal.received) {
            channel.before = channel.last.replace(signal.received);
            channel.together = Called::default();
        }
        if channel.last == Some(signal.received) {
            channel.together.count(copied);
        }
        while let Some(first) = self.lately.front() {
            if signal.received.since(first.received) <= COMPANY {
                break;
            }
            self.lately.pop_front();
        }
        self.lately.push_back(Call {
            channel: signal.channel.clone(),
            instrument: signal.instrument.clone(),
            side: signal.side,
            received: signal.received,
        });
    }

    /// Takes note of an end.
    pub fn ended(&mut self, ended: Ended) {
        let channel = self.channels.entry(ended.channel.clone()).or_default();
        let place = channel
            .ended
            .partition_point(|other| other.place() <= ended.place());
        channel.ended.insert(place, ended);
        if channel.ended.len() > REMEMBERED {
            channel.ended.pop_front();
        }
    }

    /// Takes note of a revision of a signal's post.
    pub fn revised(&mut self, signal: SignalId, channel: &ChannelId, how: Revised) {
        let channel = self.channels.entry(channel.clone()).or_default();
        match how {
            Revised::Edited if self.edited.is_first(signal) => channel.edited += 1.0,
            Revised::Edited => {}
            Revised::Deleted => channel.deleted += 1.0,
        }
    }

    /// The record of a channel at an instant.
    #[must_use]
    pub fn channel(&self, channel: &ChannelId, at: Timestamp) -> ChannelSoFar {
        self.channels.get(channel).map_or_else(
            || Channel::default().so_far(at),
            |channel| channel.so_far(at),
        )
    }

    /// What others said before this signal.
    #[must_use]
    pub fn crowd(&self, signal: &Signal) -> Crowd {
        let mut crowd = Crowd::default();
        let mut first: Option<Timestamp> = None;
        for call in &self.lately {
            let recent =
                call.received < signal.received && signal.received.since(call.received) <= COMPANY;
            if !recent {
                continue;
            }
            let same_side = call.side == signal.side;
            let count = if same_side {
                &mut crowd.market_same
            } else {
                &mut crowd.market_against
            };
            *count += 1.0;
            if call.instrument == signal.instrument && call.channel != signal.channel {
                if same_side {
                    crowd.same += 1.0;
                    first.get_or_insert(call.received);
                } else {
                    crowd.against += 1.0;
                }
            }
        }
        crowd.copy_lag = first.map(|first| signal.received.since(first).as_secs_f64() / 60.0);
        crowd
    }
}

impl Channel {
    fn so_far(&self, at: Timestamp) -> ChannelSoFar {
        let known = self.ended.partition_point(|ended| ended.ended <= at);
        let over = || self.ended.range(..known);
        let (mut decided, mut wins, mut over_geometry) = (0.0, 0.0, 0.0);
        let (mut all, mut filled) = (0.0, 0.0);
        let (mut counted, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for ended in over() {
            all += 1.0;
            filled += f64::from(u8::from(ended.filled));
            if let Some(won) = ended.won {
                let won = f64::from(u8::from(won));
                decided += 1.0;
                wins += won;
                over_geometry += ended.geometry.map_or(0.0, |p| won - p);
            }
            if let Some(r) = ended.r {
                counted += 1.0;
                sum += r;
                squares += r * r;
            }
        }
        let mut streak = 0.0;
        for won in over().rev().filter_map(|ended| ended.won) {
            let step = if won { 1.0 } else { -1.0 };
            if streak * step < 0.0 {
                break;
            }
            streak += step;
        }
        let Called {
            mut signals,
            mut copies,
        } = self.called;
        if self.last >= Some(at) {
            signals -= self.together.signals;
            copies -= self.together.copies;
        }
        let variance = if counted > 1.0 {
            (squares - sum * sum / counted) / (counted - 1.0)
        } else {
            0.0
        };
        ChannelSoFar {
            ended: decided,
            win_rate: (wins + PRIOR / 2.0) / (decided + PRIOR),
            over_geometry: over_geometry / (decided + PRIOR),
            mean_r: sum / (counted + PRIOR),
            deviation_r: variance.max(0.0).sqrt(),
            fill_rate: (filled + PRIOR / 2.0) / (all + PRIOR),
            streak,
            edit_rate: self.edited / (signals + PRIOR),
            deletion_rate: self.deleted / (signals + PRIOR),
            originality: 1.0 - copies / (signals + PRIOR),
            hours_since_last: [self.last, self.before]
                .into_iter()
                .flatten()
                .find(|last| *last < at)
                .map(|last| at.since(last).as_secs_f64() / 3600.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(at: i64, won: bool) -> Ended {
        let channel = ChannelId::parse("test").unwrap();
        let post = domain::ids::PostKey::new(at.to_string());
        Ended {
            signal: SignalId::of(&channel, &post, 0),
            channel,
            received: Timestamp::from_micros(at - 1),
            ended: Timestamp::from_micros(at),
            filled: true,
            won: Some(won),
            r: Some(if won { 1.0 } else { -1.0 }),
            geometry: Some(0.5),
        }
    }

    #[test]
    fn what_had_not_ended_has_no_part_in_a_record() {
        let mut so_far = SoFar::default();
        let channel = ChannelId::parse("test").unwrap();
        so_far.ended(ended(200, false));
        so_far.ended(ended(100, true));
        let early = so_far.channel(&channel, Timestamp::from_micros(150));
        assert_eq!((early.ended, early.streak), (1.0, 1.0));
        let later = so_far.channel(&channel, Timestamp::from_micros(200));
        assert_eq!((later.ended, later.streak), (2.0, -1.0));
        assert!((later.win_rate - 0.5).abs() < 1e-12);
    }

    #[test]
    fn what_ended_in_one_instant_may_be_told_in_any_order() {
        let channel = ChannelId::parse("test").unwrap();
        let (won, lost) = (ended(100, true), ended(90, false));
        let lost = Ended {
            ended: won.ended,
            ..lost
        };
        let told = |order: [&Ended; 2]| {
            let mut so_far = SoFar::default();
            for ended in order {
                so_far.ended(ended.clone());
            }
            so_far.channel(&channel, Timestamp::MAX)
        };
        assert_eq!(told([&won, &lost]), told([&lost, &won]));
        assert_eq!(told([&won, &lost]).streak.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn a_post_that_is_edited_again_and_again_was_edited_once() {
        let channel = ChannelId::parse("test").unwrap();
        let signal = SignalId::of(&channel, &domain::ids::PostKey::new("1"), 0);
        let edited = |times: usize| {
            let mut so_far = SoFar::default();
            for _ in 0..times {
                so_far.revised(signal, &channel, Revised::Edited);
            }
            so_far.channel(&channel, Timestamp::MAX).edit_rate.to_bits()
        };
        assert_eq!(edited(3), edited(1));
        assert_ne!(edited(1), edited(0));
    }

    #[test]
    fn a_channel_without_a_record_is_taken_for_a_coin() {
        let channel = ChannelId::parse("new").unwrap();
        let record = SoFar::default().channel(&channel, Timestamp::MAX);
        assert_eq!((record.ended, record.win_rate), (0.0, 0.5));
        assert_eq!(record.hours_since_last, None);
    }
}
