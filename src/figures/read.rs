//! Reading what figures are made of: a channel's signals, page by page.

use domain::ids::ChannelId;
use domain::ports::store::{SignalQuery, SignalRecord, Store, StoreError};
use domain::post::Origin;
use domain::time::Timestamp;

/// So many signals are read at once.
const PAGE: usize = 500;

/// A channel's signals of one origin, in no particular order.
///
/// # Errors
///
/// [`StoreError`] when they cannot be read.
pub async fn signals(
    store: &dyn Store,
    channel: &ChannelId,
    origin: Origin,
    from: Option<Timestamp>,
) -> Result<Vec<SignalRecord>, StoreError> {
    let mut all: Vec<SignalRecord> = Vec::new();
    loop {
        let query = SignalQuery {
            channels: vec![channel.clone()],
            origin: Some(origin),
            received_from: from,
            before: all.last().map(|record| record.seq),
            limit: PAGE,
            ..SignalQuery::default()
        };
        let page = store.signals(&query).await?;
        let last = page.len() < PAGE;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}
