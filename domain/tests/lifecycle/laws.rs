//! Laws: what holds for every signal in every market, tried on random ones.

use std::time::Duration;

use domain::lifecycle::What;
use domain::market::{Candle, Price, Side, Tick, Trade};
use domain::reading::{Entry, Order, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::story::*;

/// A price on the grid: whole ticks of 0.1.
fn grid(ticks: i64) -> Price {
    Price::new(Decimal::new(ticks, 1)).unwrap()
}

/// Something a signal meets: a tick of the market, or a word of its author.
#[derive(Clone, Debug)]
enum Met {
    Tick(Tick),
    Word(Order, Timestamp),
}

fn meet(mut story: Story, path: &[Met]) -> Story {
    for met in path {
        story = match met {
            Met::Tick(tick) => story.see(std::slice::from_ref(tick)),
            Met::Word(order, at) => story.hear(order.clone(), *at),
        };
    }
    story
}

/// Both bounds come to an end.
fn finish(story: Story) -> Story {
    story.see(&[Tick::Time(minutes(60 * 24 * 30))])
}

/// A signal around 100, its levels on the grid.
fn signals(any_plan: bool) -> impl Strategy<Value = Signal> {
    let side = prop_oneof![Just(Side::Long), Just(Side::Short)];
    (
        side,
        0..if any_plan { 5 } else { 3 },
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
fn market() -> impl Strategy<Value = Vec<Tick>> {
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

fn candle_of(minute: u64, prices: [i64; 4]) -> Tick {
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
fn paths() -> impl Strategy<Value = Vec<Met>> {
    let order = prop_oneof![
        (-30..31_i64).prop_map(|away| Order::MoveStop(grid(1_000 + away))),
        Just(Order::Breakeven),
        Just(Order::CloseShare(Decimal::new(5, 1))),
        Just(Order::Close),
        Just(Order::Cancel),
        (-30..31_i64)
            .prop_map(|away| Order::Retarget(vec![grid(1_000 + away), grid(1_010 + away)])),
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
fn redrawn(signal: &Signal, path: &[Met], f: impl Fn(Price) -> Price) -> (Signal, Vec<Met>) {
    let mut signal = signal.clone();
    signal.entry = match signal.entry {
        Entry::Market(price) => Entry::Market(price.map(&f)),
        Entry::Limit(price) => Entry::Limit(f(price)),
        Entry::Breakout(price) => Entry::Breakout(f(price)),
        Entry::Zone { low, high } => Entry::Zone {
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
            Met::Word(Order::Retarget(prices), at) => {
                let prices = prices.iter().copied().map(&f).collect();
                Met::Word(Order::Retarget(prices), *at)
            }
            other => other.clone(),
        })
        .collect();
    (signal, path)
}

/// Same endings and, to rounding, the same R.
fn same_results(one: &Story, other: &Story) -> Result<(), TestCaseError> {
    let (one, other) = (one.outcome(), other.outcome());
    for (one, other) in [
        (&one.pessimistic, &other.pessimistic),
        (&one.optimistic, &other.optimistic),
    ] {
        prop_assert_eq!(one.ending, other.ending);
        prop_assert_eq!(one.targets, other.targets);
        prop_assert_eq!(one.ended_at, other.ended_at);
        for (one, other) in [(one.r, other.r), (one.mfe, other.mfe), (one.mae, other.mae)] {
            let apart = (one.unwrap_or_default() - other.unwrap_or_default()).abs();
            prop_assert!(apart <= Decimal::new(2, 6), "{:?} {:?}", one, other);
        }
    }
    Ok(())
}

/// Many enough to find a mistake, few enough to run at every change.
fn cases() -> u32 {
    option_env!("LAWS")
        .and_then(|text| text.parse().ok())
        .unwrap_or(500)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    })]

    #[test]
    fn r_does_not_change_when_all_prices_are_scaled(
        signal in signals(true),
        path in paths(),
        factor in prop::sample::select(vec!["0.00001", "0.37", "3", "2500"]),
    ) {
        let factor = d(factor);
        let model = domain::execution::ExecutionModel::DEFAULT;
        let (scaled, scaled_path) =
            redrawn(&signal, &path, |price| Price::new(price.get() * factor).unwrap());
        let plain = finish(meet(Story::of(&signal, &model), &path));
        same_results(&plain, &finish(meet(Story::of(&scaled, &model), &scaled_path)))?;
    }

    #[test]
    fn a_long_is_a_short_in_the_mirror(signal in signals(true), path in paths()) {
        let (mut mirrored, mirrored_path) =
            redrawn(&signal, &path, |price| Price::new(Decimal::from(200) - price.get()).unwrap());
        mirrored.side = signal.side.opposite();
        let plain = finish(meet(Story::free(&signal), &path));
        same_results(&plain, &finish(meet(Story::free(&mirrored), &mirrored_path)))?;
    }

    #[test]
    fn a_track_goes_on_from_where_it_was_stored(
        signal in signals(true),
        path in paths(),
        place in any::<prop::sample::Index>(),
    ) {
        let (before, after) = path.split_at(place.index(path.len()));
        let whole = meet(Story::free(&signal), &path);
        let stored = meet(Story::free(&signal), before);
        let resumed = Story { track: stored.track.clone(), told: stored.told };
        prop_assert_eq!(whole, meet(resumed, after));
    }

    /// Of one entry price and a stop that nobody moves: what comes first in a candle can only
    /// hurt. Where a target moves the stop, the better reading of one candle can have the worse
    /// end, so no such promise is made for it.
    #[test]
    fn the_pessimistic_r_is_never_above_the_optimistic(signal in signals(false), ticks in market()) {
        let outcome = finish(Story::free(&signal).see(&ticks)).outcome().clone();
        if let (Some(worse), Some(better)) = (outcome.pessimistic.r, outcome.optimistic.r) {
            prop_assert!(worse <= better, "{:?}", outcome);
        }
    }

    #[test]
    fn no_tick_between_the_watched_levels_tells_anything(signal in signals(true), path in paths()) {
        let mut story = Story::free(&signal);
        for met in &path {
            let Met::Tick(tick @ Tick::Candle(candle)) = met else {
                story = meet(story, std::slice::from_ref(met));
                continue;
            };
            let asleep = story.track.watch().sleeps_through(candle.low, candle.high)
                && story.track.next_deadline().is_none_or(|deadline| tick.at() <= deadline);
            let mut long_way = story.clone();
            long_way.track.watch = domain::lifecycle::Watch::ALERT;
            let told = story.told.len();
            story = story.see(&[*tick]);
            long_way = long_way.see(&[*tick]);
            if asleep {
                prop_assert_eq!(told, story.told.len());
            }
            prop_assert_eq!(&story.told, &long_way.told);
            prop_assert_eq!(&story.track.pessimistic.best, &long_way.track.pessimistic.best);
            prop_assert_eq!(story.track.last, long_way.track.last);
            prop_assert_eq!(story.track.seen_until, long_way.track.seen_until);
        }
    }

    #[test]
    fn ticks_kept_back_between_the_watched_levels_may_come_as_one(
        signal in signals(true),
        ticks in market(),
    ) {
        let all = finish(Story::free(&signal).see(&ticks));
        let mut story = Story::free(&signal);
        let mut kept: Option<Candle> = None;
        for tick in &ticks {
            let Tick::Candle(candle) = tick else { unreachable!() };
            let asleep = story.track.watch().sleeps_through(candle.low, candle.high)
                && story.track.next_deadline().is_none_or(|deadline| tick.at() <= deadline);
            if asleep {
                kept = Some(kept.map_or(*candle, |kept| joined(&kept, candle)));
            } else {
                story = story.see(&kept.take().map(Tick::Candle).into_iter().collect::<Vec<_>>());
                story = story.see(&[*tick]);
            }
        }
        story = finish(story.see(&kept.map(Tick::Candle).into_iter().collect::<Vec<_>>()));
        prop_assert_eq!(all.told, story.told);
    }

    #[test]
    fn trades_and_their_candles_agree_where_the_candles_are_unambiguous(
        mut signal in signals(true),
        moves in prop::collection::vec(prop::bool::ANY, 60..1_500),
    ) {
        // Time is told apart more finely by trades, so it is left out of this comparison.
        signal.expires_at = minutes(60 * 24);
        signal.held_at_most = Duration::from_secs(3_600 * 24 * 14);
        // The average of a zone lies between the prices that can be traded, where a trade jumps
        // over it and a candle does not.
        if matches!(signal.entry, Entry::Zone { .. }) {
            signal.breakeven_after = None;
        }
        let mut ticks = 1_000;
        let trades: Vec<Trade> = (1..)
            .zip(moves)
            .map(|(second, up)| {
                ticks += if up { 1 } else { -1 };
                Trade { id: second, at: seconds(second), price: grid(ticks) }
            })
            .collect();
        let by_trade: Vec<Tick> = trades.iter().copied().map(Tick::Trade).collect();
        let by_candle: Vec<Tick> =
            (0..).zip(trades.chunks(30)).map(|(i, trades)| gathered(i, trades)).collect();
        let trades = finish(Story::free(&signal).see(&by_trade));
        let candles = finish(Story::free(&signal).see(&by_candle));
        let (fine, coarse) = (trades.outcome(), candles.outcome());
        if !coarse.ambiguous && !fine.ambiguous {
            prop_assert_eq!(fine.pessimistic.ending, coarse.pessimistic.ending);
            prop_assert_eq!(fine.pessimistic.targets, coarse.pessimistic.targets);
            prop_assert_eq!(fine.pessimistic.r, coarse.pessimistic.r);
        }
    }

    #[test]
    fn the_story_of_a_signal_adds_up(signal in signals(true), path in paths()) {
        let story = finish(meet(Story::free(&signal), &path));
        let (mut entered, mut left) = (Decimal::ZERO, Decimal::ZERO);
        for change in &story.told {
            match &change.what {
                What::Filled { share, .. } => entered += share,
                What::Target { share, .. } | What::Reduced { share, .. } => left += share,
                _ => {}
            }
        }
        let outcome = story.outcome();
        prop_assert_eq!(entered, outcome.pessimistic.filled);
        prop_assert!(left <= entered);
        prop_assert_eq!(outcome.pessimistic.r.is_some(), entered > Decimal::ZERO);
        prop_assert!(entered <= Decimal::ONE);
        prop_assert!(story.track.is_over() && story.track.next_deadline().is_none());
    }
}

fn joined(one: &Candle, other: &Candle) -> Candle {
    Candle {
        span: other.end().since(one.open_time),
        high: one.high.max(other.high),
        low: one.low.min(other.low),
        close: other.close,
        ..*one
    }
}

fn gathered(i: u64, trades: &[Trade]) -> Tick {
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
