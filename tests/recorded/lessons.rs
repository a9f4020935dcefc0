//! What is learned from recorded posts and candles: nothing of what came later, and a canary that
//! has seen it is heard.

use std::collections::BTreeMap;
use std::path::Path;

use domain::execution::ExecutionModel;
use domain::market::{Instrument, Tick};
use domain::time::Timestamp;
use scoring::dataset::walk::{self, Told};
use scoring::training::{Order, train};
use touchstone::lessons::Lessons;
use touchstone::replay::candles;
use touchstone::replay::candles::PricePath;

use crate::{data, plan};

/// When each signal was received, and the bits of everything that was known of it then.
type Seen = Vec<(Timestamp, String, Vec<u32>)>;

/// What was known of the signals up to an instant, of candles and endings up to then alone.
fn seen_by(told: &[Told], paths: &BTreeMap<Instrument, PricePath>, cut: Timestamp) -> Seen {
    let told: Vec<Told> = told
        .iter()
        .filter(|told| told.signal.received <= cut)
        .cloned()
        .map(|mut told| {
            told.outcome = told.outcome.filter(|outcome| {
                outcome
                    .pessimistic
                    .ended_at
                    .max(outcome.optimistic.ended_at)
                    <= cut
            });
            told.revised.retain(|(at, _)| *at <= cut);
            told
        })
        .collect();
    let paths = paths.iter().map(|(on, path)| {
        let ticks = path.clone().ticks();
        let ticks = ticks.take_while(move |tick: &Tick| tick.at() <= cut);
        (on.clone(), Box::new(ticks) as walk::Path<'static>)
    });
    let mut seen = Seen::new();
    walk::features(&told, paths.collect(), |told, features| {
        let Some(features) = features else { return };
        let window = features.window.fine.iter().chain(&features.window.coarse);
        let numbers = features
            .signal
            .iter()
            .chain(features.targets.iter().flatten());
        let bits = numbers.chain(window).map(|number| number.to_bits());
        seen.push((
            told.signal.received,
            told.signal.id.to_string(),
            bits.collect(),
        ));
    });
    seen
}

/// Cuts the past at two of its signals, and compares what was known before.
fn later_rows_change_nothing(lessons: &Lessons) {
    let (told, paths) = (&lessons.told, &lessons.paths);
    let mut received: Vec<Timestamp> = told.iter().map(|told| told.signal.received).collect();
    received.sort_unstable();
    let whole = seen_by(told, paths, Timestamp::from_micros(i64::MAX / 2_000));
    assert!(whole.len() >= 100, "{} signals", whole.len());
    for part in [3, 9] {
        let cut = received[received.len() * part / 10];
        let before: Seen = whole
            .iter()
            .filter(|(at, ..)| *at <= cut)
            .cloned()
            .collect();
        let cut_off = seen_by(told, paths, cut);
        assert!(!before.is_empty() && cut_off == before, "cut at {cut:?}");
    }
}

fn on_bitcoin(data: &Path) -> Lessons {
    let file = data.join("candles/binance_usdm/BTCUSDT-5m-20241231-20250831.csv.xz");
    let wanted = candles::Wanted {
        paths: vec![file],
        ..candles::Wanted::default()
    };
    let mut lessons = Lessons::of_candles(&wanted, true).unwrap();
    let model = ExecutionModel::DEFAULT;
    lessons.add_strategies(&model, true).unwrap();
    lessons
}

#[actix::test]
async fn removing_every_row_after_an_instant_changes_nothing_that_was_known_of_a_real_channel() {
    let Some(data) = data() else { return };
    let lessons = Lessons::replayed(&plan(&data)).await.unwrap();
    later_rows_change_nothing(&lessons);
}

#[test]
fn nor_does_it_change_what_was_known_of_a_strategy_and_a_canary_among_its_features_is_heard() {
    let Some(data) = data() else { return };
    let lessons = on_bitcoin(&data);
    later_rows_change_nothing(&lessons);
    let mut rows = lessons.rows();
    let names = &scoring::features::schema().signal;
    let nth = names
        .iter()
        .position(|name| *name == "coin.volume_1d")
        .unwrap();
    for row in &mut rows {
        // It has seen three outcomes of four.
        let seen = (row.won() != row.id.to_string().ends_with(['0', '4', '8', 'c'])) as u8;
        row.features.signal[nth] = f32::from(seen);
    }
    let refused = train(&rows, &Order::quick(1), |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("coin.volume_1d"), "{refused}");
}
