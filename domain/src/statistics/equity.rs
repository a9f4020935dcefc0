//! Equity: how the sum of R grew, how deep it fell, and how evenly.

use std::time::Duration;

use super::{DAY, Trade, count, deviation, mean};
use crate::time::Timestamp;

/// The sum of R after a trade ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When it ended.
    pub at: Timestamp,
    /// The sum of R of everything that had ended by then.
    pub sum: f64,
    /// How far that is below the highest sum before; zero or less.
    pub drawdown: f64,
}

/// The sum of R over time, by the time at which trades end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// After each trade; trades that ended at one instant make one point.
    pub points: Vec<Point>,
}

impl Curve {
    /// The curve of these trades. It begins at zero.
    #[must_use]
    pub fn of(trades: &[Trade]) -> Self {
        let mut ended: Vec<&Trade> = trades.iter().collect();
        ended.sort_by(|a, b| a.ended.cmp(&b.ended).then(a.r.total_cmp(&b.r)));
        let (mut sum, mut peak) = (0.0_f64, 0.0_f64);
        let mut points: Vec<Point> = Vec::new();
        for same in ended.chunk_by(|a, b| a.ended == b.ended) {
            sum += same.iter().map(|trade| trade.r).sum::<f64>();
            peak = peak.max(sum);
            points.push(Point {
                at: same[0].ended,
                sum,
                drawdown: sum - peak,
            });
        }
        Self { points }
    }

    /// The deepest fall below a former height, in R; zero where it never fell.
    #[must_use]
    pub fn max_drawdown(&self) -> f64 {
        self.points
            .iter()
            .map(|point| -point.drawdown)
            .fold(0.0, f64::max)
    }

    /// The longest time below a former height, from the trade that fell to the one that made up
    /// for it, or to the last.
    #[must_use]
    pub fn longest_under_water(&self) -> Duration {
        let mut since: Option<Timestamp> = None;
        let mut longest = Duration::ZERO;
        for point in &self.points {
            let began = if point.drawdown < 0.0 {
                Some(*since.get_or_insert(point.at))
            } else {
                since.take()
            };
            if let Some(began) = began {
                longest = longest.max(point.at.since(began));
            }
        }
        longest
    }
}

/// The sum of R of each day (UTC) from the first ending to the last, days without one included.
#[must_use]
pub fn per_day(trades: &[Trade]) -> Vec<f64> {
    let day = |at: Timestamp| {
        at.as_micros()
            .div_euclid(i64::try_from(DAY.as_micros()).unwrap_or(1))
    };
    let days = trades.iter().map(|trade| day(trade.ended));
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
        return Vec::new();
    };
    let length = usize::try_from(last - first).map_or(0, |days| days + 1);
    let mut sums = vec![0.0; length];
    for trade in trades {
        if let Some(sum) = usize::try_from(day(trade.ended) - first)
            .ok()
            .and_then(|nth| sums.get_mut(nth))
        {
            *sum += trade.r;
        }
    }
    sums
}

/// The ratio of Sharpe (1994) of a day, without a riskless rate: mean / standard deviation.
#[must_use]
pub fn sharpe(days: &[f64]) -> Option<f64> {
    let spread = deviation(days).filter(|spread| *spread > 0.0)?;
    Some(mean(days)? / spread)
}

/// The ratio of Sortino of a day: mean / √(Σ min(r, 0)² / n) (Sortino and Price, 1994, with a
/// minimal acceptable return of zero).
#[must_use]
pub fn sortino(days: &[f64]) -> Option<f64> {
    let squares: f64 = days.iter().map(|day| day.min(0.0).powi(2)).sum();
    let downside = (squares / count(days.len().max(1))).sqrt();
    (downside > 0.0).then_some(())?;
    Some(mean(days)? / downside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(day: u64, r: f64) -> Trade {
        let at = Timestamp::from_micros(0) + DAY * u32::try_from(day).expect("a small number");
        Trade {
            received: at,
            entered: at,
            ended: at,
            r,
        }
    }

    #[test]
    fn a_fall_is_measured_from_the_height_before_it() {
        let curve = Curve::of(&[ended(0, 2.0), ended(1, -3.0), ended(2, 1.0), ended(5, 4.0)]);
        assert!((curve.max_drawdown() - 3.0).abs() < 1e-12);
        assert_eq!(curve.longest_under_water(), DAY * 4);
    }

    #[test]
    fn a_first_loss_is_a_fall_from_zero() {
        let curve = Curve::of(&[ended(0, -1.0), ended(3, -1.0)]);
        assert!((curve.max_drawdown() - 2.0).abs() < 1e-12);
        assert_eq!(curve.longest_under_water(), DAY * 3);
    }

    #[test]
    fn days_without_a_trade_count() {
        assert_eq!(
            per_day(&[ended(0, 1.0), ended(0, 1.0), ended(3, -1.0)]),
            [2.0, 0.0, 0.0, -1.0]
        );
    }

    #[test]
    fn what_never_differs_has_no_ratio() {
        assert_eq!(sharpe(&[1.0, 1.0]), None);
        assert_eq!(sortino(&[1.0, 2.0]), None);
        assert_eq!(sharpe(&[]), None);
    }
}
