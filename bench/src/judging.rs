//! What `bench-judging` measures: markets, signals on them, and three ways to judge these.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use domain::execution::ExecutionModel;
use domain::lifecycle::{Book, Change, Track, What};
use domain::market::Tick;
use domain::signal::Signal;

mod market;
mod numpy;
mod plan;

pub use market::Market;
pub use numpy::baseline;
pub use plan::Plan;

/// How a signal of the simple case ended, with the number by which the baseline calls it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// The candles ended before.
    #[default]
    Open = 0,
    /// At its stop.
    Stopped = 1,
    /// At its target.
    Won = 2,
    /// Held for the longest time.
    Expired = 3,
    /// The first price lay beyond a level.
    NoTrade = 4,
    /// In a way that the simple case does not know.
    Other = 5,
}

/// What judging came to.
#[derive(Debug)]
pub struct Judged {
    /// How each signal ended.
    pub endings: Vec<Ending>,
    /// How often a candle met an open signal.
    pub steps: u64,
    /// How many candles there were.
    pub candles: u64,
    /// How many changes were told.
    pub told: u64,
    /// How long a core worked on it, without making candles and signals.
    pub spent: Duration,
    /// The most memory of the process so far, in MiB.
    pub peak: u64,
}

impl Judged {
    fn new(signals: u64) -> anyhow::Result<Self> {
        Ok(Self {
            endings: vec![Ending::Open; usize::try_from(signals)?],
            steps: 0,
            candles: 0,
            told: 0,
            spent: Duration::ZERO,
            peak: 0,
        })
    }

    fn take(&mut self, number: u64, change: &Change) -> bool {
        use domain::lifecycle::Ending as Their;
        self.told += 1;
        let What::Judged(outcome) = &change.what else {
            return false;
        };
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(ending) = self.endings.get_mut(place) {
            *ending = match outcome.pessimistic.ending {
                Their::AllTargets => Ending::Won,
                Their::StoppedOut => Ending::Stopped,
                Their::ExpiredOpen => Ending::Expired,
                Their::Invalidated | Their::MissedTarget => Ending::NoTrade,
                Their::StoppedAfterTarget(_)
                | Their::StoppedAtBreakeven
                | Their::Trailed
                | Their::ClosedByAuthor
                | Their::OppositeSignal
                | Their::Liquidated
                | Their::ExpiredUnfilled
                | Their::CancelledByAuthor => Ending::Other,
            };
        }
        true
    }
}

/// What is timed: ticks in stretches, and the signals that come before each.
struct Stretch {
    ticks: Vec<(Vec<(u64, Signal)>, Tick)>,
}

/// So many ticks are made before they are timed, so that memory does not grow with the market.
const STRETCH: usize = 65_536;

/// Calls `judge` with one stretch after the other, and `anew` where an instrument ends.
fn in_stretches(
    market: &Market,
    plan: &Plan,
    mut judge: impl FnMut(&Stretch) -> anyhow::Result<()>,
    mut anew: impl FnMut(),
) -> anyhow::Result<()> {
    let mut signals = plan.signals(market);
    for instrument in market.each() {
        let mut ticks = instrument.ticks();
        loop {
            let mut stretch = Stretch {
                ticks: Vec::with_capacity(STRETCH),
            };
            for tick in ticks.by_ref().take(STRETCH) {
                stretch.ticks.push((signals.before(&tick)?, tick));
            }
            if stretch.ticks.is_empty() {
                break;
            }
            judge(&stretch)?;
        }
        signals.turn();
        anew();
    }
    Ok(())
}

/// Judges by the book.
///
/// # Errors
///
/// When a market or a signal cannot be made.
pub fn by_book(market: &Market, plan: &Plan) -> anyhow::Result<Judged> {
    let mut judged = Judged::new(plan.count())?;
    let book = std::cell::RefCell::new(Book::<u64>::new());
    let mut told = Vec::new();
    in_stretches(
        market,
        plan,
        |stretch| {
            let mut book = book.borrow_mut();
            let begun = on_core()?;
            for (signals, tick) in &stretch.ticks {
                for (number, signal) in signals {
                    book.insert(*number, Track::open(signal, &ExecutionModel::DEFAULT));
                }
                if matches!(tick, Tick::Candle(_)) {
                    judged.candles += 1;
                    judged.steps += book.len() as u64;
                }
                book.step(tick, &mut told);
                for (number, change) in told.drain(..) {
                    if judged.take(number, &change) {
                        book.remove(&number);
                    }
                }
            }
            judged.spent += on_core()? - begun;
            Ok(())
        },
        || *book.borrow_mut() = Book::new(),
    )?;
    judged.peak = peak()?;
    Ok(judged)
}

/// Judges by asking every open signal with every candle.
///
/// # Errors
///
/// When a market or a signal cannot be made.
pub fn by_track(market: &Market, plan: &Plan) -> anyhow::Result<Judged> {
    let mut judged = Judged::new(plan.count())?;
    let open = std::cell::RefCell::new(BTreeMap::<u64, Track>::new());
    let mut told = Vec::new();
    let mut over = Vec::new();
    in_stretches(
        market,
        plan,
        |stretch| {
            let mut open = open.borrow_mut();
            let begun = on_core()?;
            for (signals, tick) in &stretch.ticks {
                for (number, signal) in signals {
                    open.insert(*number, Track::open(signal, &ExecutionModel::DEFAULT));
                }
                if matches!(tick, Tick::Candle(_)) {
                    judged.candles += 1;
                    judged.steps += open.len() as u64;
                }
                for (number, track) in open.iter_mut() {
                    track.step(tick, &mut told);
                    for change in told.drain(..) {
                        if judged.take(*number, &change) {
                            over.push(*number);
                        }
                    }
                }
                for number in over.drain(..) {
                    open.remove(&number);
                }
            }
            judged.spent += on_core()? - begun;
            Ok(())
        },
        || open.borrow_mut().clear(),
    )?;
    judged.peak = peak()?;
    Ok(judged)
}

/// How long this thread has been on a core. Of a shared machine a wall clock would tell the load.
fn on_core() -> anyhow::Result<Duration> {
    let path = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(path).with_context(|| format!("no {path}"))?;
    let nanos = text.split_whitespace().next();
    let nanos = nanos.with_context(|| format!("nothing in {path}"))?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// The most memory that this process has had so far, in MiB.
///
/// # Errors
///
/// Where there is no `/proc`.
pub fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib
        .context("no VmHWM in /proc/self/status")?
        .parse::<u64>()?
        / 1_024)
}
