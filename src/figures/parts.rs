//! Parts: the same trades by month, by symbol, by side and by hour, and their sum over time.

use std::collections::BTreeMap;

use domain::ports::store::SignalRecord;
use domain::statistics::{Curve, Trade, mean};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Counted, rounded, share, trades};

/// The trades of a channel in parts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Parts {
    /// The sum of R after each ending.
    pub curve: Vec<CurvePoint>,
    /// By the month (UTC) in which they ended: `2026-11`.
    pub months: Vec<Part>,
    /// By symbol, the most traded first.
    pub symbols: Vec<Part>,
    /// By side.
    pub sides: Vec<Part>,
    /// By the hour (UTC) in which their signals were received: `00` to `23`.
    pub hours: Vec<Part>,
}

/// The sum of R at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct CurvePoint {
    /// When the trade ended, in microseconds UTC.
    pub at: i64,
    /// The sum of R of everything that had ended by then.
    pub sum_r: f64,
    /// How far that is below the highest sum before; zero or less.
    pub drawdown_r: f64,
}

/// Some of the trades.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Part {
    /// What they have in common.
    pub name: String,
    /// How many there are.
    pub trades: usize,
    /// The share of the won.
    pub win_rate: f64,
    /// What one earned on average, in R.
    pub mean_r: f64,
    /// What they earned together, in R.
    pub sum_r: f64,
}

impl Parts {
    /// The parts of these signals' trades.
    #[must_use]
    pub fn of(records: &[SignalRecord]) -> Self {
        let counted = trades(records);
        let all: Vec<Trade> = counted.iter().map(|counted| counted.trade).collect();
        let curve = Curve::of(&all).points.into_iter().map(|point| CurvePoint {
            at: point.at.as_micros(),
            sum_r: rounded(point.sum),
            drawdown_r: rounded(point.drawdown),
        });
        let mut symbols = by(&counted, |counted| {
            counted.record.signal.instrument.pair.to_string()
        });
        symbols.sort_by_key(|part| std::cmp::Reverse(part.trades));
        Self {
            curve: curve.collect(),
            months: by(&counted, |counted| written(counted.trade.ended, "%Y-%m")),
            symbols,
            sides: by(&counted, |counted| counted.record.signal.side.to_string()),
            hours: by(&counted, |counted| written(counted.trade.received, "%H")),
        }
    }
}

/// The trades by a name, in the order of the names.
fn by(counted: &[Counted<'_>], name: impl Fn(&Counted<'_>) -> String) -> Vec<Part> {
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for one in counted {
        groups.entry(name(one)).or_default().push(one.trade.r);
    }
    groups
        .into_iter()
        .filter_map(|(name, earned)| {
            let won = earned.iter().filter(|r| **r > 0.0).count();
            Some(Part {
                name,
                trades: earned.len(),
                win_rate: rounded(share(won, earned.len())?),
                mean_r: rounded(mean(&earned)?),
                sum_r: rounded(earned.iter().sum()),
            })
        })
        .collect()
}

fn written(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| at.to_string(), |at| at.strftime(form).to_string())
}
