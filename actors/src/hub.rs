//! The hub: who is listening, and to what.

use std::sync::Arc;

use actix::prelude::*;
use domain::event::Event;
use domain::ports::Encode;
use domain::ports::store::Store;

use crate::supervise::{Exit, Health, Mortal, Obituary, Retire, Sickness};

pub mod ear;

pub use ear::{Ear, Heard, Mouth, ear};

/// Gives each stored event to those who listen.
pub struct Hub {
    ears: Vec<Mouth>,
    obituary: Option<Obituary>,
}

impl Hub {
    /// A hub that nobody listens to yet.
    #[must_use]
    pub fn new(_encode: Arc<dyn Encode>, _store: Arc<dyn Store>) -> Self {
        Self {
            ears: Vec::new(),
            obituary: None,
        }
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

impl Handler<Publish> for Hub {
    type Result = ();

    fn handle(&mut self, Publish(events): Publish, _: &mut Self::Context) {
        for event in &events {
            self.ears.retain(|mouth| mouth.say(event));
        }
    }
}
