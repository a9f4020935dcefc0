//! The hub: who is listening, and to what.
//!
//! Holds one outbox for each subscription and one ear for each market, and gives each stored event
//! to those who want it. Sockets, SQL and Redis are other rooms' business; it never waits.

use std::sync::Arc;

use actix::prelude::*;
use domain::event::Event;
use domain::ids::Seq;
use domain::ports::{Encode, View};

use crate::supervise::{Exit, Health, Mortal, Obituary, Retire, Sickness};

pub mod ear;
pub mod interest;
pub mod outbox;

pub use ear::{Ear, Heard, Mouth, ear};
pub use interest::Interest;
pub use outbox::{Frame, Mode, Outbox, Taken};

/// Gives each stored event to those who listen.
pub struct Hub {
    encode: Arc<dyn Encode>,
    ears: Vec<Mouth>,
    /// Bots, who want each event; served first.
    each: Vec<Listener>,
    /// Dashboards, who want the latest.
    latest: Vec<Listener>,
    /// The last event that was shown; none before the first of this life.
    shown: Option<Seq>,
    obituary: Option<Obituary>,
}

/// One subscription.
struct Listener {
    id: u64,
    interest: Interest,
    outbox: Arc<Outbox>,
}

impl Hub {
    /// A hub that nobody listens to yet.
    #[must_use]
    pub fn new(encode: Arc<dyn Encode>) -> Self {
        Self {
            encode,
            ears: Vec::new(),
            each: Vec::new(),
            latest: Vec::new(),
            shown: None,
            obituary: None,
        }
    }

    fn listeners(&mut self) -> impl Iterator<Item = &mut Listener> {
        self.each.iter_mut().chain(&mut self.latest)
    }

    /// Shows one event to all who want it, made bytes at most once for each view.
    fn show(&mut self, event: &Arc<Event>) {
        self.ears.retain(|mouth| mouth.say(event));
        let encode = Arc::clone(&self.encode);
        let (mut scored, mut plain) = (None, None);
        for listener in self.listeners() {
            if listener.interest.wants(event) {
                let view = listener.interest.view;
                let made = match view {
                    View::Scored => &mut scored,
                    View::Plain => &mut plain,
                };
                let frame =
                    made.get_or_insert_with(|| Frame::new(event, encode.encode(event, view)));
                listener.outbox.put(frame.clone());
            }
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.listeners()
            .for_each(|listener| listener.outbox.deafen());
    }
}

/// Show these, in this order. When it is answered, every listener has them before him.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Publish(pub Vec<Arc<Event>>);

/// Say the events about this instrument into this ear from now on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Listen(pub Mouth);

/// Put what is wanted into this outbox from now on. Asked again, the interest replaces the former.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub struct Join {
    /// Which subscription; unique in the process.
    pub id: u64,
    /// What it wants.
    pub interest: Interest,
    /// Where to put it.
    pub outbox: Arc<Outbox>,
}

/// This subscription has ended.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Leave(pub u64);

impl Actor for Hub {
    type Context = Context<Self>;
}

impl Mortal for Hub {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Hub {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Hub {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        if let Some(obituary) = &mut self.obituary {
            obituary.record(Exit::Asked);
        }
        ctx.stop();
    }
}

impl Handler<Listen> for Hub {
    type Result = ();

    fn handle(&mut self, Listen(mouth): Listen, _: &mut Self::Context) {
        self.ears.push(mouth);
    }
}

impl Handler<Join> for Hub {
    type Result = ();

    fn handle(&mut self, join: Join, _: &mut Self::Context) {
        let Join {
            id,
            interest,
            outbox,
        } = join;
        if let Some(listener) = self.listeners().find(|listener| listener.id == id) {
            listener.interest = interest;
            return;
        }
        let listeners = match outbox.mode() {
            Mode::Each => &mut self.each,
            Mode::Latest => &mut self.latest,
        };
        listeners.push(Listener {
            id,
            interest,
            outbox,
        });
        metrics::gauge!("touchstone_stream_subscriptions").increment(1.0);
    }
}

impl Handler<Leave> for Hub {
    type Result = ();

    fn handle(&mut self, Leave(id): Leave, _: &mut Self::Context) {
        let before = self.each.len() + self.latest.len();
        self.each.retain(|listener| listener.id != id);
        self.latest.retain(|listener| listener.id != id);
        if self.each.len() + self.latest.len() < before {
            metrics::gauge!("touchstone_stream_subscriptions").decrement(1.0);
        }
    }
}

impl Handler<Publish> for Hub {
    type Result = ();

    fn handle(&mut self, Publish(events): Publish, _: &mut Self::Context) {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        if self.shown.is_some_and(|shown| first.seq > shown.next()) {
            // The ledger could not reach the hub meanwhile: the store knows what was not shown.
            self.listeners().for_each(|listener| listener.outbox.miss());
            self.ears.iter().for_each(Mouth::miss);
        }
        for event in &events {
            self.show(event);
        }
        self.shown = Some(last.seq);
        let seq = last.seq;
        self.listeners()
            .for_each(|listener| listener.outbox.saw(seq));
    }
}
