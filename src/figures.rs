//! Figures: what may be said of a channel, computed from its stored outcomes and from nothing else.
//!
//! `docs/guide/figures.md` explains each; the formulas are the domain's.

use domain::ids::SignalId;
use domain::lifecycle::{Outcome, State};
use domain::market::Price;
use domain::ports::store::SignalRecord;
use domain::signal::Signal;
use domain::statistics::{
    self, Bounds, Curve, DRAWS, Told, Trade, Z_95, by_chance, exact, expectancy, mean, per_day,
    permuted, profit_factor, sharpe, sortino, wilson,
};
use domain::time::Timestamp;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use utoipa::ToSchema;

pub mod board;
pub mod claims;
pub mod copies;
pub mod delays;
pub mod followed;
pub mod parts;
pub mod read;
pub mod recall;
pub mod scrutiny;
#[cfg(test)]
pub(crate) mod testkit;
pub mod window;

/// The rules by which figures are computed. Where a figure of the same records would come out otherwise,
/// they are other rules and get another number.
pub const RULES: &str = "figures/1";

/// The dice with which the past is dealt anew: always the same, so the figures are, too.
const SEED: u64 = 1;

/// What may be said of a channel. R is net of costs and pessimistic where nothing else is said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// How many signals were read.
    pub signals: usize,
    /// How many of them on markets that no venue of the platform lists: they cannot be judged.
    pub unlisted: usize,
    /// How many are not over.
    pub open: usize,
    /// How many are over, in both bounds.
    pub judged: usize,
    /// How many of the judged were entered, at least in part.
    pub entered: usize,
    /// `entered / judged`; none of nothing.
    pub fill_rate: Option<f64>,
    /// How many of the judged could be read in two ways.
    pub ambiguous: usize,
    /// How many of the judged have a hole in their path; they are in no figure of R.
    pub incomplete: usize,
    /// How many were entered without a stop; they have no R.
    pub without_stop: usize,
    /// How many trades the figures of R are made of.
    pub trades: usize,
    /// How many independent trades would say as much; none where they all fall into one block of time.
    pub effective_n: Option<f64>,
    /// How many of the trades earned more than nothing.
    pub won: usize,
    /// The share of the won, with its bound at the effective n.
    pub win_rate: Option<Known>,
    /// What a trade earned on average, in R, with the interval of its resampled mean.
    pub mean_r: Option<Known>,
    /// The same in the optimistic bound.
    pub mean_r_optimistic: Option<f64>,
    /// What all trades earned together, in R.
    pub sum_r: Option<f64>,
    /// What was won over what was lost; none where nothing was lost.
    pub profit_factor: Option<f64>,
    /// The deepest fall of the sum of R below its former height.
    pub max_drawdown_r: Option<f64>,
    /// The longest time below a former height, in seconds.
    pub under_water_s: Option<u64>,
    /// The Sharpe ratio of a day.
    pub sharpe_day: Option<f64>,
    /// The Sortino ratio of a day.
    pub sortino_day: Option<f64>,
    /// How often the price alone would reach the first target before the stop, from where these trades
    /// were published, if it went nowhere: the mean of risk / (risk + gain).
    pub geometry_win_rate: Option<f64>,
    /// The share of signals whose post was edited.
    pub edit_rate: Option<f64>,
    /// The share of signals whose post was deleted.
    pub deletion_rate: Option<f64>,
    /// Whether it is losers that are deleted; none where nothing was deleted.
    pub deletions: Option<Deletions>,
    /// How likely a mean of nothing or better is where the truth is what was seen.
    #[serde(skip)]
    #[schema(ignore)]
    pub p_of_gain: Option<f64>,
}

/// A figure with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Known {
    /// What was seen.
    pub value: f64,
    /// The lower bound; none where nothing tells how the next trade will differ.
    pub low: Option<f64>,
    /// The upper bound, likewise.
    pub high: Option<f64>,
}

