//! The registry: models in their folders, loaded whole or not at all.
//!
//! A folder holds the weights, and a card that says what they are, what they were measured at, and
//! the digest of every file. A file that is missing, cut short or somebody else's is refused, as is
//! a card of another schema, and a model of the simulator for anything but the simulator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use domain::post::Origin;
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::features::{self, Features};
use crate::measure::{self, Said, Table};
use crate::steps::Step;
use crate::steps::fitted::Fitted;
use crate::steps::network::Eye;
use crate::training::may_speak;

mod card;
pub mod page;
mod prediction;
mod reference;
mod weights;
mod write;

/// The step that is a network in burn.
pub const NETWORK: &str = crate::steps::LADDER[6];

pub use card::{CARD, Card, DataSet, FORM, TrainedOn};
pub use prediction::{Moved, Prediction};
pub use reference::{Reference, Shares};
pub use write::{Name, save};

/// Why a model is not loaded.
#[derive(Debug, thiserror::Error)]
#[error("the model {} cannot be loaded: {why}", folder.display())]
pub struct BadModel {
    /// Which model.
    pub folder: PathBuf,
    /// Why.
    #[source]
    pub why: Why,
}

/// What is wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// A file cannot be read.
    #[error(
        "{file} cannot be read ({source}); train it again with `touchstone train`, or copy the whole folder"
    )]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The card is none.
    #[error(
        "its card.json is none ({0}); train it again with `touchstone train`, or copy the whole folder"
    )]
    NoCard(String),
    /// The card is of another form.
    #[error(
        "its card is of form {told}, this program reads form {made}; train it again with `touchstone train`"
    )]
    OtherForm {
        /// Its form.
        told: u32,
        /// The form that this program reads.
        made: u32,
    },
    /// A file is not the one that the card speaks of.
    #[error(
        "{file} is cut short or belongs to another model (its SHA-256 is {found}, the card says {told}); copy the whole folder again"
    )]
    Foreign {
        /// Which file.
        file: String,
        /// What the card says.
        told: String,
        /// What it is.
        found: String,
    },
    /// It was trained on other features.
    #[error(
        "it reads features of schema {told}, this program makes {made}; train it again with `touchstone train`"
    )]
    OtherFeatures {
        /// The schema that it was trained on.
        told: String,
        /// The schema of this program.
        made: String,
    },
    /// It was trained on the simulator, and asked for real signals.
    #[error(
        "it was trained on the simulator and may only score what the simulator made, not signals of origin `{0}`"
    )]
    OfTheSimulator(Origin),
    /// The weights say something else than the card.
    #[error("{file} does not fit its card ({why}); train it again with `touchstone train`")]
    Unfit {
        /// Which file.
        file: &'static str,
        /// Why.
        why: String,
    },
}

/// A model that was loaded and checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    card: Card,
    model: SmolStr,
    ladder: Vec<Fitted>,
    champion: Fitted,
    reference: Reference,
}

impl Loaded {
    /// Loads the model of a folder to score signals of this origin.
    ///
    /// # Errors
    ///
    /// [`BadModel`], which says what is wrong and what helps.
    pub fn load(folder: &Path, scores: Origin) -> Result<Self, BadModel> {
        Self::read(folder, scores).map_err(|why| BadModel {
            folder: folder.to_owned(),
            why,
        })
    }

    fn read(folder: &Path, scores: Origin) -> Result<Self, Why> {
        let card = Card::parse(&read(folder, CARD)?)?;
        if card.trained_on == TrainedOn::Simulator && scores != Origin::Simulator {
            return Err(Why::OfTheSimulator(scores));
        }
        let made = &features::schema().hash;
        if card.schema != *made {
            return Err(Why::OtherFeatures {
                told: card.schema,
                made: made.clone(),
            });
        }
        let mut files = files(folder, &card)?;
        let ladder = weights::read(&mut files)?;
        let reference = Reference::read(&mut files)?;
        let champion = ladder
            .iter()
            .find(|fitted| fitted.step.name() == card.champion)
            .cloned()
            .ok_or_else(|| Why::Unfit {
                file: weights::STEPS,
                why: format!("there is no step `{}`, which is to speak", card.champion),
            })?;
        Ok(Self {
            model: SmolStr::new(format!("{}/{}", card.name, card.version)),
            card,
            ladder,
            champion,
            reference,
        })
    }

