//! The steps of the ladder: from a coin to a network, each a way to say how likely a target is.
//!
//! What needs no fitting stands as it is; what is fitted sees rows, their weights, and for stopping
//! early a later part of the same time.

use crate::dataset::{Fate, Row};
use crate::features::Features;

pub mod columns;
pub mod fitted;
pub mod line;
pub mod logistic;
pub mod network;
pub mod trees;

use columns::Columns;
use line::Line;
use logistic::Logistic;
use network::Network;
use trees::Trees;

/// The names of the steps, from the lowest to the highest.
pub const LADDER: [&str; 7] = [
    "coin",
    "channel_base_rate",
    "geometry",
    "geometry_calibrated",
    "logistic",
    "gbdt",
    "burn",
];

/// How likely a target is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// That it is reached before the stop.
    pub target: f64,
    /// That neither is.
    pub neither: f64,
}

/// One target of a signal: what is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What was known of the signal.
    pub features: &'a Features,
    /// Which target, from nought.
    pub nth: usize,
}

/// One target of a signal that is over: what is learned from.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The signal.
    pub row: &'a Row,
    /// Which target, from nought.
    pub nth: usize,
    /// How much it counts.
    pub weight: f64,
}

/// How much a target after the first counts: it says much that the first has said.
const LATER: f64 = 0.3;

impl<'a> Lesson<'a> {
    /// Every target of some rows, weighted.
    #[must_use]
    pub fn all(rows: &[&'a Row], weights: &[f64]) -> Vec<Self> {
        let weighted = rows.iter().zip(weights);
        weighted
            .flat_map(|(row, weight)| {
                (0..row.fates.len()).map(move |nth| Lesson {
                    row,
                    nth,
                    weight: if nth == 0 { *weight } else { weight * LATER },
                })
            })
            .collect()
    }

    /// What is asked about it.
    #[must_use]
    pub const fn asked(&self) -> Asked<'a> {
        Asked {
            features: &self.row.features,
            nth: self.nth,
        }
    }

    /// What came of it.
    #[must_use]
    pub fn fate(&self) -> Fate {
        self.row.fates[self.nth]
    }
}

/// A step that can be asked.
#[derive(Clone, Debug)]
pub enum Step {
    /// A half.
    Coin,
    /// The channel's own win rate so far, whatever the levels.
    ChannelBaseRate,
    /// What the levels alone say.
    Geometry,
    /// The same, corrected by a straight line through log-odds.
    GeometryCalibrated(Line),
    /// Logistic regression on every feature.
    Logistic(Box<Logistic>),
    /// Gradient-boosted trees.
    Trees(Box<Trees>),
    /// A network in burn.
    Network(Box<Network>),
}

impl Step {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Coin => LADDER[0],
            Self::ChannelBaseRate => LADDER[1],
            Self::Geometry => LADDER[2],
            Self::GeometryCalibrated(_) => LADDER[3],
            Self::Logistic(_) => LADDER[4],
            Self::Trees(_) => LADDER[5],
            Self::Network(_) => LADDER[6],
        }
    }

    /// How likely each of these is.
    #[must_use]
    pub fn chances(&self, asked: &[Asked<'_>]) -> Vec<Chance> {
        let each = |of: &dyn Fn(&Asked<'_>) -> f64| {
            asked
                .iter()
                .map(|asked| Chance {
                    target: of(asked),
                    neither: 0.0,
                })
                .collect()
        };
        match self {
            Self::Coin => each(&|_| 0.5),
            Self::ChannelBaseRate => each(&|asked| Columns::win_rate(asked.features)),
            Self::Geometry => each(&|asked| asked.features.odds.targets[asked.nth]),
            Self::GeometryCalibrated(line) => {
                each(&|asked| line.of(asked.features.odds.targets[asked.nth]))
            }
            Self::Logistic(logistic) => logistic.chances(asked),
            Self::Trees(trees) => trees.chances(asked),
            Self::Network(network) => network.chances(asked),
        }
    }
}
