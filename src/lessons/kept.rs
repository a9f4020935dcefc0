//! Kept: what models saw of each signal, stored before anybody could know its end, beside what came of it.
//!
//! What is learned of these is learned of the very numbers that were seen live. The window of candles is
//! not kept, so only models that do not read it can learn here.

use domain::ports::predictions::Predictions;
use domain::ports::store::{SignalQuery, Store, StoreError};
use domain::post::Origin;
use scoring::dataset::{self, Row};
use scoring::features::{remembered, schema};

/// So many signals are read at once.
const PAGE: usize = 500;

/// So many are learned from at most, the newest.
const AT_MOST: usize = 20_000;

/// The rows of an origin, in the order of receipt.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub async fn rows(
    store: &dyn Store,
    predictions: &dyn Predictions,
    origin: Origin,
) -> Result<Vec<Row>, StoreError> {
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
            let Some(outcome) = &record.outcome else {
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
