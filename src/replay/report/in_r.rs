//! What may be said of a channel in R, and how surely.

use domain::lifecycle::Outcome;
use domain::ports::store::SignalRecord;
use domain::statistics::{self, Bounds, Expectancy, Trade, Z_95, wilson};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;

/// The dice with which the past is dealt anew: always the same, so a report is, too.
const SEED: u64 = 1;

/// What can be said in R of the signals that had a stop, were entered and are over, and of which
/// nothing in between is unknown.
#[derive(Debug, Serialize)]
pub struct InR {
    /// How many.
    pub n: usize,
    /// How many more had an R, but a hole in their path: what it hides is not known.
    pub left_out: usize,
    /// How many earned more than nothing, costs included.
    pub won: usize,
    /// Their mean, net of costs, in the pessimistic bound.
    pub mean: Option<Decimal>,
    /// Their sum, likewise.
    pub sum: Option<Decimal>,
    /// Their mean in the optimistic bound.
    pub mean_optimistic: Option<Decimal>,
    /// How surely the mean and the share of the won are known.
    pub certainty: Certainty,
}

/// How surely something is known.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Certainty {
    /// It can be said.
    Known(Known),
    /// It cannot.
    Unknown {
        /// Why.
        unknown: &'static str,
    },
}

/// How surely the figures are known; `docs/guide/figures.md` explains each.
#[derive(Debug, Serialize)]
pub struct Known {
    /// Between what the mean lies, with 95 %.
    pub mean: Between,
    /// Its standard error.
    pub error: f64,
    /// How many independent trades would say as much.
    pub effective_n: f64,
    /// Whether that is enough to compare the channel with others.
    pub enough: bool,
    /// Between what the share of the won lies, with 95 %.
    pub win_rate: Option<Between>,
}

/// An interval.
#[derive(Debug, Serialize)]
pub struct Between {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl From<Bounds> for Between {
    fn from(bounds: Bounds) -> Self {
        Self {
            low: rounded(bounds.low),
            high: rounded(bounds.high),
        }
    }
}

impl InR {
    pub(super) fn of(signals: &[SignalRecord]) -> Self {
        let mut figures = Counted::default();
        for record in signals {
            if let Some(outcome) = &record.outcome {
                figures.count(record, outcome);
            }
        }
        let won = figures.net.iter().filter(|r| **r > Decimal::ZERO).count();
        Self {
            n: figures.net.len(),
            left_out: figures.left_out,
            won,
            mean: mean(&figures.net),
            sum: (!figures.net.is_empty()).then(|| figures.net.iter().sum()),
            mean_optimistic: mean(&figures.optimistic),
            certainty: certainty(&figures.trades, won),
        }
    }

    /// The share of the won; none of nothing.
    #[must_use]
    pub fn win_rate(&self) -> Option<f64> {
        share(self.won, self.n)
    }
}

#[derive(Default)]
struct Counted {
    net: Vec<Decimal>,
    optimistic: Vec<Decimal>,
    trades: Vec<Trade>,
    left_out: usize,
}

impl Counted {
    fn count(&mut self, record: &SignalRecord, outcome: &Outcome) {
        let told = &outcome.pessimistic;
        let (Some(r), Some(entered)) = (told.r, told.entered_at) else {
            return;
        };
        if outcome.incomplete {
            self.left_out += 1;
            return;
        }
        self.net.push(r);
        self.optimistic.extend(outcome.optimistic.r);
        self.trades.push(Trade {
            received: record.signal.received,
            entered,
            ended: told.ended_at,
            r: r.to_f64().unwrap_or_default(),
        });
    }
}

fn certainty(trades: &[Trade], won: usize) -> Certainty {
    match statistics::expectancy(trades, SEED) {
        Some(told) => Certainty::Known(known(&told, share(won, trades.len()))),
        None if trades.is_empty() => Certainty::Unknown {
            unknown: "no signal with a stop was entered and judged without a gap",
        },
        None => Certainty::Unknown {
            unknown: "all trades fall into one block of time, so nothing tells how the next will differ",
        },
    }
}

fn known(told: &Expectancy, win_rate: Option<f64>) -> Known {
    let win_rate = win_rate.and_then(|rate| wilson(rate, told.effective, Z_95));
    Known {
        mean: told.bounds.into(),
        error: rounded(told.error),
        effective_n: rounded(told.effective),
        enough: told.is_enough(),
        win_rate: win_rate.map(Between::from),
    }
}

/// The arithmetic mean, to six places; none of nothing.
fn mean(values: &[Decimal]) -> Option<Decimal> {
    let count = Decimal::from(values.len());
    (!values.is_empty()).then(|| {
        (values.iter().sum::<Decimal>() / count)
            .round_dp(6)
            .normalize()
    })
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// To six places: more are noise.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    fn trade(hour: i64, r: f64) -> Trade {
        let at = |hours: i64| Timestamp::from_millis(1_735_689_600_000 + hours * 3_600_000);
        Trade {
            received: at(hour),
            entered: at(hour),
            ended: at(hour + 1),
            r,
        }
    }

    #[test]
    fn what_is_not_known_says_why() {
        for (trades, words) in [
            (vec![], "no signal"),
            (vec![trade(0, 1.0), trade(2, -1.0)], "one block of time"),
        ] {
            let json = serde_json::to_value(certainty(&trades, 0)).unwrap();
            let said = json["unknown"].as_str().unwrap();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_mean_comes_with_its_interval_and_what_its_number_is_worth() {
        // The case by hand of the guide.
        let trades = [(1, 2.0), (25, -1.0), (26, -1.0), (73, 1.0)].map(|(at, r)| trade(at, r));
        let Certainty::Known(known) = certainty(&trades, 2) else {
            panic!("there are three blocks");
        };
        assert!(known.mean.low < 0.25 && 0.25 < known.mean.high);
        assert!(!known.enough && known.effective_n <= 4.0);
        let rate = known.win_rate.unwrap();
        assert!(rate.low < 0.2 && rate.high > 0.8, "{rate:?}");
    }
}
