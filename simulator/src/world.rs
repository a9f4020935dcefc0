//! What every part of a running simulator shares.

use std::time::Duration;

use tokio::sync::watch;

use crate::channels::Press;
use crate::clock::Clock;
use crate::faults::Faults;

/// The shared world.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) press: Press,
    pub(crate) faults: Faults,
    pub(crate) connection_age: Duration,
    /// When it was started, in microseconds since 1970.
    pub(crate) started: i64,
    pub(crate) stop: watch::Receiver<bool>,
}

impl World {
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().div_euclid(1000)
    }

    /// Returns once the simulator is asked to stop.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.clone();
        // A handle that is gone asks for the same.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}
