//! Ears: how a room of the house hears of the events about one instrument.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::event::Event;
use domain::market::Instrument;
use tokio::sync::mpsc;

/// So many events an ear may fall behind; then it reads the store instead.
const EVENTS: usize = 4_096;

/// The hub's side: what is said here is heard there.
#[derive(Debug)]
pub struct Mouth {
    instrument: Instrument,
    events: mpsc::Sender<Heard>,
    missed: Arc<AtomicBool>,
}

/// The listener's side.
#[derive(Debug)]
pub struct Ear {
    events: mpsc::Receiver<Heard>,
    missed: Arc<AtomicBool>,
}

/// What an ear hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// This event.
    Event(Arc<Event>),
    /// Something was said that it could not take in: the store knows what.
    Missed,
    /// Nobody speaks any more: the hub was born anew and knows nothing of this ear.
    Deaf,
}

/// An ear for the events about an instrument.
#[must_use]
pub fn ear(instrument: Instrument) -> (Mouth, Ear) {
    let (sender, events) = mpsc::channel(EVENTS);
    let missed = Arc::new(AtomicBool::new(false));
    let mouth = Mouth {
        instrument,
        events: sender,
        missed: Arc::clone(&missed),
    };
    (mouth, Ear { events, missed })
}

impl Mouth {
    /// Says that something was not said.
    pub(crate) fn miss(&self) {
        if self.events.try_send(Heard::Missed).is_err() {
            self.missed.store(true, Ordering::SeqCst);
        }
    }

    /// Says an event to those whom it concerns; `false` when nobody listens any more.
    pub(crate) fn say(&self, event: &Arc<Event>) -> bool {
        let about = event.happening().map(|about| &about.instrument);
        if about != Some(&self.instrument) {
            return !self.events.is_closed();
        }
        if self.missed.load(Ordering::SeqCst) {
            // Whatever came after a miss is read in the store with it, so nothing overtakes it.
            return !self.events.is_closed();
        }
        match self.events.try_send(Heard::Event(Arc::clone(event))) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                metrics::counter!("touchstone_hub_ears_overflowed_total").increment(1);
                self.missed.store(true, Ordering::SeqCst);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl Ear {
    /// Waits for what comes next. Cancel safe.
    pub async fn hear(&mut self) -> Heard {
        if let Some(heard) = self.heard_already() {
            return heard;
        }
        self.events.recv().await.unwrap_or(Heard::Deaf)
    }

    /// What was said already, if anything.
    pub fn heard_already(&mut self) -> Option<Heard> {
        match self.events.try_recv() {
            Ok(heard) => Some(heard),
            // What did not fit came after what did.
            Err(_) => self
                .missed
                .swap(false, Ordering::SeqCst)
                .then_some(Heard::Missed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overtakes_what_was_missed() {
        let instrument = Instrument::parse("sim:spot:BTC/USDT").unwrap();
        let (mouth, mut ear) = ear(instrument);
        for _ in 0..EVENTS {
            mouth.miss();
        }
        mouth.missed.store(true, Ordering::SeqCst);
        assert_eq!(ear.heard_already(), Some(Heard::Missed));
        mouth.miss();
        let heard = std::iter::from_fn(|| ear.heard_already()).count();
        assert_eq!(heard, EVENTS + 1);
    }
}
