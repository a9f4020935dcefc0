//! How far a client is behind: the bytes that were written for it and have not left.
//!
//! The WebSocket context queues without a bound and hides its queue, so what goes in is counted
//! here, and what comes out is counted by wrapping the byte stream that the server polls.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::Notify;

/// Nothing more is written for a client while so much waits for it.
const FULL: u64 = 256 * 1024;

/// Counts what goes in and out.
#[derive(Debug, Default)]
pub(super) struct Flow {
    written: AtomicU64,
    left: AtomicU64,
    bell: Notify,
}

impl Flow {
    /// Counts bytes that were written for the client.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// How many bytes have left, ever.
    pub(super) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> u64 {
        // Frames have a few bytes of header that are not counted in, so more may leave.
        self.written
            .load(Ordering::Relaxed)
            .saturating_sub(self.left())
    }

    /// Waits until there is room.
    pub(super) async fn room(&self) {
        while self.waiting() >= FULL {
            let bell = self.bell.notified();
            if self.waiting() < FULL {
                break;
            }
            bell.await;
        }
    }
}

/// The byte stream of a socket, counted as it leaves.
pub(super) struct Counted<S> {
    inner: S,
    flow: Arc<Flow>,
}

impl<S> Counted<S> {
    pub(super) const fn new(inner: S, flow: Arc<Flow>) -> Self {
        Self { inner, flow }
    }
}

impl<S, E> Stream for Counted<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &polled {
            // What leaves together was queued together, headers included: the counts meet again.
            let written = self.flow.written.load(Ordering::Relaxed);
            let left = self.flow.left.load(Ordering::Relaxed) + bytes.len() as u64;
            self.flow.left.store(left.min(written), Ordering::Relaxed);
            self.flow.bell.notify_waiters();
        }
        polled
    }
}
