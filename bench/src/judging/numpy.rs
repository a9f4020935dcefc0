//! The baseline: the simple case by numpy, in a process of its own (`bench/judging.py`).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::market::{Candle, Price, Side, Tick};
use domain::signal::Signal;
use rust_decimal::prelude::ToPrimitive as _;

use super::market::Market;
use super::plan::Plan;
use super::{Ending, Judged};

/// Has the simple case judged by numpy, from files of plain numbers that reading is not timed of.
///
/// # Errors
///
/// When there is no Python with numpy, or it fails.
pub fn baseline(market: &Market, plan: &Plan, python: &Path) -> anyhow::Result<Judged> {
    let folder = tempfile::tempdir()?;
    let mut judged = Judged::new(plan.count())?;
    let mut signals = plan.signals(market);
    for (nth, instrument) in market.each().enumerate() {
        let file = |what| folder.path().join(format!("{nth:03}.{what}"));
        let mut candles = BufWriter::new(File::create(file("candles"))?);
        let mut calls = BufWriter::new(File::create(file("signals"))?);
        let mut row: i64 = 0;
        for tick in instrument.ticks() {
            for (number, signal) in signals.before(&tick)? {
                write(
                    &mut calls,
                    &[i64::try_from(number)?, row, sign(&signal)],
                    &levels(&signal)?,
                )?;
            }
            if let Tick::Candle(candle) = &tick {
                write(
                    &mut candles,
                    &[candle.open_time.as_micros()],
                    &prices(candle)?,
                )?;
                row += 1;
                judged.candles += 1;
            }
        }
        candles.flush()?;
        calls.flush()?;
        signals.turn();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/judging.py");
    let held = super::plan::HELD.as_micros().to_string();
    let ran = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .args([plan.count().to_string(), held])
        .output()
        .with_context(|| format!("could not run {}", python.display()))?;
    ensure!(
        ran.status.success(),
        "the baseline failed (it needs numpy; name a Python that has it): {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let told = String::from_utf8(ran.stdout)?;
    let mut words = told.split_whitespace();
    let seconds: f64 = words.next().context("no time was told")?.parse()?;
    judged.spent = Duration::from_secs_f64(seconds);
    judged.peak = words.next().context("no memory was told")?.parse()?;
    let endings = std::fs::read(folder.path().join("endings"))?;
    judged.endings = endings.into_iter().map(ending).collect();
    Ok(judged)
}

const fn ending(number: u8) -> Ending {
    match number {
        0 => Ending::Open,
        1 => Ending::Stopped,
        2 => Ending::Won,
        3 => Ending::Expired,
        4 => Ending::NoTrade,
        _ => Ending::Other,
    }
}

fn write(to: &mut impl Write, whole: &[i64], broken: &[f64]) -> anyhow::Result<()> {
    for number in whole {
        to.write_all(&number.to_le_bytes())?;
    }
    for number in broken {
        to.write_all(&number.to_le_bytes())?;
    }
    Ok(())
}

const fn sign(signal: &Signal) -> i64 {
    match signal.side {
        Side::Long => 1,
        Side::Short => -1,
    }
}

fn levels(signal: &Signal) -> anyhow::Result<[f64; 2]> {
    let stop = signal.stop.context("no stop")?;
    let target = signal.targets.first().context("no target")?.price;
    Ok([float(stop)?, float(target)?])
}

fn prices(candle: &Candle) -> anyhow::Result<[f64; 3]> {
    Ok([float(candle.open)?, float(candle.high)?, float(candle.low)?])
}

/// The nearest binary number: which of two prices is higher stays so.
fn float(price: Price) -> anyhow::Result<f64> {
    price.get().to_f64().context("a price beyond all numbers")
}
