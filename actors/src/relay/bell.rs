//! The bell: tells whoever listens to the bus at this moment of every event once it is stored.
//!
//! Each node rings for what it stored itself. What a failure swallows stays untold: a listener
//! sees the hole in `seq`, and the log and the store have it.

use actix::prelude::*;
use bytes::Bytes;
use domain::ids::Epoch;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use super::{BYTES, FIRST_REST, LONGEST_REST, Rooms};
use crate::hub::{Interest, Join, Leave, Mode, Outbox, Taken};
use crate::supervise::{Exit, Health, Mortal, Obituary, Retire, Sickness};

/// The id under which the bell joins the hub.
const SUBSCRIPTION: u64 = u64::MAX - 2;

/// Rings for what is stored here.
pub struct Bell {
    rooms: Rooms,
    leave: CancellationToken,
    obituary: Option<Obituary>,
}

impl Bell {
    /// A bell on a bus.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self {
            rooms,
            leave: CancellationToken::new(),
            obituary: None,
        }
    }
}

impl Actor for Bell {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (rooms, leave) = (self.rooms.clone(), self.leave.clone());
        let ringing = async move {
            tokio::select! {
                biased;
                () = leave.cancelled() => {}
                () = ring(&rooms) => {}
            }
            rooms.hub.ask(Leave(SUBSCRIPTION)).await.ok();
        };
        ctx.spawn(ringing.into_actor(self).map(|(), bell, ctx| {
            if let Some(obituary) = &mut bell.obituary {
                obituary.record(Exit::Asked);
            }
            ctx.stop();
        }));
    }
}

impl Mortal for Bell {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Bell {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Bell {
    type Result = ();

    fn handle(&mut self, _: Retire, _: &mut Self::Context) {
        self.leave.cancel();
    }
}

/// Rings for ever.
async fn ring(rooms: &Rooms) {
    let mut rest = FIRST_REST;
    loop {
        if let Some((epoch, outbox)) = join(rooms).await {
            loop {
                match outbox.take(BYTES) {
                    Some(Taken::Frames(frames, _)) => {
                        let events: Vec<Bytes> =
                            frames.into_iter().map(|(frame, _)| frame.bytes).collect();
                        if rooms.bus.ring(&epoch, &events).await.is_ok() {
                            rest = FIRST_REST;
                            continue;
                        }
                        // The relay says why the bus is away; here it is only counted.
                        let many = u64::try_from(events.len()).unwrap_or(u64::MAX);
                        metrics::counter!("touchstone_bell_unheard_total").increment(many);
                        tokio::time::sleep(rest).await;
                        rest = (rest * 2).min(LONGEST_REST);
                    }
                    Some(Taken::Lost(_)) => {}
                    Some(Taken::Deaf) => break,
                    None => outbox.something().await,
                }
            }
        } else {
            tokio::time::sleep(rest).await;
            rest = (rest * 2).min(LONGEST_REST);
        }
    }
}

async fn join(rooms: &Rooms) -> Option<(Epoch, Arc<Outbox>)> {
    let epoch = rooms.store.span().await.ok()?.epoch;
    let outbox = Arc::new(Outbox::new(Mode::Each));
    let join = Join {
        id: SUBSCRIPTION,
        interest: Interest::default(),
        outbox: Arc::clone(&outbox),
    };
    rooms.hub.ask(join).await.ok()?;
    Some((epoch, outbox))
}