/// Do deletions fall on losers?
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Deletions {
    /// Trades that lost, and whose post was deleted.
    pub lost_deleted: u32,
    /// Trades that lost, and whose post stands.
    pub lost_kept: u32,
    /// Other trades whose post was deleted.
    pub other_deleted: u32,
    /// Other trades whose post stands.
    pub other_kept: u32,
    /// How likely so many deleted losers are by chance: Fisher's exact test, one-sided.
    pub p_exact: f64,
    /// The same where deletions are dealt anew within each day.
    pub p_permuted: f64,
}

/// A trade of a channel, with what groups it.
#[derive(Clone, Copy)]
pub(crate) struct Counted<'a> {
    pub(crate) record: &'a SignalRecord,
    pub(crate) trade: Trade,
}

/// The trades that have an R and no hole in their path.
pub(crate) fn trades(records: &[SignalRecord]) -> Vec<Counted<'_>> {
    let counted = |record: &'_ SignalRecord| {
        let outcome = record
            .outcome
            .as_ref()
            .filter(|outcome| !outcome.incomplete)?;
        let told = &outcome.pessimistic;
        Some(Trade {
            received: record.signal.received,
            entered: told.entered_at?,
            ended: told.ended_at,
            r: told.r?.to_f64()?,
        })
    };
    records
        .iter()
        .filter_map(|record| counted(record).map(|trade| Counted { record, trade }))
        .collect()
}

/// Forgets outcomes of which nobody knew at an instant.
pub(crate) fn as_of(mut records: Vec<SignalRecord>, at: Timestamp) -> Vec<SignalRecord> {
    records.retain(|record| record.signal.received < at);
    for record in &mut records {
        let known = |outcome: &domain::lifecycle::Outcome| {
            outcome.pessimistic.ended_at <= at && outcome.optimistic.ended_at <= at
        };
        if !record.outcome.as_ref().is_none_or(known) {
            record.outcome = None;
            record.state = State::Active;
        }
    }
    records
}

/// The same signals with what came of them under another model; how many are judged and were not
/// tried under it, which are left out.
pub(crate) fn under(
    mut records: Vec<SignalRecord>,
    outcome: impl Fn(SignalId) -> Option<Outcome>,
) -> (Vec<SignalRecord>, usize) {
    let before = records.len();
    records.retain_mut(|record| {
        if record.outcome.is_some() {
            record.outcome = outcome(record.signal.id);
            return record.outcome.is_some();
        }
        true
    });
    let untried = before - records.len();
    (records, untried)
}

impl Figures {
    /// The figures of these signals.
    #[must_use]
    pub fn of(records: &[SignalRecord]) -> Self {
        let counted = trades(records);
        let trades: Vec<Trade> = counted.iter().map(|counted| counted.trade).collect();
        let earned: Vec<f64> = trades.iter().map(|trade| trade.r).collect();
        let outcomes = || records.iter().filter_map(|record| record.outcome.as_ref());
        let count = |holds: &dyn Fn(&SignalRecord) -> bool| {
            records.iter().filter(|record| holds(record)).count()
        };
        let unlisted = |record: &SignalRecord| {
            record.signal.instrument.venue.as_str() == actors::floor::UNLISTED
        };
        let judged = outcomes().count();
        let entered = outcomes()
            .filter(|outcome| outcome.pessimistic.entered_at.is_some())
            .count();
        let told = expectancy(&trades, SEED);
        let effective = told.as_ref().map(|told| told.effective);
        let won = earned.iter().filter(|r| **r > 0.0).count();
        let rate = share(won, trades.len());
        let optimistic: Vec<f64> = counted
            .iter()
            .filter_map(|counted| counted.record.outcome.as_ref()?.optimistic.r?.to_f64())
            .collect();
        let curve = Curve::of(&trades);
        let days = per_day(&trades);
        let some = |value: f64| (!trades.is_empty()).then(|| rounded(value));
        Self {
            signals: records.len(),
            unlisted: count(&unlisted),
            open: count(&|record| record.outcome.is_none() && !unlisted(record)),
            judged,
            entered,
            fill_rate: share(entered, judged).map(rounded),
            ambiguous: outcomes().filter(|outcome| outcome.ambiguous).count(),
            incomplete: outcomes().filter(|outcome| outcome.incomplete).count(),
            without_stop: count(&|record| {
                let entered =
                    |outcome: &domain::lifecycle::Outcome| outcome.pessimistic.entered_at.is_some();
                record.signal.stop.is_none() && record.outcome.as_ref().is_some_and(entered)
            }),
            trades: trades.len(),
            effective_n: effective.map(rounded),
            won,
            win_rate: rate.map(|rate| {
                let bounds = effective.and_then(|n| wilson(rate, n, Z_95));
                Known::of(rate, bounds)
            }),
            mean_r: mean(&earned)
                .map(|mean| Known::of(mean, told.as_ref().map(|told| told.bounds))),
            mean_r_optimistic: mean(&optimistic).map(rounded),
            sum_r: some(earned.iter().sum()),
            profit_factor: profit_factor(&earned).map(rounded),
            max_drawdown_r: some(curve.max_drawdown()),
            under_water_s: (!trades.is_empty()).then(|| curve.longest_under_water().as_secs()),
            sharpe_day: sharpe(&days).map(rounded),
            sortino_day: sortino(&days).map(rounded),
            geometry_win_rate: geometry(&counted).map(rounded),
            edit_rate: share(count(&|record| record.edited), records.len()).map(rounded),
            deletion_rate: share(count(&|record| record.deleted), records.len()).map(rounded),
            deletions: Deletions::of(&counted),
            p_of_gain: told.map(|told| told.p_of_gain),
        }
    }

