//! Predictions: what a model says of one signal, and what moved it to.

use smol_str::SmolStr;

use crate::features::Features;
use crate::steps::columns::name;
use crate::steps::fitted::Answer;
use crate::steps::{Asked, Step};

/// So many features are named.
const NAMED: usize = 5;

/// A feature that moved the log-odds by less is not worth a name.
const LITTLE: f64 = 0.005;

/// What a model says of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Which model, `NAME/VERSION`.
    pub model: SmolStr,
    /// P(target k before stop before expiry | entered) for each target, falling.
    pub targets: Vec<f64>,
    /// P(stop before the first target | entered).
    pub stop: f64,
    /// P(neither the first target nor the stop before it is over | entered).
    pub neither: f64,
    /// `E[R]`, net of costs, of all targets with their shares.
    pub expected_r: f64,
    /// How much likelier the first target is than by the levels alone; negative where less.
    pub skill: f64,
    /// The features that moved it most away from the levels alone, the strongest first.
    pub moved: Vec<Moved>,
}

/// What one feature did to a prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Which feature, as the schema names it.
    pub feature: &'static str,
    /// By how much the log-odds of the first target are higher than with a usual value.
    pub by: f64,
}

impl Prediction {
    pub(super) fn of(model: SmolStr, step: &Step, signal: &Features, answer: &Answer) -> Self {
        let first = answer.chances[0];
        Self {
            model,
            targets: answer.chances.iter().map(|chance| chance.target).collect(),
            stop: (1.0 - first.target - first.neither).max(0.0),
            neither: first.neither,
            expected_r: answer.expected_r,
            skill: first.target - signal.odds.first(),
            moved: moved(step, signal),
        }
    }
}

fn moved(step: &Step, features: &Features) -> Vec<Moved> {
    let asked = Asked { features, nth: 0 };
    let by = match step {
        Step::Coin | Step::ChannelBaseRate | Step::Geometry | Step::GeometryCalibrated(_) => {
            return Vec::new();
        }
        Step::Logistic(logistic) => logistic.moved(&asked),
        Step::Trees(trees) => trees.moved(&asked),
        Step::Network(network) => network.moved(&asked),
    };
    let mut moved: Vec<Moved> = by
        .into_iter()
        .enumerate()
        .filter(|(_, by)| by.abs() >= LITTLE)
        .map(|(nth, by)| Moved {
            feature: name(nth),
            by,
        })
        .collect();
    moved.sort_by(|one, other| other.by.abs().total_cmp(&one.by.abs()));
    moved.truncate(NAMED);
    moved
}
