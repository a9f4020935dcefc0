//! Columns: features as models take them, centred, scaled, and with a word on what is unknown.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Asked, Lesson};
use crate::features::{Features, schema};

/// How numbers were brought to one measure, learned once from what is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// What is subtracted from each feature.
    mean: Vec<f32>,
    /// What it is divided by.
    deviation: Vec<f32>,
    /// Features that are sometimes known and sometimes not: each has a column that says so.
    flags: Vec<usize>,
}

/// Beyond so many deviations all is alike.
const FAR: f32 = 6.0;

/// A feature is flagged where between these shares of it are unknown.
const SOMETIMES: std::ops::Range<f64> = 0.005..0.995;

impl Columns {
    /// Learns the measures.
    #[must_use]
    pub fn fit(lessons: &[Lesson<'_>]) -> Self {
        let width = raw_width();
        let (mut known, mut all) = (vec![0.0_f64; width], 0.0_f64);
        let (mut sum, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
        let mut raw = Vec::with_capacity(width);
        for lesson in lessons {
            all += 1.0;
            raw.clear();
            Self::raw(&lesson.asked(), &mut raw);
            for (nth, value) in raw.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                let value = f64::from(*value);
                known[nth] += 1.0;
                sum[nth] += value;
                squares[nth] += value * value;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
        let narrow = |value: f64| value as f32;
        let mean: Vec<f64> = (0..width)
            .map(|nth| sum[nth] / known[nth].max(1.0))
            .collect();
        let deviation = (0..width).map(|nth| {
            let variance = squares[nth] / known[nth].max(1.0) - mean[nth] * mean[nth];
            narrow(if variance > 1e-9 {
                variance.sqrt()
            } else {
                1.0
            })
        });
        Self {
            deviation: deviation.collect(),
            mean: mean.iter().map(|mean| narrow(*mean)).collect(),
            flags: (0..width)
                .filter(|nth| SOMETIMES.contains(&(1.0 - known[*nth] / all.max(1.0))))
                .collect(),
        }
    }

    /// How many columns there are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.mean.len() + self.flags.len()
    }

    /// Do they fit this program's features?
    #[must_use]
    pub fn fits(&self) -> bool {
        let width = raw_width();
        self.mean.len() == width
            && self.deviation.len() == width
            && self.flags.iter().all(|nth| *nth < width)
    }

    /// The columns of one target, appended to `out`; what is unknown is as usual.
    pub fn tell(&self, asked: &Asked<'_>, out: &mut Vec<f32>) {
        let begin = out.len();
        Self::raw(asked, out);
        let flags = self.flags.iter().map(|nth| {
            let unknown = out[begin + nth].is_nan();
            f32::from(u8::from(unknown))
        });
        let flags: Vec<f32> = flags.collect();
        for (nth, value) in out[begin..].iter_mut().enumerate() {
            let scaled = (*value - self.mean[nth]) / self.deviation[nth];
            *value = if scaled.is_nan() {
                0.0
            } else {
                scaled.clamp(-FAR, FAR)
            };
        }
        out.extend(flags);
    }

    /// The columns that say something of a feature: its own, and its flag's.
    pub fn of_feature(&self, nth: usize) -> impl Iterator<Item = usize> {
        let flag = self.flags.iter().position(|flagged| *flagged == nth);
        std::iter::once(nth).chain(flag.map(|flag| self.mean.len() + flag))
    }

    /// The features of one target as they were made, appended to `out`.
    pub fn raw(asked: &Asked<'_>, out: &mut Vec<f32>) {
        out.extend_from_slice(&asked.features.signal);
        out.extend_from_slice(&asked.features.targets[asked.nth]);
    }

    /// The channel's win rate so far; a half where nothing is known of it.
    #[must_use]
    pub fn win_rate(features: &Features) -> f64 {
        static PLACE: LazyLock<usize> = LazyLock::new(|| {
            let named = |name: &&str| *name == "channel.win_rate";
            schema().signal.iter().position(named).unwrap_or_default()
        });
        let rate = f64::from(features.signal[*PLACE]);
        if rate.is_nan() { 0.5 } else { rate }
    }
}

/// How many features one target has.
#[must_use]
pub fn raw_width() -> usize {
    schema().signal.len() + schema().target.len()
}

/// The name of a feature by its place among those of one target.
#[must_use]
pub fn name(nth: usize) -> &'static str {
    let schema = schema();
    match schema.signal.get(nth) {
        Some(name) => name,
        None => schema.target[nth - schema.signal.len()],
    }
}
