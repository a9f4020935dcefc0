//! One poller for all channels of a token: whoever waits for posts asks for everybody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use domain::ports::Clock;
use domain::ports::source::SourceError;

use super::Chat;
use super::api::Api;
use super::lanes::{Arrived, Lanes};
use super::message;
use crate::outbound::{Backoff, no_sooner};

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// One bot's updates.
pub(super) struct Poller {
    api: Api,
    rest: Duration,
    clock: Arc<dyn Clock>,
    lanes: Mutex<Lanes>,
    /// Whoever holds it asks; the others wait for what he gets, or for him to give it up.
    turn: tokio::sync::Mutex<Pace>,
    /// Something came, or was settled.
    changed: Notify,
}

/// When to ask next.
struct Pace {
    due: Instant,
    /// Sooner, when nothing is unsettled any more.
    unless_settled: bool,
    backoff: Backoff,
}

impl Poller {
    pub(super) fn new(api: Api, rest: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            api,
            rest,
            clock,
            lanes: Mutex::default(),
            turn: tokio::sync::Mutex::new(Pace {
                due: Instant::now(),
                unless_settled: false,
                backoff: Backoff::new(rest, LONGEST_PAUSE),
            }),
            changed: Notify::new(),
        }
    }

    pub(super) fn expect(&self, chat: Chat) {
        self.lanes().expect(chat);
    }

    pub(super) fn reopen(&self, chat: &Chat, settled: Option<i64>) {
        self.lanes().reopen(chat, settled);
        self.changed.notify_waiters();
    }

    /// Waits for posts of a chat. Asking again says that those before are stored.
    pub(super) async fn next(&self, chat: &Chat) -> Result<Vec<Arrived>, SourceError> {
        self.lanes().settle(chat);
        self.changed.notify_waiters();
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let arrived = self.lanes().take(chat);
            if !arrived.is_empty() {
                return Ok(arrived);
            }
            tokio::select! {
                biased;
                () = changed => {}
                mut pace = self.turn.lock() => self.ask(&mut pace).await?,
            }
        }
    }

    /// Asks once for everybody. Given up half-way it is as if it had not been asked: what is not
    /// confirmed comes again.
    async fn ask(&self, pace: &mut Pace) -> Result<(), SourceError> {
        // Unsettled posts come again with the next answer, at once: there is no use in asking for
        // more before somebody has settled some, or not often.
        while !pace.unless_settled || self.lanes().unsettled() {
            tokio::select! {
                () = self.changed.notified(), if pace.unless_settled => {}
                () = tokio::time::sleep_until(pace.due) => break,
            }
        }
        let (confirm, wait) = {
            let lanes = self.lanes();
            (lanes.confirmable(), !lanes.unsettled())
        };
        let begin = Instant::now();
        match self.api.updates(confirm, wait).await {
            Ok(updates) => {
                pace.backoff.succeeded();
                pace.due = begin
                    + if updates.is_empty() {
                        self.rest
                    } else {
                        Duration::ZERO
                    };
                self.arrive(confirm, updates);
                Ok(())
            }
            Err(failed) => {
                let wish = failed.retry_after.unwrap_or_default();
                pace.unless_settled = false;
                pace.due = Instant::now() + pace.backoff.failed().max(no_sooner(wish));
                Err(failed.error)
            }
        }
    }

    fn arrive(&self, confirmed: Option<i64>, updates: Vec<serde_json::Value>) {
        let received = self.clock.now();
        let mut lanes = self.lanes();
        if let Some(before) = confirmed {
            lanes.confirmed(before);
        }
        for update in updates {
            match message::read(update) {
                Some(Ok(update)) => lanes.arrive(update, received),
                Some(Err((update, why))) => {
                    if lanes.pass_over(update) {
                        tracing::warn!("update {update} of the bot cannot be read: {why}");
                    }
                }
                None => tracing::warn!("the bot was sent an update without a number"),
            }
        }
        drop(lanes);
        self.changed.notify_waiters();
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
