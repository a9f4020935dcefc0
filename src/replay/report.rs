//! The report of a replay: counted from the stored records, the same bytes for the same input.

use std::collections::BTreeMap;

use domain::lifecycle::State;
use domain::market::Instrument;
use domain::ports::store::{ChannelCard, SignalQuery, SignalRecord, Store, StoreError};
use domain::time::Timestamp;
use serde::Serialize;

use super::candles::Coverage;

mod in_r;
mod summary;

pub use in_r::{Between, Certainty, InR, Known};
pub use summary::Summary;

/// So many signals are read at once.
const PAGE: usize = 500;

/// What a replay found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The form of this report.
    pub version: u32,
    /// The execution model under which everything here came about.
    pub model: &'static str,
    /// What the signals were judged on.
    pub instruments: Vec<InstrumentReport>,
    /// Each channel.
    pub channels: Vec<ChannelReport>,
}

/// What was known of one instrument.
#[derive(Debug, Serialize)]
pub struct InstrumentReport {
    /// Its name.
    pub instrument: String,
    /// The first instant of which anything is known.
    pub from: String,
    /// The first instant after all that is known.
    pub to: String,
    /// In how many places nothing is known.
    pub gaps: usize,
    /// How many candles are missing there.
    pub missing: u64,
    /// Which interval decided how much, finest first.
    pub intervals: Vec<IntervalReport>,
}

/// What one interval of candles was good for.
#[derive(Debug, Serialize)]
pub struct IntervalReport {
    /// `5m`.
    pub interval: String,
    /// When the first candle begins.
    pub from: String,
    /// When the last candle ends.
    pub to: String,
    /// How many there are.
    pub read: usize,
    /// How many of them are the finest that is known of their time, and decided.
    pub used: usize,
}

impl InstrumentReport {
    fn of(instrument: &Instrument, coverage: &Coverage) -> Self {
        let intervals = coverage.layers.iter().map(|layer| IntervalReport {
            interval: layer.interval.clone(),
            from: date(layer.from),
            to: date(layer.to),
            read: layer.read,
            used: layer.used,
        });
        Self {
            instrument: instrument.to_string(),
            from: date(coverage.from),
            to: date(coverage.to),
            gaps: coverage.gaps,
            missing: coverage.missing,
            intervals: intervals.collect(),
        }
    }
}

/// What a replay found of one channel.
#[derive(Debug, Serialize)]
pub struct ChannelReport {
    /// Its name.
    pub channel: String,
    /// How many posts.
    pub posts: u64,
    /// How many posts of each class.
    pub classes: BTreeMap<String, u64>,
    /// How many signals were read.
    pub signals: usize,
    /// How many of them on markets for which there are no candles: they cannot be judged.
    pub unlisted: usize,
    /// How many were entered, at least in part.
    pub filled: usize,
    /// How many were judged to the end.
    pub judged: usize,
    /// How many the candles ended before.
    pub open: usize,
    /// How many of the judged could be read in two ways.
    pub ambiguous: usize,
    /// How many of the judged had a hole in their path.
    pub incomplete: usize,
    /// How many were judged on another kind of market than their words spoke of.
    pub substituted: usize,
    /// How many ended how.
    pub endings: BTreeMap<&'static str, usize>,
    /// What they earned in R.
    pub in_r: InR,
    /// Every signal, in the order of the stream.
    pub list: Vec<Summary>,
}

impl Report {
    /// Reads the records.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they cannot be read.
    pub async fn of(
        store: &dyn Store,
        cards: &[ChannelCard],
        known: &BTreeMap<Instrument, Coverage>,
        model: &'static str,
    ) -> Result<Self, StoreError> {
        let mut channels = Vec::new();
        for record in store.channels().await? {
            if cards.iter().any(|card| card.id == record.card.id) {
                let signals = signals(store, &record.card).await?;
                let mut report = channel(&signals);
                for signal in &signals {
                    report.list.push(Summary::of(store, signal).await?);
                }
                report.channel = record.card.id.to_string();
                report.posts = record.posts;
                report.classes = record.classes;
                channels.push(report);
            }
        }
        Ok(Self {
            version: 4,
            model,
            instruments: known
                .iter()
                .map(|(on, coverage)| InstrumentReport::of(on, coverage))
                .collect(),
            channels,
        })
    }
}

/// All signals of a channel, oldest first.
async fn signals(store: &dyn Store, card: &ChannelCard) -> Result<Vec<SignalRecord>, StoreError> {
    let mut all: Vec<SignalRecord> = Vec::new();
    loop {
        let query = SignalQuery {
            channels: vec![card.id.clone()],
            before: all.last().map(|record| record.seq),
            limit: PAGE,
            ..SignalQuery::default()
        };
        let page = store.signals(&query).await?;
        let last = page.len() < PAGE;
        all.extend(page);
        if last {
            all.reverse();
            return Ok(all);
        }
    }
}

fn channel(signals: &[SignalRecord]) -> ChannelReport {
    let count = |holds: &dyn Fn(&SignalRecord) -> bool| {
        signals.iter().filter(|record| holds(record)).count()
    };
    let outcomes: Vec<_> = signals
        .iter()
        .filter_map(|record| record.outcome.as_ref())
        .collect();
    let mut endings: BTreeMap<&'static str, usize> = BTreeMap::new();
    for outcome in &outcomes {
        *endings
            .entry(outcome.pessimistic.ending.label())
            .or_default() += 1;
    }
    let unlisted =
        |record: &SignalRecord| record.signal.instrument.venue.as_str() == actors::floor::UNLISTED;
    let entered = |state: State| match state {
        State::Active | State::Partial(_) => true,
        State::Pending => false,
        State::Ended(ending) => !ending.unentered(),
    };
    ChannelReport {
        channel: String::new(),
        posts: 0,
        classes: BTreeMap::new(),
        signals: signals.len(),
        unlisted: count(&unlisted),
        filled: count(&|record| entered(record.state)),
        judged: outcomes.len(),
        open: count(&|record| record.outcome.is_none() && !unlisted(record)),
        ambiguous: outcomes.iter().filter(|outcome| outcome.ambiguous).count(),
        incomplete: outcomes.iter().filter(|outcome| outcome.incomplete).count(),
        substituted: count(&|record| record.signal.substituted),
        endings,
        in_r: InR::of(signals),
        list: Vec::with_capacity(signals.len()),
    }
}

/// An instant as people write it.
fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| at.to_string(), |at| at.to_string())
}
