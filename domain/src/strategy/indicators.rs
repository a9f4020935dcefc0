//! Indicators, each as its author defines it, one candle at a time.
//!
//! All of them keep silent until they have seen as many candles as their definition asks for.

use std::collections::VecDeque;

use crate::market::Candle;

/// The exponential moving average with the weight 2 / (n + 1), begun with the plain mean of the
/// first n values (Murphy, Technical Analysis of the Financial Markets, 1999, ch. 9).
#[derive(Clone, Debug)]
pub(super) struct Ema {
    period: usize,
    seen: usize,
    value: f64,
}

impl Ema {
    pub(super) const fn new(period: usize) -> Self {
        Self {
            period,
            seen: 0,
            value: 0.0,
        }
    }

    pub(super) fn step(&mut self, value: f64) -> Option<f64> {
        let period = self.period as f64;
        if self.seen < self.period {
            self.seen += 1;
            self.value += value / period;
        } else {
            self.value += (value - self.value) * 2.0 / (period + 1.0);
        }
        (self.seen == self.period).then_some(self.value)
    }
}

/// Wilder's smoothing: the plain mean of the first n values, then ((n − 1) · before + value) / n
/// (New Concepts in Technical Trading Systems, 1978).
#[derive(Clone, Debug)]
struct Smoothed {
    period: usize,
    seen: usize,
    value: f64,
}

impl Smoothed {
    const fn new(period: usize) -> Self {
        Self {
            period,
            seen: 0,
            value: 0.0,
        }
    }

    fn step(&mut self, value: f64) -> Option<f64> {
        let period = self.period as f64;
        if self.seen < self.period {
            self.seen += 1;
            self.value += value / period;
        } else {
            self.value += (value - self.value) / period;
        }
        (self.seen == self.period).then_some(self.value)
    }
}

/// Wilder's average true range: how far a candle goes, a jump from the close before included.
#[derive(Clone, Debug)]
pub(super) struct Atr {
    range: Smoothed,
    close: Option<f64>,
}

impl Atr {
    pub(super) const fn new(period: usize) -> Self {
        Self {
            range: Smoothed::new(period),
            close: None,
        }
    }

    pub(super) fn step(&mut self, bar: &Bar) -> Option<f64> {
        let (high, low) = match self.close.replace(bar.close) {
            Some(before) => (bar.high.max(before), bar.low.min(before)),
            None => (bar.high, bar.low),
        };
        self.range.step(high - low)
    }
}

/// Wilder's relative strength index: 100 · gains / (gains + losses), both smoothed.
#[derive(Clone, Debug)]
pub(super) struct Rsi {
    gains: Smoothed,
    losses: Smoothed,
    close: Option<f64>,
}

impl Rsi {
    pub(super) const fn new(period: usize) -> Self {
        Self {
            gains: Smoothed::new(period),
            losses: Smoothed::new(period),
            close: None,
        }
    }

    pub(super) fn step(&mut self, close: f64) -> Option<f64> {
        let change = close - self.close.replace(close)?;
        let gains = self.gains.step(change.max(0.0));
        let losses = self.losses.step((-change).max(0.0));
        let (gains, losses) = (gains?, losses?);
        let moved = gains + losses;
        // A market that did not move is neither strong nor weak.
        Some(if moved > 0.0 {
            100.0 * gains / moved
        } else {
            50.0
        })
    }
}

/// The last n values.
#[derive(Clone, Debug)]
pub(super) struct Window {
    period: usize,
    values: VecDeque<f64>,
}

impl Window {
    pub(super) const fn new(period: usize) -> Self {
        Self {
            period,
            values: VecDeque::new(),
        }
    }

