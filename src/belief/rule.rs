//! The rule: who may speak is decided by what was said before anybody could know, and by nothing else.
//!
//! A challenger replaces the champion when both have said something of the same signals, enough of
//! them, and the challenger's log-loss on those is surely lower: the interval of 95 % of the
//! difference, resampled in blocks of time, lies below nothing.

use std::collections::HashMap;

use domain::ids::SignalId;
use domain::ports::predictions::Fulfilled;
use domain::statistics::{Bounds, Trade, expectancy};

/// So many signals both must have spoken of.
pub const LEAST: usize = 100;

/// The dice with which the past is dealt anew: always the same, so a verdict is, too.
const SEED: u64 = 1;

/// Chances are not told surer than this when they are measured.
const SURE: f64 = 1e-6;

/// How a challenger compares with the champion on the signals of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// How many signals.
    pub signals: usize,
    /// The champion's mean log-loss on them, in nats.
    pub champion: f64,
    /// The challenger's.
    pub challenger: f64,
    /// Challenger less champion: negative is better. None where too few blocks of time say anything.
    pub difference: Option<Bounds>,
}

/// Why the champion stays.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Stays {
    /// Too little was said by both.
    #[error(
        "both have said something of {signals} signals that are over, {LEAST} are needed; let it be tried longer"
    )]
    TooFew {
        /// How many.
        signals: usize,
    },
    /// It is not surely better.
    #[error(
        "on {} signals its log-loss is {:.4}, the champion's {:.4}; the interval of the difference, {:.4} to {:.4}, must lie below 0",
        of.signals, of.challenger, of.champion, bounds.low, bounds.high
    )]
    NotBetter {
        /// How they compare.
        of: Comparison,
        /// The interval.
        bounds: Bounds,
    },
    /// Everything lies in one block of time.
    #[error(
        "their {signals} signals lie within one block of time, which says nothing of the next; let it be tried longer"
    )]
    OneBlock {
        /// How many.
        signals: usize,
    },
}

/// Compares what two models said of the same signals.
#[must_use]
pub fn compare(champion: &[Fulfilled], challenger: &[Fulfilled]) -> Comparison {
    let before: HashMap<SignalId, &Fulfilled> =
        champion.iter().map(|told| (told.signal, told)).collect();
    let both: Vec<(&Fulfilled, &Fulfilled)> = challenger
        .iter()
        .filter_map(|told| Some((*before.get(&told.signal)?, told)))
        .collect();
    let mean = |losses: &dyn Fn(&(&Fulfilled, &Fulfilled)) -> f64| {
        let sum: f64 = both.iter().map(losses).sum();
        if both.is_empty() {
            0.0
        } else {
            sum / count(both.len())
        }
    };
    let differences: Vec<Trade> = both
        .iter()
        .map(|(champion, challenger)| Trade {
            received: challenger.received,
            entered: challenger.entered,
            ended: challenger.ended,
            r: loss(challenger) - loss(champion),
        })
        .collect();
    Comparison {
        signals: both.len(),
        champion: mean(&|(champion, _)| loss(champion)),
        challenger: mean(&|(_, challenger)| loss(challenger)),
        difference: expectancy(&differences, SEED).map(|told| told.bounds),
    }
}

impl Comparison {
    /// Whether the challenger may speak.
    ///
    /// # Errors
    ///
    /// [`Stays`], which says why not.
    pub fn verdict(self) -> Result<Bounds, Stays> {
        let signals = self.signals;
        if signals < LEAST {
            return Err(Stays::TooFew { signals });
        }
        let bounds = self.difference.ok_or(Stays::OneBlock { signals })?;
        if bounds.high < 0.0 {
            Ok(bounds)
        } else {
            Err(Stays::NotBetter { of: self, bounds })
        }
    }
}

/// What it cost to have said what was said, in nats.
#[must_use]
pub fn loss(told: &Fulfilled) -> f64 {
    let p = told.first.clamp(SURE, 1.0 - SURE);
    -(if told.won { p } else { 1.0 - p }).ln()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no list has more than 2^52 members"
)]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, PostKey};
    use domain::time::Timestamp;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    /// What somebody says of `n` signals, one every five hours, of which every third wins.
    fn told(n: i64, chance: impl Fn(bool) -> f64) -> Vec<Fulfilled> {
        let channel = ChannelId::parse("test").unwrap();
        (0..n)
            .map(|nth| {
                let received = Timestamp::from_micros(nth * 5 * HOUR);
                let won = nth % 3 == 0;
                Fulfilled {
                    signal: SignalId::of(&channel, &PostKey::new(nth.to_string()), 0),
                    received,
                    entered: received,
                    ended: Timestamp::from_micros((nth * 5 + 1) * HOUR),
                    first: chance(won),
                    expected_r: None,
                    won,
                    r: None,
                }
            })
            .collect()
    }

    #[test]
    fn who_is_surely_better_on_enough_signals_may_speak() {
        let (coin, better) = (
            told(200, |_| 0.5),
            told(200, |won| if won { 0.6 } else { 0.4 }),
        );
        let comparison = compare(&coin, &better);
        assert_eq!(comparison.signals, 200);
        assert!((comparison.champion - 2.0_f64.ln()).abs() < 1e-12);
        assert!(comparison.verdict().unwrap().high < 0.0);
        assert!(matches!(
            compare(&better, &coin).verdict(),
            Err(Stays::NotBetter { .. })
        ));
    }

    #[test]
    fn few_signals_or_a_difference_that_may_be_luck_change_nothing() {
        let (coin, better) = (
            told(99, |_| 0.5),
            told(99, |won| if won { 0.6 } else { 0.4 }),
        );
        assert_eq!(
            compare(&coin, &better).verdict(),
            Err(Stays::TooFew { signals: 99 })
        );
        let same = told(200, |_| 0.5);
        assert!(compare(&same, &same).verdict().is_err());
        // Of others than the champion's signals nothing counts.
        let later = &told(300, |won| if won { 0.6 } else { 0.4 })[200..];
        assert_eq!(
            compare(&same, later).verdict(),
            Err(Stays::TooFew { signals: 0 })
        );
    }

    #[test]
    fn signals_of_one_day_say_nothing_of_the_next() {
        let mut coin = told(200, |_| 0.5);
        let mut better = told(200, |won| if won { 0.6 } else { 0.4 });
        for told in coin.iter_mut().chain(&mut better) {
            told.received = Timestamp::from_micros(told.received.as_micros() / 1_000);
            (told.entered, told.ended) = (told.received, told.received);
        }
        assert_eq!(
            compare(&coin, &better).verdict(),
            Err(Stays::OneBlock { signals: 200 })
        );
    }
}
