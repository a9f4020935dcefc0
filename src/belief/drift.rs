//! Drift: whether signals still look like those that the model learned from.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::ports::predictions::Predictions;
use domain::ports::store::{SignalRecord, StoreError};
use domain::statistics::{DAY, count};
use domain::time::Timestamp;
use scoring::features::schema;
use scoring::registry::{Loaded, Shares};

/// So long back signals are compared: markets have moods, and a week has its days.
const SPAN: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Signals that are compared lie so far apart, so that there are a thousand at most: a few minutes of a busy
/// hour say nothing of how features are spread, however many signals they have.
const APART: Duration = Duration::from_secs(14 * 24 * 3_600 / 1_000);

/// With fewer than this nothing is said.
const LEAST: usize = 200;

/// On fewer days than this as little: how days differ is seen in days alone.
const LEAST_DAYS: usize = 7;

/// A stability that is reached by chance in one of a thousand features is none (0.999 of the normal
/// distribution).
const CHANCE: f64 = 3.090;

/// What is known of the clock alone comes round by itself, and is never new.
const CLOCK: [&str; 4] = [
    "market.hour_sine",
    "market.hour_cosine",
    "market.week_sine",
    "market.week_cosine",
];

/// The features of the last signals.
#[derive(Default)]
pub struct Drift(Mutex<VecDeque<Noted>>);

/// A signal that is compared.
struct Noted {
    received: Timestamp,
    values: Vec<f32>,
}

/// How far features have drifted.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    /// Each with its stability, less what chance explains.
    features: Vec<(&'static str, f64)>,
    /// The largest of those that do not come round by themselves.
    worst: f64,
}

impl Drift {
    /// Remembers what was seen of the last signals before this start, told newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn remember(
        &self,
        records: &[SignalRecord],
        predictions: &dyn Predictions,
    ) -> Result<(), StoreError> {
        let Some(newest) = records.first().map(|record| record.signal.received) else {
            return Ok(());
        };
        let mut remembered: Vec<Noted> = Vec::new();
        for signal in records.iter().map(|record| &record.signal) {
            let received = signal.received;
            if newest.since(received) >= SPAN {
                break;
            }
            let next = remembered.last().map(|next| next.received);
            if next.is_some_and(|next| next.since(received) < APART) {
                continue;
            }
            let seen = predictions.seen(signal.id).await?;
            if let Some(seen) = seen.filter(|seen| seen.schema == schema().hash) {
                let values = seen.values;
                remembered.push(Noted { received, values });
            }
        }
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lately.extend(remembered.into_iter().rev());
        Ok(())
    }

    /// Takes note of signals, and says by metrics how far each feature has drifted from what the model that
    /// speaks learned from. It may take a moment: whoever asks for a score has his answer before.
    pub fn note(
        &self,
        speaks: Option<&Loaded>,
        signals: impl Iterator<Item = (Timestamp, Vec<f32>)>,
    ) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_new = false;
        for (received, values) in signals {
            is_new |= keep(&mut lately, Noted { received, values });
        }
        let Some(model) = speaks.filter(|_| is_new) else {
            return;
        };
        let learned = model.card().data.learned_from;
        let Some(told) = told(&model.reference().0, learned, &lately) else {
            return;
        };
        for (feature, stability) in told.features {
            metrics::gauge!("touchstone_feature_stability", "feature" => feature).set(stability);
        }
        metrics::gauge!("touchstone_feature_stability_worst").set(told.worst);
    }
}

/// Keeps a signal, where the one before is long enough ago; what lies too far back goes.
fn keep(lately: &mut VecDeque<Noted>, noted: Noted) -> bool {
    let at = noted.received;
    let is_new = lately
        .back()
        .is_none_or(|last| at.since(last.received) >= APART);
    if is_new {
        lately.push_back(noted);
        lately.retain(|noted| at.since(noted.received) < SPAN);
    }
    is_new
}

