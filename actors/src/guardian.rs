//! The guardian: raises actors, mourns them, raises them again, and knows when to give up.
//!
//! Nobody else raises an actor. What it cannot mend it hands to the process: the first fault is
//! kept as the root cause, and whoever runs the process begins again from the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use domain::ports::Clock;
use domain::time::Timestamp;
use smol_str::SmolStr;
use tokio::sync::Notify;

use crate::supervise::budget::{Deaths, Verdict};
use crate::supervise::{Child, Exit, Gone, Life, Sickness};

/// How watchful the guardian is.
#[derive(Clone, Copy, Debug)]
pub struct Vigil {
    /// How often every child is asked for its health.
    pub health_every: Duration,
    /// How long the children of one rank have to finish what they took when the house stops.
    pub last_words: Duration,
}

impl Default for Vigil {
    fn default() -> Self {
        Self {
            health_every: Duration::from_secs(2),
            last_words: Duration::from_secs(10),
        }
    }
}

/// Receives the root cause when the guardian gives up.
pub type Escalate = Arc<dyn Fn(RootCause) + Send + Sync>;

/// The first fault that could not be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// Who.
    pub child: SmolStr,
    /// How it ended.
    pub exit: Exit,
}

/// Raises, mourns, escalates.
pub struct Guardian {
    clock: Arc<dyn Clock>,
    escalate: Escalate,
    vigil: Vigil,
    children: BTreeMap<SmolStr, Ward>,
    root_cause: Option<RootCause>,
    stopping: bool,
}

/// A child in the guardian's care.
struct Ward {
    child: Child,
    life: u64,
    alive: bool,
    since: Timestamp,
    deaths: Deaths,
    restarts: u64,
    last_fault: Option<String>,
    /// Answers when this child is gone for good.
    gone: Arc<Notify>,
    /// When the unanswered question of its health was asked.
    asked: Option<Instant>,
    /// It was asked to go for good: another death is its end.
    leaving: bool,
}

/// One child as the live tree shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// `channel`, `market`, …
    pub room: &'static str,
    /// Its name.
    pub name: SmolStr,
    /// Somebody is inside.
    pub alive: bool,
    /// When this life began, or the last one ended.
    pub since: Timestamp,
    /// How many lives came after the first.
    pub restarts: u64,
    /// How the last fault ended a life.
    pub last_fault: Option<String>,
    /// How many stand at the door.
    pub waiting: usize,
}

