//! Columns: features as models take them, centred, scaled, and with a word on what is unknown.

use std::sync::LazyLock;

use domain::statistics::count;
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
    /// Features whose values taught nothing, because they were the same or unknown in nearly every lesson.
    /// Whatever they are elsewhere, they are told as nought: no step has a weight for them that was learned.
    silent: Vec<usize>,
}

/// Beyond so many deviations all is alike.
const FAR: f32 = 6.0;

/// A feature is flagged where between these shares of it are unknown.
const SOMETIMES: std::ops::Range<f64> = 0.005..0.995;

/// A feature is silent where it differs from its usual value in a smaller share of the lessons.
const SELDOM: f64 = 0.005;

/// What came of one feature in the lessons.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    known: f64,
    sum: f64,
    /// The value of more than half of those known, if there is one, by the vote of Boyer and Moore.
    usual: f32,
    votes: u64,
    /// Around the mean.
    squares: f64,
    unusual: f64,
}

impl Columns {
    /// Learns the measures.
    #[must_use]
    pub fn fit(lessons: &[Lesson<'_>]) -> Self {
        let mut seen = vec![Seen::default(); raw_width()];
        each_known(lessons, |nth, value| {
            let seen = &mut seen[nth];
            seen.known += 1.0;
            seen.sum += f64::from(value);
            if seen.votes == 0 {
                seen.usual = value;
            }
            if is_same(seen.usual, value) {
                seen.votes += 1;
            } else {
                seen.votes = seen.votes.saturating_sub(1);
            }
        });
        each_known(lessons, |nth, value| {
            let seen = &mut seen[nth];
            seen.squares += (f64::from(value) - seen.mean()).powi(2);
            seen.unusual += f64::from(u8::from(!is_same(seen.usual, value)));
        });
        let all = count(lessons.len().max(1));
        #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
        let narrow = |value: f64| value as f32;
        let places = |of: &dyn Fn(&Seen) -> bool| -> Vec<usize> {
            let those = seen.iter().enumerate().filter(|(_, seen)| of(seen));
            those.map(|(nth, _)| nth).collect()
        };
        let silent = places(&|seen| seen.unusual / all < SELDOM);
        let deviation = seen.iter().enumerate().map(|(nth, seen)| {
            if silent.contains(&nth) {
                1.0
            } else {
                narrow((seen.squares / seen.known).sqrt())
            }
        });
        Self {
            mean: seen.iter().map(|seen| narrow(seen.mean())).collect(),
            deviation: deviation.collect(),
            flags: places(&|seen| SOMETIMES.contains(&(1.0 - seen.known / all))),
            silent,
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
        let mut places = self.flags.iter().chain(&self.silent);
        self.mean.len() == width
            && self.deviation.len() == width
            && self.deviation.iter().all(|deviation| *deviation > 0.0)
            && places.all(|nth| *nth < width)
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
        for nth in &self.silent {
            out[begin + nth] = 0.0;
        }
        out.extend(flags);
    }

    /// The features of one target as they were made, appended to `out`, but for the silent ones: of those
    /// no more is told than whether they are known, and not even that where it taught nothing.
    pub fn heard(&self, asked: &Asked<'_>, out: &mut Vec<f32>) {
        let begin = out.len();
        Self::raw(asked, out);
        // What was always known in the lessons and is unknown now, as of a market that nobody has followed
        // yet, is as usual: which way the trees send it was never learned.
        for (nth, value) in out[begin..].iter_mut().enumerate() {
            if value.is_nan() && !self.flags.contains(&nth) {
                *value = self.mean[nth];
            }
        }
        for nth in &self.silent {
            let value = &mut out[begin + nth];
            let tells = self.flags.contains(nth) && !value.is_nan();
            *value = if tells { 0.0 } else { f32::NAN };
        }
    }

    /// The names of the features whose values taught nothing.
    #[must_use]
    pub fn silent(&self) -> Vec<&'static str> {
        self.silent.iter().map(|nth| name(*nth)).collect()
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

impl Seen {
    fn mean(&self) -> f64 {
        self.sum / self.known.max(1.0)
    }
}

/// Every value that is known, with its feature's place.
fn each_known(lessons: &[Lesson<'_>], mut of: impl FnMut(usize, f32)) {
    let mut raw = Vec::with_capacity(raw_width());
    for lesson in lessons {
        raw.clear();
        Columns::raw(&lesson.asked(), &mut raw);
        let known = raw.iter().enumerate().filter(|(_, value)| !value.is_nan());
        known.for_each(|(nth, value)| of(nth, *value));
    }
}

/// Are these two the same, but for how they were reckoned and rounded?
fn is_same(one: f32, other: f32) -> bool {
    (one - other).abs() <= 1e-5 * one.abs().max(other.abs()).max(0.1)
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

#[cfg(test)]
mod tests;
