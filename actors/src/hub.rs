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
pub use outbox::{Frame, Lost, Mode, Outbox, Room, Taken};

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

    /// Shows events to all who want them: markets first, then bots, then dashboards.
    fn show(&mut self, events: &[Arc<Event>], seen: Seq) {
        self.ears
            .retain(|mouth| events.iter().all(|event| mouth.say(event)));
        let encode = Arc::clone(&self.encode);
        let mut made: Vec<_> = events.iter().map(Made::new).collect();
        for listener in self.listeners() {
            let Listener {
                interest, outbox, ..
            } = listener;
            let wanted = made.iter_mut().filter(|made| interest.wants(made.event));
            outbox.offer(wanted.map(|made| made.frame(&*encode, interest.view)), seen);
        }
    }

    /// Says that what came before an event was not all shown: the store knows it.
    fn confess(&mut self, before: Seq) {
        self.listeners()
            .for_each(|listener| listener.outbox.miss(before));
        self.ears.iter().for_each(Mouth::miss);
    }

    /// Forgets those who left without a word.
    fn forget_the_gone(&mut self) {
        let before = self.each.len() + self.latest.len();
        let stays = |listener: &Listener| Arc::strong_count(&listener.outbox) > 1;
        self.each.retain(stays);
        self.latest.retain(stays);
        count_left(before - self.each.len() - self.latest.len());
    }
}

/// An event and the bytes that were made of it, at most once for each view.
struct Made<'a> {
    event: &'a Arc<Event>,
    scored: Option<Frame>,
    plain: Option<Frame>,
}

impl<'a> Made<'a> {
    const fn new(event: &'a Arc<Event>) -> Self {
        Self {
            event,
            scored: None,
            plain: None,
        }
    }

    fn frame(&mut self, encode: &dyn Encode, view: View) -> Frame {
        let made = match view {
            View::Scored => &mut self.scored,
            View::Plain => &mut self.plain,
        };
        made.get_or_insert_with(|| Frame::new(self.event, encode.encode(self.event, view)))
            .clone()
    }
}

fn count_left(many: usize) {
    if many > 0 {
        let many = u32::try_from(many).unwrap_or(u32::MAX);
        metrics::gauge!("touchstone_stream_subscriptions").decrement(f64::from(many));
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

/// Put what is wanted into this outbox from now on. Asked again, it replaces what was asked before.
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
            listener.outbox = outbox;
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
        count_left(before - self.each.len() - self.latest.len());
    }
}

impl Handler<Publish> for Hub {
    type Result = ();

    fn handle(&mut self, Publish(mut events): Publish, _: &mut Self::Context) {
        if let Some(shown) = self.shown {
            // Late: whoever wants these was told to read them in the store.
            events.retain(|event| event.seq > shown);
        }
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        self.forget_the_gone();
        let (before, last) = (Seq::new(first.seq.get().saturating_sub(1)), last.seq);
        if self.shown != Some(before) {
            // The first publish of this life, or the ledger could not reach the hub meanwhile.
            self.confess(before);
        }
        self.show(&events, last);
        self.shown = Some(last);
    }
}
