//! Strategies: programs that call trades from finished candles, as public traders do from charts.
//!
//! A strategy enters at the market, with a stop and targets in average true ranges. It is pure: the
//! same candles give the same calls, live, in a replay and in a test. Its calls are posts like any
//! other's ([`Call::words`]), and are judged like them.

mod indicators;
mod parameters;
mod rules;
mod words;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;

use crate::market::{Candle, Price, Side};
use crate::time::Timestamp;
use indicators::{Atr, Bar};
use rules::Memory;

pub use parameters::BadParameter;
pub use rules::Rule;

/// Digits of a level that count: as many as traders write.
const DIGITS: u32 = 6;

/// A rule, and what is made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// When it calls.
    pub rule: Rule,
    /// Candles of the average true range.
    pub atr: usize,
    /// How far the stop is, in average true ranges.
    pub stop: f64,
    /// How far the stop is at least, in percent of the price: nearer ones lose to the costs. Where
    /// the market moves too little for it, the targets move away with the stop.
    pub least_stop: f64,
    /// How far the targets are, in average true ranges, the nearest first.
    pub targets: Vec<f64>,
    /// For so many candles after a call the same side is not called again.
    pub rest: usize,
}

/// A trade that a strategy calls at the close of a candle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When its candle was over: nothing after it was known.
    pub at: Timestamp,
    /// Long or short.
    pub side: Side,
    /// What it saw: the close. It enters at the market.
    pub price: Price,
    /// Where it is wrong.
    pub stop: Price,
    /// The nearest first.
    pub targets: Vec<Price>,
}

/// What a strategy knows of one market.
#[derive(Clone, Debug)]
pub struct State {
    /// When the last candle was over.
    told: Option<Timestamp>,
    atr: Atr,
    memory: Memory,
    /// How many candles ago each side was called.
    long: Option<usize>,
    short: Option<usize>,
}

impl Strategy {
    /// What it knows before the first candle.
    #[must_use]
    pub const fn state(&self) -> State {
        State {
            told: None,
            atr: Atr::new(self.atr),
            memory: self.rule.memory(),
            long: None,
            short: None,
        }
    }

    /// How many candles it looks back to come to the calls that it would make had it seen all:
    /// smoothed values forget exponentially, and after six periods what is left is below a quarter
    /// of a percent.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        6 * self.rule.warm_up().max(self.atr) + self.rest
    }

    /// Takes a finished candle in; a call where the rule says so.
    ///
    /// Candles that were told before are ignored. Where one is missing the strategy begins anew:
    /// nobody knows what it would have seen.
    pub fn step(&self, state: &mut State, candle: &Candle) -> Option<Call> {
        if state.told.is_some_and(|told| candle.open_time < told) {
            return None;
        }
        if state.told.is_some_and(|told| candle.open_time > told) {
            *state = self.state();
        }
        state.told = Some(candle.end());
        let bar = Bar::of(candle)?;
        let atr = state.atr.step(&bar);
        let side = self.rule.step(&mut state.memory, &bar, atr);
        let rested = state.rested(side, self.rest);
        let (side, atr) = (side.filter(|_| rested)?, atr?);
        let call = self.call(candle, side, bar.close, atr)?;
        state.called(side);
        Some(call)
    }

    /// The levels of a call; none where they cannot be told apart, or the market moves so much that
    /// they are no prices.
    fn call(&self, candle: &Candle, side: Side, close: f64, atr: f64) -> Option<Call> {
        let sign = match side {
            Side::Long => 1.0,
            Side::Short => -1.0,
        };
        let range = atr.max(self.least_stop / 100.0 * close / self.stop);
        let level = |ranges: f64| {
            let price = Decimal::from_f64(close + sign * ranges * range)?;
            Price::new(price.round_sf(DIGITS)?).ok()
        };
        let stop = level(-self.stop)?;
        let targets: Vec<Price> = self
            .targets
            .iter()
            .map(|ranges| level(*ranges))
            .collect::<Option<_>>()?;
        let path = std::iter::once(stop)
            .chain([candle.close])
            .chain(targets.iter().copied());
        let ordered = match side {
            Side::Long => path.is_sorted_by(|near, far| near < far),
            Side::Short => path.is_sorted_by(|near, far| near > far),
        };
        ordered.then_some(Call {
            at: candle.end(),
            side,
            price: candle.close,
            stop,
            targets,
        })
    }
}

impl State {
    /// A candle later: may this side be called again?
    fn rested(&mut self, side: Option<Side>, rest: usize) -> bool {
        for since in [&mut self.long, &mut self.short] {
            *since = since.map(|candles| candles.saturating_add(1));
        }
        let since = match side {
            Some(Side::Long) => self.long,
            Some(Side::Short) => self.short,
            None => None,
        };
        since.is_none_or(|candles| candles > rest)
    }

    const fn called(&mut self, side: Side) {
        match side {
            Side::Long => self.long = Some(0),
            Side::Short => self.short = Some(0),
        }
    }
}
