//! A step that is to be fitted, and how.

use serde_json::json;

use crate::dataset::{Fold, Row, purged, uniqueness};
use crate::features::Features;
use crate::steps::line::Line;
use crate::steps::logistic::Logistic;
use crate::steps::network::{self, Pace, Shape};
use crate::steps::trees::{BadTrees, Growth, Trees};
use crate::steps::{Chance, LADDER, Lesson, Step};

/// The share of what is learned from, the last by time, that says when to stop.
const LATER: f64 = 0.15;

/// What is to be fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A half.
    Coin,
    /// The channel's own win rate.
    ChannelBaseRate,
    /// What the levels say.
    Geometry,
    /// The same, put right.
    GeometryCalibrated,
    /// Logistic regression with a ridge of so many lessons that say nothing.
    Logistic(f64),
    /// Boosted trees, grown so.
    Trees(Growth),
    /// Networks, built so and trained so.
    Network(Shape, Pace),
}

impl Kind {
    /// Its step's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Coin => LADDER[0],
            Self::ChannelBaseRate => LADDER[1],
            Self::Geometry => LADDER[2],
            Self::GeometryCalibrated => LADDER[3],
            Self::Logistic(_) => LADDER[4],
            Self::Trees(_) => LADDER[5],
            Self::Network(..) => LADDER[6],
        }
    }

    /// Is there anything to learn?
    #[must_use]
    pub const fn is_fitted(&self) -> bool {
        match self {
            Self::Coin | Self::ChannelBaseRate | Self::Geometry => false,
            Self::GeometryCalibrated | Self::Logistic(_) | Self::Trees(_) | Self::Network(..) => {
                true
            }
        }
    }

    /// Does it learn from features, and not from the levels alone?
    #[must_use]
    pub const fn learns_features(&self) -> bool {
        match self {
            Self::Coin | Self::ChannelBaseRate | Self::Geometry | Self::GeometryCalibrated => false,
            Self::Logistic(_) | Self::Trees(_) | Self::Network(..) => true,
        }
    }

    /// How it is fitted, for the card.
    #[must_use]
    pub fn how(&self) -> serde_json::Value {
        match self {
            Self::Coin | Self::ChannelBaseRate | Self::Geometry => json!({}),
            Self::GeometryCalibrated => json!({"method": "a line through log-odds, Newton"}),
            Self::Logistic(ridge) => json!({"method": "Newton", "ridge": ridge}),
            Self::Trees(growth) => json!(growth),
            Self::Network(shape, pace) => json!({"shape": shape, "pace": pace}),
        }
    }

    /// The same with one network where it has several: enough to compare configurations by.
    #[must_use]
    pub fn sketch(&self) -> Self {
        match self {
            Self::Network(shape, pace) => Self::Network(*shape, Pace { nets: 1, ..*pace }),
            Self::Coin
            | Self::ChannelBaseRate
            | Self::Geometry
            | Self::GeometryCalibrated
            | Self::Logistic(_)
            | Self::Trees(_) => *self,
        }
    }

    /// Fits it on some rows, given by their places in the order of time.
    ///
    /// # Errors
    ///
    /// [`BadTrees`] where the trees' library refuses the numbers.
    pub fn fit(&self, rows: &[Row], among: &[usize], seed: u64) -> Result<Step, BadTrees> {
        Ok(match self {
            Self::Coin => Step::Coin,
            Self::ChannelBaseRate => Step::ChannelBaseRate,
            Self::Geometry => Step::Geometry,
            Self::GeometryCalibrated => {
                let lessons = Classroom::of(rows, among);
                let first = lessons.all().into_iter().filter(|lesson| lesson.nth == 0);
                let points: Vec<(f64, bool, f64)> = first
                    .map(|lesson| {
                        (
                            lesson.row.features.odds.first(),
                            lesson.row.won(),
                            lesson.weight,
                        )
                    })
                    .collect();
                Step::GeometryCalibrated(Line::learn(points.iter().copied()))
            }
            Self::Logistic(ridge) => {
                let lessons = Classroom::of(rows, among).all();
                Step::Logistic(Box::new(Logistic::fit(&lessons, *ridge)))
            }
            Self::Trees(growth) => {
                let lessons = Classroom::stopped(rows, among);
                let trees = Trees::fit(&lessons.all(), &lessons.later(), *growth, seed)?;
                Step::Trees(Box::new(trees))
            }
            Self::Network(shape, pace) => {
                let lessons = Classroom::stopped(rows, among);
                let network =
                    network::fit(&lessons.all(), &lessons.later(), *shape, *pace, seed, || {});
                Step::Network(Box::new(network))
            }
        })
    }

    /// What it says of every row that a walk forward is measured on, in the walk's order.
    ///
    /// # Errors
    ///
    /// As [`Self::fit`].
    pub fn walk(
        &self,
        rows: &[Row],
        walk: &[Fold],
        seed: u64,
    ) -> Result<Vec<Vec<Chance>>, BadTrees> {
        let mut said = Vec::new();
        for fold in walk {
            let step = self.fit(rows, &fold.train, seed)?;
            let test: Vec<&Features> = fold.test.iter().map(|nth| &rows[*nth].features).collect();
            said.extend(step.of_signals(&test));
        }
        Ok(said)
    }
}

/// Rows that are learned from, weighted by how much of their way is their own, and later ones that
/// say when to stop.
struct Classroom<'a> {
    rows: Vec<&'a Row>,
    weights: Vec<f64>,
    later: Vec<&'a Row>,
    later_weights: Vec<f64>,
}

impl<'a> Classroom<'a> {
    fn of(rows: &'a [Row], among: &[usize]) -> Self {
        Self::parted(rows, among, &[])
    }

    /// The last part of the time is kept to say when to stop.
    fn stopped(rows: &'a [Row], among: &[usize]) -> Self {
        let kept = among.len() - crate::dataset::share(among.len(), LATER);
        let (early, later) = among.split_at(kept);
        let Some(begin) = later.first().map(|nth| rows[*nth].received) else {
            return Self::of(rows, among);
        };
        let early = purged(rows, early, begin);
        if early.is_empty() {
            return Self::of(rows, among);
        }
        Self::parted(rows, &early, later)
    }

    fn parted(rows: &'a [Row], early: &[usize], later: &[usize]) -> Self {
        let of =
            |places: &[usize]| -> Vec<&'a Row> { places.iter().map(|nth| &rows[*nth]).collect() };
        let (rows, later) = (of(early), of(later));
        Self {
            weights: uniqueness(&rows),
            later_weights: uniqueness(&later),
            rows,
            later,
        }
    }

    fn all(&self) -> Vec<Lesson<'a>> {
        Lesson::all(&self.rows, &self.weights)
    }

    fn later(&self) -> Vec<Lesson<'a>> {
        Lesson::all(&self.later, &self.later_weights)
    }
}
