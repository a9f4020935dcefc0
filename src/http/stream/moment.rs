//! Where the stream stood at a moment.

use std::sync::Arc;

use domain::ids::Seq;
use domain::ports::store::{Span, Store, StoreError};
use domain::time::Timestamp;

/// The last event that was stored at or before a moment; the place before the first that is kept where
/// there is none. Places and times of storing rise together, so some twenty questions find it.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub(in crate::http) async fn head_at(
    store: &Arc<dyn Store>,
    span: &Span,
    moment: Timestamp,
) -> Result<Seq, StoreError> {
    // Everything up to `low` was stored by then, and nothing from `high` on.
    let mut low = span.first.get().saturating_sub(1);
    let mut high = span.head.get() + 1;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let event = store.events(Seq::new(middle - 1), 1).await?;
        match event.first() {
            Some(event) if event.stored <= moment => low = event.seq.get().max(middle),
            Some(_) | None => high = middle,
        }
    }
    Ok(Seq::new(low))
}
