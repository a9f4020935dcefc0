//! The rule: who may speak is decided by what was said before anybody could know, and by nothing else.
//!
//! A challenger replaces the champion when both have said something of the same signals, enough of
//! them in enough blocks of time, and the challenger's log-loss on those is surely lower: the interval of
//! the difference lies below nothing. It is looked at again and again, and there may be several
//! challengers, so the interval is one that holds [at any time](anytime), and its 5 % are shared among
//! those that are tried together (Bonferroni). Among equals the champion is therefore replaced at all with
//! a probability of 2.5 % at most, however long they are tried; whoever comes after those that were sent
//! away is tried anew, with a probability of his own.

use std::collections::HashMap;

use domain::ids::SignalId;
use domain::ports::predictions::Fulfilled;
use domain::statistics::{Anytime, Bounds, Trade, anytime, count};
use scoring::measure::LEAST_BLOCKS;

/// So many signals both must have spoken of.
pub const LEAST: usize = 100;

/// How often the intervals of all that are tried together may miss, on both sides and over all time.
const LEVEL: f64 = 0.05;

/// Chances are not told surer than this when they are measured.
const SURE: f64 = 1e-6;

/// How a challenger compares with the champion on the signals of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// How many signals.
    pub signals: usize,
    /// In how many blocks of time that are over.
    pub blocks: usize,
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
        "both have said something of {signals} signals whose time is up, {LEAST} are needed; let it be tried longer"
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
    /// Everything lies in a few blocks of time.
    #[error(
        "their {signals} signals lie within {blocks} blocks of time that are over, which says nothing of the next; \
         at least {LEAST_BLOCKS} are needed, and more where several are tried or one block outweighs the others; let it be tried longer"
    )]
    TooFewBlocks {
        /// How many.
        signals: usize,
        /// In how many blocks.
        blocks: usize,
    },
}

/// Compares what two models said of the same signals, where so many challengers are tried.
#[must_use]
pub fn compare(champion: &[Fulfilled], challenger: &[Fulfilled], challengers: usize) -> Comparison {
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
    let Anytime { blocks, bounds } = anytime(&differences, LEVEL / count(challengers.max(1)));
    Comparison {
        signals: both.len(),
        blocks,
        champion: mean(&|(champion, _)| loss(champion)),
        challenger: mean(&|(_, challenger)| loss(challenger)),
        difference: bounds.filter(|_| blocks >= LEAST_BLOCKS),
    }
}

impl Comparison {
    /// Whether the challenger may speak.
    ///
    /// # Errors
    ///
    /// [`Stays`], which says why not.
    pub fn verdict(self) -> Result<Bounds, Stays> {
        let (signals, blocks) = (self.signals, self.blocks);
        if signals < LEAST {
            return Err(Stays::TooFew { signals });
        }
        let bounds = self.difference;
        let bounds = bounds.ok_or(Stays::TooFewBlocks { signals, blocks })?;
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

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, PostKey};
    use domain::time::Timestamp;
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    /// What somebody says of `n` signals, one every five hours, of which every third wins.
    fn told(n: i64, chance: impl Fn(bool) -> f64) -> Vec<Fulfilled> {
        told_of(n, 5, |nth| nth % 3 == 0, |_, won| chance(won))
    }

