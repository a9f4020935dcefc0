//! What may go wrong between the room and its clients, switched on by a test or an operator.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The switches. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Mischief(Arc<State>);

#[derive(Debug, Default)]
struct State {
    twice: AtomicBool,
    disordered: AtomicBool,
    delay: AtomicU64,
    lost: AtomicU64,
    failing: AtomicU64,
    stalled: AtomicBool,
}

impl Mischief {
    /// Delivers every webhook twice, until it is switched off.
    pub fn deliver_twice(&self, on: bool) {
        self.0.twice.store(on, Ordering::Release);
    }

    /// Holds webhooks back for a moment and delivers the newest first, until it is switched off.
    pub fn disorder(&self, on: bool) {
        self.0.disordered.store(on, Ordering::Release);
    }

    /// Delivers every webhook so much later, until it is switched off with zero.
    pub fn delay(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.delay.store(millis, Ordering::Release);
    }

    /// Loses the next `count` webhooks for good.
    pub fn lose(&self, count: u64) {
        self.0.lost.store(count, Ordering::Release);
    }

    /// Answers the next `count` requests to the API with status 500, having done nothing.
    pub fn fail(&self, count: u64) {
        self.0.failing.store(count, Ordering::Release);
    }

    /// Takes requests to the API and does not answer them, until it is switched off.
    pub fn stall(&self, on: bool) {
        self.0.stalled.store(on, Ordering::Release);
    }

    pub(super) fn is_twice(&self) -> bool {
        self.0.twice.load(Ordering::Acquire)
    }

    pub(super) fn is_disordered(&self) -> bool {
        self.0.disordered.load(Ordering::Acquire)
    }

    pub(super) fn delayed_by(&self) -> Duration {
        Duration::from_millis(self.0.delay.load(Ordering::Acquire))
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.0.stalled.load(Ordering::Acquire)
    }

    pub(super) fn loses_this(&self) -> bool {
        one_of(&self.0.lost)
    }

    pub(super) fn fails_this(&self) -> bool {
        one_of(&self.0.failing)
    }
}

/// Takes one of a count, if any is left.
fn one_of(count: &AtomicU64) -> bool {
    let one_less = |left: u64| left.checked_sub(1);
    count
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less)
        .is_ok()
}
