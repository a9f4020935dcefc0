//! Called: what strategies would have called on a price path, and what would have come of it.
//!
//! The same strategies and the same tracks as live, without the house around them: tens of
//! thousands of signals in the time that it takes to read the candles.

use std::sync::Arc;

use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, SignalId};
use domain::lifecycle::{Change, Track, What, Word};
use domain::market::{Candle, Instrument, Interval, Tick};
use domain::parse::{self, Assets};
use domain::post::Origin;
use domain::reading::{Entry, Meaning, Target};
use domain::signal::{ENTRY_VALID_FOR, HELD_AT_MOST, Signal};
use domain::strategy::{Call, State, Strategy};

use super::walk::Told;
use crate::features::confidence;

/// A channel in which a strategy calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The channel.
    pub channel: ChannelId,
    /// What calls.
    pub strategy: Strategy,
    /// On candles of this length.
    pub interval: Interval,
}

/// Everything that callers would have called on one instrument, and what came of it.
#[must_use]
pub fn called(
    on: &Instrument,
    path: impl Iterator<Item = Tick>,
    callers: &[Caller],
    model: &ExecutionModel,
) -> Vec<Told> {
    let mut desks: Vec<Desk<'_>> = callers.iter().map(Desk::new).collect();
    let mut over = Vec::new();
    for tick in path {
        for desk in &mut desks {
            desk.step(&tick, &mut over);
            if let Tick::Candle(candle) = &tick {
                desk.call(on, candle, model, &mut over);
            }
        }
    }
    for desk in desks {
        over.extend(desk.open.into_iter().map(|open| open.told));
    }
    over.sort_by_key(|told| told.signal.received);
    over
}

/// One caller at work.
struct Desk<'a> {
    caller: &'a Caller,
    state: State,
    growing: Option<Candle>,
    open: Vec<Open>,
    changes: Vec<Change>,
}

struct Open {
    track: Track,
    told: Told,
}

impl<'a> Desk<'a> {
    fn new(caller: &'a Caller) -> Self {
        Self {
            caller,
            state: caller.strategy.state(),
            growing: None,
            open: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn step(&mut self, tick: &Tick, over: &mut Vec<Told>) {
        for open in &mut self.open {
            open.track.step(tick, &mut self.changes);
            open.told.learn(&mut self.changes);
        }
        self.close(over);
    }

    /// Lets go of what is over.
    fn close(&mut self, over: &mut Vec<Told>) {
        let ended = self.open.extract_if(.., |open| open.track.is_over());
        over.extend(ended.map(|open| open.told));
    }

    fn call(
        &mut self,
        on: &Instrument,
        candle: &Candle,
        model: &ExecutionModel,
        over: &mut Vec<Told>,
    ) {
        let Some(whole) = self.grown(candle) else {
            return;
        };
        let strategy = &self.caller.strategy;
        let Some(call) = strategy.step(&mut self.state, &whole) else {
            return;
        };
        let told = self.caller.told(on, &call);
        let turned = Word::Opposite(told.signal.id);
        for open in &mut self.open {
            if open.told.signal.side == told.signal.side.opposite() {
                open.track.hear(&turned, call.at, &mut self.changes);
                open.told.learn(&mut self.changes);
            }
        }
        self.close(over);
        self.open.push(Open {
            track: Track::open(&told.signal, model),
            told,
        });
    }

    /// The candle of the caller's length that this one completes.
    fn grown(&mut self, candle: &Candle) -> Option<Candle> {
        let interval = self.caller.interval;
        let (begin, span) = (interval.begin_of(candle.open_time), interval.span());
        if candle.span > span {
            self.growing = None;
            return None;
        }
        let grown = match self.growing.take() {
            Some(before) if before.open_time == begin => Candle {
                high: before.high.max(candle.high),
                low: before.low.min(candle.low),
                close: candle.close,
                volume: before.volume + candle.volume,
                ..before
            },
            // One that is not seen from its beginning is no candle.
            _ if candle.open_time != begin => return None,
            _ => Candle { span, ..*candle },
        };
        if candle.end() == begin + span {
            return Some(grown);
        }
        self.growing = Some(grown);
        None
    }
}

impl Caller {
    /// A call as the platform would take it.
    fn told(&self, on: &Instrument, call: &Call) -> Told {
        let post = call.key(&self.strategy, on, self.interval);
        let text = call.words(&self.strategy, on, self.interval);
        let context = parse::Context {
            assets: Assets::bundled(),
        };
        let confidence = match parse::read(&text, false, context).meaning {
            Meaning::Signals(drafts) => drafts.first().and_then(confidence),
            Meaning::Updates(_)
            | Meaning::Closes(_)
            | Meaning::Cancels(_)
            | Meaning::Claim { .. }
            | Meaning::Noise(_)
            | Meaning::Quarantined { .. } => None,
        };
        let target = |price| Target {
            price,
            weight: None,
        };
        let signal = Signal {
            id: SignalId::of(&self.channel, &post, 0),
            channel: self.channel.clone(),
            post,
            origin: Origin::Import,
            instrument: on.clone(),
            substituted: false,
            side: call.side,
            entry: Entry::Market(Some(call.price)),
            targets: call.targets.iter().copied().map(target).collect(),
            stop: Some(call.stop),
            leverage: None,
            breakeven_after: None,
            posted: call.at,
            received: call.at,
            expires_at: call.at + ENTRY_VALID_FOR,
            held_at_most: HELD_AT_MOST,
            price_at_receipt: Some(call.price),
            ambiguous: false,
        };
        Told {
            signal: Arc::new(signal),
            outcome: None,
            text: Some(text),
            confidence,
            revised: Vec::new(),
        }
    }
}

impl Told {
    fn learn(&mut self, changes: &mut Vec<Change>) {
        for change in changes.drain(..) {
            if let What::Judged(outcome) = change.what {
                self.outcome = Some(*outcome);
            }
        }
    }
}
