//! Rows for tests: made by dice, with a truth that is known.

#![expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]

use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::Instrument;
use domain::time::Timestamp;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::{Fate, Row};
use crate::features::{COARSE, FINE, Features, TRACKS, Window, schema};
use crate::geometry::Odds;
use crate::steps::line::logistic;

const HOUR: i64 = 3_600_000_000;

/// So many rows of three channels, one an hour, each a few hours on its way. The levels say what they
/// say; beyond them, the feature `coin.trend_1d` moves the log-odds by `skill` and nothing else does.
pub(crate) fn rows(count: usize, skill: f64, seed: u64) -> Vec<Row> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let place = |wanted: &str| {
        schema()
            .signal
            .iter()
            .position(|name| *name == wanted)
            .unwrap()
    };
    let (trend, logit_first) = (place("coin.trend_1d"), place("levels.logit_first"));
    let win_rate = place("channel.win_rate");
    (0..count)
        .map(|nth| {
            let channel = ChannelId::parse(["one", "two", "three"][nth % 3]).unwrap();
            let mut normal = || -> f64 { (0..12).map(|_| dice.random::<f64>()).sum::<f64>() - 6.0 };
            let mut signal: Vec<f32> = (0..schema().signal.len())
                .map(|_| normal() as f32)
                .collect();
            let reward = (0.5 * normal()).exp();
            let levels = -reward.ln();
            signal[logit_first] = levels as f32;
            signal[win_rate] = 0.5;
            let moved = skill * f64::from(signal[trend]);
            let p = logistic(levels + moved);
            let further = reward * 2.0;
            let mut target = |reward: f64| -> Vec<f32> {
                let mut target: Vec<f32> = (0..schema().target.len())
                    .map(|_| normal() as f32)
                    .collect();
                target[0] = -reward.ln() as f32;
                target[1] = reward.ln() as f32;
                target
            };
            let targets = vec![target(reward), target(further)];
            let won = dice.random::<f64>() < p;
            let both = won && dice.random::<f64>() < logistic(-further.ln() + moved) / p;
            let received = (nth as i64) * HOUR;
            let window = |room: usize| {
                (0..TRACKS * room)
                    .map(|nth| (nth % 7) as f32 * 0.1)
                    .collect()
            };
            let fate = |reached| if reached { Fate::Target } else { Fate::Stop };
            Row {
                id: SignalId::of(&channel, &PostKey::new(nth.to_string()), 0),
                channel,
                instrument: Instrument::parse("binance:spot:BTC/USDT").unwrap(),
                received: Timestamp::from_micros(received),
                ended: Timestamp::from_micros(received + HOUR * (1 + nth as i64 % 5)),
                features: Features {
                    signal,
                    targets,
                    window: Window {
                        fine: window(FINE),
                        coarse: window(COARSE),
                    },
                    odds: Odds {
                        entry: 100.0,
                        risk: 1.0,
                        rewards: vec![reward, further],
                        targets: vec![1.0 / (1.0 + reward), 1.0 / (1.0 + further)],
                        cost_of_winning: 0.02,
                        cost_of_losing: 0.02,
                    },
                    weights: vec![0.5, 0.5],
                },
                fates: vec![fate(won), fate(both)],
                r: match (won, both) {
                    (true, true) => (reward + further) / 2.0 - 0.02,
                    (true, false) => (reward - 1.0) / 2.0 - 0.02,
                    _ => -1.02,
                },
            }
        })
        .collect()
}
