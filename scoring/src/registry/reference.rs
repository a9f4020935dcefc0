//! The reference: how features were spread where a model was trained, so that it can be seen when
//! they no longer are.

use std::collections::BTreeMap;

use domain::statistics::count;
use serde::{Deserialize, Serialize};

use super::Why;
use crate::dataset::Row;
use crate::features::schema;

/// The name of its file.
pub(super) const FILE: &str = "reference.json";

/// So many parts of equal size, where the numbers differ enough.
const PARTS: usize = 10;

/// A share below this is taken for this: a logarithm has no end.
const LEAST: f64 = 1e-4;

/// How every feature of whole signals was spread, in the schema's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(pub Vec<Shares>);

/// How one feature was spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Which feature.
    pub feature: String,
    /// Where one part ends and the next begins.
    pub cuts: Vec<f32>,
    /// The share of each part, one more than there are cuts; the last one is of the unknown.
    pub shares: Vec<f64>,
}

impl Reference {
    /// How the features of these rows are spread.
    #[must_use]
    pub fn of(rows: &[&Row]) -> Self {
        let shares = schema().signal.iter().enumerate().map(|(nth, feature)| {
            let values: Vec<f32> = rows.iter().map(|row| row.features.signal[nth]).collect();
            let mut known: Vec<f32> = values
                .iter()
                .copied()
                .filter(|value| !value.is_nan())
                .collect();
            known.sort_by(f32::total_cmp);
            let mut cuts: Vec<f32> = (1..PARTS)
                .filter_map(|part| known.get(known.len() * part / PARTS).copied())
                .collect();
            cuts.dedup();
            let mut shares = Shares {
                feature: (*feature).to_owned(),
                cuts,
                shares: Vec::new(),
            };
            shares.shares = shares.spread(values.into_iter());
            shares
        });
        Self(shares.collect())
    }

    pub(super) fn read(files: &mut BTreeMap<String, Vec<u8>>) -> Result<Self, Why> {
        let unfit = |why: String| Why::Unfit { file: FILE, why };
        let bytes = files
            .remove(FILE)
            .ok_or_else(|| unfit("the card does not name it".to_owned()))?;
        let read: Self =
            serde_json::from_slice(&bytes).map_err(|error| unfit(error.to_string()))?;
        let names = read.0.iter().map(|shares| shares.feature.as_str());
        if !names.eq(schema().signal.iter().copied()) {
            return Err(unfit("it is of other features".to_owned()));
        }
        Ok(read)
    }
}

impl Shares {
    /// The share of each part among these values.
    pub fn spread(&self, values: impl Iterator<Item = f32>) -> Vec<f64> {
        let mut counted = vec![0.0_f64; self.cuts.len() + 2];
        let mut all = 0.0;
        for value in values {
            let part = if value.is_nan() {
                self.cuts.len() + 1
            } else {
                self.cuts.partition_point(|cut| *cut <= value)
            };
            counted[part] += 1.0;
            all += 1.0;
        }
        counted
            .iter()
            .map(|counted| counted / f64::max(all, 1.0))
            .collect()
    }

    /// The population stability index of these values against the reference: Σ (now − then) ·
    /// ln(now / then). Below 0.1 little has changed, above 0.25 much has (Siddiqi, Credit Risk
    /// Scorecards, 2006).
    pub fn stability(&self, values: impl Iterator<Item = f32>) -> f64 {
        let now = self.spread(values);
        now.iter()
            .zip(&self.shares)
            .map(|(now, then)| {
                let (now, then) = (now.max(LEAST), then.max(LEAST));
                (now - then) * (now / then).ln()
            })
            .sum()
    }

    /// In how many parts it is told.
    #[must_use]
    pub fn parts(&self) -> f64 {
        count(self.shares.len())
    }
}
