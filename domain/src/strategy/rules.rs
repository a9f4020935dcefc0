//! The rules: when each strategy calls, and on which side. Where a rule comes from stands with it.

use super::indicators::{Bar, Ema, Rsi, Window};
use crate::market::Side;

/// When a strategy calls. Periods are in candles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// A close beyond every price of the candles before it: Donchian's channel, as the Turtles
    /// traded it (Faith, Way of the Turtle, 2007, system 1: 20 days).
    Breakout {
        /// How many candles the channel is made of.
        lookback: usize,
    },
    /// The fast average crosses the slow one: the double crossover method (Murphy, Technical
    /// Analysis of the Financial Markets, 1999, ch. 9), with exponential averages.
    MovingAverageCross {
        /// Period of the fast average.
        fast: usize,
        /// Period of the slow average.
        slow: usize,
    },
    /// Wilder's strength comes back from an extreme (New Concepts in Technical Trading Systems,
    /// 1978: 14 days, 30 and 70).
    RsiReversal {
        /// Period of the index.
        period: usize,
        /// How weak is too weak; 100 less of it is too strong.
        extreme: f64,
    },
    /// A close comes back into the bands after one outside of them (Bollinger on Bollinger Bands,
    /// 2001: 20 days, 2 deviations).
    BollingerReversion {
        /// Period of the bands.
        period: usize,
        /// Their half width in standard deviations.
        widths: f64,
    },
    /// A change that is large for this market goes on: momentum of a single market (Moskowitz, Ooi
    /// and Pedersen, Time series momentum, 2012), measured in average true ranges.
    Momentum {
        /// Over how many candles.
        lookback: usize,
        /// How many average true ranges the close has to have moved.
        strength: f64,
    },
    /// In a trend a candle dips to the fast average and closes beyond it in the trend's direction:
    /// after the "Holy Grail" of Raschke and Connors (Street Smarts, 1995: the average of 20), with
    /// the trend told by a slow average in the place of ADX.
    Pullback {
        /// Period of the average that is dipped to.
        fast: usize,
        /// Period of the average that tells the trend.
        slow: usize,
    },
}

/// What a rule remembers of the candles so far.
#[derive(Clone, Debug)]
pub(super) enum Memory {
    Breakout {
        highs: Window,
        lows: Window,
    },
    Cross {
        fast: Ema,
        slow: Ema,
        above: Option<bool>,
    },
    Rsi {
        rsi: Rsi,
        before: Option<f64>,
    },
    Bollinger {
        closes: Window,
        outside: Option<Side>,
    },
    Momentum {
        closes: Window,
    },
    Pullback {
        fast: Ema,
        slow: Ema,
    },
}

impl Rule {
    pub(super) const fn memory(&self) -> Memory {
        match *self {
            Self::Breakout { lookback } => Memory::Breakout {
                highs: Window::new(lookback),
                lows: Window::new(lookback),
            },
            Self::MovingAverageCross { fast, slow } => Memory::Cross {
                fast: Ema::new(fast),
                slow: Ema::new(slow),
                above: None,
            },
            Self::RsiReversal { period, .. } => Memory::Rsi {
                rsi: Rsi::new(period),
                before: None,
            },
            Self::BollingerReversion { period, .. } => Memory::Bollinger {
                closes: Window::new(period),
                outside: None,
            },
            Self::Momentum { lookback, .. } => Memory::Momentum {
                closes: Window::new(lookback),
            },
            Self::Pullback { fast, slow } => Memory::Pullback {
                fast: Ema::new(fast),
                slow: Ema::new(slow),
            },
        }
    }

    /// How many candles the longest of its indicators needs.
    pub(super) fn warm_up(&self) -> usize {
        match *self {
            Self::Breakout { lookback } | Self::Momentum { lookback, .. } => lookback,
            Self::MovingAverageCross { fast, slow } | Self::Pullback { fast, slow } => {
                fast.max(slow)
            }
            Self::RsiReversal { period, .. } | Self::BollingerReversion { period, .. } => period,
        }
    }

    /// Takes a candle in; the side where the rule calls. `atr` is the average true range with it.
    pub(super) fn step(&self, memory: &mut Memory, bar: &Bar, atr: Option<f64>) -> Option<Side> {
        match (self, memory) {
            (Self::Breakout { .. }, Memory::Breakout { highs, lows }) => {
                let (highest, lowest) = (highs.highest(), lows.lowest());
                highs.push(bar.high);
                lows.push(bar.low);
                side(bar.close > highest?, bar.close < lowest?)
            }
            (Self::MovingAverageCross { .. }, Memory::Cross { fast, slow, above }) => {
                let (fast, slow) = (fast.step(bar.close), slow.step(bar.close));
                let now = fast? > slow?;
                let before = above.replace(now)?;
                side(now && !before, before && !now)
            }
            (Self::RsiReversal { extreme, .. }, Memory::Rsi { rsi, before }) => {
                let now = rsi.step(bar.close)?;
                let before = before.replace(now)?;
                let (weak, strong) = (*extreme, 100.0 - *extreme);
                side(
                    before < weak && now >= weak,
                    before > strong && now <= strong,
                )
            }
            (Self::BollingerReversion { widths, .. }, Memory::Bollinger { closes, outside }) => {
                closes.push(bar.close);
                let (mean, deviation) = closes.spread()?;
                let reach = widths * deviation;
                // Whoever is below the bands is called long when he comes back.
                let now = side(bar.close < mean - reach, bar.close > mean + reach);
                let before = std::mem::replace(outside, now);
                before.filter(|_| now.is_none())
            }
            (Self::Momentum { strength, .. }, Memory::Momentum { closes }) => {
                let change = bar.close - closes.push(bar.close)?;
                let far = strength * atr?;
                side(change > far, change < -far)
            }
            (Self::Pullback { .. }, Memory::Pullback { fast, slow }) => {
                let (fast, slow) = (fast.step(bar.close), slow.step(bar.close));
                let (fast, slow) = (fast?, slow?);
                let rises = fast > slow && bar.low <= fast && bar.close > fast;
                let falls = fast < slow && bar.high >= fast && bar.close < fast;
                side(rises && bar.close > bar.open, falls && bar.close < bar.open)
            }
            // A memory is made by its own rule.
            (
                Self::Breakout { .. }
                | Self::MovingAverageCross { .. }
                | Self::RsiReversal { .. }
                | Self::BollingerReversion { .. }
                | Self::Momentum { .. }
                | Self::Pullback { .. },
                _,
            ) => None,
        }
    }
}

fn side(long: bool, short: bool) -> Option<Side> {
    match (long, short) {
        (true, false) => Some(Side::Long),
        (false, true) => Some(Side::Short),
        (true, true) | (false, false) => None,
    }
}
