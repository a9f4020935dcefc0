//! The market: where bitcoin went, how broadly, and what time it was.

use std::f64::consts::TAU;

use domain::statistics::count;

use super::Known;
use crate::bars::{Bar, Length};
use crate::features::coin::sign;

pub(super) const NAMES: [&str; 10] = [
    "market.bitcoin_15m",
    "market.bitcoin_4h",
    "market.bitcoin_1d",
    "market.bitcoin_heat_4h",
    "market.bitcoin_volatility_log",
    "market.breadth",
    "market.hour_sine",
    "market.hour_cosine",
    "market.week_sine",
    "market.week_cosine",
];

const HOUR: f64 = 3_600_000_000.0;

/// The features of the market; moves are in percent, for the trade.
pub(super) fn market(known: &Known<'_>) -> [Option<f64>; 10] {
    let sign = sign(known);
    let bars = |length| -> Vec<Bar> {
        known.bitcoin.map_or_else(Vec::new, |series| {
            series.until(length, known.seen()).copied().collect()
        })
    };
    let (quarters, hours) = (bars(Length::Quarter), bars(Length::Hour));
    let moved = |bars: &[Bar], n: usize| {
        let then = bars.get(bars.len().checked_sub(n + 1)?)?.close;
        Some(sign * (bars.last()?.close / then).ln() * 100.0)
    };
    let volatility = |bars: &[Bar], n: usize| {
        let recent = &bars[bars.len().checked_sub(n + 1)?..];
        let squares = recent
            .windows(2)
            .map(|pair| (pair[1].close / pair[0].close).ln().powi(2));
        Some((squares.sum::<f64>() / count(n)).sqrt()).filter(|volatility| *volatility > 0.0)
    };
    let (short, long) = (volatility(&quarters, 16), volatility(&hours, 168));
    #[expect(
        clippy::cast_precision_loss,
        reason = "a clock needs no more than 2^52 microseconds"
    )]
    let hours_since_1970 = known.signal.received.as_micros() as f64 / HOUR;
    let (day, week) = (
        hours_since_1970 / 24.0 * TAU,
        hours_since_1970 / 168.0 * TAU,
    );
    [
        moved(&quarters, 1),
        moved(&quarters, 16).or_else(|| moved(&hours, 4)),
        moved(&hours, 24),
        short
            .zip(long)
            .map(|(short, long)| (2.0 * short / long).ln()),
        long.map(f64::ln),
        known.breadth.map(|breadth| sign * (breadth - 0.5)),
        Some(day.sin()),
        Some(day.cos()),
        Some(week.sin()),
        Some(week.cos()),
    ]
}
