//! Random signals, and the markets and words that they meet.

use std::time::Duration;

use domain::market::{Candle, Price, Side, Tick, Trade};
use domain::reading::{Entry, Ladder, Order, Rung, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::story::*;

/// A price on the grid: whole ticks of 0.1.
pub(crate) fn grid(ticks: i64) -> Price {
    Price::new(Decimal::new(ticks, 1)).unwrap()
}

/// Something a signal meets: a tick of the market, or a word of its author.
#[derive(Clone, Debug)]
pub(crate) enum Met {
    Tick(Tick),
    Word(Order, Timestamp),
}

pub(crate) fn meet(mut story: Story, path: &[Met]) -> Story {
    for met in path {
        story = match met {
            Met::Tick(tick) => story.see(std::slice::from_ref(tick)),
            Met::Word(order, at) => story.hear(order.clone(), *at),
        };
    }
    story
}

/// Both bounds come to an end.
pub(crate) fn finish(story: Story) -> Story {
    story.see(&[Tick::Time(minutes(60 * 24 * 30))])
}

/// A signal around 100, its levels on the grid.
pub(crate) fn signals(any_plan: bool) -> impl Strategy<Value = Signal> {
    let side = prop_oneof![Just(Side::Long), Just(Side::Short)];
    (
        side,
        0..if any_plan { 7 } else { 3 },
        -20..20_i64,
        1..30_i64,
        prop::collection::vec(1..25_i64, 0..4),
        prop::option::of(1..3_u8),
        1..40_u64,
        1..60_u64,
    )
        .prop_map(
            move |(side, how, at, risk, steps, breakeven, valid, held)| {
                let sign = if side == Side::Long { 1 } else { -1 };
                let level = |away: i64| grid(1_000 + sign * (at + away));
                let entry = match how {
                    0 => Entry::Market(None),
                    1 => Entry::Market(Some(level(0))),
                    2 => Entry::Limit(level(0)),
                    3 => Entry::Breakout(level(0)),
                    4 => Entry::Scaled {
                        low: level(0),
                        high: level(0),
                    },
                    5 => Entry::Ladder(Ladder::equal(&[level(0), level(4), level(8)]).unwrap()),
                    _ => {
                        let (one, other) = (level(0), level(8));
                        Entry::Zone {
                            low: one.min(other),
                            high: one.max(other),
                        }
                    }
                };
                let mut signal = signal(side, entry, &[], None);
                signal.stop = Some(level(-risk));
                let mut away = 8;
                signal.targets = steps
                    .iter()
                    .map(|step| {
                        away += step;
                        Target {
                            price: level(away),
                            weight: None,
                        }
                    })
                    .collect();
                if any_plan {
                    signal.breakeven_after = breakeven;
                    signal.expires_at = seconds(valid * 45);
                    signal.held_at_most = Duration::from_secs(held * 45);
                }
                signal
            },
        )
}

/// Candles a minute each, now and then with a gap between them.
pub(crate) fn market() -> impl Strategy<Value = Vec<Tick>> {
    let candle = (-4..5_i64, -12..13_i64, 0..9_i64, 0..9_i64);
    prop::collection::vec(candle, 1..60).prop_map(|moves| {
        let mut last = 1_000;
        (0..)
            .zip(moves)
            .map(|(minute, (gap, body, up, down))| {
                let open = last + if gap.abs() > 3 { gap * 6 } else { 0 };
                last = open + body;
                candle_of(
                    minute,
                    [open, open.max(last) + up, open.min(last) - down, last],
                )
            })
            .collect()
    })
}

pub(crate) fn candle_of(minute: u64, prices: [i64; 4]) -> Tick {
    let [open, high, low, close] = prices.map(grid);
    Tick::Candle(Candle {
        open_time: minutes(minute),
        span: Duration::from_secs(60),
        open,
        high,
        low,
        close,
        volume: Decimal::ONE,
    })
}

/// A market in which the author speaks now and then, between candles and inside them.
pub(crate) fn paths() -> impl Strategy<Value = Vec<Met>> {
    let order = prop_oneof![
        (-30..31_i64).prop_map(|away| Order::MoveStop(grid(1_000 + away))),
        Just(Order::Breakeven),
        Just(Order::CloseShare(Decimal::new(5, 1))),
        Just(Order::Close),
        Just(Order::Cancel),
        (-30..31_i64)
            .prop_map(|away| Order::Retarget(vec![grid(1_000 + away), grid(1_010 + away)])),
        (1..4_u8, -30..31_i64).prop_map(|(k, away)| Order::MoveTarget {
            k,
            price: grid(1_000 + away),
        }),
    ];
    let words = prop::collection::vec((any::<prop::sample::Index>(), order, 0..60_u64), 0..3);
    (market(), words).prop_map(|(ticks, words)| {
        let mut path: Vec<Met> = ticks.iter().copied().map(Met::Tick).collect();
        for (place, order, second) in words {
            let i = place.index(ticks.len());
            let at = ticks[i].at() - Duration::from_secs(second);
            let place = path
                .iter()
                .position(|met| matches!(met, Met::Tick(tick) if tick.at() >= ticks[i].at()));
            path.insert(place.unwrap(), Met::Word(order, at));
        }
        path
    })
}

/// The same signal and path with every price passed through `f`.
pub(crate) fn redrawn(
    signal: &Signal,
    path: &[Met],
    f: impl Fn(Price) -> Price,
) -> (Signal, Vec<Met>) {
    let mut signal = signal.clone();
    signal.entry = match signal.entry {
        Entry::Market(price) => Entry::Market(price.map(&f)),
        Entry::Limit(price) => Entry::Limit(f(price)),
        Entry::Breakout(price) => Entry::Breakout(f(price)),
        Entry::Zone { low, high } => Entry::Zone {
            low: f(low).min(f(high)),
            high: f(low).max(f(high)),
        },
        Entry::Ladder(ladder) => {
            let rung = |rung: Rung| Rung {
                price: f(rung.price),
                share: rung.share,
            };
            Entry::Ladder(Ladder::new(ladder.rungs().map(rung).collect()).unwrap())
        }
        Entry::Scaled { low, high } => Entry::Scaled {
            low: f(low).min(f(high)),
            high: f(low).max(f(high)),
        },
    };
    signal.stop = signal.stop.map(&f);
    for target in &mut signal.targets {
        target.price = f(target.price);
    }
    let path = path
        .iter()
        .map(|met| match met {
            Met::Tick(Tick::Candle(candle)) => Met::Tick(Tick::Candle(Candle {
                open: f(candle.open),
                high: f(candle.high).max(f(candle.low)),
                low: f(candle.high).min(f(candle.low)),
                close: f(candle.close),
                ..*candle
            })),
            Met::Word(Order::MoveStop(price), at) => Met::Word(Order::MoveStop(f(*price)), *at),
            Met::Word(Order::MoveTarget { k, price }, at) => {
                let (k, price) = (*k, f(*price));
                Met::Word(Order::MoveTarget { k, price }, *at)
            }
            Met::Word(Order::Retarget(prices), at) => {
                let prices = prices.iter().copied().map(&f).collect();
                Met::Word(Order::Retarget(prices), *at)
            }
            other => other.clone(),
        })
        .collect();
    (signal, path)
}

/// Two candles as one.
pub(crate) fn joined(one: &Candle, other: &Candle) -> Candle {
    Candle {
        span: other.end().since(one.open_time),
        high: one.high.max(other.high),
        low: one.low.min(other.low),
        close: other.close,
        ..*one
    }
}

/// The candle of these trades.
pub(crate) fn gathered(i: u64, trades: &[Trade]) -> Tick {
    let prices = trades.iter().map(|trade| trade.price);
    Tick::Candle(Candle {
        open_time: seconds(i * 30),
        span: Duration::from_secs(30),
        open: trades[0].price,
        high: prices.clone().max().unwrap(),
        low: prices.min().unwrap(),
        close: trades[trades.len() - 1].price,
        volume: Decimal::ONE,
    })
}
