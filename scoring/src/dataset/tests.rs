//! What must hold of splits and weights.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::execution::ExecutionModel;
use domain::market::{Candle, Interval, Price, Tick};
use domain::strategy::Strategy;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use rust_decimal::Decimal;

use super::called::{Caller, called};
use super::walk::Told;
use super::*;

#[test]
fn nothing_is_learned_from_that_reaches_into_what_is_measured() {
    let rows = made::rows(1_000, 0.0, 1);
    let split = holdout(&rows);
    assert_eq!(split.test.len(), 201);
    let first = split
        .test
        .iter()
        .map(|nth| rows[*nth].received)
        .min()
        .unwrap();
    assert!(
        split
            .train
            .iter()
            .all(|nth| rows[*nth].ended + EMBARGO <= first)
    );
    for fold in folds(&rows, &split.train, 4) {
        let begin = rows[fold.test[0]].received;
        assert!(
            fold.train
                .iter()
                .all(|nth| rows[*nth].ended + EMBARGO <= begin)
        );
        assert!(!fold.test.iter().any(|nth| split.test.contains(nth)));
    }
}

#[test]
fn each_channel_gives_its_own_last_fifth() {
    let mut rows = made::rows(300, 0.0, 2);
    // One channel ended long before the others began.
    for row in rows
        .iter_mut()
        .filter(|row| row.channel.to_string() == "one")
    {
        row.received = row.received - std::time::Duration::from_secs(400 * 86_400);
        row.ended = row.ended - std::time::Duration::from_secs(400 * 86_400);
    }
    sort(&mut rows);
    let split = holdout(&rows);
    let held = |name: &str| {
        let mine = split
            .test
            .iter()
            .filter(|nth| rows[**nth].channel.to_string() == name);
        mine.count()
    };
    assert_eq!((held("one"), held("two"), held("three")), (20, 20, 20));
}

#[test]
fn signals_that_share_their_way_count_less() {
    let mut rows = made::rows(3, 0.0, 3);
    let hour = std::time::Duration::from_secs(3600);
    // Two go the same way together, one goes alone.
    let begin = rows[0].received;
    (rows[0].ended, rows[1].received, rows[1].ended) = (begin + hour, begin, begin + hour);
    (rows[2].received, rows[2].ended) = (begin + hour * 2, begin + hour * 3);
    let weights = uniqueness(&rows.iter().collect::<Vec<_>>());
    assert!(
        (weights[0] - 0.75).abs() < 1e-9 && (weights[2] - 1.5).abs() < 1e-9,
        "{weights:?}"
    );
}

/// Minutes of a market that wanders, by dice.
fn path(seed: u64, minutes: i64) -> Vec<Tick> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut price = 1_000.0_f64;
    (0..minutes)
        .map(|nth| {
            let open = price;
            price *= 1.0 + (dice.random::<f64>() - 0.5) * 0.01;
            let told = |price: f64| Price::parse(&format!("{price:.3}")).unwrap();
            let reach = dice.random::<f64>() * 1.5;
            Tick::Candle(Candle {
                open_time: Timestamp::from_micros(nth * 60_000_000),
                span: Duration::from_secs(60),
                open: told(open),
                high: told(open.max(price) + reach),
                low: told(open.min(price) - reach),
                close: told(price),
                volume: Decimal::new(dice.random_range(1..1_000), 2),
            })
        })
        .collect()
}

fn paths(minutes: i64) -> BTreeMap<Instrument, Vec<Tick>> {
    ["BTC/USDT", "ETH/USDT"]
        .into_iter()
        .zip(1..)
        .map(|(pair, seed)| {
            let on = Instrument::parse(&format!("binance:spot:{pair}")).unwrap();
            (on, path(seed, minutes))
        })
        .collect()
}

