//! Training: from rows to a model that has been measured.
//!
//! The holdout is laid aside first. On the rest every configuration walks forward through time; the
//! best of each step is fitted once more on all of it, put right by what it said while it walked,
//! and then measured on the holdout, once. On the walk, too, each part is put right by the parts
//! before: steps are compared as they would speak. The champion is what won there.

use std::collections::BTreeMap;

use domain::statistics::count;
use serde::{Deserialize, Serialize};

use crate::dataset::{self, EMBARGO, Fold, Row, folds, holdout};
use crate::measure::{self, Said, Table};
use crate::steps::fitted::{Fitted, PutRight};
use crate::steps::line::LEAST_OF_EACH;
use crate::steps::network::{Eye, Pace, Shape};
use crate::steps::trees::Growth;
use crate::steps::{Chance, LADDER};

pub mod alarm;
mod bad;
mod champion;
mod kind;
mod shuffled;

pub use alarm::{Alarm, Suspect};
pub use bad::BadTraining;
pub use champion::{USUAL, may_speak};
pub use kind::Kind;
pub use shuffled::{NEAR, Shuffled};

/// How many steps the walk forward has.
const STEPS: usize = 4;

/// The ridges of the logistic regression that are tried.
const RIDGES: [f64; 3] = [30.0, 300.0, 3_000.0];

/// With fewer rows before it a part of the walk is not put right: the line would be learned from chance.
/// Nor is a part of the holdout with fewer measured by itself.
pub const ENOUGH: usize = 100;

/// With fewer rows nothing is fitted: intervals would say nothing.
pub const LEAST: usize = 200;

/// What is to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The dice.
    pub seed: u64,
    /// Which networks are tried.
    pub networks: Vec<(Shape, Pace)>,
    /// Which trees are tried.
    pub trees: Vec<Growth>,
    /// How often outcomes are shuffled to see whether a step finds something in them.
    pub shuffles: usize,
    /// Features that may be as telling as they are: whoever orders it knows why. They stand in the card.
    pub accept: Vec<String>,
}

impl Order {
    /// What is tried unless somebody says otherwise.
    #[must_use]
    pub fn usual(seed: u64) -> Self {
        let narrow = |eye| {
            let shape = Shape {
                eye,
                width: 64,
                earnings: 0.1,
                wide: None,
            };
            (shape, Pace::default())
        };
        // What begins where a regression stands has less to learn, and soon learns too much.
        let wide = |eye, width, rate| {
            let shape = Shape {
                eye,
                width,
                earnings: 0.1,
                wide: Some(RIDGES[1]),
            };
            let pace = Pace {
                rate,
                decay: 1.0,
                batch: 256,
                ..Pace::default()
            };
            (shape, pace)
        };
        Self {
            seed,
            networks: vec![
                narrow(Eye::Shut),
                narrow(Eye::Flat),
                narrow(Eye::Convolution),
                narrow(Eye::Recurrent),
                wide(Eye::Shut, 32, 5e-4),
                wide(Eye::Shut, 64, 1e-3),
                wide(Eye::Convolution, 64, 1e-3),
            ],
            trees: Growth::TRIED.to_vec(),
            shuffles: 20,
            accept: Vec::new(),
        }
    }
}

impl Order {
    /// One network and one growth of trees, both with less patience, and nothing is shuffled.
    #[must_use]
    pub fn quick(seed: u64) -> Self {
        let mut order = Self::usual(seed);
        order.networks.truncate(1);
        order.trees.truncate(1);
        order.shuffles = 0;
        for (_, pace) in &mut order.networks {
            (pace.rounds, pace.nets) = (10, 1);
        }
        for growth in &mut order.trees {
            (growth.trees, growth.rate) = (100, 0.1);
        }
        order
    }
}

/// Something that was tried on the walk forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// Which step.
    pub step: String,
    /// How.
    pub how: serde_json::Value,
    /// What it came to on the walk.
    pub log_loss: f64,
}