/// How far these signals have drifted from so many of a reference; none while they are too few.
fn told(reference: &[Shares], learned: usize, lately: &VecDeque<Noted>) -> Option<Told> {
    let mut days: BTreeMap<i64, Vec<&Noted>> = BTreeMap::new();
    for noted in lately {
        let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
        let day = noted.received.as_micros().div_euclid(day);
        days.entry(day).or_default().push(noted);
    }
    if lately.len() < LEAST || days.len() < LEAST_DAYS {
        return None;
    }
    let features: Vec<(&'static str, f64)> = schema()
        .signal
        .iter()
        .zip(reference)
        .enumerate()
        .map(|(nth, (feature, shares))| {
            let days = days.values().map(|day| {
                let values = day
                    .iter()
                    .filter_map(|noted| noted.values.get(nth).copied());
                (count(day.len()), shares.spread(values))
            });
            let all = lately.iter();
            let values = all.filter_map(|noted| noted.values.get(nth).copied());
            let chance = chance(shares, learned, days);
            (*feature, (shares.stability(values) - chance).max(0.0))
        })
        .collect();
    let moving = features.iter().filter(|(name, _)| !CLOCK.contains(name));
    let worst = moving.map(|(_, stability)| *stability).fold(0.0, f64::max);
    Some(Told { features, worst })
}

/// The stability that chance alone reaches in one feature of a thousand where nothing has drifted.
///
/// Of B parts in samples of n and m it is on average (B − 1)(1/n + 1/m), and spread about it like χ² of
/// B − 1 degrees (Yurdakul, *Statistical Properties of Population Stability Index*, 2018). Signals of a day
/// share its market, so n is that of as many independent ones as would waver as days do: the shares of
/// all vary by Σ over days of (count − n · share)² / n² instead of share · (1 − share) / n, and what is
/// expected is the sum over parts of that variance by the reference's share (the first-order correction of
/// Rao and Scott, *The Analysis of Categorical Data from Complex Sample Surveys*, JASA 76, 1981).
fn chance(shares: &Shares, learned: usize, days: impl Iterator<Item = (f64, Vec<f64>)>) -> f64 {
    let days: Vec<(f64, Vec<f64>)> = days.collect();
    let all: f64 = days.iter().map(|(signals, _)| signals).sum();
    let (mut parts, mut wavers) = (0.0, 0.0);
    for (part, then) in shares.shares.iter().enumerate() {
        let now = days.iter().map(|(n, day)| n * day[part]).sum::<f64>() / all;
        if *then <= 0.0 && now <= 0.0 {
            continue;
        }
        parts += 1.0;
        let squares: f64 = days
            .iter()
            .map(|(n, day)| (n * (day[part] - now)).powi(2))
            .sum();
        let few = count(days.len()) / count(days.len() - 1);
        // A part that the reference has not is no chance, and would weigh without end.
        if *then > 0.0 {
            wavers += few * squares / (all * all) / then;
        }
    }
    let degrees = f64::max(parts - 1.0, 0.0);
    if degrees <= 0.0 {
        return 0.0;
    }
    let expected = f64::max(wavers, degrees / all) + degrees / count(learned.max(1));
    expected * (1.0 + CHANCE * (2.0 / degrees).sqrt())
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    /// So many signals were learned from.
    const LEARNED: usize = 3_000;

    /// Every feature in ten parts of equal size between nought and one.
    fn reference() -> Vec<Shares> {
        let mut shares = vec![0.1; 10];
        shares.push(0.0);
        let names = schema().signal.iter();
        names
            .map(|name| Shares {
                feature: (*name).to_owned(),
                cuts: (1_u8..10).map(|part| f32::from(part) / 10.0).collect(),
                shares: shares.clone(),
            })
            .collect()
    }

    fn index(name: &str) -> usize {
        let mut names = schema().signal.iter();
        names.position(|named| *named == name).unwrap()
    }

    /// What is told after so many days with a signal every so many minutes. The first half of the features
    /// are each signal's own; of the others every second number lies about where that day has its mood.
    fn after(
        days: i64,
        minutes: i64,
        seed: u64,
        change: impl Fn(&mut Vec<f32>, i64),
    ) -> Option<Told> {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut lately = VecDeque::new();
        let features = schema().signal.len();
        for day in 0..days {
            let moods: Vec<f32> = (0..features).map(|_| dice.random()).collect();
            for minute in (0..24 * 60).step_by(usize::try_from(minutes).unwrap()) {
                let mut values: Vec<f32> = (0..features)
                    .map(|nth| {
                        let own: f32 = dice.random();
                        let moody = nth >= features / 2 && dice.random();
                        if moody {
                            (moods[nth] + own / 2.0) % 1.0
                        } else {
                            own
                        }
                    })
                    .collect();
                let at = (day * 24 * 60 + minute) * 60_000_000;
                change(&mut values, at);
                let received = Timestamp::from_micros(at);
                keep(&mut lately, Noted { received, values });
            }
        }
        told(&reference(), LEARNED, &lately)
    }

    #[test]
    fn signals_that_are_as_they_were_are_not_said_to_drift() {
        for seed in 0..10 {
            for (days, minutes) in [(8, 15), (20, 15), (14, 60), (30, 90)] {
                let told = after(days, minutes, seed, |_, _| {}).unwrap();
                let worst = told.worst;
                assert!(worst < 0.25, "{worst} after {days} days, seed {seed}");
            }
        }
    }

    #[test]
    fn what_has_changed_is_said_by_its_feature_and_by_the_worst() {
        let moved = index("coin.moved_1h");
        let shifted = |values: &mut Vec<f32>, _| values[moved] = values[moved].mul_add(0.6, 0.4);
        let told = after(14, 60, 1, shifted).unwrap();
        assert!(told.worst > 0.25, "{}", told.worst);
        assert_eq!(told.features[moved], ("coin.moved_1h", told.worst));
        // What was always known and no longer is.
        let lost = |values: &mut Vec<f32>, _| values[moved] = f32::NAN;
        assert!(after(14, 60, 1, lost).unwrap().worst > 1.0);
    }

    #[test]
    fn the_clock_is_shown_and_is_never_the_worst() {
        let hour = index("market.hour_sine");
        let noon = |values: &mut Vec<f32>, _| values[hour] = 0.95;
        let told = after(14, 60, 1, noon).unwrap();
        assert!(told.features[hour].1 > 1.0 && told.worst < 0.25, "{told:?}");
    }

    #[test]
    fn nothing_is_said_of_a_few_days_or_signals_however_fast_they_come() {
        assert_eq!(after(6, 5, 1, |_, _| {}), None);
        assert_eq!(after(8, 60, 1, |_, _| {}), None, "192 signals");
        assert!(after(9, 60, 1, |_, _| {}).is_some());
    }
}