fn callers() -> Vec<Caller> {
    ["breakout", "bollinger_reversion", "momentum"]
        .map(|name| Caller {
            channel: ChannelId::parse(&name.replace('_', "-")).unwrap(),
            strategy: Strategy::named(name).unwrap(),
            interval: Interval::FiveMinutes,
        })
        .to_vec()
}

fn told(paths: &BTreeMap<Instrument, Vec<Tick>>) -> Vec<Told> {
    let callers = callers();
    let of = |(on, path): (&Instrument, &Vec<Tick>)| {
        called(on, path.iter().copied(), &callers, &ExecutionModel::DEFAULT)
    };
    paths.iter().flat_map(of).collect()
}

/// What was known of each signal, to the bit.
fn known(
    told: &[Told],
    paths: &BTreeMap<Instrument, Vec<Tick>>,
) -> Vec<(Timestamp, String, Vec<u32>)> {
    let playing = paths.iter().map(|(on, path)| {
        let path: walk::Path<'_> = Box::new(path.iter().copied());
        (on.clone(), path)
    });
    let mut known = Vec::new();
    walk::features(told, playing.collect(), |told, features| {
        let features = features.unwrap();
        let window = features.window.fine.iter().chain(&features.window.coarse);
        let all = features
            .signal
            .iter()
            .chain(features.targets.iter().flatten())
            .chain(window);
        let bits = all.map(|value| value.to_bits()).collect();
        known.push((told.signal.received, told.signal.id.to_string(), bits));
    });
    known
}

#[test]
fn removing_everything_after_an_instant_changes_no_feature_before_it() {
    let whole = paths(4 * 24 * 60);
    let all = known(&told(&whole), &whole);
    assert!(all.len() > 60, "{}", all.len());
    for hours in [30, 55, 80] {
        let minutes = hours * 60;
        let cut = paths(minutes);
        let part = known(&told(&cut), &cut);
        let before: Vec<_> = all
            .iter()
            .filter(|(at, ..)| at.as_micros() <= minutes * 60_000_000)
            .cloned()
            .collect();
        assert_eq!(part, before, "after {hours} hours");
    }
}

#[test]
fn the_record_of_a_channel_grows_only_as_its_signals_end() {
    let whole = paths(4 * 24 * 60);
    let told = told(&whole);
    let place = crate::features::schema()
        .signal
        .iter()
        .position(|name| *name == "channel.ended_log");
    for (at, id, bits) in known(&told, &whole) {
        let one = told
            .iter()
            .find(|told| told.signal.id.to_string() == id)
            .unwrap();
        let over = told.iter().filter(|other| {
            let ended = other.outcome.as_ref().is_some_and(|outcome| {
                let known = outcome
                    .pessimistic
                    .ended_at
                    .max(outcome.optimistic.ended_at);
                known <= at && outcome.pessimistic.entered_at.is_some()
            });
            other.signal.channel == one.signal.channel && ended
        });
        let counted = f64::from(f32::from_bits(bits[place.unwrap()])).exp() - 1.0;
        assert!(
            (counted - over.count() as f64).abs() < 1e-3,
            "{id}: {counted}"
        );
    }
}

#[test]
fn a_strategy_that_turns_ends_what_it_called_before() {
    let whole = paths(4 * 24 * 60);
    let told = told(&whole);
    let turned = |told: &&Told| {
        told.outcome
            .as_ref()
            .is_some_and(|outcome| outcome.pessimistic.ending == Ending::OppositeSignal)
    };
    let turned: Vec<&Told> = told.iter().filter(turned).collect();
    assert!(!turned.is_empty());
    for one in turned {
        let ended = one.outcome.as_ref().unwrap().pessimistic.ended_at;
        let by = told.iter().any(|other| {
            other.signal.channel == one.signal.channel
                && other.signal.instrument == one.signal.instrument
                && other.signal.side == one.signal.side.opposite()
                && other.signal.received > one.signal.received
                && other.signal.received <= ended
        });
        assert!(by, "{:?}", one.signal.id);
    }
}
