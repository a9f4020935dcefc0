//! Deletions: whether those who delete delete what lost.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::{DAY, count};
use crate::time::Timestamp;

/// A signal that has ended: when it was received, whether it lost, whether it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it was received.
    pub received: Timestamp,
    /// It lost.
    pub lost: bool,
    /// Its post was deleted.
    pub deleted: bool,
}

/// Fisher's exact test of a table of two rows and two columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact {
    /// How likely at least so many deleted losers are if deleting has nothing to do with losing.
    pub greater: f64,
    /// How likely a table as unlikely as this one is.
    pub two_sided: f64,
}

/// Fisher's exact test (1922) on `[[deleted and lost, deleted and not], [kept and lost, kept and
/// not]]`.
#[must_use]
pub fn exact(table: [[u32; 2]; 2]) -> Exact {
    let [[a, b], [c, d]] = table.map(|row| row.map(u64::from));
    let (deleted, lost, all) = (a + b, a + c, a + b + c + d);
    let logs = log_factorials(all);
    let log = |n: u64| usize::try_from(n).map_or(0.0, |n| logs[n]);
    let choose = |n: u64, k: u64| log(n) - log(k) - log(n - k);
    let probability =
        |x: u64| (choose(lost, x) + choose(all - lost, deleted - x) - choose(all, deleted)).exp();
    let least = (deleted + lost).saturating_sub(all);
    let most = deleted.min(lost);
    let seen = probability(a);
    let (mut greater, mut two_sided) = (0.0, 0.0);
    for x in least..=most {
        let p = probability(x);
        if x >= a {
            greater += p;
        }
        // Tables that are equally likely may differ in the last digits.
        if p <= seen * (1.0 + 1e-7) {
            two_sided += p;
        }
    }
    Exact {
        greater: greater.min(1.0),
        two_sided: two_sided.min(1.0),
    }
}

/// ln 0!, ln 1!, … ln n!.
fn log_factorials(n: u64) -> Vec<f64> {
    let mut logs = vec![0.0];
    let mut sum = 0.0;
    for k in 1..=usize::try_from(n).unwrap_or(0) {
        sum += count(k).ln();
        logs.push(sum);
    }
    logs
}

/// The same question where deletions come in bursts: how often at least so many deleted losers
/// turn up when the deletions of each day are dealt anew among the signals of that day.
/// (1 + #{as many or more}) / (draws + 1).
#[must_use]
pub fn permuted(told: &[Told], draws: usize, seed: u64) -> f64 {
    let day = |at: Timestamp| {
        at.as_micros()
            .div_euclid(i64::try_from(DAY.as_micros()).unwrap_or(1))
    };
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    for one in told {
        let of = days.entry(day(one.received)).or_default();
        of.signals += 1;
        of.lost += usize::from(one.lost);
        of.deleted += usize::from(one.deleted);
        of.both += usize::from(one.lost && one.deleted);
    }
    // Of a day on which all or none were deleted, or lost, every deal tells the same.
    days.retain(|_, day| {
        let open = 1..day.signals;
        open.contains(&day.lost) && open.contains(&day.deleted)
    });
    let seen: usize = days.values().map(|day| day.both).sum();
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let deals = (0..draws).map(|_| {
        let dealt = days.values().map(|day| day.dealt(&mut dice));
        dealt.sum::<usize>()
    });
    let as_many = deals.filter(|losers| *losers >= seen).count();
    count(1 + as_many) / count(draws + 1)
}

/// How many signals of a day there are, lost, were deleted, or both.
#[derive(Clone, Copy, Debug, Default)]
struct Day {
    signals: usize,
    lost: usize,
    deleted: usize,
    both: usize,
}

impl Day {
    /// How many deleted losers there are when the deletions are dealt anew. Which of the two marks
    /// is dealt makes no difference, so it is the rarer one.
    fn dealt(&self, dice: &mut ChaCha8Rng) -> usize {
        let (dealt, marked) = (self.lost.min(self.deleted), self.lost.max(self.deleted));
        (0..dealt).fold(0, |both, nth| {
            let hit = dice.random_range(0..self.signals - nth) < marked - both;
            both + usize::from(hit)
        })
    }
}
