//! Faults that a test can switch on, for the exchange and for the channels' pages apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// The switches of both.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Of the exchange: REST and WebSocket.
    pub exchange: Switches,
    /// Of the preview pages.
    pub pages: Switches,
}

/// The switches of one of them. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Switches(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stalled: AtomicBool,
    refusing_for: AtomicU64,
    breaking: AtomicU64,
    cuts: watch::Sender<u64>,
}

impl Switches {
    /// Cuts every open connection, without a word of farewell.
    pub fn drop_connections(&self) {
        self.0.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Accepts whoever comes and tells him nothing, until it is switched off.
    pub fn stall(&self, on: bool) {
        self.0.stalled.store(on, Ordering::Release);
    }

    /// Answers 429 and asks to come back after so long, until it is switched off with `None`.
    pub fn refuse(&self, retry_after: Option<Duration>) {
        let seconds = retry_after.map_or(0, |after| after.as_secs().max(1));
        self.0.refusing_for.store(seconds, Ordering::Release);
    }

    /// Breaks the next `count` frames or pages in the middle.
    pub fn malform(&self, count: u64) {
        self.0.breaking.store(count, Ordering::Release);
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.0.stalled.load(Ordering::Acquire)
    }

    pub(crate) fn refusing_for(&self) -> Option<u64> {
        Some(self.0.refusing_for.load(Ordering::Acquire)).filter(|seconds| *seconds > 0)
    }

    pub(crate) fn cuts(&self) -> watch::Receiver<u64> {
        self.0.cuts.subscribe()
    }

    /// The text, or half of it where it is to be broken.
    pub(crate) fn perhaps_broken(&self, mut text: String) -> String {
        let one_less = |left: u64| left.checked_sub(1);
        let state = &self.0.breaking;
        if state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less)
            .is_ok()
        {
            text.truncate(text.floor_char_boundary(text.len() / 2));
        }
        text
    }
}
