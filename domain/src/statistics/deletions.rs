//! Deletions: whether those who delete delete what lost.

use std::collections::BTreeMap;

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom as _;

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
    let mut days: BTreeMap<i64, Vec<(bool, bool)>> = BTreeMap::new();
    for one in told {
        let signals = days.entry(day(one.received)).or_default();
        signals.push((one.lost, one.deleted));
    }
    // Of a day on which all or none were deleted, or lost, every deal tells the same.
    let same = |signals: &[(bool, bool)], of: fn(&(bool, bool)) -> bool| {
        let many = signals.iter().filter(|one| of(one)).count();
        many == 0 || many == signals.len()
    };
    days.retain(|_, signals| !same(signals, |one| one.0) && !same(signals, |one| one.1));
    let both = |one: &&(bool, bool)| one.0 && one.1;
    let seen = (days.values().flatten()).filter(both).count();
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut as_many = 0;
    let mut deleted: Vec<bool> = Vec::new();
    for _ in 0..draws {
        let mut losers = 0;
        for signals in days.values() {
            deleted.clear();
            deleted.extend(signals.iter().map(|(_, deleted)| deleted));
            deleted.shuffle(&mut dice);
            let both = signals.iter().zip(&deleted);
            losers += both
                .filter(|((lost, _), deleted)| *lost && **deleted)
                .count();
        }
        as_many += usize::from(losers >= seen);
    }
    count(1 + as_many) / count(draws + 1)
}