    /// Is there enough to rank the channel?
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.effective_n
            .is_some_and(|n| n >= statistics::LEAST_EFFECTIVE)
    }
}

impl Known {
    fn of(value: f64, bounds: Option<Bounds>) -> Self {
        Self {
            value: rounded(value),
            low: bounds.map(|bounds| rounded(bounds.low)),
            high: bounds.map(|bounds| rounded(bounds.high)),
        }
    }
}

impl Deletions {
    fn of(counted: &[Counted<'_>]) -> Option<Self> {
        let told: Vec<Told> = counted
            .iter()
            .map(|counted| Told {
                received: counted.trade.received,
                lost: counted.trade.r <= 0.0,
                deleted: counted.record.deleted,
            })
            .collect();
        if !told.iter().any(|told| told.deleted) {
            return None;
        }
        let count = |lost: bool, deleted: bool| {
            let same = told
                .iter()
                .filter(|told| told.lost == lost && told.deleted == deleted);
            u32::try_from(same.count()).unwrap_or(u32::MAX)
        };
        let [lost_deleted, other_deleted] = [count(true, true), count(false, true)];
        let [lost_kept, other_kept] = [count(true, false), count(false, false)];
        let test = exact([[lost_deleted, other_deleted], [lost_kept, other_kept]]);
        Some(Self {
            lost_deleted,
            lost_kept,
            other_deleted,
            other_kept,
            p_exact: rounded(test.greater),
            p_permuted: rounded(permuted(&told, DRAWS, SEED)),
        })
    }
}

/// The mean of risk / (risk + gain): a price that goes nowhere meets the nearer of two levels so much
/// sooner (the gambler's ruin).
fn geometry(counted: &[Counted<'_>]) -> Option<f64> {
    let chances: Vec<f64> = counted
        .iter()
        .filter_map(|counted| {
            let signal = &counted.record.signal;
            let entry = published(signal)?;
            let away = |level: Price| (entry.get() - level.get()).abs().to_f64();
            by_chance(away(signal.stop?)?, away(signal.targets.first()?.price)?)
        })
        .collect();
    mean(&chances)
}

/// The published entry; where only the market knows a part of it, by its price at receipt.
fn published(signal: &Signal) -> Option<Price> {
    let market = signal.price_at_receipt;
    let known = signal.entry.published();
    known.or_else(|| market.map(|market| signal.entry.published_at(market)))
}

pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// To six places: more are noise.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
