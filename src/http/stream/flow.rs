//! How far a client is behind: what was said to it and has not left for its socket.
//!
//! The context of a session queues without a bound and hides its queue, so the stream of bytes that
//! it makes is wrapped: what goes in is counted by the session, what comes out is counted here.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::sync::Notify;

/// What waits for one socket.
#[derive(Debug)]
pub(super) struct Flow {
    limit: usize,
    /// Said, and not yet made frames.
    queued: Cell<usize>,
    /// Made frames, and not yet all in the socket.
    handed: Cell<usize>,
    bell: Notify,
}

impl Flow {
    /// A flow in which at most about `limit` bytes wait.
    pub(super) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self {
            limit,
            queued: Cell::new(0),
            handed: Cell::new(0),
            bell: Notify::new(),
        })
    }

    /// Counts what is said.
    pub(super) fn put(&self, bytes: usize) {
        self.queued.set(self.queued.get() + bytes);
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.queued.get() + self.handed.get()
    }

    /// How many more bytes may wait.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.waiting())
    }

    /// Waits until there is room.
    pub(super) async fn has_room(&self) {
        while self.room() == 0 {
            self.bell.notified().await;
        }
    }

    /// The last bytes are gone: nobody would ask for more if they were not.
    fn asked_for_more(&self) {
        if self.handed.replace(0) > 0 {
            self.bell.notify_waiters();
        }
    }

    /// Everything that was queued became these bytes.
    fn hand(&self, bytes: usize) {
        self.queued.set(0);
        self.handed.set(bytes);
    }
}

/// The bytes of a session on their way to its socket.
pub(super) struct Counted<S> {
    bytes: Pin<Box<S>>,
    flow: Rc<Flow>,
}

impl<S> Counted<S> {
    pub(super) fn new(bytes: S, flow: Rc<Flow>) -> Self {
        Self {
            bytes: Box::pin(bytes),
            flow,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, Error>>> Stream for Counted<S> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.flow.asked_for_more();
        let polled = self.bytes.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &polled {
            self.flow.hand(bytes.len());
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    use super::*;

    #[test]
    fn what_was_said_waits_until_the_socket_asks_for_more() {
        let flow = Flow::new(100);
        let chunks = stream::iter([Ok(Bytes::from_static(&[0; 104])), Ok(Bytes::new())]);
        let mut counted = Counted::new(chunks, Rc::clone(&flow));
        flow.put(100);
        assert!(flow.has_room().now_or_never().is_none());
        assert!(counted.next().now_or_never().is_some());
        assert_eq!((flow.waiting(), flow.room()), (104, 0));
        assert!(counted.next().now_or_never().is_some());
        assert_eq!((flow.waiting(), flow.room()), (0, 100));
        assert!(flow.has_room().now_or_never().is_some());
    }
}