    /// Its network as a model of its own, to be tried beside the step that speaks; none where the network
    /// speaks itself, there is none, or it may not speak by what it made of shuffled outcomes.
    #[must_use]
    pub fn network(&self) -> Option<Self> {
        if self.card.champion == NETWORK || !may_speak(NETWORK, &self.card.shuffled) {
            return None;
        }
        let mut ladder = self.ladder.iter();
        let network = ladder.find(|fitted| fitted.step.name() == NETWORK)?;
        Some(Self {
            model: SmolStr::new(format!(
                "{}.{NETWORK}/{}",
                self.card.name, self.card.version
            )),
            champion: network.clone(),
            ..self.clone()
        })
    }

    /// The step of the ladder by which it speaks.
    #[must_use]
    pub const fn speaks_by(&self) -> &'static str {
        self.champion.step.name()
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

    /// How its features were spread where it was trained.
    #[must_use]
    pub const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Does its network read the window of candles? Where that is not kept it would read noughts.
    #[must_use]
    pub fn reads_window(&self) -> bool {
        let mut ladder = self.ladder.iter();
        ladder.any(|fitted| {
            matches!(&fitted.step, crate::steps::Step::Network(network) if network.shape.eye != Eye::Shut)
        })
    }

    /// What it says of these signals, in order.
    #[must_use]
    pub fn score(&self, signals: &[Features]) -> Vec<Prediction> {
        let asked: Vec<&Features> = signals.iter().collect();
        let answers = self.champion.answers(&asked);
        let each = signals.iter().zip(answers);
        each.map(|(signal, answer)| {
            Prediction::of(self.model(), &self.champion.step, signal, &answer)
        })
        .collect()
    }

    /// The ladder as it is measured on other rows.
    #[must_use]
    pub fn evaluate(&self, rows: &[crate::dataset::Row]) -> Evaluated {
        let rows: Vec<&crate::dataset::Row> = rows.iter().collect();
        let said: Vec<Said> = self
            .ladder
            .iter()
            .map(|fitted| fitted.said(&rows))
            .collect();
        let won: Vec<bool> = rows.iter().map(|row| row.won()).collect();
        let drawn: Vec<(&str, &[f64])> = said
            .iter()
            .filter(|said| said.step == "geometry" || said.step == self.speaks_by())
            .map(|said| (said.step, said.chances.as_slice()))
            .collect();
        Evaluated {
            picture: measure::reliability("Told and happened", &won, &drawn),
            table: measure::table(&rows, &said),
        }
    }

    /// Does it speak by what it learned of features?
    #[must_use]
    pub const fn is_learned(&self) -> bool {
        match self.champion.step {
            Step::Coin | Step::ChannelBaseRate | Step::Geometry | Step::GeometryCalibrated(_) => {
                false
            }
            Step::Logistic(_) | Step::Trees(_) | Step::Network(_) => true,
        }
    }
}

/// The ladder as it was measured on other rows.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The figures.
    pub table: Table,
    /// What geometry and the champion said, drawn.
    pub picture: String,
}

/// The files of a model, each with the digest that the card tells.
fn files(folder: &Path, card: &Card) -> Result<BTreeMap<String, Vec<u8>>, Why> {
    card.files
        .iter()
        .map(|(file, told)| {
            let bytes = read(folder, file)?;
            let found = digest(&bytes);
            if found == *told {
                Ok((file.clone(), bytes))
            } else {
                Err(Why::Foreign {
                    file: file.clone(),
                    told: told.clone(),
                    found,
                })
            }
        })
        .collect()
}

fn read(folder: &Path, file: &str) -> Result<Vec<u8>, Why> {
    // A card may name files of its own folder alone.
    if Path::new(file).components().count() != 1 || file.starts_with('.') {
        return Err(Why::NoCard(format!(
            "it names a file `{file}` outside of its folder"
        )));
    }
    fs::read(folder.join(file)).map_err(|source| Why::Unreadable {
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

#[cfg(test)]
mod tests;