    /// Takes a value, and says which one left for it.
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        self.values.push_back(value);
        (self.values.len() > self.period).then(|| self.values.pop_front())?
    }

    fn is_full(&self) -> bool {
        self.values.len() == self.period
    }

    pub(super) fn highest(&self) -> Option<f64> {
        let highest = self.values.iter().copied().reduce(f64::max);
        highest.filter(|_| self.is_full())
    }

    pub(super) fn lowest(&self) -> Option<f64> {
        let lowest = self.values.iter().copied().reduce(f64::min);
        lowest.filter(|_| self.is_full())
    }

    /// Mean and standard deviation over the whole population, as Bollinger takes it (Bollinger on
    /// Bollinger Bands, 2001).
    pub(super) fn spread(&self) -> Option<(f64, f64)> {
        if !self.is_full() {
            return None;
        }
        let count = self.period as f64;
        let mean = self.values.iter().sum::<f64>() / count;
        let squares = self.values.iter().map(|value| (value - mean).powi(2));
        Some((mean, (squares.sum::<f64>() / count).sqrt()))
    }
}

/// A candle in the numbers that indicators reckon with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

impl Bar {
    pub(super) fn of(candle: &Candle) -> Option<Self> {
        use rust_decimal::prelude::ToPrimitive as _;
        let number = |price: crate::market::Price| price.get().to_f64();
        Some(Self {
            open: number(candle.open)?,
            high: number(candle.high)?,
            low: number(candle.low)?,
            close: number(candle.close)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close_to(told: Option<f64>, expected: f64) {
        let told = told.unwrap();
        assert!((told - expected).abs() < 1e-9, "{told}, not {expected}");
    }

    const fn bar(high: f64, low: f64, close: f64) -> Bar {
        Bar {
            open: close,
            high,
            low,
            close,
        }
    }

    #[test]
    fn an_exponential_average_begins_with_the_plain_mean() {
        let mut ema = Ema::new(3);
        assert_eq!(ema.step(2.0), None);
        assert_eq!(ema.step(4.0), None);
        close_to(ema.step(9.0), 5.0);
        // Half of the way from 5 to 11, then half of the way from 8 to 4.
        close_to(ema.step(11.0), 8.0);
        close_to(ema.step(4.0), 6.0);
    }

    #[test]
    fn the_true_range_reaches_from_the_close_before() {
        let mut atr = Atr::new(2);
        assert_eq!(atr.step(&bar(12.0, 10.0, 11.0)), None);
        // From 11 up to 15 is 4, though the candle itself is 2 long: (2 + 4) / 2.
        close_to(atr.step(&bar(15.0, 13.0, 14.0)), 3.0);
        // From 14 down to 9 is 5: (3 · 1 + 5) / 2.
        close_to(atr.step(&bar(10.0, 9.0, 10.0)), 4.0);
    }

    #[test]
    fn strength_is_the_share_of_gains_smoothed_as_wilder_does() {
        let mut rsi = Rsi::new(2);
        assert_eq!(rsi.step(10.0), None);
        assert_eq!(rsi.step(13.0), None);
        // Gains (3 + 0) / 2, losses (0 + 1) / 2.
        close_to(rsi.step(12.0), 75.0);
        // Gains (1.5 + 0) / 2, losses (0.5 + 3) / 2.
        close_to(rsi.step(9.0), 100.0 * 0.75 / 2.5);
    }

    #[test]
    fn a_market_that_stands_still_is_neither_strong_nor_weak() {
        let mut rsi = Rsi::new(2);
        let told: Vec<_> = (0..3).map(|_| rsi.step(10.0)).collect();
        assert_eq!(told, [None, None, Some(50.0)]);
    }

    #[test]
    fn bands_are_as_wide_as_the_deviation_of_the_whole_window() {
        let mut window = Window::new(4);
        for value in [100.0, 2.0, 4.0, 4.0] {
            assert_eq!(window.push(value), None);
        }
        assert_eq!(window.push(6.0), Some(100.0));
        let (mean, deviation) = window.spread().unwrap();
        close_to(Some(mean), 4.0);
        // Squares 4, 0, 0 and 4 by four values, not by three.
        close_to(Some(deviation), 2.0_f64.sqrt());
        assert_eq!((window.lowest(), window.highest()), (Some(2.0), Some(6.0)));
    }
}
