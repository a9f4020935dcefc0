//! Uniqueness: how much of a row's way is its own.
//!
//! Ten signals on one coin at one time say little more than one. Each counts by the mean, over its
//! way, of one over how many are on their way with it (López de Prado, Advances in Financial
//! Machine Learning, 2018, section 4.3), and the weights are made one on average.

use std::collections::BTreeMap;

use domain::market::Pair;

use super::Row;

/// The weight of each of these rows.
#[must_use]
pub fn uniqueness(rows: &[&Row]) -> Vec<f64> {
    let mut of: BTreeMap<&Pair, Vec<usize>> = BTreeMap::new();
    for (nth, row) in rows.iter().enumerate() {
        of.entry(&row.instrument.pair).or_default().push(nth);
    }
    let mut weights = vec![0.0; rows.len()];
    for together in of.values() {
        weigh(rows, together, &mut weights);
    }
    let mean = weights.iter().sum::<f64>() / domain::statistics::count(weights.len().max(1));
    if mean > 0.0 {
        weights.iter_mut().for_each(|weight| *weight /= mean);
    }
    weights
}

fn weigh(rows: &[&Row], together: &[usize], weights: &mut [f64]) {
    // A way that takes no time still counts as one of a second.
    let span = |nth: usize| {
        let row = rows[nth];
        let begin = row.received.as_micros();
        (begin, row.ended.as_micros().max(begin + 1_000_000))
    };
    let mut instants: Vec<i64> = together
        .iter()
        .flat_map(|nth| <[i64; 2]>::from(span(*nth)))
        .collect();
    instants.sort_unstable();
    instants.dedup();
    let place = |at: i64| instants.partition_point(|instant| *instant < at);
    let mut change = vec![0.0_f64; instants.len() + 1];
    for nth in together {
        let (begin, end) = span(*nth);
        change[place(begin)] += 1.0;
        change[place(end)] -= 1.0;
    }
    // The integral of one over the number on their way, up to each instant.
    let mut integral = vec![0.0_f64; instants.len()];
    let mut on_their_way = 0.0;
    for nth in 1..instants.len() {
        on_their_way += change[nth - 1];
        #[expect(
            clippy::cast_precision_loss,
            reason = "a way is shorter than 2^52 microseconds"
        )]
        let length = (instants[nth] - instants[nth - 1]) as f64;
        let own = if on_their_way > 0.0 {
            length / on_their_way
        } else {
            0.0
        };
        integral[nth] = integral[nth - 1] + own;
    }
    for nth in together {
        let (begin, end) = span(*nth);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a way is shorter than 2^52 microseconds"
        )]
        let length = (end - begin) as f64;
        weights[*nth] = (integral[place(end)] - integral[place(begin)]) / length;
    }
}
