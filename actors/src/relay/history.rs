//! What the relay asks the store about its history: where a time begins in it, and whether the
//! bus tells the same one.

use domain::ids::Seq;
use domain::ports::bus::Tail;
use domain::ports::store::{Store, StoreError};
use domain::ports::{Encode, View};
use domain::time::Timestamp;

/// The first event that was stored at `since` or later; one past the head when none was. Events
/// are stored in order of time, so it is found by halving.
pub(super) async fn first_since(store: &dyn Store, since: Timestamp) -> Result<Seq, StoreError> {
    let span = store.span().await?;
    let (mut low, mut high) = (span.first.get(), span.head.next().get());
    while low < high {
        let middle = low + (high - low) / 2;
        let after = Seq::new(middle.saturating_sub(1));
        let stored = store.events(after, 1).await?;
        match stored.first() {
            Some(event) if event.stored < since => low = event.seq.next().get(),
            Some(_) | None => high = middle,
        }
    }
    Ok(Seq::new(low))
}

/// Whether the store went back: the bus has events that the store, whose head was read after the
/// tail, does not have, or has otherwise.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn went_back(
    store: &dyn Store,
    encode: &dyn Encode,
    tail: &Tail,
    head: Seq,
) -> Result<bool, StoreError> {
    if tail.seq > head {
        return Ok(true);
    }
    let Some(told) = &tail.event else {
        return Ok(false);
    };
    let before = Seq::new(tail.seq.get().saturating_sub(1));
    let page = store.events(before, 1).await?;
    let same = page.first().filter(|event| event.seq == tail.seq);
    Ok(same.is_some_and(|event| encode.encode(event, View::Scored) != *told))
}
