//! The way to the connection, and how it speaks to those who came in.

use std::sync::{Arc, Mutex, PoisonError};

use smol_str::SmolStr;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, error::TrySendError};

use domain::market::{Candle, Trade};
use domain::time::Timestamp;

use super::Shared;
use super::connection::Connection;

/// Tapes that may wait to be let in.
const WAITING: usize = 64;

/// What a tape hears.
#[derive(Debug)]
pub(super) enum Heard {
    /// From here on everything arrives; what came before has to be fetched.
    Live,
    /// A trade.
    Trade(Trade),
    /// A finished candle, where candles judge.
    Candle(Candle),
    /// The venue mentioned the number of a trade, at that instant of its clock.
    Mentioned(u64, Timestamp),
    /// Everything up to this instant of the venue's clock has arrived.
    Time(Timestamp),
    /// The venue does not serve it.
    Refused,
}

/// Someone wants to hear of a symbol until he drops the other end.
#[derive(Debug)]
pub(super) struct Follow {
    pub symbol: SmolStr,
    pub tell: mpsc::Sender<Heard>,
}

/// The way to the connection, whoever runs it today.
pub(super) struct Door {
    shared: Arc<Shared>,
    runtime: Handle,
    inside: Mutex<Option<mpsc::Sender<Follow>>>,
}

impl Door {
    pub(super) fn new(shared: Arc<Shared>, runtime: Handle) -> Self {
        Self {
            shared,
            runtime,
            inside: Mutex::new(None),
        }
    }

    /// Lets a follower in. If nobody runs the connection, somebody is found who does.
    pub(super) async fn knock(&self, follow: Follow) {
        // One who is just dying takes the follower with him, who then notices and comes again.
        drop(self.inside().send(follow).await);
    }

    fn inside(&self) -> mpsc::Sender<Follow> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(alive) = inside.as_ref().filter(|inside| !inside.is_closed()) {
            return alive.clone();
        }
        let (knock, door) = mpsc::channel(WAITING);
        let connection = Connection::new(Arc::clone(&self.shared), door);
        self.runtime.spawn(connection.run());
        *inside = Some(knock.clone());
        knock
    }
}

/// One tape, as the connection sees it.
pub(super) struct Listener {
    tell: mpsc::Sender<Heard>,
    /// It could not keep up and hears nothing until it has emptied its queue.
    behind: bool,
}

impl Listener {
    pub(super) const fn new(tell: mpsc::Sender<Heard>) -> Self {
        Self {
            tell,
            behind: false,
        }
    }

    /// Does nobody listen any more?
    pub(super) fn is_gone(&self) -> bool {
        self.tell.is_closed()
    }

    /// Passes something on. Says whether the tape fell behind with it.
    pub(super) fn tell(&mut self, heard: Heard) -> bool {
        if self.behind {
            let caught_up = self.tell.capacity() == self.tell.max_capacity();
            if !caught_up || self.tell.try_send(Heard::Live).is_err() {
                return false;
            }
            self.behind = false;
        }
        let full = matches!(self.tell.try_send(heard), Err(TrySendError::Full(_)));
        self.behind = full;
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_falls_behind_hears_nothing_until_he_has_caught_up_and_then_that_he_must_fetch() {
        let (tell, mut queue) = mpsc::channel(2);
        let mut listener = Listener::new(tell);
        let time = |micros| Heard::Time(Timestamp::from_micros(micros));
        assert!(!listener.tell(time(1)));
        assert!(!listener.tell(time(2)));
        assert!(listener.tell(time(3)), "this one fell behind");
        queue.try_recv().unwrap();
        assert!(!listener.tell(time(4)), "still behind, and told so once");
        queue.try_recv().unwrap();
        assert!(queue.try_recv().is_err());
        listener.tell(time(5));
        assert!(matches!(queue.try_recv(), Ok(Heard::Live)));
        assert!(matches!(queue.try_recv(), Ok(Heard::Time(at)) if at == Timestamp::from_micros(5)));
    }
}
