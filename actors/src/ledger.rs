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
use tokio::sync::oneshot;

use crate::hub::{Hub, Publish};
use crate::supervise::{Door, Exit, Health, Mortal, Obituary, Retire, Sickness};
use crate::unsettled::Unsettled;

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
    waiting: VecDeque<Asked>,
    /// Since when a transaction is under way.
    writing: Option<Instant>,
    leaving: bool,
    obituary: Option<Obituary>,
}

/// An entry and who wants to know what became of it.
struct Asked {
    entry: Entry,
    answer: oneshot::Sender<Answer>,
}

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
            waiting: VecDeque::new(),
            writing: None,
            leaving: false,
            obituary: None,
        }
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
        let (store, clock, hub, witness) = (
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            self.hub.clone(),
            Arc::clone(&self.witness),
        );
        let work = async move {
            let (entries, answers): (Vec<_>, Vec<_>) = asked
                .into_iter()
                .map(|asked| (asked.entry, asked.answer))
                .unzip();
            let results = commit(&*store, &*clock, &entries).await;
            measure(&results);
            publish(&hub, &*witness, &results).await;
            for (answer, result) in answers.into_iter().zip(results) {
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
pub struct Write(pub Entry);

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

    fn handle(&mut self, Write(entry): Write, ctx: &mut Self::Context) -> Self::Result {
        let (answer, told) = oneshot::channel();
        self.waiting.push_back(Asked { entry, answer });
        self.write(ctx);
        Box::pin(async move {
            told.await
                .unwrap_or_else(|_| Err(Unsettled::retry("the ledger went away")))
        })
    }
}
