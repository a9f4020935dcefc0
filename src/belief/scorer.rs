//! The scorer's model: sees what is known, lets the line-up speak, and notes what it saw.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use domain::ports::{Asked, Scorer};
use domain::score::{Assessed, Moved, Score, Seen};
use domain::time::Timestamp;
use scoring::features::{Features, schema};
use scoring::geometry::{self, Geometry};
use scoring::registry::{Loaded, Prediction};
use smol_str::SmolStr;

use super::drift::Drift;
use super::lineup::Cast;
use super::{Knowledge, Lineup};

/// Scores by what is known, with whatever model speaks.
pub struct Believer {
    knowledge: Arc<Knowledge>,
    lineup: Arc<Lineup>,
    drift: Arc<Drift>,
    cast: Cast,
    /// What was seen of those that were asked about last, where somebody posted them.
    posted: Vec<(Timestamp, Vec<f32>)>,
}

impl Believer {
    /// One for each thread.
    #[must_use]
    pub fn new(knowledge: Arc<Knowledge>, lineup: Arc<Lineup>, drift: Arc<Drift>) -> Self {
        let cast = lineup.cast();
        Self {
            knowledge,
            lineup,
            drift,
            cast,
            posted: Vec::new(),
        }
    }
}

impl Scorer for Believer {
    fn model(&self) -> SmolStr {
        self.cast
            .speaks
            .as_ref()
            .map_or(SmolStr::new_static(geometry::MODEL), Loaded::model)
    }

    fn score(&mut self, asked: &[Asked]) -> Vec<Option<Assessed>> {
        if self.cast.change != self.lineup.change() {
            self.cast = self.lineup.cast();
        }
        let features: Vec<Option<Features>> = asked
            .iter()
            .map(|asked| self.knowledge.features(asked))
            .collect();
        // Those of which something is known, side by side: a model takes them together.
        let seen: Vec<Features> = features.iter().flatten().cloned().collect();
        let said = match &self.cast.speaks {
            Some(model) => scores(model, &seen),
            None => Geometry
                .score(asked)
                .into_iter()
                .zip(&features)
                .filter_map(|(assessed, features)| features.as_ref().and(Some(assessed?.score)))
                .collect(),
        };
        let shadows: Vec<Vec<Score>> = self
            .cast
            .tried
            .iter()
            .map(|model| tried(model, &seen))
            .collect();
        // What nobody posted is a question, and says nothing of what is posted.
        let posted = asked.iter().zip(&features);
        self.posted.extend(posted.filter_map(|(asked, features)| {
            asked.post.as_ref()?;
            Some((asked.signal.received, features.as_ref()?.signal.clone()))
        }));
        let mut known = 0..;
        features
            .into_iter()
            .map(|features| {
                let features = features?;
                let nth = known.next()?;
                Some(Assessed {
                    score: said.get(nth)?.clone(),
                    shadows: shadows
                        .iter()
                        .filter_map(|said| said.get(nth).cloned())
                        .collect(),
                    seen: Some(Seen {
                        schema: SmolStr::new(&schema().hash),
                        values: features.signal,
                    }),
                })
            })
            .collect()
    }

    fn answered(&mut self) {
        let posted = self.posted.drain(..);
        self.drift.note(self.cast.speaks.as_ref(), posted);
    }
}

fn scores(model: &Loaded, seen: &[Features]) -> Vec<Score> {
    model.score(seen).into_iter().map(score).collect()
}

/// What a model says that is only tried: one that panics says nothing, and takes nobody with it.
fn tried(model: &Loaded, seen: &[Features]) -> Vec<Score> {
    let said = panic::catch_unwind(AssertUnwindSafe(|| scores(model, seen)));
    said.unwrap_or_else(|_| {
        tracing::error!(model = %model.model(), "the model {} panicked while it was tried", model.model());
        metrics::counter!("touchstone_challenger_panics_total").increment(1);
        Vec::new()
    })
}

fn score(prediction: Prediction) -> Score {
    Score {
        model: prediction.model,
        targets: prediction.targets,
        expected_r: Some(prediction.expected_r),
        skill: Some(prediction.skill),
        moved: prediction
            .moved
            .into_iter()
            .map(|moved| Moved {
                feature: SmolStr::new_static(moved.feature),
                by: moved.by,
            })
            .collect(),
    }
}
