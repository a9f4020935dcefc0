//! Children: what the guardian needs to raise an actor again and again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::WeakRecipient;
use actix::dev::ToEnvelope;
use actix::{Actor, ActorContext, Addr, ArbiterHandle, Context, Handler, Message};
use futures_util::future::BoxFuture;
use smol_str::SmolStr;

use super::budget::RestartBudget;
use super::door::Door;
use super::obituary::{Gone, Life, Obituary};

/// How are you? Silence counts as death.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), Sickness>")]
pub struct Health;

/// What an actor that still answers is suffering from; it is replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Sickness(pub String);

/// Finish what you have taken, and go.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Retire;

/// An actor that can be supervised.
pub trait Mortal: Actor<Context = Context<Self>> + Handler<Health> + Handler<Retire> {
    /// Takes the obituary of this life, and keeps it until the end.
    fn keep(&mut self, obituary: Obituary);
}

/// On which thread a child lives.
#[derive(Clone)]
pub enum Place {
    /// On this one, with its other tenants.
    Shared(ArbiterHandle),
    /// On a new one for each life, for those who may block it.
    Own,
}

/// How a child is treated.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// How many questions may be inside at once.
    pub credits: usize,
    /// How long a caller waits for an answer.
    pub patience: Duration,
    /// How much misfortune is ordinary.
    pub budget: RestartBudget,
    /// How long it may leave the question of its health unanswered.
    pub silence: Duration,
    /// In which order children are asked to go: those with a lower number first.
    pub rank: u8,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            credits: 64,
            patience: Duration::from_secs(10),
            budget: RestartBudget::default(),
            silence: Duration::from_secs(30),
            rank: 0,
        }
    }
}

type Start = Box<dyn Fn(Life, WeakRecipient<Gone>) + Send>;
type Empty = Box<dyn Fn() + Send>;
type Ask<R> = Box<dyn Fn() -> BoxFuture<'static, Option<R>> + Send>;

/// A child as the guardian holds it: what to do, without knowing what it is.
pub struct Child {
    pub(crate) name: SmolStr,
    pub(crate) room: &'static str,
    pub(crate) manners: Manners,
    /// Begins a life behind the door.
    pub(crate) start: Start,
    /// Takes whoever is inside away from the door, so that callers wait for the next life.
    pub(crate) empty: Empty,
    /// Asks for its health; none when nobody is inside or the answer never comes.
    pub(crate) health: Ask<Result<(), Sickness>>,
    /// Asks it to go.
    pub(crate) retire: Ask<()>,
    /// How many stand at its door.
    pub(crate) waiting: Box<dyn Fn() -> usize + Send>,
}

impl Child {
    /// A child and the door to it. `factory` is followed at each birth, on the child's thread.
    pub fn new<A, F>(
        room: &'static str,
        name: impl Into<SmolStr>,
        place: Place,
        manners: Manners,
        factory: F,
    ) -> (Door<A>, Self)
    where
        A: Mortal,
        A::Context: ToEnvelope<A, Health> + ToEnvelope<A, Retire>,
        F: Fn() -> A + Send + Sync + 'static,
    {
        let name = name.into();
        let (door, threshold) = Door::new(name.clone(), manners.credits, manners.patience);
        let inside = Arc::new(threshold.inside);
        let waiting = threshold.waiting;
        let factory = Arc::new(factory);

        let start = {
            let inside = Arc::clone(&inside);
            move |life: Life, parent: WeakRecipient<Gone>| {
                let factory = Arc::clone(&factory);
                let (arbiter, own) = match &place {
                    Place::Shared(arbiter) => (arbiter.clone(), None),
                    Place::Own => {
                        let own = actix::Arbiter::new().handle();
                        (own.clone(), Some(own))
                    }
                };
                let birth = move |ctx: &mut Context<A>| {
                    // Made before the factory is followed, so that a panic there is mourned too.
                    let obituary = Obituary::new(life, parent, own);
                    ctx.set_mailbox_capacity(manners.credits + 2);
                    let mut actor = factory();
                    actor.keep(obituary);
                    actor
                };
                let address = A::start_in_arbiter(&arbiter, birth);
                inside.send_replace(Some(address));
            }
        };
        let child = Self {
            name,
            room,
            manners,
            start: Box::new(start),
            empty: {
                let inside = Arc::clone(&inside);
                Box::new(move || {
                    inside.send_replace(None);
                })
            },
            health: {
                let inside = Arc::clone(&inside);
                Box::new(move || question(inside.borrow().clone(), Health))
            },
            retire: Box::new(move || question(inside.borrow().clone(), Retire)),
            waiting: Box::new(move || waiting.load(Ordering::Relaxed)),
        };
        (door, child)
    }
}

/// Asks whoever is inside, past the door: the guardian must not stand in its own line.
fn question<A, M>(inside: Option<Addr<A>>, message: M) -> BoxFuture<'static, Option<M::Result>>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M> + ActorContext,
    M: Message + Send + 'static,
    M::Result: Send,
{
    Box::pin(async move {
        #[expect(
            clippy::disallowed_methods,
            reason = "the guardian asks one question at a time"
        )]
        inside?.send(message).await.ok()
    })
}
