//! The past: what is read from the store at start, so that a channel's record does not begin anew.

use domain::market::Instrument;
use domain::ports::store::{SignalQuery, SignalRecord, Store, StoreError};

/// So many signals are read at a time.
const PAGE: usize = 2_000;

/// So many signals are remembered: far more than any channel's record counts.
const REMEMBERED: usize = 100_000;

/// The last signals, newest first, with what became of them.
///
/// # Errors
///
/// [`StoreError`] when they cannot be read.
pub async fn signals(store: &dyn Store) -> Result<Vec<SignalRecord>, StoreError> {
    let mut all: Vec<SignalRecord> = Vec::new();
    loop {
        let query = SignalQuery {
            before: all.last().map(|record| record.seq),
            limit: PAGE,
            ..SignalQuery::default()
        };
        let page = store.signals(&query).await?;
        let full = page.len() == PAGE;
        all.extend(page);
        if !full || all.len() >= REMEMBERED {
            return Ok(all);
        }
    }
}

/// The markets of the last of these signals: the next one is likely to be of one of them.
#[must_use]
pub fn markets(records: &[SignalRecord]) -> Vec<Instrument> {
    let recent = records.iter().take(PAGE);
    let mut markets: Vec<Instrument> = recent
        .map(|record| record.signal.instrument.clone())
        .collect();
    markets.sort();
    markets.dedup();
    markets
}
