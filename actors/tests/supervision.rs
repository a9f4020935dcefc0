//! What the supervision kit promises, on an actor that panics, hangs and fails when told to.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, AtomicResponse, Context, Handler, Message,
    WrapFuture as _,
};
use actors::guardian::{Household, RootCause, Vigil};
use actors::supervise::{
    Child, Door, Exit, Health, Manners, Mortal, Obituary, Place, RestartBudget, Retire, Sickness,
};
use domain::ports::Clock;
use domain::time::Timestamp;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
}

/// Adds numbers until told otherwise.
struct Adder {
    lives: Arc<AtomicU64>,
    sums: Arc<Mutex<Vec<u64>>>,
    obituary: Option<Obituary>,
    sick: bool,
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Add(u64);

#[derive(Message)]
#[rtype(result = "()")]
enum Fate {
    Panic,
    Fail,
    Fatal,
    Sicken,
}

impl Actor for Adder {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.lives.fetch_add(1, Ordering::SeqCst);
    }
}

impl Mortal for Adder {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Adder {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        if self.sick {
            Err(Sickness("cold".to_owned()))
        } else {
            Ok(())
        }
    }
}

impl Handler<Retire> for Adder {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        self.obituary.as_mut().unwrap().record(Exit::Asked);
        ctx.stop();
    }
}

impl Handler<Add> for Adder {
    type Result = AtomicResponse<Self, u64>;

    fn handle(&mut self, Add(number): Add, _: &mut Self::Context) -> Self::Result {
        let slow = tokio::time::sleep(Duration::from_millis(1)).into_actor(self);
        AtomicResponse::new(Box::pin(slow.map(move |(), adder, _| {
            let mut sums = adder.sums.lock().unwrap();
            sums.push(number);
            number
        })))
    }
}

impl Handler<Fate> for Adder {
    type Result = ();

    fn handle(&mut self, fate: Fate, ctx: &mut Self::Context) {
        let obituary = self.obituary.as_mut().unwrap();
        match fate {
            Fate::Panic => panic!("as told"),
            Fate::Fail => {
                obituary.record(Exit::Failed("as told".to_owned()));
                ctx.stop();
            }
            Fate::Fatal => {
                obituary.record(Exit::Fatal("as told".to_owned()));
                ctx.stop();
            }
            Fate::Sicken => self.sick = true,
        }
    }
}

struct Scene {
    house: Household,
    door: Door<Adder>,
    lives: Arc<AtomicU64>,
    sums: Arc<Mutex<Vec<u64>>>,
    causes: Arc<Mutex<Vec<RootCause>>>,
}

async fn scene() -> Scene {
    let causes = Arc::new(Mutex::new(Vec::new()));
    let lives = Arc::new(AtomicU64::new(0));
    let sums = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&causes);
    let vigil = Vigil {
        health_every: Duration::from_millis(20),
        ..Vigil::default()
    };
    let house = Household::found(
        Arc::new(Stopped),
        Arc::new(move |cause| heard.lock().unwrap().push(cause)),
        vigil,
    );
    let manners = Manners {
        credits: 2,
        budget: RestartBudget {
            deaths: 3,
            first_pause: Duration::from_millis(5),
            ..RestartBudget::default()
        },
        ..Manners::default()
    };
    let factory = {
        let (lives, sums) = (Arc::clone(&lives), Arc::clone(&sums));
        move || Adder {
            lives: Arc::clone(&lives),
            sums: Arc::clone(&sums),
            obituary: None,
            sick: false,
        }
    };
    let (door, child) = Child::new("adder", "adder", Place::Own, manners, factory);
    house.raise(child).await;
    Scene {
        house,
        door,
        lives,
        sums,
        causes,
    }
}

/// Asks again for as long as the one inside dies before answering.
async fn insist(door: &Door<Adder>, number: u64) -> u64 {
    loop {
        if let Ok(sum) = door.ask(Add(number)).await {
            return sum;
        }
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .expect("the condition never held");
}

#[actix::test]
async fn a_panicking_actor_is_reborn_and_the_tree_says_of_what_it_died() {
    let scene = scene().await;
    assert!(scene.door.ask(Fate::Panic).await.is_err());
    assert_eq!(insist(&scene.door, 1).await, 1, "the next life answers");
    let tree = scene.house.tree().await;
    assert_eq!(tree[0].restarts, 1);
    let fault = tree[0].last_fault.clone().unwrap();
    assert!(
        fault.contains("as told") && fault.contains("supervision.rs"),
        "{fault}"
    );
}

#[actix::test]
async fn a_question_asked_while_nobody_is_inside_is_answered_by_the_next_life() {
    let scene = scene().await;
    scene.door.ask(Fate::Fail).await.ok();
    // A question that reaches the dying one is lost; the guardian has emptied the door by the
    // time it knows of the death.
    while scene.house.tree().await[0].last_fault.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let questions = (0..8).map(|number| scene.door.ask(Add(number)));
    let answers = futures_util::future::join_all(questions).await;
    assert_eq!(answers, (0..8).map(Ok).collect::<Vec<_>>());
    assert_eq!(scene.lives.load(Ordering::SeqCst), 2);
}

#[actix::test]
async fn those_in_line_are_served_in_their_order() {
    let scene = scene().await;
    let questions = (0..32).map(|number| scene.door.ask(Add(number)));
    futures_util::future::join_all(questions).await;
    assert_eq!(*scene.sums.lock().unwrap(), (0..32).collect::<Vec<_>>());
}

#[actix::test]
async fn one_who_is_sick_is_replaced() {
    let scene = scene().await;
    scene.door.ask(Fate::Sicken).await.unwrap();
    until(|| scene.lives.load(Ordering::SeqCst) == 2).await;
    assert_eq!(insist(&scene.door, 3).await, 3);
    assert!(
        scene.house.tree().await[0]
            .last_fault
            .clone()
            .unwrap()
            .contains("cold")
    );
}

#[actix::test]
async fn one_who_dies_too_often_is_escalated_once_with_the_first_cause() {
    let scene = scene().await;
    while scene.causes.lock().unwrap().is_empty() {
        let door = scene.door.with_patience(Duration::from_millis(50));
        door.ask(Fate::Panic).await.ok();
    }
    let causes = scene.causes.lock().unwrap().clone();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].child, "adder");
}

#[actix::test]
async fn a_fault_that_a_new_life_cannot_mend_is_escalated_at_once() {
    let scene = scene().await;
    scene.door.ask(Fate::Fatal).await.ok();
    until(|| !scene.causes.lock().unwrap().is_empty()).await;
    assert_eq!(scene.lives.load(Ordering::SeqCst), 1);
}

#[actix::test]
async fn a_stop_drains_what_was_taken() {
    let scene = scene().await;
    let door = scene.door.clone();
    let asked = actix::spawn(async move {
        let questions = (0..16).map(|number| door.ask(Add(number)));
        futures_util::future::join_all(questions).await
    });
    until(|| !scene.sums.lock().unwrap().is_empty()).await;
    scene.house.stop().await;
    let taken = scene.sums.lock().unwrap().len();
    let answered = scene.house.tree().await;
    assert!(answered.is_empty(), "everybody has gone");
    asked.abort();
    assert!(taken >= 2, "those who held a credit were served: {taken}");
}