/// What came of training.
#[derive(Debug)]
pub struct Trained {
    /// Every step of the ladder.
    pub ladder: Vec<Fitted>,
    /// Which of them speaks.
    pub champion: &'static str,
    /// The ladder as it was measured on the holdout.
    pub holdout: Table,
    /// The same on those of the holdout that were received after every lesson; none where that is all of
    /// the holdout, or fewer than [`ENOUGH`] are.
    pub holdout_after: Option<Table>,
    /// How many of the holdout have a lesson of another channel that was received after them.
    pub held_before_lessons: usize,
    /// The ladder as it was measured on the walk.
    pub walk: Table,
    /// What the champion and geometry said of the holdout, drawn.
    pub picture: String,
    /// Everything that was tried.
    pub tried: Vec<Tried>,
    /// What each step that learns made of shuffled outcomes.
    pub shuffled: Vec<Shuffled>,
    /// What was found of features that know too much.
    pub alarm: Alarm,
    /// SHA-256 of all rows.
    pub data_hash: String,
    /// SHA-256 of the holdout.
    pub holdout_hash: String,
    /// How many rows were learned from.
    pub learned_from: usize,
    /// How many were left out because they reach into the holdout's time.
    pub purged: usize,
}

/// Trains and measures. `told` hears how far it has come, in parts of one.
///
/// # Errors
///
/// [`BadTraining`].
pub fn train(
    rows: &[Row],
    order: &Order,
    mut told: impl FnMut(f64, &str),
) -> Result<Trained, BadTraining> {
    let split = holdout(rows);
    if split.train.len() < LEAST || split.test.is_empty() {
        return Err(BadTraining::TooFew {
            rows: split.train.len(),
            least: LEAST,
        });
    }
    let of = |places: &[usize]| -> Vec<&Row> { places.iter().map(|nth| &rows[*nth]).collect() };
    let held = of(&split.test);
    let holdout_hash = dataset::hash(held.iter().copied());
    let learned = of(&split.train);
    let winners = learned.iter().filter(|row| row.won()).count();
    let losers = learned.len() - winners;
    if winners.min(losers) < LEAST_OF_EACH {
        return Err(BadTraining::OneSided {
            winners,
            losers,
            least: LEAST_OF_EACH,
        });
    }
    let alarm = alarm::judge(&learned, &order.accept)?;
    let walk = folds(rows, &split.train, STEPS);
    let walked: Vec<&Row> = walk.iter().flat_map(|fold| of(&fold.test)).collect();
    let kinds = order.kinds();
    let mut tried = Vec::new();
    // Of each step what came nearest on the walk, and what it said there.
    let mut best: BTreeMap<&'static str, (f64, Vec<Vec<Chance>>, Kind)> = BTreeMap::new();
    for (nth, kind) in kinds.iter().enumerate() {
        told(0.4 * count(nth) / count(kinds.len()), kind.name());
        let said = kind.sketch().walk(rows, &walk, order.seed)?;
        let log_loss = log_loss(&walked, &as_it_would_speak(kind, rows, &walk, &said));
        tried.push(Tried {
            step: kind.name().to_owned(),
            how: kind.how(),
            log_loss,
        });
        let better = best
            .get(kind.name())
            .is_none_or(|(least, ..)| log_loss < *least);
        if better {
            best.insert(kind.name(), (log_loss, said, *kind));
        }
    }
    let (mut ladder, mut on_walk, mut on_holdout) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_noise = Vec::new();
    for (nth, name) in LADDER.into_iter().enumerate() {
        told(0.4 + 0.55 * count(nth) / count(LADDER.len()), name);
        let Some((_, mut said, kind)) = best.remove(name) else {
            continue;
        };
        if kind.learns_features() && order.shuffles > 0 {
            let (sketch, among) = (kind.sketch(), &split.train);
            of_noise.push(shuffled::shuffled(
                &sketch,
                rows,
                among,
                order.shuffles,
                order.seed,
            )?);
        }
        if kind.sketch() != kind {
            said = kind.walk(rows, &walk, order.seed)?;
        }
        let fitted = Fitted {
            step: kind.fit(rows, &split.train, order.seed)?,
            put_right: if kind.is_fitted() {
                let told = walked.iter().copied().zip(said.iter().map(Vec::as_slice));
                PutRight::learn(told)
            } else {
                PutRight::NOT
            },
        };
        on_walk.push(as_it_would_speak(&kind, rows, &walk, &said));
        on_holdout.push(fitted.said(&held));
        ladder.push(fitted);
    }
    told(0.97, "measuring");
    let walk = measure::table(&walked, &on_walk);
    let champion = champion::of(&walk, &of_noise);
    let after = after_lessons(&learned, &held);
    Ok(Trained {
        picture: picture(&held, &on_holdout, champion),
        champion,
        ladder,
        holdout: measure::table(&held, &on_holdout),
        holdout_after: (after.len() >= ENOUGH && after.len() < held.len())
            .then(|| part_of(&held, &on_holdout, &after)),
        held_before_lessons: held.len() - after.len(),
        alarm,
        walk,
        tried,
        shuffled: of_noise,
        data_hash: dataset::hash(rows),
        holdout_hash,
        learned_from: split.train.len(),
        purged: rows.len() - split.train.len() - split.test.len(),
    })
}

