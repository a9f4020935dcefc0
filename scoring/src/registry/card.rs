//! The card: what a model is, on what it was trained and at what it was measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::steps::line::Line;

/// The name of the card's file.
pub const CARD: &str = "card.json";

/// The form of cards that this program writes and reads.
pub const FORM: u32 = 1;

/// On whose signals a model was trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainedOn {
    /// Real ones.
    Real,
    /// The simulator's.
    Simulator,
}

/// What a model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The form of this card.
    pub form: u32,
    /// The model's name.
    pub name: String,
    /// Its version, counted from 1.
    pub version: u32,
    /// On whose signals it was trained.
    pub trained_on: TrainedOn,
    /// The step of the ladder that speaks for it.
    pub champion: String,
    /// The hash of the schema of its features.
    pub schema: String,
    /// How the champion's chances become those that are told.
    pub calibration: Line,
    /// The SHA-256 of each of its files.
    pub files: BTreeMap<String, String>,
}

impl Card {
    /// Reads a card.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let card: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if card.form != FORM {
            return Err(format!(
                "its form is {}, this program reads {FORM}",
                card.form
            ));
        }
        Ok(card)
    }
}
