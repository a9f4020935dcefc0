//! Drift: whether signals still look like those that the model learned from.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use scoring::features::{Features, schema};
use scoring::registry::Loaded;

/// So many signals are compared: fewer say nothing of how features are spread.
const COMPARED: usize = 500;

/// With fewer than this nothing is said.
const LEAST: usize = 100;

/// So often it is reckoned anew, in signals: it takes a moment.
const EVERY: usize = 25;

/// The features of the last signals.
#[derive(Default)]
pub struct Drift(Mutex<Lately>);

#[derive(Default)]
struct Lately {
    vectors: VecDeque<Vec<f32>>,
    since: usize,
}

impl Drift {
    /// Takes note of signals, and now and then says by metrics how far each feature has drifted: its
    /// population stability index against what the model that speaks learned from.
    pub fn note<'a>(&self, speaks: Option<&Loaded>, signals: impl Iterator<Item = &'a Features>) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for features in signals {
            if lately.vectors.len() == COMPARED {
                lately.vectors.pop_front();
            }
            lately.vectors.push_back(features.signal.clone());
            lately.since += 1;
        }
        if lately.since < EVERY || lately.vectors.len() < LEAST {
            return;
        }
        lately.since = 0;
        if let Some(model) = speaks {
            tell(model, &lately.vectors);
        }
    }
}

fn tell(model: &Loaded, vectors: &VecDeque<Vec<f32>>) {
    let mut worst = 0.0_f64;
    for (nth, (feature, shares)) in schema().signal.iter().zip(&model.reference().0).enumerate() {
        let values = vectors.iter().filter_map(|vector| vector.get(nth).copied());
        let index = shares.stability(values);
        metrics::gauge!("touchstone_feature_stability", "feature" => *feature).set(index);
        worst = worst.max(index);
    }
    metrics::gauge!("touchstone_feature_stability_worst").set(worst);
}
