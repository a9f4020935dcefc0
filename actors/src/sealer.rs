//! The sealer: has each day's records sealed once the day is over.
//!
//! It has new records hashed all day long, some at a time, so that nothing is left to hurry with at
//! midnight and what is changed later is known by the hash that it had. The seal itself is the ledger's
//! to store. Two sealers do no harm: a day is sealed once.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::ports::Clock;
use domain::ports::chain::Chain;
use domain::ports::store::{Entry, Receipt, StoreError};
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, Write};
use crate::supervise::{Door, Exit, Health, Mortal, Obituary, Retire, Sickness};
use crate::unsettled::{Unsettled, in_full};

/// So many records of a kind are hashed at once: few, because whoever writes waits until they are
/// written down.
pub const AT_ONCE: usize = 100;

/// How often it looks for new records, and whether a day is over.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Between two pages, so that whoever writes comes first.
const PAUSE: Duration = Duration::from_millis(20);

/// What the sealer needs.
#[derive(Clone)]
pub struct Rooms {
    /// What is hashed.
    pub chain: Arc<dyn Chain>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who stores the seal.
    pub ledger: Door<Ledger>,
    /// How often it looks.
    pub every: Duration,
}

/// Has each day's records sealed.
pub struct Sealer {
    rooms: Rooms,
    leave: CancellationToken,
    obituary: Option<Obituary>,
}

impl Sealer {
    /// A sealer in front of a ledger.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self {
            rooms,
            leave: CancellationToken::new(),
            obituary: None,
        }
    }
}

/// Why a day is not sealed yet.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger is away")]
    Ledger,
    #[error("the ledger did not store the seal: {0}")]
    Unsettled(String),
}

impl From<Unsettled> for Trouble {
    fn from(unsettled: Unsettled) -> Self {
        Self::Unsettled(unsettled.why)
    }
}

impl Actor for Sealer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (rooms, leave) = (self.rooms.clone(), self.leave.clone());
        let sealing = async move {
            tokio::select! {
                biased;
                () = leave.cancelled() => {}
                () = seal_for_ever(&rooms) => {}
            }
        };
        ctx.spawn(sealing.into_actor(self).map(|(), sealer, ctx| {
            if let Some(obituary) = &mut sealer.obituary {
                obituary.record(Exit::Asked);
            }
            ctx.stop();
        }));
    }
}

impl Mortal for Sealer {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Sealer {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Sealer {
    type Result = ();

    fn handle(&mut self, _: Retire, _: &mut Self::Context) {
        self.leave.cancel();
    }
}

/// Seals for ever; after trouble it rests, and looks anew.
async fn seal_for_ever(rooms: &Rooms) {
    loop {
        if let Err(trouble) = look(rooms).await {
            metrics::counter!("touchstone_seal_failures_total").increment(1);
            tracing::warn!("records are not sealed: {}", in_full(&trouble));
        }
        tokio::time::sleep(rooms.every).await;
    }
}

/// Has everything hashed that is new, and every day sealed that is over.
async fn look(rooms: &Rooms) -> Result<(), Trouble> {
    let until = loop {
        let gathered = rooms.chain.gather(AT_ONCE).await?;
        metrics::counter!("touchstone_records_hashed_total").increment(gathered.records);
        if let Some(until) = gathered.until {
            break until;
        }
        tokio::time::sleep(PAUSE).await;
    };
    while let Some(entry) = rooms.chain.due(until, rooms.clock.now()).await? {
        let seal = entry.seal.clone();
        let written = rooms
            .ledger
            .ask(Write::of(Entry::Seal(Box::new(entry))))
            .await;
        match written.map_err(|_| Trouble::Ledger)?? {
            Receipt::Stored(_) => {
                metrics::counter!("touchstone_seals_total").increment(1);
                tracing::info!(
                    seal.day = seal.sealed.day.number(),
                    seal.records = seal.sealed.records,
                    seal.hash = %seal.hash,
                    "sealed a day: {}",
                    seal.hash
                );
            }
            // Another node did, or it was stored before its answer was lost.
            Receipt::Duplicate => {}
        }
    }
    Ok(())
}