impl Guardian {
    /// A guardian of nobody.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, escalate: Escalate, vigil: Vigil) -> Self {
        Self {
            clock,
            escalate,
            vigil,
            children: BTreeMap::new(),
            root_cause: None,
            stopping: false,
        }
    }

    fn begin_life(&mut self, name: &SmolStr, ctx: &Context<Self>) {
        if self.stopping {
            return;
        }
        let now = self.clock.now();
        let Some(ward) = self.children.get_mut(name) else {
            return;
        };
        if ward.alive {
            // Its predecessor's rebirth, when somebody of the same name was raised meanwhile.
            return;
        }
        ward.life += 1;
        ward.alive = true;
        ward.since = now;
        ward.asked = None;
        let life = Life {
            child: name.clone(),
            number: ward.life,
        };
        (ward.child.start)(life, ctx.address().downgrade().recipient());
    }

    /// Counts a death and raises the child again, unless that is hopeless.
    fn mourn(&mut self, name: &SmolStr, exit: Exit, ctx: &mut Context<Self>) {
        let now = self.clock.now();
        let Some(ward) = self.children.get_mut(name) else {
            return;
        };
        (ward.child.empty)();
        ward.alive = false;
        ward.since = now;
        if ward.leaving {
            self.bury(name);
            return;
        }
        match &exit {
            Exit::Finished | Exit::Asked => {
                self.bury(name);
                return;
            }
            Exit::Failed(_) | Exit::Fatal(_) | Exit::Died(_) | Exit::Frozen(_) => {}
        }
        let fault = exit.to_string();
        tracing::error!(actor.name = %name, fault, "{name} {fault}");
        metrics::counter!("touchstone_actor_deaths_total", "room" => ward.child.room).increment(1);
        ward.last_fault = Some(fault);
        let verdict = match exit {
            Exit::Fatal(_) => Verdict::Spent,
            Exit::Finished | Exit::Asked | Exit::Failed(_) | Exit::Died(_) | Exit::Frozen(_) => {
                ward.deaths
                    .count(&ward.child.manners.budget, Instant::now())
            }
        };
        match verdict {
            Verdict::After(pause) if !self.stopping => {
                ward.restarts += 1;
                let name = name.clone();
                ctx.run_later(pause, move |guardian, ctx| guardian.begin_life(&name, ctx));
            }
            Verdict::After(_) => self.bury(name),
            Verdict::Spent => {
                let cause = RootCause {
                    child: name.clone(),
                    exit,
                };
                if self.root_cause.is_none() {
                    self.root_cause = Some(cause.clone());
                    (self.escalate)(cause);
                }
            }
        }
    }

    /// Forgets a child that will not be raised again, and tells those who wait for that.
    fn bury(&mut self, name: &SmolStr) {
        if let Some(ward) = self.children.remove(name) {
            ward.gone.notify_waiters();
        }
    }

    /// Asks everybody for their health. Whoever stays silent too long is given up.
    fn ask_around(&mut self, ctx: &mut Context<Self>) {
        let silent: Vec<_> = self
            .children
            .iter()
            .filter(|(_, ward)| ward.alive)
            .filter_map(|(name, ward)| {
                let asked = ward.asked?;
                (asked.elapsed() >= ward.child.manners.silence).then(|| name.clone())
            })
            .collect();
        for name in silent {
            self.give_up(
                &name,
                "no answer to the question of its health".to_owned(),
                ctx,
            );
        }
        for (name, ward) in &mut self.children {
            if !ward.alive || ward.asked.is_some() {
                continue;
            }
            ward.asked = Some(Instant::now());
            let life = Life {
                child: name.clone(),
                number: ward.life,
            };
            let answer = actix::fut::wrap_future::<_, Self>((ward.child.health)());
            ctx.spawn(
                answer.map(move |answer, guardian, ctx| guardian.diagnose(&life, answer, ctx)),
            );
        }
    }

    fn diagnose(
        &mut self,
        life: &Life,
        answer: Option<Result<(), Sickness>>,
        ctx: &mut Context<Self>,
    ) {
        let Some(ward) = self.children.get_mut(&life.child) else {
            return;
        };
        if ward.life != life.number {
            return;
        }
        match answer {
            Some(Ok(())) => ward.asked = None,
            Some(Err(sickness)) => self.give_up(&life.child, sickness.0, ctx),
            // It died meanwhile; its obituary is on the way.
            None => {}
        }
    }

    /// Abandons a life that cannot be ended from outside, and begins the next.
    fn give_up(&mut self, name: &SmolStr, why: String, ctx: &mut Context<Self>) {
        metrics::counter!("touchstone_actor_abandoned_total").increment(1);
        if let Some(ward) = self.children.get_mut(name) {
            // Whatever the abandoned one still says is a word of an earlier life.
            ward.life += 1;
        }
        self.mourn(name, Exit::Frozen(why), ctx);
    }
}

/// Raise this child, now and after each death.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Raise(pub Child);

/// Ask one child to go, and wait until it has gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Dismiss(pub SmolStr);

/// Ask everybody to go, rank by rank, and wait until they have gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopHouse;

/// Who is there?
#[derive(Message)]
#[rtype(result = "Vec<Branch>")]
pub struct Tree;

impl Actor for Guardian {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.vigil.health_every, Self::ask_around);
    }
}

impl Handler<Raise> for Guardian {
    type Result = ();

    fn handle(&mut self, Raise(child): Raise, ctx: &mut Self::Context) {
        if self.stopping || self.children.contains_key(&child.name) {
            return;
        }
        let name = child.name.clone();
        let ward = Ward {
            child,
            life: 0,
            alive: false,
            since: self.clock.now(),
            deaths: Deaths::default(),
            restarts: 0,
            last_fault: None,
            gone: Arc::new(Notify::new()),
            asked: None,
            leaving: false,
        };
        self.children.insert(name.clone(), ward);
        self.begin_life(&name, ctx);
    }
}

