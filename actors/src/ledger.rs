//! The ledger: the only writer.
//!
//! Takes entries, stores whatever waits in one transaction, tells the hub what was stored, and
//! only then answers. Restarting it is harmless: what was not answered is asked again, and what
//! was stored already is known again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use domain::event::Event;
use domain::ports::store::{Entry, Receipt, Store, StoreError};
use domain::ports::{Advice, Clock, Witness};
use tokio::sync::{oneshot, watch};
use tracing::Span;

use crate::hub::{Hub, Publish};
use crate::supervise::{Door, Exit, Health, Mortal, Obituary, Retire, Sickness};
use crate::unsettled::Unsettled;
use crate::way::{self, Underway};

/// The most entries that one transaction takes. Whatever waits longer waits for the next.
const ENTRIES_AT_ONCE: usize = 256;

/// The longest that one transaction may take before the ledger counts itself as frozen.
const SLOWEST_COMMIT: Duration = Duration::from_secs(20);

/// Stores what happened, and tells the hub.
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    hub: Door<Hub>,
    /// Hears what is stored, in its order and at once.
    witness: Arc<dyn Witness>,
    /// Who is on the way to the bus, where there is one.
    underway: Option<Underway>,
    /// Why nothing can be stored at the moment; none when it can. It outlives the ledger.
    trouble: Option<watch::Sender<Option<String>>>,
    waiting: VecDeque<Asked>,
    /// Since when a transaction is under way.
    writing: Option<Instant>,
    leaving: bool,
    obituary: Option<Obituary>,
}

/// An entry and who wants to know what became of it.
struct Asked {
    entry: Entry,
    who: Who,
}

/// Who wants to know, and the step of a post's way that it is.
type Who = (oneshot::Sender<Answer>, Span);

type Answer = Result<Receipt, Unsettled>;

impl Ledger {
    /// A ledger over a store, in front of a hub.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        hub: Door<Hub>,
        witness: Arc<dyn Witness>,
    ) -> Self {
        Self {
            store,
            clock,
            hub,
            witness,
            underway: None,
            trouble: None,
            waiting: VecDeque::new(),
            writing: None,
            leaving: false,
            obituary: None,
        }
    }

    /// Lets whoever brings events to a bus say when they arrive.
    #[must_use]
    pub fn with(mut self, underway: Option<Underway>) -> Self {
        self.underway = underway;
        self
    }

    /// One that says there why nothing can be stored.
    #[must_use]
    pub fn telling(mut self, trouble: watch::Sender<Option<String>>) -> Self {
        self.trouble = Some(trouble);
        self
    }

    /// Begins a transaction with whatever waits, unless one is under way.
    fn write(&mut self, ctx: &mut Context<Self>) {
        if self.writing.is_some() {
            return;
        }
        if self.waiting.is_empty() {
            if self.leaving {
                self.leave(ctx);
            }
            return;
        }
        self.writing = Some(Instant::now());
        let many = self.waiting.len().min(ENTRIES_AT_ONCE);
        let asked: Vec<_> = self.waiting.drain(..many).collect();
        let (store, clock, hub, witness, trouble) = (
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            self.hub.clone(),
            Arc::clone(&self.witness),
            self.trouble.clone(),
        );
        let underway = self.underway.clone();
        let work = async move {
            let (entries, who): (Vec<_>, Vec<_>) = asked
                .into_iter()
                .map(|asked| (asked.entry, asked.who))
                .unzip();
            let results = commit(&*store, &*clock, &entries).await;
            measure(&results);
            let pushed = follow(&who, &results, underway.as_ref());
            tell(trouble.as_ref(), &results);
            publish(&hub, &*witness, &results).await;
            pushed.iter().for_each(way::done);
            for ((answer, _), result) in who.into_iter().zip(results) {
                // Whoever no longer waits will ask again.
                answer.send(result).ok();
            }
        };
        ctx.spawn(work.into_actor(self).map(|(), ledger, ctx| {
            ledger.writing = None;
            ledger.write(ctx);
        }));
    }

    fn leave(&mut self, ctx: &mut Context<Self>) {
        if let Some(obituary) = &mut self.obituary {
            obituary.record(Exit::Asked);
        }
        ctx.stop();
    }
}

/// Stores the entries together; when the store refuses one of them, one by one.
async fn commit(store: &dyn Store, clock: &dyn Clock, entries: &[Entry]) -> Vec<Answer> {
    let begun = Instant::now();
    let together = store.commit(entries, clock.now()).await;
    metrics::histogram!("touchstone_store_commit_seconds").record(begun.elapsed().as_secs_f64());
    match together {
        Ok(receipts) => receipts.into_iter().map(Ok).collect(),
        Err(StoreError::Refused(_)) if entries.len() > 1 => {
            let mut results = Vec::with_capacity(entries.len());
            for entry in entries {
                let one = store.commit(std::slice::from_ref(entry), clock.now()).await;
                results.push(single(one));
            }
            results
        }
        Err(error) => {
            let unsettled = Unsettled::from(&error);
            tracing::warn!(advice = %unsettled.advice, "could not store: {}", unsettled.why);
            metrics::counter!("touchstone_store_failures_total").increment(1);
            vec![Err(unsettled); entries.len()]
        }
    }
}

