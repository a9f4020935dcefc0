//! The card: what a model is, on what it was trained and at what it was measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Why;
use crate::measure::{Standing, Table};
use crate::training::{Alarm, Shuffled, Tried};

/// The name of the card's file.
pub const CARD: &str = "card.json";

/// The form of cards that this program writes and reads, and of the weights beside them. Of form 1 were
/// models that heard features of which they had learned nothing.
pub const FORM: u32 = 2;

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
    /// The dice that it was trained with.
    pub seed: u64,
    /// On what it was trained.
    pub data: DataSet,
    /// Every step as it was measured on the holdout, once.
    pub ladder: BTreeMap<String, Standing>,
    /// The same with what is common to all steps.
    pub holdout: Table,
    /// The same on those of the holdout alone that were received after every lesson; none where that is all
    /// of it, or too few are.
    pub holdout_after: Option<Table>,
    /// Every step as it was measured on the walk forward, by which the champion was chosen.
    pub walk: Table,
    /// Everything that was tried, as it came out on the walk forward.
    pub tried: Vec<Tried>,
    /// What each step that learns made of shuffled outcomes; empty where that was not asked for.
    pub shuffled: Vec<Shuffled>,
    /// What was found of features that know too much.
    pub alarm: Alarm,
    /// The SHA-256 of each of its files.
    pub files: BTreeMap<String, String>,
}

/// On what a model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// Whoever trained it says where the signals are from.
    pub source: String,
    /// SHA-256 of every row.
    pub hash: String,
    /// How many signals there are.
    pub rows: usize,
    /// How many of them were learned from.
    pub learned_from: usize,
    /// How many were left out because they reach into the holdout's time.
    pub purged: usize,
    /// How many were laid aside before anything was tried.
    pub held_out: usize,
    /// How many of those have a lesson that was received after them: channels end at different times.
    pub held_before_lessons: usize,
    /// SHA-256 of those that were laid aside.
    pub holdout_hash: String,
    /// The share of each channel that was laid aside, the last by time.
    pub holdout_share: f64,
    /// Between what is learned from and what it is measured on, in hours.
    pub embargo_hours: f64,
    /// How many signals each channel has.
    pub channels: BTreeMap<String, usize>,
    /// When the first was received, in milliseconds since 1970.
    pub from_ms: i64,
    /// When the last was received.
    pub to_ms: i64,
}

/// What every card has had, whatever its form.
#[derive(Deserialize)]
struct Stem {
    form: u32,
    version: u32,
}

impl Card {
    /// Reads a card.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Why> {
        let no_card = |error: serde_json::Error| Why::NoCard(error.to_string());
        let stem: Stem = serde_json::from_slice(bytes).map_err(no_card)?;
        if stem.form != FORM {
            return Err(Why::OtherForm {
                told: stem.form,
                made: FORM,
            });
        }
        serde_json::from_slice(bytes).map_err(no_card)
    }

    /// The version of the model of a card, be it of an older form.
    ///
    /// # Errors
    ///
    /// When it is no card.
    pub fn version_of(bytes: &[u8]) -> Result<u32, serde_json::Error> {
        let stem: Stem = serde_json::from_slice(bytes)?;
        Ok(stem.version)
    }
}