impl Handler<Gone> for Guardian {
    type Result = ();

    fn handle(&mut self, Gone { life, exit }: Gone, ctx: &mut Self::Context) {
        let current = self
            .children
            .get(&life.child)
            .is_some_and(|ward| ward.life == life.number);
        if current {
            self.mourn(&life.child, exit, ctx);
        }
    }
}

impl Handler<Dismiss> for Guardian {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Dismiss(name): Dismiss, _: &mut Self::Context) -> Self::Result {
        let Some(ward) = self.children.get_mut(&name) else {
            return Box::pin(std::future::ready(()));
        };
        if !ward.alive {
            // Between two lives: the next one does not begin.
            self.bury(&name);
            return Box::pin(std::future::ready(()));
        }
        ward.leaving = true;
        let gone = Arc::clone(&ward.gone);
        let retire = (ward.child.retire)();
        Box::pin(async move {
            let notified = gone.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            // Whoever dies before it hears the question is on its way out, too.
            retire.await;
            notified.await;
        })
    }
}

impl Handler<StopHouse> for Guardian {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: StopHouse, _: &mut Self::Context) -> Self::Result {
        self.stopping = true;
        let last_words = self.vigil.last_words;
        let mut ranks: BTreeMap<u8, Vec<_>> = BTreeMap::new();
        for ward in self.children.values() {
            ranks
                .entry(ward.child.manners.rank)
                .or_default()
                .push(farewell(ward));
        }
        Box::pin(
            async move {
                for (_, farewells) in ranks {
                    let all = futures_util::future::join_all(farewells);
                    if tokio::time::timeout(last_words, all).await.is_err() {
                        tracing::error!("somebody did not finish in time; what is stored is safe");
                    }
                }
            }
            .into_actor(self),
        )
    }
}

/// Asks a child to go and waits until it has gone.
fn farewell(ward: &Ward) -> impl Future<Output = ()> + Send + use<> {
    let gone = Arc::clone(&ward.gone);
    let retire = (ward.child.retire)();
    let alive = ward.alive;
    async move {
        let notified = gone.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        if alive && retire.await.is_some() {
            notified.await;
        }
    }
}

impl Handler<Tree> for Guardian {
    type Result = MessageResult<Tree>;

    fn handle(&mut self, _: Tree, _: &mut Self::Context) -> Self::Result {
        let branch = |(name, ward): (&SmolStr, &Ward)| Branch {
            room: ward.child.room,
            name: name.clone(),
            alive: ward.alive,
            since: ward.since,
            restarts: ward.restarts,
            last_fault: ward.last_fault.clone(),
            waiting: (ward.child.waiting)(),
        };
        MessageResult(self.children.iter().map(branch).collect())
    }
}

/// The way to the guardian. It is never raised again, so an address will do.
#[derive(Clone)]
pub struct Household(Addr<Guardian>);

#[expect(
    clippy::disallowed_methods,
    reason = "the guardian stands behind no door but this"
)]
impl Household {
    /// Starts the guardian on the present thread.
    #[must_use]
    pub fn found(clock: Arc<dyn Clock>, escalate: Escalate, vigil: Vigil) -> Self {
        Self(Guardian::new(clock, escalate, vigil).start())
    }

    /// Raises a child; a child of that name that is already there stays.
    pub async fn raise(&self, child: Child) {
        self.0.send(Raise(child)).await.ok();
    }

    /// Asks a child to go and waits until it has.
    pub async fn dismiss(&self, name: impl Into<SmolStr>) {
        self.0.send(Dismiss(name.into())).await.ok();
    }

    /// Asks everybody to go, rank by rank, and waits until they have.
    pub async fn stop(&self) {
        self.0.send(StopHouse).await.ok();
    }

    /// Who is there, since when, and how they are.
    pub async fn tree(&self) -> Vec<Branch> {
        self.0.send(Tree).await.unwrap_or_default()
    }
}