/// Says whether anything can be stored: what was refused for its own fault says nothing of the store.
fn tell(trouble: Option<&watch::Sender<Option<String>>>, results: &[Answer]) {
    let Some(trouble) = trouble else { return };
    let is_the_stores = |result: &&Answer| {
        result
            .as_ref()
            .is_err_and(|unsettled| unsettled.advice != Advice::Skip)
    };
    let why = match results.iter().find(is_the_stores) {
        Some(Err(unsettled)) => Some(unsettled.why.clone()),
        Some(Ok(_)) | None => None,
    };
    trouble.send_if_modified(|said| {
        let differs = *said != why;
        *said = why;
        differs
    });
}

/// Counts what was stored, and how long it took from its receipt.
fn measure(results: &[Answer]) {
    for event in results
        .iter()
        .filter_map(|result| result.as_ref().ok())
        .flat_map(Receipt::events)
    {
        metrics::counter!("touchstone_events_total", "type" => event.label()).increment(1);
        let Some(happening) = event.happening() else {
            continue;
        };
        metrics::histogram!("touchstone_stage_seconds", "stage" => "received_to_stored")
            .record(event.stored.since(happening.received).as_secs_f64());
        if let Some(scored) = happening.scored {
            metrics::histogram!("touchstone_stage_seconds", "stage" => "received_to_scored")
                .record(scored.since(happening.received).as_secs_f64());
        }
    }
}

/// Begins the next step on the way of each post that is followed.
fn follow(who: &[Who], results: &[Answer], underway: Option<&Underway>) -> Vec<Span> {
    let followed = who.iter().zip(results).filter(|((_, way), _)| {
        way.record("store.entries", results.len());
        !way.is_disabled()
    });
    let pushed = followed.filter_map(|((_, way), result)| {
        let last = result.as_ref().ok()?.events().last()?.seq;
        let pushed = way::pushed(way, last);
        if let Some(underway) = underway {
            underway.sent(&pushed, last);
        }
        Some(pushed)
    });
    pushed.collect()
}

fn single(result: Result<Vec<Receipt>, StoreError>) -> Answer {
    match result {
        Ok(mut receipts) => receipts.pop().ok_or_else(|| Unsettled {
            advice: Advice::Stop,
            why: "the store gave no receipt".to_owned(),
        }),
        Err(error) => Err(Unsettled::from(&error)),
    }
}

/// Shows what was stored, in its order. A hub that is away finds the rest in the store.
async fn publish(hub: &Door<Hub>, witness: &dyn Witness, results: &[Answer]) {
    let stored = results.iter().filter_map(|result| result.as_ref().ok());
    let events: Vec<Arc<Event>> = stored.flat_map(Receipt::events).cloned().collect();
    witness.heard(&events);
    if !events.is_empty() && hub.ask(Publish(events)).await.is_err() {
        tracing::warn!("the hub is away; listeners will find these events in the store");
    }
}

/// Store this, and say what became of it. Safe to ask twice.
#[derive(Message)]
#[rtype(result = "Result<Receipt, Unsettled>")]
pub struct Write {
    /// What is to be stored.
    pub entry: Entry,
    /// The step of a post's way that it is; nothing where nobody follows one.
    pub way: Span,
}

impl Write {
    /// Something whose way nobody follows.
    #[must_use]
    pub const fn of(entry: Entry) -> Self {
        Self {
            entry,
            way: Span::none(),
        }
    }
}

impl Actor for Ledger {
    type Context = Context<Self>;
}

impl Mortal for Ledger {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Ledger {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        match self.writing {
            Some(since) if since.elapsed() > SLOWEST_COMMIT => {
                Err(Sickness("a transaction does not end".to_owned()))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Handler<Retire> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        self.leaving = true;
        self.write(ctx);
    }
}

impl Handler<Write> for Ledger {
    type Result = ResponseFuture<Result<Receipt, Unsettled>>;

    fn handle(&mut self, Write { entry, way }: Write, ctx: &mut Self::Context) -> Self::Result {
        let (answer, told) = oneshot::channel();
        let who = (answer, way);
        self.waiting.push_back(Asked { entry, who });
        self.write(ctx);
        Box::pin(async move {
            told.await
                .unwrap_or_else(|_| Err(Unsettled::retry("the ledger went away")))
        })
    }
}