impl Order {
    fn kinds(&self) -> Vec<Kind> {
        let plain = [
            Kind::Coin,
            Kind::ChannelBaseRate,
            Kind::Geometry,
            Kind::GeometryCalibrated,
        ];
        let logistic = RIDGES.into_iter().map(Kind::Logistic);
        let trees = self.trees.iter().map(|growth| Kind::Trees(*growth));
        let networks = self.networks.iter();
        let networks = networks.map(|(shape, pace)| Kind::Network(*shape, *pace));
        plain
            .into_iter()
            .chain(logistic)
            .chain(trees)
            .chain(networks)
            .collect()
    }
}

/// What a step says of the walk's first targets as it would speak: each part is put right by what the step
/// said of the parts before, as far as that was over by then.
fn as_it_would_speak(kind: &Kind, rows: &[Row], walk: &[Fold], said: &[Vec<Chance>]) -> Said {
    let places = walk.iter().flat_map(|fold| &fold.test);
    let told: Vec<(&Row, &[Chance])> = places
        .map(|nth| &rows[*nth])
        .zip(said.iter().map(Vec::as_slice))
        .collect();
    let (mut chances, mut expected_r) = (Vec::new(), Vec::new());
    for part in walk {
        let (before, rest) = told.split_at(chances.len());
        let now = &rest[..part.test.len()];
        let put_right = now.first().map_or(PutRight::NOT, |(first, _)| {
            let is_over = |(row, _): &&(&Row, _)| row.ended + EMBARGO <= first.received;
            let over = before.iter().filter(is_over);
            if kind.is_fitted() && over.clone().count() >= ENOUGH {
                PutRight::learn(over.copied())
            } else {
                PutRight::NOT
            }
        });
        for (row, said) in now {
            let answer = put_right.answer(&row.features, said);
            chances.push(answer.chances[0].target);
            expected_r.push(answer.expected_r);
        }
    }
    Said {
        step: kind.name(),
        chances,
        expected_r,
    }
}

/// The places of those held out that were received after every lesson. A channel may have ended before
/// others began: then what is measured of it is told by steps that have learned from a later time.
fn after_lessons(learned: &[&Row], held: &[&Row]) -> Vec<usize> {
    let last = learned.iter().map(|row| row.received).max();
    let after = |nth: &usize| last.is_none_or(|last| held[*nth].received > last);
    (0..held.len()).filter(after).collect()
}

/// The ladder on some of those held out.
fn part_of(held: &[&Row], said: &[Said], places: &[usize]) -> Table {
    let rows: Vec<&Row> = places.iter().map(|nth| held[*nth]).collect();
    let said: Vec<Said> = said.iter().map(|said| said.among(places)).collect();
    measure::table(&rows, &said)
}

/// The mean log-loss of the first targets.
fn log_loss(rows: &[&Row], said: &Said) -> f64 {
    let losses = rows.iter().zip(&said.chances).map(|(row, p)| {
        let p = p.clamp(1e-6, 1.0 - 1e-6);
        -(if row.won() { p } else { 1.0 - p }).ln()
    });
    losses.sum::<f64>() / count(rows.len().max(1))
}

/// The reliability of geometry and the champion on the holdout.
fn picture(held: &[&Row], said: &[Said], champion: &str) -> String {
    let won: Vec<bool> = held.iter().map(|row| row.won()).collect();
    let drawn: Vec<(&str, &[f64])> = said
        .iter()
        .filter(|said| said.step == "geometry" || said.step == champion)
        .map(|said| (said.step, said.chances.as_slice()))
        .collect();
    measure::reliability("Told and happened, on the holdout", &won, &drawn)
}

#[cfg(test)]
mod tests;
