//! Kept: what models saw of each signal, stored before anybody could know its end, beside what came of it.
//!
//! What is learned of these is learned of the very numbers that were seen live. The window of candles is
//! not kept, so only models that do not read it can learn here.
//!
//! A signal counts from when its time is up, whether or not it ended before. Of those that could still be
//! open only the ones are over that ended fast, more of them losses, as stops are nearer than targets: the
//! last part of the past, on which models are measured, would be made of those.

use domain::ports::predictions::{Predictions, settled};
use domain::ports::store::{SignalQuery, Store, StoreError};
use domain::post::Origin;
use domain::time::Timestamp;
use scoring::dataset::{self, Row};
use scoring::features::{remembered, schema};

/// So many signals are read at once.
const PAGE: usize = 500;

/// So many are learned from at most, the newest.
const AT_MOST: usize = 20_000;

/// The rows of an origin whose time is up by now, in the order of receipt.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub async fn rows(
    store: &dyn Store,
    predictions: &dyn Predictions,
    origin: Origin,
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let until = settled(now);
    let mut rows: Vec<Row> = Vec::new();
    let mut before = None;
    loop {
        let query = SignalQuery {
            origin: Some(origin),
            open: Some(false),
            before,
            limit: PAGE,
            ..SignalQuery::default()
        };
        let page = store.signals(&query).await?;
        before = page.last().map(|record| record.seq);
        let last = page.len() < PAGE;
        for record in page {
            let due = record.signal.expires_at <= until;
            let Some(outcome) = record.outcome.as_ref().filter(|_| due) else {
                continue;
            };
            let Some(seen) = predictions.seen(record.signal.id).await? else {
                continue;
            };
            if seen.schema != schema().hash {
                continue;
            }
            let features = remembered(&record.signal, &seen.values);
            rows.extend(features.and_then(|features| Row::of(&record.signal, outcome, features)));
        }
        if last || rows.len() >= AT_MOST {
            dataset::sort(&mut rows);
            return Ok(rows);
        }
    }
}
