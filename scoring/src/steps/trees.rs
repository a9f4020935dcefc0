//! Gradient-boosted trees, by the crate `forust-ml`.

use std::fmt;
use std::sync::Arc;

use forust_ml::constraints::{Constraint, ConstraintMap};
use forust_ml::{GradientBooster, Matrix};
use serde::{Deserialize, Serialize};

use super::columns::{Columns, name, raw_width};
use super::line::logistic;
use super::{Asked, Chance, Lesson};
use crate::dataset::Fate;

/// How trees are grown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// How deep a tree may be.
    pub depth: usize,
    /// How much of each tree counts.
    pub rate: f32,
    /// The least weight of a leaf.
    pub leaf: f32,
    /// How many trees at most; fewer where more do not help.
    pub trees: usize,
}

impl Growth {
    /// What is tried.
    pub const TRIED: [Self; 3] = [
        Self {
            depth: 3,
            rate: 0.03,
            leaf: 30.0,
            trees: 800,
        },
        Self {
            depth: 5,
            rate: 0.03,
            leaf: 60.0,
            trees: 600,
        },
        Self {
            depth: 2,
            rate: 0.05,
            leaf: 30.0,
            trees: 1_000,
        },
    ];
}

/// So many trees without a gain, and no more are grown.
const PATIENCE: usize = 40;

/// Fitted trees.
#[derive(Clone)]
pub struct Trees {
    booster: Arc<GradientBooster>,
    /// Which features they hear.
    columns: Columns,
}

impl fmt::Debug for Trees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trees({})", self.booster.trees.len())
    }
}

/// Why trees could not be grown or read.
#[derive(Debug, thiserror::Error)]
#[error("the boosted trees: {0}")]
pub struct BadTrees(pub String);

impl Trees {
    /// Grows trees, and stops where a later part of the time gains nothing more.
    ///
    /// # Errors
    ///
    /// [`BadTrees`] where the library refuses the numbers.
    pub fn fit(
        lessons: &[Lesson<'_>],
        later: &[Lesson<'_>],
        growth: Growth,
        seed: u64,
    ) -> Result<Self, BadTrees> {
        let columns = Columns::fit(lessons);
        let (values, won, weights) = table(&columns, lessons);
        let (later_values, later_won, later_weights) = table(&columns, later);
        let matrix = Matrix::new(&values, lessons.len(), raw_width());
        let evaluated = (!later.is_empty()).then(|| {
            let matrix = Matrix::new(&later_values, later.len(), raw_width());
            vec![(matrix, later_won.as_slice(), later_weights.as_slice())]
        });
        let mut booster = GradientBooster::default()
            .set_iterations(growth.trees)
            .set_learning_rate(growth.rate)
            .set_max_depth(growth.depth)
            .set_max_leaves(1 << growth.depth)
            .set_min_leaf_weight(growth.leaf)
            .set_l2(10.0)
            .set_subsample(0.8)
            .set_colsample_bytree(0.5)
            .set_seed(seed)
            .set_parallel(false)
            .set_initialize_base_score(false)
            .set_base_score(begins(&won, &weights))
            .set_monotone_constraints(Some(farther_is_less_likely()))
            .set_early_stopping_rounds(evaluated.is_some().then_some(PATIENCE));
        booster
            .fit(&matrix, &won, &weights, evaluated)
            .map_err(|error| BadTrees(error.to_string()))?;
        // Needed to grow alone; it would be written in another order each time.
        booster.monotone_constraints = None;
        Ok(Self {
            booster: Arc::new(booster),
            columns,
        })
    }

    /// How likely each of these is.
    #[must_use]
    pub fn chances(&self, asked: &[Asked<'_>]) -> Vec<Chance> {
        let values = by_columns(&self.columns, asked);
        let matrix = Matrix::new(&values, asked.len(), raw_width());
        let sure = self.booster.predict(&matrix, false);
        sure.into_iter()
            .map(|z| Chance {
                target: logistic(z),
                neither: 0.0,
            })
            .collect()
    }

    /// By how much each feature moves the log-odds (Shapley's values on trees would take longer than
    /// a signal can wait; these are the mean differences along the path).
    #[must_use]
    pub fn moved(&self, asked: &Asked<'_>) -> Vec<f64> {
        let values = by_columns(&self.columns, std::slice::from_ref(asked));
        let matrix = Matrix::new(&values, 1, raw_width());
        let method = forust_ml::gradientbooster::ContributionsMethod::Average;
        let mut moved = self.booster.predict_contributions(&matrix, method, false);
        moved.truncate(raw_width());
        moved
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.booster.trees.len()
    }

    /// Which features they hear; stands beside the text of the trees.
    #[must_use]
    pub const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The trees as text.
    ///
    /// # Errors
    ///
    /// [`BadTrees`] where they cannot be written.
    pub fn to_json(&self) -> Result<String, BadTrees> {
        let dumped = self.booster.json_dump();
        dumped.map_err(|error| BadTrees(error.to_string()))
    }

    /// Reads trees that hear these features.
    ///
    /// # Errors
    ///
    /// [`BadTrees`] where the text holds none.
    pub fn from_json(text: &str, columns: Columns) -> Result<Self, BadTrees> {
        let booster =
            GradientBooster::from_json(text).map_err(|error| BadTrees(error.to_string()))?;
        Ok(Self {
            booster: Arc::new(booster),
            columns,
        })
    }
}

/// A target that is farther away is never likelier than a nearer one.
fn farther_is_less_likely() -> ConstraintMap {
    let mut constraints = ConstraintMap::new();
    for nth in 0..raw_width() {
        match name(nth) {
            "target.logit" => {
                constraints.insert(nth, Constraint::Positive);
            }
            "target.reward_log" => {
                constraints.insert(nth, Constraint::Negative);
            }
            _ => {}
        }
    }
    constraints
}

/// The log-odds at which trees begin: of the share that was won, with half a win and half a loss besides
/// (Jeffreys' prior: Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, 2001). Where
/// everything ended alike the share itself would have none.
fn begins(won: &[f64], weights: &[f64]) -> f64 {
    let all: f64 = weights.iter().sum();
    let winners: f64 = won
        .iter()
        .zip(weights)
        .map(|(won, weight)| won * weight)
        .sum();
    ((winners + 0.5) / (all - winners + 0.5)).ln()
}

/// Features column by column, whether they were won, and their weights.
fn table(columns: &Columns, lessons: &[Lesson<'_>]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let asked: Vec<Asked<'_>> = lessons.iter().map(Lesson::asked).collect();
    let won = lessons
        .iter()
        .map(|lesson| f64::from(u8::from(lesson.fate() == Fate::Target)));
    let weights = lessons.iter().map(|lesson| lesson.weight);
    (
        by_columns(columns, &asked),
        won.collect(),
        weights.collect(),
    )
}

fn by_columns(columns: &Columns, asked: &[Asked<'_>]) -> Vec<f64> {
    let (rows, width) = (asked.len(), raw_width());
    let mut values = vec![f64::NAN; rows * width];
    let mut raw = Vec::with_capacity(width);
    for (row, asked) in asked.iter().enumerate() {
        raw.clear();
        columns.heard(asked, &mut raw);
        for (column, value) in raw.iter().enumerate() {
            values[column * rows + row] = f64::from(*value);
        }
    }
    values
}
