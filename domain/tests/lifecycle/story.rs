//! Stories: a signal, a market, and what came of it.

use std::time::Duration;

use domain::execution::{Costs, ExecutionModel};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::lifecycle::{Change, Ending, Outcome, State, Track, What, Word};
use domain::market::{Candle, Instrument, Price, Side, Tick, Trade};
use domain::post::Origin;
use domain::reading::{Entry, Order, Target};
use domain::signal::{ENTRY_VALID_FOR, HELD_AT_MOST, Signal};
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// A whole minute: signals are received here unless a test says otherwise.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_040_000);

/// Nothing costs anything, so that R can be counted on the fingers.
pub(crate) const FREE: ExecutionModel = ExecutionModel {
    name: "free/1",
    own: Some(NOTHING),
    ..ExecutionModel::DEFAULT
};

const NOTHING: Costs = Costs {
    maker: Decimal::ZERO,
    taker: Decimal::ZERO,
    slippage: Decimal::ZERO,
};

pub(crate) fn p(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn seconds(count: u64) -> Timestamp {
    START + Duration::from_secs(count)
}

pub(crate) fn minutes(count: u64) -> Timestamp {
    seconds(count * 60)
}

pub(crate) fn limit(price: &str) -> Entry {
    Entry::Limit(p(price))
}

pub(crate) fn zone(low: &str, high: &str) -> Entry {
    let (low, high) = (p(low), p(high));
    Entry::Zone { low, high }
}

pub(crate) fn signal(side: Side, entry: Entry, targets: &[&str], stop: Option<&str>) -> Signal {
    let channel = ChannelId::parse("trader").unwrap();
    let post = PostKey::new("7");
    Signal {
        id: SignalId::of(&channel, &post, 0),
        channel,
        post,
        origin: Origin::Live,
        instrument: Instrument::parse("binance:spot:BTC/USDT").unwrap(),
        substituted: false,
        side,
        entry,
        targets: targets
            .iter()
            .map(|price| Target {
                price: p(price),
                weight: None,
            })
            .collect(),
        stop: stop.map(p),
        leverage: None,
        breakeven_after: None,
        posted: START,
        received: START,
        expires_at: START + ENTRY_VALID_FOR,
        held_at_most: HELD_AT_MOST,
        price_at_receipt: None,
        ambiguous: false,
    }
}

pub(crate) fn long(entry: Entry, targets: &[&str], stop: &str) -> Signal {
    signal(Side::Long, entry, targets, Some(stop))
}

pub(crate) fn short(entry: Entry, targets: &[&str], stop: &str) -> Signal {
    signal(Side::Short, entry, targets, Some(stop))
}

/// The candle of the minute that begins `minute` minutes after the start: open, high, low, close.
pub(crate) fn candle(minute: u64, prices: [&str; 4]) -> Tick {
    let [open, high, low, close] = prices.map(p);
    Tick::Candle(
        Candle {
            open_time: minutes(minute),
            span: Duration::from_secs(60),
            open,
            high,
            low,
            close,
            volume: Decimal::ONE,
        }
        .checked()
        .unwrap(),
    )
}

pub(crate) fn trade(second: u64, price: &str) -> Tick {
    Tick::Trade(Trade {
        id: second,
        at: seconds(second),
        price: p(price),
    })
}

/// Candles from the start on, a minute each.
pub(crate) fn candles(prices: &[[&str; 4]]) -> Vec<Tick> {
    (0..)
        .zip(prices)
        .map(|(i, four)| candle(i, *four))
        .collect()
}

/// A track with all that it told so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Story {
    pub(crate) track: Track,
    pub(crate) told: Vec<Change>,
}

impl Story {
    pub(crate) fn of(signal: &Signal, model: &ExecutionModel) -> Self {
        Self {
            track: Track::open(signal, model),
            told: Vec::new(),
        }
    }

    pub(crate) fn free(signal: &Signal) -> Self {
        Self::of(signal, &FREE)
    }

    pub(crate) fn see(mut self, ticks: &[Tick]) -> Self {
        for tick in ticks {
            self.track.step(tick, &mut self.told);
        }
        self
    }

    pub(crate) fn hear(mut self, order: Order, at: Timestamp) -> Self {
        let word = Word::Order(order, PostKey::new("8"));
        self.track.hear(&word, at, &mut self.told);
        self
    }

    pub(crate) fn turn(mut self, at: Timestamp) -> Self {
        let word = Word::Opposite(SignalId::of(
            &ChannelId::parse("trader").unwrap(),
            &PostKey::new("9"),
            0,
        ));
        self.track.hear(&word, at, &mut self.told);
        self
    }

    pub(crate) fn state(&self) -> State {
        self.track.state()
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        self.told
            .iter()
            .find_map(|change| match &change.what {
                What::Judged(outcome) => Some(&**outcome),
                _ => None,
            })
            .unwrap_or_else(|| panic!("not judged: {:#?}", self.track))
    }

    /// How both bounds ended, the pessimistic one first.
    pub(crate) fn endings(&self) -> (Ending, Ending) {
        let outcome = self.outcome();
        (outcome.pessimistic.ending, outcome.optimistic.ending)
    }

    /// R of both bounds, the pessimistic one first.
    pub(crate) fn r(&self) -> (Decimal, Decimal) {
        let outcome = self.outcome();
        (
            outcome.pessimistic.r.unwrap(),
            outcome.optimistic.r.unwrap(),
        )
    }

    /// Why words changed nothing.
    pub(crate) fn ignored(&self) -> Vec<&'static str> {
        self.told
            .iter()
            .filter_map(|change| match change.what {
                What::Ignored { why } => Some(why),
                _ => None,
            })
            .collect()
    }
}
