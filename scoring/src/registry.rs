//! The registry: models in their folders, loaded whole or not at all.
//!
//! A folder holds the weights, and a card that says what they are, what they were measured at, and
//! the digest of every file. A file that is missing, cut short or somebody else's is refused, as is
//! a card of another schema, and a model of the simulator for anything but the simulator.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::post::Origin;
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::features::{self, Features};

mod card;

pub use card::{CARD, Card, FORM, TrainedOn};

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

/// Why a model is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum BadModel {
    /// A file cannot be read.
    #[error(
        "the model {folder} cannot be loaded: {file} cannot be read ({source}); train it again with `touchstone train`, or copy the whole folder"
    )]
    Unreadable {
        /// Which model.
        folder: PathBuf,
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The card is none.
    #[error(
        "the model {folder} cannot be loaded: its card.json is none ({why}); train it again with `touchstone train`, or copy the whole folder"
    )]
    NoCard {
        /// Which model.
        folder: PathBuf,
        /// Why.
        why: String,
    },
    /// A file is not the one that the card speaks of.
    #[error(
        "the model {folder} cannot be loaded: {file} is cut short or belongs to another model (its SHA-256 is {found}, the card says {told}); copy the whole folder again"
    )]
    Foreign {
        /// Which model.
        folder: PathBuf,
        /// Which file.
        file: String,
        /// What the card says.
        told: String,
        /// What it is.
        found: String,
    },
    /// It was trained on other features.
    #[error(
        "the model {folder} cannot be loaded: it reads features of schema {told}, this program makes {made}; train it again with `touchstone train`"
    )]
    OtherFeatures {
        /// Which model.
        folder: PathBuf,
        /// The schema that it was trained on.
        told: String,
        /// The schema of this program.
        made: String,
    },
    /// It was trained on the simulator, and asked for real signals.
    #[error(
        "the model {folder} cannot be loaded: it was trained on the simulator and may only score what the simulator made, not signals of origin `{asked}`"
    )]
    OfTheSimulator {
        /// Which model.
        folder: PathBuf,
        /// For which signals it was asked for.
        asked: Origin,
    },
    /// The weights say something else than the card.
    #[error(
        "the model {folder} cannot be loaded: {file} does not fit its card ({why}); train it again with `touchstone train`"
    )]
    Unfit {
        /// Which model.
        folder: PathBuf,
        /// Which file.
        file: String,
        /// Why.
        why: String,
    },
}

/// A model that was loaded and checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    card: Card,
    model: SmolStr,
}

impl Loaded {
    /// Loads the model of a folder to score signals of this origin.
    ///
    /// # Errors
    ///
    /// [`BadModel`], which says what is wrong and what helps.
    pub fn load(folder: &Path, scores: Origin) -> Result<Self, BadModel> {
        let card = Card::parse(&read(folder, CARD)?).map_err(|why| BadModel::NoCard {
            folder: folder.to_owned(),
            why,
        })?;
        if card.trained_on == TrainedOn::Simulator && scores != Origin::Simulator {
            return Err(BadModel::OfTheSimulator {
                folder: folder.to_owned(),
                asked: scores,
            });
        }
        let made = &features::schema().hash;
        if card.schema != *made {
            return Err(BadModel::OtherFeatures {
                folder: folder.to_owned(),
                told: card.schema,
                made: made.clone(),
            });
        }
        let _files = files(folder, &card)?;
        Ok(Self {
            model: SmolStr::new(format!("{}/{}", card.name, card.version)),
            card,
        })
    }

    /// Its name and version, stored with every score.
    #[must_use]
    pub fn model(&self) -> SmolStr {
        self.model.clone()
    }

    /// What it is and what it was measured at.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// What it says of these signals, in order.
    #[must_use]
    pub fn score(&self, signals: &[Features]) -> Vec<Prediction> {
        signals
            .iter()
            .map(|signal| self.by_geometry(signal))
            .collect()
    }

    /// The calibrated chances that the levels give.
    fn by_geometry(&self, signal: &Features) -> Prediction {
        let calibrate = |p: f64| self.card.calibration.of(p);
        let targets: Vec<f64> = signal.odds.targets.iter().map(|p| calibrate(*p)).collect();
        let first = targets[0];
        Prediction {
            model: self.model.clone(),
            stop: 1.0 - first,
            neither: 0.0,
            expected_r: expected_r(signal, &targets, 0.0),
            skill: first - signal.odds.first(),
            moved: Vec::new(),
            targets,
        }
    }
}

/// `E[R]` of a position that is taken in its shares at these chances and stopped else; what ends
/// neither way earns nothing but costs.
#[must_use]
pub fn expected_r(signal: &Features, targets: &[f64], neither: f64) -> f64 {
    let odds = &signal.odds;
    let parts = targets.iter().zip(&odds.rewards).zip(&signal.weights);
    parts
        .map(|((p, reward), weight)| {
            let stop = (1.0 - p - neither).max(0.0);
            let earned = p * (reward - odds.cost_of_winning)
                - stop * (1.0 + odds.cost_of_losing)
                - (1.0 - p - stop) * odds.cost_of_losing;
            weight * earned
        })
        .sum()
}

/// The files of a model, each with the digest that the card tells.
fn files(folder: &Path, card: &Card) -> Result<BTreeMap<String, Vec<u8>>, BadModel> {
    card.files
        .iter()
        .map(|(file, told)| {
            let bytes = read(folder, file)?;
            let found = digest(&bytes);
            if found == *told {
                Ok((file.clone(), bytes))
            } else {
                Err(BadModel::Foreign {
                    folder: folder.to_owned(),
                    file: file.clone(),
                    told: told.clone(),
                    found,
                })
            }
        })
        .collect()
}

fn read(folder: &Path, file: &str) -> Result<Vec<u8>, BadModel> {
    fs::read(folder.join(file)).map_err(|source| BadModel::Unreadable {
        folder: folder.to_owned(),
        file: file.to_owned(),
        source,
    })
}

/// The SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
