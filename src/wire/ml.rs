//! Models and their predictions as JSON.

use domain::ports::predictions::{Promotion, Spoken};
use domain::score::Score;
use domain::signal::Signal;
use scoring::registry::TrainedOn;
use serde::Serialize;
use utoipa::ToSchema;

use super::event::ScoreOut;
use crate::belief::lineup::Entrant;
use crate::belief::reliability::{Bin, Reliability};
use crate::belief::rule::Comparison;

/// What the model that speaks says of a trade.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictionOut {
    /// Which market would judge it.
    judged_on: String,
    /// The words spoke of another kind of market than the one that would judge.
    substituted: bool,
    /// What it trades at; none where that is not known yet.
    price: Option<String>,
    /// What the model says.
    score: ScoreOut,
}

impl PredictionOut {
    /// Of a trade and its score.
    pub(crate) fn of(signal: &Signal, score: &Score) -> Self {
        Self {
            judged_on: signal.instrument.to_string(),
            substituted: signal.substituted,
            price: signal.price_at_receipt.map(|price| price.to_string()),
            score: ScoreOut::of(score),
        }
    }
}

/// A model of the folder.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntrantOut {
    /// The name of its folder.
    id: String,
    /// Its name and version, as every score tells it; none of a refused one.
    model: Option<String>,
    /// On whose signals it was trained: `real` or `simulator`.
    trained_on: Option<&'static str>,
    /// The step of the ladder that speaks for it: `geometry_calibrated`, `burn`, …
    champion: Option<String>,
    /// It speaks; the others are tried beside it.
    speaks: bool,
    /// Of how many signals it has said something.
    said: u64,
    /// For how many of them it spoke.
    spoke: u64,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl EntrantOut {
    /// Of a folder.
    pub(crate) fn of(entrant: &Entrant, speaks: Option<&str>, spoken: &[Spoken]) -> Self {
        let model = entrant.model.as_ref().ok();
        let name = model.map(|model| model.model().to_string());
        let told = spoken
            .iter()
            .find(|spoken| Some(spoken.model.as_str()) == name.as_deref());
        Self {
            id: entrant.id.clone(),
            trained_on: model.map(|model| match model.card().trained_on {
                TrainedOn::Real => "real",
                TrainedOn::Simulator => "simulator",
            }),
            champion: model.map(|model| model.speaks_by().to_owned()),
            speaks: speaks == Some(entrant.id.as_str()),
            said: told.map_or(0, |told| told.said),
            spoke: told.map_or(0, |told| told.spoke),
            refused: entrant.model.as_ref().err().cloned(),
            model: name,
        }
    }
}

/// A model in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelDetail {
    /// What it is.
    #[serde(flatten)]
    model: EntrantOut,
    /// Its card: how it was trained, and at what it was measured.
    #[schema(value_type = Option<Object>)]
    card: Option<serde_json::Value>,
    /// What it predicted against what happened, of signals that are over; none of none.
    so_far: Option<SoFarOut>,
    /// How it compares with the one that speaks, on the signals of both; none of that one itself.
    against_champion: Option<ComparisonOut>,
}

impl ModelDetail {
    /// Of one that cannot be loaded.
    pub(crate) const fn refused(model: EntrantOut) -> Self {
        Self {
            model,
            card: None,
            so_far: None,
            against_champion: None,
        }
    }

    /// Of one that is ready.
    pub(crate) fn of(
        model: EntrantOut,
        card: serde_json::Value,
        so_far: Option<Reliability>,
        against_champion: Option<ComparisonOut>,
    ) -> Self {
        Self {
            model,
            card: Some(card),
            so_far: so_far.map(SoFarOut::from),
            against_champion,
        }
    }
}

/// What a model predicted against what happened, computed from what is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct SoFarOut {
    /// Of how many signals that were entered and are over.
    signals: usize,
    /// How many of them could not be open any longer. The others are those of the newest that ended fast,
    /// more losses among them than in the end: models are compared without them.
    settled: usize,
    /// How many of them reached the first target.
    won: usize,
    /// Mean −log(chance of what happened), in nats; a coin has 0.6931.
    log_loss: f64,
    /// Mean square of what was off; a coin has 0.25.
    brier: f64,
    /// How far chances were from shares.
    ece: f64,
    /// What that would be on as many signals were every chance right.
    ece_of_perfect: f64,
    /// The line through log-odds that would have put the chances right: intercept 0 and slope 1.
    calibration_intercept: f64,
    /// Its slope.
    calibration_slope: f64,
    /// The reliability diagram: ten bins of equally many signals.
    bins: Vec<BinOut>,
}

impl From<Reliability> for SoFarOut {
    fn from(told: Reliability) -> Self {
        Self {
            signals: told.signals,
            settled: told.settled,
            won: told.won,
            log_loss: told.log_loss,
            brier: told.brier,
            ece: told.ece,
            ece_of_perfect: told.ece_of_perfect,
            calibration_intercept: told.line.intercept,
            calibration_slope: told.line.slope,
            bins: told.bins.into_iter().map(BinOut::from).collect(),
        }
    }
}

/// Signals of which about the same was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct BinOut {
    /// How many.
    signals: usize,
    /// What was said on average.
    said: f64,
    /// The share that reached the first target.
    happened: f64,
}

impl From<Bin> for BinOut {
    fn from(bin: Bin) -> Self {
        Self {
            signals: bin.signals,
            said: bin.said,
            happened: bin.happened,
        }
    }
}

/// How a model compares with the one that speaks.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonOut {
    /// On how many signals of both whose time is up.
    signals: usize,
    /// In how many blocks of time that are over.
    blocks: usize,
    /// The log-loss of the one that speaks.
    champion: f64,
    /// Of this one.
    challenger: f64,
    /// The lower end of the interval of the difference, which holds however often it is looked at and is
    /// wider where several models are tried; negative is better. Nothing while it cannot be told.
    low: Option<f64>,
    /// Its upper end.
    high: Option<f64>,
    /// It may speak.
    wins: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl ComparisonOut {
    /// Of a comparison.
    pub(crate) fn of(comparison: Comparison) -> Self {
        let verdict = comparison.verdict();
        Self {
            signals: comparison.signals,
            blocks: comparison.blocks,
            champion: comparison.champion,
            challenger: comparison.challenger,
            low: comparison.difference.map(|bounds| bounds.low),
            high: comparison.difference.map(|bounds| bounds.high),
            wins: verdict.is_ok(),
            why: verdict.err().map(|stays| stays.to_string()),
        }
    }
}

/// Which model speaks from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromotionOut {
    /// The name of its folder.
    id: String,
    /// Since when, in microseconds UTC.
    at: i64,
    /// By what it won.
    why: String,
}

impl From<Promotion> for PromotionOut {
    fn from(promotion: Promotion) -> Self {
        Self {
            id: promotion.model,
            at: promotion.at.as_micros(),
            why: promotion.why,
        }
    }
}
