//! First calls and copies: who said the same levels first, and how much later the others did.

use std::collections::{BTreeMap, HashMap};

use domain::ids::SignalId;
use domain::ports::scrutiny::Twin;
use domain::ports::store::SignalRecord;
use domain::statistics::{DAY, median};
use serde::Serialize;
use utoipa::ToSchema;

use super::{rounded, share};

/// So many other channels are named.
const NAMED: usize = 50;

/// How much of what a channel says it says first. Signals are the same where pair, side, published
/// entry, stop and first target are; only those within a day of each other are held together.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Copies {
    /// Signals with a stop: those that can be compared.
    pub compared: usize,
    /// How many of them no other channel had said in the day before.
    pub first: usize,
    /// `first / compared`; none of nothing.
    pub originality: Option<f64>,
    /// The others: somebody had said the same.
    pub copied: usize,
    /// The median time from the first who said it to this channel, in seconds.
    pub median_lag_s: Option<f64>,
    /// How many of the first calls another channel said in the day after.
    pub repeated: usize,
    /// The median time until the first of them did, in seconds.
    pub median_lead_s: Option<f64>,
    /// With whom, the most common first.
    pub with: Vec<Shared>,
    /// How many more channels there are.
    pub left_out: usize,
}

/// Another channel that said the same.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Shared {
    /// Its name.
    pub channel: String,
    /// How often it was earlier.
    pub earlier: usize,
    /// How often it was later.
    pub later: usize,
    /// The median time from its signal to this channel's, in seconds; below zero where it comes later.
    pub median_lag_s: f64,
}

impl Copies {
    /// These signals against the same ones elsewhere.
    #[must_use]
    pub fn of(records: &[SignalRecord], twins: &[Twin]) -> Self {
        let mine: HashMap<SignalId, i64> = records
            .iter()
            .filter(|record| record.signal.stop.is_some())
            .map(|record| (record.signal.id, record.signal.received.as_micros()))
            .collect();
        let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
        // How long after the other, for each of mine; the same channel may have said it twice.
        let mut lags: HashMap<SignalId, Vec<i64>> = HashMap::new();
        let mut shared: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for twin in twins {
            let Some(received) = mine.get(&twin.of) else {
                continue;
            };
            let lag = received - twin.received.as_micros();
            if lag.abs() <= day {
                lags.entry(twin.of).or_default().push(lag);
                shared.entry(twin.channel.as_str()).or_default().push(lag);
            }
        }
        let lag = |of: &Vec<i64>| of.iter().copied().filter(|lag| *lag > 0).max();
        let behind: Vec<i64> = lags.values().filter_map(lag).collect();
        let ahead: Vec<i64> = lags
            .values()
            .filter(|of| lag(of).is_none())
            .filter_map(|of| of.iter().map(|lag| -lag).filter(|lead| *lead > 0).min())
            .collect();
        let mut with: Vec<Shared> = shared
            .into_iter()
            .filter_map(|(channel, lags)| {
                Some(Shared {
                    channel: channel.to_owned(),
                    earlier: lags.iter().filter(|lag| **lag > 0).count(),
                    later: lags.iter().filter(|lag| **lag < 0).count(),
                    median_lag_s: seconds(&lags)?,
                })
            })
            .collect();
        with.sort_by_key(|one| std::cmp::Reverse(one.earlier + one.later));
        let left_out = with.len().saturating_sub(NAMED);
        with.truncate(NAMED);
        let first = mine.len() - behind.len();
        Self {
            compared: mine.len(),
            first,
            originality: share(first, mine.len()).map(rounded),
            copied: behind.len(),
            median_lag_s: seconds(&behind),
            repeated: ahead.len(),
            median_lead_s: seconds(&ahead),
            with,
            left_out,
        }
    }
}

/// The median of some microseconds, in seconds.
fn seconds(micros: &[i64]) -> Option<f64> {
    let seconds: Vec<f64> = micros.iter().map(|micros| *micros as f64 / 1e6).collect();
    median(&seconds).map(rounded)
}

#[cfg(test)]
mod tests;
