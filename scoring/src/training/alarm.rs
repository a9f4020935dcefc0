//! The alarm: features that know too much.
//!
//! Honest features move the chance of a target a little. One that tells winners from losers among
//! signals of like levels as well as nothing honest does has seen what came after receipt.

use crate::dataset::Row;
use crate::features::count;
use crate::steps::Asked;
use crate::steps::columns::{Columns, name, raw_width};

/// Beyond this no honest feature goes: the best models come to 0.62.
pub const TOO_GOOD: f64 = 0.70;

/// Signals are compared with those whose levels are alike: so many parts.
const PARTS: usize = 10;

/// With fewer winners or losers than this nothing is said.
const ENOUGH: usize = 100;

/// A feature that knows too much.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Which.
    pub feature: &'static str,
    /// How well it alone tells winners from losers of like levels; a half is not at all.
    pub auc: f64,
}

/// The features of these rows that know too much, the worst first.
#[must_use]
pub fn suspects(rows: &[&Row]) -> Vec<Suspect> {
    let won = rows.iter().filter(|row| row.won()).count();
    if won.min(rows.len() - won) < ENOUGH {
        return Vec::new();
    }
    let mut by_levels: Vec<&Row> = rows.to_vec();
    by_levels.sort_by(|one, other| {
        let levels = |row: &Row| row.features.odds.first();
        levels(one).total_cmp(&levels(other))
    });
    let table: Vec<(Vec<f32>, bool)> = by_levels
        .iter()
        .map(|row| {
            let mut raw = Vec::new();
            Columns::raw(
                &Asked {
                    features: &row.features,
                    nth: 0,
                },
                &mut raw,
            );
            (raw, row.won())
        })
        .collect();
    let mut suspects: Vec<Suspect> = (0..raw_width())
        .map(|nth| Suspect {
            feature: name(nth),
            auc: within_parts(&table, nth),
        })
        .filter(|suspect| suspect.auc >= TOO_GOOD)
        .collect();
    suspects.sort_by(|one, other| other.auc.total_cmp(&one.auc));
    suspects
}

/// How well a feature tells winners from losers within parts of like levels, whichever way round; a
/// half where too few of either know it, because among a handful anything may look telling.
fn within_parts(table: &[(Vec<f32>, bool)], nth: usize) -> f64 {
    let knows = |wanted: bool| {
        let those = table
            .iter()
            .filter(|(raw, won)| *won == wanted && !raw[nth].is_nan());
        those.count() >= ENOUGH
    };
    if !knows(true) || !knows(false) {
        return 0.5;
    }
    let (mut right, mut pairs) = (0.0, 0.0);
    for part in table.chunks(table.len().div_ceil(PARTS)) {
        let mut known: Vec<(f32, bool)> = part
            .iter()
            .map(|(raw, won)| (raw[nth], *won))
            .filter(|(value, _)| !value.is_nan())
            .collect();
        known.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut losers = 0.0;
        for alike in known.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
            let won = count(alike.iter().filter(|(_, won)| *won).count());
            let lost = count(alike.len()) - won;
            right += won * (losers + lost / 2.0);
            losers += lost;
        }
        let won = count(known.iter().filter(|(_, won)| *won).count());
        pairs += won * losers;
    }
    let auc = if pairs > 0.0 { right / pairs } else { 0.5 };
    auc.max(1.0 - auc)
}
