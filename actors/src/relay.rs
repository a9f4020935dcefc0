//! The relay: brings every stored event onto the bus, once and in order.
//!
//! It hears of events from the hub as any subscriber does, and reads in the store whatever it did
//! not hear of. Where it stands is known by the bus alone, so whoever takes over goes on from
//! there, and two of them at once do no harm. Nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::ids::{Epoch, Seq};
use domain::ports::bus::{Bus, BusError};
use domain::ports::store::{Store, StoreError};
use domain::ports::{Clock, Encode};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, Leave, Taken};
use crate::supervise::{Door, Exit, Health, Mortal, Obituary, Retire, Sickness};
use crate::unsettled::in_full;
use crate::way::Underway;

mod bell;
mod history;
mod line;

pub use bell::Bell;
pub use history::went_back;

use line::{Line, Stand};

/// The id under which the relay joins the hub; those of sessions count up from 1.
const SUBSCRIPTION: u64 = u64::MAX - 1;

/// So many events are read in the store at once.
const PAGE: usize = 256;

/// So many bytes of events are appended at once.
const BYTES: usize = 256 * 1024;

/// How often a quiet relay looks whether the bus and the store are where it thinks they are.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Old events are taken out when so much of the time that they are kept has passed…
const TRIMS_IN_KEEP: u32 = 16;

/// … but no more often and no less often than this.
const TRIM_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long the first rest after a failure lasts; it doubles up to [`LONGEST_REST`].
const FIRST_REST: Duration = Duration::from_millis(50);

/// The longest rest after a failure.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// What the relay and the bell need.
#[derive(Clone)]
pub struct Rooms {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Where it is brought.
    pub bus: Arc<dyn Bus>,
    /// How an event that the hub did not tell becomes bytes.
    pub encode: Arc<dyn Encode>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who tells of new events.
    pub hub: Door<Hub>,
    /// How long events stay on the bus.
    pub keep: Duration,
    /// Why events do not reach the bus at the moment; none when they do. It outlives the relay.
    pub trouble: watch::Sender<Option<String>>,
    /// Whose way ends here.
    pub underway: Underway,
}

/// Why a relay cannot go on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the hub is away")]
    Hub,
    #[error("its log ended at {found} where {expected} was expected")]
    Moved { expected: Seq, found: Seq },
    #[error(
        "it holds events up to {tail} of epoch {epoch} that the store does not have: the store went \
         back. Start again, and a new epoch is begun"
    )]
    Ahead { epoch: Epoch, tail: Seq },
}

/// Brings every stored event onto the bus.
pub struct Relay {
    rooms: Rooms,
    leave: CancellationToken,
    obituary: Option<Obituary>,
}

impl Relay {
    /// A relay between a store and a bus.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self {
            rooms,
            leave: CancellationToken::new(),
            obituary: None,
        }
    }
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (rooms, leave) = (self.rooms.clone(), self.leave.clone());
        let relaying = async move {
            tokio::select! {
                biased;
                () = leave.cancelled() => {}
                () = relay(&rooms) => {}
            }
            rooms.hub.ask(Leave(SUBSCRIPTION)).await.ok();
        };
        ctx.spawn(relaying.into_actor(self).map(|(), relay, ctx| {
            if let Some(obituary) = &mut relay.obituary {
                obituary.record(Exit::Asked);
            }
            ctx.stop();
        }));
    }
}

impl Mortal for Relay {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Relay {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Relay {
    type Result = ();

    fn handle(&mut self, _: Retire, _: &mut Self::Context) {
        self.leave.cancel();
    }
}

/// Relays for ever; after trouble it rests, and finds out anew where everybody stands.
async fn relay(rooms: &Rooms) {
    let mut rest = FIRST_REST;
    let mut stand = Stand::default();
    let mut said = false;
    loop {
        let Err(trouble) = stay(rooms, &mut stand).await;
        let why = in_full(&trouble);
        if rooms.trouble.send_replace(Some(why.clone())).is_none() || !said {
            said = true;
            // It worked before, so it may again soon.
            rest = FIRST_REST;
            tracing::warn!("events do not reach the bus: {why}");
        }
        metrics::counter!("touchstone_relay_failures_total").increment(1);
        stand.measure(rooms).await;
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(LONGEST_REST);
    }
}

/// Relays until something goes wrong.
async fn stay(rooms: &Rooms, stand: &mut Stand) -> Result<std::convert::Infallible, Trouble> {
    let mut line = Line::settle(rooms, stand).await?;
    let mut outbox = line.join().await?;
    line.catch_up().await?;
    if rooms.trouble.send_replace(None).is_some() {
        tracing::info!("events reach the bus again");
    }
    let trim_every = (rooms.keep / TRIMS_IN_KEEP).clamp(TRIM_EVERY.0, TRIM_EVERY.1);
    let mut trim_at = Instant::now();
    loop {
        match outbox.take(BYTES) {
            Some(Taken::Frames(frames, seen)) => line.hear(frames, seen).await?,
            Some(Taken::Lost(_)) => line.catch_up().await?,
            Some(Taken::Deaf) => {
                outbox = line.join().await?;
                line.catch_up().await?;
            }
            None => {
                let quiet = tokio::time::timeout(LOOK_EVERY, outbox.something()).await;
                if quiet.is_err() {
                    line.look().await?;
                }
            }
        }
        if Instant::now() >= trim_at {
            line.trim().await?;
            trim_at = Instant::now() + trim_every;
        }
    }
}
