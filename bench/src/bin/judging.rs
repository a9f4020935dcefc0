//! How fast signals are judged: the book of open signals, each signal asked with every candle, and
//! the simple case in vectorised Python, over the same candles and with the same answers.
//!
//! A step is one candle that meets one open signal. Whoever judges faster may look at fewer of
//! them, but has decided them all: every ending is compared, signal by signal.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::path::{Path, PathBuf};

use anyhow::ensure;
use bench::judging::{Ending, Judged, Market, Plan, baseline, by_book, by_track, peak};
use bench::{row, table};

/// So many signals over all candles.
const SIGNALS: u64 = 100_000;

/// Five years of minutes.
const MINUTES: u64 = 5 * 525_960;

/// So many signals open at once, at none of whose levels the price ever is.
const STANDING: u64 = 1_000;
const STANDING_MINUTES: u64 = 20_000;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let python = args.next().unwrap_or_else(|| "python3".into());
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/candles");
    let candles = args.next().unwrap_or_else(|| shared.into());
    println!("memory before anything is read: {} MiB", peak()?);
    table(
        "Candles and open signals, one core",
        &[
            "market",
            "signals",
            "candles",
            "steps",
            "by",
            "seconds on a core",
            "million steps/s",
            "ratio of times to numpy",
            "highest MiB",
        ],
    );
    let standing = Market::walk(STANDING_MINUTES);
    measure("quiet", &standing, &Plan::standing(STANDING), &python)?;
    let walk = Market::walk(MINUTES);
    measure("five years", &walk, &Plan::simple(SIGNALS), &python)?;
    richer("five years", &walk, &Plan::rich(SIGNALS))?;
    drop(walk);
    if candles.exists() {
        let recorded = Market::recorded(&candles)?;
        let name = format!("recorded, {} instruments", recorded.instruments());
        measure(&name, &recorded, &Plan::simple(SIGNALS), &python)?;
        richer(&name, &recorded, &Plan::rich(SIGNALS))?;
    } else {
        println!(
            "\n{}: no recorded candles there, left out",
            candles.display()
        );
    }
    println!("\nNothing here is extrapolated: every row was run to its end.");
    Ok(())
}

/// The simple case, three ways.
fn measure(name: &str, market: &Market, plan: &Plan, python: &Path) -> anyhow::Result<()> {
    let book = by_book(market, plan)?;
    let tracks = by_track(market, plan)?;
    let numpy = baseline(market, plan, python)?;
    agree("the bare loop", &book.endings, &tracks.endings)?;
    agree("numpy", &book.endings, &numpy.endings)?;
    for (by, judged) in [
        ("the book", &book),
        ("`Track::step`, every signal asked", &tracks),
        ("numpy", &numpy),
    ] {
        say(name, by, judged, book.steps, Some(&numpy));
    }
    Ok(())
}

/// Signals as channels write them, which the baseline does not know.
fn richer(name: &str, market: &Market, plan: &Plan) -> anyhow::Result<()> {
    let book = by_book(market, plan)?;
    let tracks = by_track(market, plan)?;
    agree("the bare loop", &book.endings, &tracks.endings)?;
    ensure!(book.told == tracks.told, "the book told something else");
    let name = format!("{name}; zones, three targets, breakeven");
    say(&name, "the book", &book, book.steps, None);
    say(
        &name,
        "`Track::step`, every signal asked",
        &tracks,
        book.steps,
        None,
    );
    Ok(())
}

fn agree(other: &str, ours: &[Ending], theirs: &[Ending]) -> anyhow::Result<()> {
    let differ = ours
        .iter()
        .zip(theirs)
        .position(|(one, other)| one != other);
    ensure!(
        ours.len() == theirs.len() && differ.is_none(),
        "{other} says otherwise of signal {differ:?}: {:?} and {:?}, of {} and {}",
        differ.map(|nth| ours[nth]),
        differ.map(|nth| theirs[nth]),
        ours.len(),
        theirs.len(),
    );
    Ok(())
}

fn say(name: &str, by: &str, judged: &Judged, steps: u64, numpy: Option<&Judged>) {
    let seconds = judged.spent.as_secs_f64();
    row(&[
        name.to_owned(),
        judged.endings.len().to_string(),
        judged.candles.to_string(),
        steps.to_string(),
        by.to_owned(),
        format!("{seconds:.2}"),
        format!("{:.1}", steps as f64 / seconds / 1e6),
        numpy.map_or_else(String::new, |numpy| {
            format!("{:.2}", seconds / numpy.spent.as_secs_f64())
        }),
        judged.peak.to_string(),
    ]);
}