    /// What somebody says of `n` signals, one every so many hours.
    fn told_of(
        n: i64,
        hours: i64,
        won: impl Fn(i64) -> bool,
        mut chance: impl FnMut(i64, bool) -> f64,
    ) -> Vec<Fulfilled> {
        let channel = ChannelId::parse("test").unwrap();
        (0..n)
            .map(|nth| {
                let received = Timestamp::from_micros(nth * hours * HOUR);
                let ended = Timestamp::from_micros((nth * hours + 1) * HOUR);
                let won = won(nth);
                Fulfilled {
                    signal: SignalId::of(&channel, &PostKey::new(nth.to_string()), 0),
                    received,
                    entered: received,
                    ended,
                    due: ended,
                    first: chance(nth, won),
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
        let comparison = compare(&coin, &better, 1);
        assert_eq!((comparison.signals, comparison.blocks), (200, 41));
        assert!((comparison.champion - 2.0_f64.ln()).abs() < 1e-12);
        assert!(comparison.verdict().unwrap().high < 0.0);
        assert!(matches!(
            compare(&better, &coin, 1).verdict(),
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
            compare(&coin, &better, 1).verdict(),
            Err(Stays::TooFew { signals: 99 })
        );
        let same = told(200, |_| 0.5);
        assert!(compare(&same, &same, 1).verdict().is_err());
        // Of others than the champion's signals nothing counts.
        let later = &told(300, |won| if won { 0.6 } else { 0.4 })[200..];
        assert_eq!(
            compare(&same, later, 1).verdict(),
            Err(Stays::TooFew { signals: 0 })
        );
    }

    #[test]
    fn signals_of_a_few_days_say_nothing_of_the_next() {
        let coin = told_of(200, 1, |nth| nth % 3 == 0, |_, _| 0.5);
        let says = |_, won| if won { 0.6 } else { 0.4 };
        let better = told_of(200, 1, |nth| nth % 3 == 0, says);
        // 200 hours are eight days that are over, and one that is not.
        assert_eq!(
            compare(&coin, &better, 1).verdict(),
            Err(Stays::TooFewBlocks {
                signals: 200,
                blocks: 8
            })
        );
        let (coin, better) = (&coin[..190], &better[..190]);
        assert_eq!(compare(coin, better, 1).blocks, 7);
    }

    /// Whether one that is tried is let speak within sixty days of eight signals each, where it is looked at
    /// after every day: both know of each signal as much as `knows` tells of it, in log-odds, and each errs in
    /// a way of its own that changes from day to day.
    fn wins(seed: u64, champion: f64, challenger: f64, challengers: usize) -> bool {
        const DAYS: i64 = 60;
        const A_DAY: i64 = 8;
        let mut dice = StdRng::seed_from_u64(seed);
        let truths: Vec<f64> = (0..DAYS * A_DAY)
            .map(|_| dice.random_range(-2.0..2.0))
            .collect();
        let won: Vec<bool> = truths
            .iter()
            .map(|truth| dice.random::<f64>() < chance(*truth))
            .collect();
        let mut says = |knows: f64| {
            let moods: Vec<f64> = (0..DAYS).map(|_| dice.random_range(-0.4..0.4)).collect();
            let said = |nth: i64, _: bool| {
                let (signal, day) = (index(nth), index(nth / A_DAY));
                chance(knows * truths[signal] + moods[day] + dice.random_range(-0.5..0.5))
            };
            told_of(DAYS * A_DAY, 24 / A_DAY, |nth| won[index(nth)], said)
        };
        let (champion, challenger) = (says(champion), says(challenger));
        // Before some hundred signals nobody wins; the first one of the next day shows that a day is over.
        let mut looks = (12..DAYS).map(|day| index(day * A_DAY) + 1);
        looks.any(|until| {
            let comparison = compare(&champion[..until], &challenger[..until], challengers);
            comparison.verdict().is_ok()
        })
    }

    fn chance(odds: f64) -> f64 {
        1.0 / (1.0 + (-odds).exp())
    }

    fn index(nth: i64) -> usize {
        usize::try_from(nth).unwrap()
    }

    #[test]
    fn of_a_thousand_equals_hardly_one_wins_though_it_is_looked_at_every_day() {
        let won = (0..1_000).filter(|seed| wins(*seed, 0.7, 0.7, 1)).count();
        // 2.5 % are promised; where differences are as likely up as down it is far less.
        assert!(won <= 25, "{won} of 1000");
    }

    #[test]
    fn a_clear_winner_wins_also_among_several_and_a_clear_loser_never() {
        let won = |champion: f64, challenger: f64, challengers| {
            let seeds = 0..100;
            seeds
                .filter(|seed| wins(*seed, champion, challenger, challengers))
                .count()
        };
        assert!(won(0.0, 0.9, 1) >= 90, "{} of 100", won(0.0, 0.9, 1));
        assert!(won(0.0, 0.9, 4) >= 80, "{} of 100", won(0.0, 0.9, 4));
        assert_eq!(won(0.9, 0.0, 1), 0);
    }
}
