//! How long a model thinks: one signal, and many at once; `bench/models.py` holds it against others.
//!
//! Trains a small ladder on strategies over a market of dice, writes the network's weights, what it
//! is shown and what it says into a folder, and prints how long it took (JSON), all on one thread.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a program")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::execution::ExecutionModel;
use domain::ids::ChannelId;
use domain::market::{Candle, Instrument, Interval, Price, Tick};
use domain::strategy::Strategy;
use domain::time::Timestamp;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use rust_decimal::Decimal;
use scoring::dataset::called::{Caller, called};
use scoring::dataset::walk;
use scoring::dataset::{Fate, Row};
use scoring::steps::network::{Eye, Network, Pace, Shape};
use scoring::steps::trees::{Growth, Trees};
use scoring::steps::{Asked, Lesson, Step, columns, fitted::Fitted, fitted::PutRight, network};
use serde_json::{Value, json};

type Failed = Box<dyn std::error::Error>;

/// So many days of five-minute candles of each of two markets.
const DAYS: i64 = 120;

/// So many at once.
const BATCHES: [usize; 5] = [1, 8, 64, 256, 1_024];

/// Each is timed so often, after a tenth of it that warms up.
const TIMES: usize = 2_000;

fn main() -> Result<(), Failed> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    std::fs::create_dir_all(&folder)?;
    let rows = rows()?;
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &vec![1.0; refs.len()]);
    let (early, later) = lessons.split_at(lessons.len() * 8 / 10);
    let shape = Shape {
        eye: Eye::Convolution,
        width: 64,
        earnings: 0.1,
        wide: Some(300.0),
    };
    let pace = Pace {
        rounds: 4,
        nets: 1,
        ..Pace::default()
    };
    let network = network::fit(early, later, shape, pace, 1, || {});
    let growth = Growth::TRIED[1];
    let trees = Trees::fit(early, later, growth, 1)?;
    let asked: Vec<Asked<'_>> = later.iter().map(Lesson::asked).collect();
    hand_over(&folder, &network, early, later)?;
    let mut times = Vec::new();
    for batch in BATCHES.into_iter().filter(|batch| *batch <= asked.len()) {
        let few = TIMES / batch.ilog2().max(1) as usize;
        times.push(json!({
            "batch": batch,
            "burn": timed(few, || { black_box(network.chances(&asked[..batch])); }),
            "forust": timed(few, || { black_box(trees.chances(&asked[..batch])); }),
        }));
    }
    let whole = Fitted {
        step: Step::Network(Box::new(network.clone())),
        put_right: PutRight::NOT,
    };
    let one = &rows[rows.len() - 1].features;
    let answer = timed(TIMES, || {
        black_box(whole.answers(&[one]));
        black_box(network.moved(&asked[0]));
    });
    let said = json!({
        "rows": lessons.len(),
        "times": times,
        "signal_with_reasons": answer,
        "trees": trees.count(),
        "depth": growth.depth,
    });
    println!("{said}");
    Ok(())
}

/// The middle and the 99th of a hundred, in microseconds.
fn timed(times: usize, mut work: impl FnMut()) -> Value {
    (0..times / 10).for_each(|_| work());
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    let micros = |share: usize| took[(times - 1) * share / 100].as_secs_f64() * 1e6;
    json!({"p50_us": micros(50), "p99_us": micros(99)})
}

/// What others need to be the same network, and the same trees' lessons.
fn hand_over(
    folder: &Path,
    network: &Network,
    early: &[Lesson<'_>],
    later: &[Lesson<'_>],
) -> Result<(), Failed> {
    let weights: BTreeMap<String, Value> = network
        .tensors()
        .into_iter()
        .map(|(path, shape, values)| (path, json!({"shape": shape, "values": values})))
        .collect();
    std::fs::write(folder.join("weights.json"), serde_json::to_vec(&weights)?)?;
    let asked: Vec<Asked<'_>> = later.iter().map(Lesson::asked).collect();
    let shown = network.shown(&asked);
    let said: Vec<f64> = network
        .chances(&asked)
        .iter()
        .map(|chance| chance.target)
        .collect();
    let shown = json!({"columns": shown.0, "fine": shown.1, "coarse": shown.2, "levels": shown.3, "said": said});
    std::fs::write(folder.join("shown.json"), serde_json::to_vec(&shown)?)?;
    let table = |lessons: &[Lesson<'_>]| {
        let mut values: Vec<Option<f32>> = Vec::new();
        let mut raw = Vec::new();
        for lesson in lessons {
            raw.clear();
            columns::Columns::raw(&lesson.asked(), &mut raw);
            values.extend(raw.iter().map(|value| (!value.is_nan()).then_some(*value)));
        }
        let won: Vec<u8> = lessons
            .iter()
            .map(|lesson| u8::from(lesson.fate() == Fate::Target))
            .collect();
        json!({"width": columns::raw_width(), "values": values, "won": won})
    };
    let tables = json!({"early": table(early), "later": table(later)});
    std::fs::write(folder.join("lessons.json"), serde_json::to_vec(&tables)?)?;
    Ok(())
}

/// The rows of all strategies on two markets of dice.
fn rows() -> Result<Vec<Row>, Failed> {
    let mut callers = Vec::new();
    for name in Strategy::NAMES {
        callers.push(Caller {
            channel: ChannelId::parse(&name.replace('_', "-"))?,
            strategy: Strategy::named(name).ok_or("a strategy has no such name")?,
            interval: Interval::FiveMinutes,
        });
    }
    let (mut told, mut paths) = (Vec::new(), BTreeMap::new());
    for (pair, seed) in [("BTC/USDT", 1), ("ETH/USDT", 2)] {
        let on = Instrument::parse(&format!("dice:spot:{pair}"))?;
        let path = path(seed)?;
        told.extend(called(
            &on,
            path.iter().copied(),
            &callers,
            &ExecutionModel::DEFAULT,
        ));
        let path: walk::Path<'static> = Box::new(path.into_iter());
        paths.insert(on, path);
    }
    Ok(walk::rows(&told, paths))
}

/// Candles of a market that wanders.
fn path(seed: u64) -> Result<Vec<Tick>, Failed> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut price = 1_000.0_f64;
    (0..DAYS * 288)
        .map(|nth| {
            let open = price;
            price *= 1.0 + (dice.random::<f64>() - 0.5) * 0.01;
            let told = |price: f64| Price::parse(&format!("{price:.3}"));
            let reach = dice.random::<f64>() * 1.5;
            Ok(Tick::Candle(Candle {
                open_time: Timestamp::from_micros(nth * 300_000_000),
                span: Duration::from_secs(300),
                open: told(open)?,
                high: told(open.max(price) + reach)?,
                low: told(open.min(price) - reach)?,
                close: told(price)?,
                volume: Decimal::new(dice.random_range(1..1_000), 2),
            }))
        })
        .collect()
}
