//! The retrier: tries judged signals again under every execution model, beside the live path.
//!
//! It looks in the store for what was judged and not tried, and asks recorded prices, one question at
//! a time. Nobody waits for it: what it finds stands beside the live outcome and never in its place.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::execution::ExecutionModel;
use domain::ids::{Seq, SignalId};
use domain::lifecycle::POLICY;
use domain::market::Venue;
use domain::ports::retrial::{Paths, Retrials, Wanting};
use domain::ports::store::{SignalRecord, Store, StoreError};
use domain::ports::{Advice, Clock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::supervise::{Exit, Health, Mortal, Obituary, Retire, Sickness};
use crate::unsettled::in_full;

mod trial;

pub use trial::{Step, Trial, Untriable, words};

/// So many signals are read in the store at once.
const PAGE: usize = 64;

/// How often it looks for what was judged since.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Trials whose market goes on are kept where they are, up to so many; the others begin anew.
const KEPT: usize = 256;

/// How long a trial whose market goes on rests, at least and at most; between, an eighth of its age.
const REST: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(3_600));

/// How often what was not known is looked for again, and how far back: a candle may come late.
const LATE_EVERY: Duration = Duration::from_secs(86_400);
const LATE_WITHIN: Duration = Duration::from_secs(7 * 86_400);

/// How long to rest when the store or a venue is away.
const AWAY: Duration = Duration::from_secs(5);

/// What the retrier needs.
#[derive(Clone)]
pub struct Rooms {
    /// What was said.
    pub store: Arc<dyn Store>,
    /// What is to be tried, and what came of it.
    pub retrials: Arc<dyn Retrials>,
    /// What prices were.
    pub paths: Arc<dyn Paths>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Tries judged signals again.
pub struct Retrier {
    rooms: Rooms,
    leave: CancellationToken,
    obituary: Option<Obituary>,
}

impl Retrier {
    /// A retrier.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self {
            rooms,
            leave: CancellationToken::new(),
            obituary: None,
        }
    }
}

impl Actor for Retrier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (rooms, leave) = (self.rooms.clone(), self.leave.clone());
        let trying = async move {
            let mut bench = Bench {
                rooms,
                resting: HashMap::new(),
            };
            // A trial that is left begins anew in the next life: nothing of it is lost but the way.
            leave.run_until_cancelled(bench.sit()).await;
        };
        ctx.spawn(trying.into_actor(self).map(|(), retrier, ctx| {
            if let Some(obituary) = &mut retrier.obituary {
                obituary.record(Exit::Asked);
            }
            ctx.stop();
        }));
    }
}

impl Mortal for Retrier {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Retrier {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Retrier {
    type Result = ();

    fn handle(&mut self, _: Retire, _: &mut Self::Context) {
        self.leave.cancel();
    }
}

/// The signals that are being tried.
struct Bench {
    rooms: Rooms,
    resting: HashMap<SignalId, Resting>,
}

/// A signal that cannot be tried further now.
struct Resting {
    until: Instant,
    trial: Option<Box<Trial>>,
}

/// What became of a signal's turn.
enum Turn {
    /// It is off the list.
    Done,
    /// It stays on the list.
    Waits,
    /// Its venue does not answer.
    Away,
}

impl Bench {
    /// Tries for ever.
    async fn sit(&mut self) {
        let mut said = false;
        let mut late = Instant::now() + LATE_EVERY;
        loop {
            let began = Instant::now();
            let due = began >= late;
            let mut round = self.round(Wanting::Untried(POLICY)).await;
            if due && round.is_ok() {
                round = self.round(Wanting::Incomplete(POLICY)).await;
                late = Instant::now() + LATE_EVERY;
            }
            match round {
                Ok(()) => {
                    said = false;
                    // A list of signals that nobody can try must not keep the store busy.
                    tokio::time::sleep(LOOK_EVERY.max(began.elapsed() * 10)).await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut said, true) {
                        tracing::warn!("signals are not tried again for now: {}", in_full(&error));
                    }
                    metrics::counter!("touchstone_retrial_failures_total").increment(1);
                    tokio::time::sleep(AWAY).await;
                }
            }
        }
    }

    /// Goes once through everything that is to be tried.
    async fn round(&mut self, which: Wanting) -> Result<(), StoreError> {
        let (mut after, mut waiting) = (Seq::ZERO, HashSet::new());
        let mut away: HashSet<Venue> = HashSet::new();
        let horizon = self.rooms.clock.now() - LATE_WITHIN;
        loop {
            let page = self.rooms.retrials.wanting(which, after, PAGE).await?;
            for record in &page {
                after = record.seq;
                if which != Wanting::Untried(POLICY) && record.signal.received < horizon {
                    continue;
                }
                let venue = &record.signal.instrument.venue;
                let turn = match away.contains(venue) {
                    true => Turn::Away,
                    false => self.take(record).await?,
                };
                match turn {
                    Turn::Done => continue,
                    Turn::Waits => {}
                    Turn::Away => {
                        away.insert(venue.clone());
                    }
                }
                waiting.insert(record.signal.id);
            }
            if page.len() < PAGE {
                break;
            }
        }
        if which != Wanting::Untried(POLICY) {
            return Ok(());
        }
        // Whoever else tried one to the end has taken it off the list.
        self.resting.retain(|id, _| waiting.contains(id));
        metrics::gauge!("touchstone_retrials_waiting")
            .set(f64::from(u32::try_from(waiting.len()).unwrap_or(u32::MAX)));
        Ok(())
    }

    /// Tries one as far as it goes.
    async fn take(&mut self, record: &SignalRecord) -> Result<Turn, StoreError> {
        let (id, now) = (record.signal.id, Instant::now());
        if let Some(resting) = self.resting.get(&id)
            && now < resting.until
        {
            return Ok(Turn::Waits);
        }
        let known = self.resting.remove(&id).and_then(|resting| resting.trial);
        let mut trial = match known {
            Some(trial) => trial,
            None => match self.open(record).await? {
                Some(trial) => trial,
                None if self.resting.contains_key(&id) => return Ok(Turn::Waits),
                None => return Ok(Turn::Done),
            },
        };
        loop {
            let step = trial.go_on().await;
            let over = matches!(step, Ok(Step::Over));
            if let Some(news) = trial.news(self.rooms.clock.now()) {
                let done = over.then_some(POLICY);
                let kept = self.rooms.retrials.keep(id, &news, done).await?;
                metrics::counter!("touchstone_retrials_total")
                    .increment(u64::try_from(kept).unwrap_or(u64::MAX));
            }
            match step {
                Ok(Step::Over) => return Ok(Turn::Done),
                Ok(Step::More) => {}
                Ok(Step::Waits) => {
                    self.rest(record, Some(trial));
                    return Ok(Turn::Waits);
                }
                Err(error) => {
                    metrics::counter!("touchstone_retrial_failures_total").increment(1);
                    tracing::debug!(signal.id = %id, "a path cannot be read now: {}", in_full(&error));
                    self.rest(record, Some(trial));
                    return Ok(match error.advice() {
                        Advice::Retry => Turn::Away,
                        Advice::Skip | Advice::Stop => Turn::Waits,
                    });
                }
            }
        }
    }

    /// Begins a trial; none where it cannot be, and then it rests or is off the list.
    async fn open(&mut self, record: &SignalRecord) -> Result<Option<Box<Trial>>, StoreError> {
        let Rooms {
            store,
            retrials,
            paths,
            ..
        } = &self.rooms;
        match Trial::open(&**store, &**paths, record, &ExecutionModel::ALL).await {
            Ok(trial) => Ok(Some(Box::new(trial))),
            Err(Untriable::Store(error)) => Err(error),
            Err(Untriable::Forgotten(why)) => {
                tracing::warn!(signal.id = %record.signal.id, "a signal is not tried again: {why}");
                retrials.keep(record.signal.id, &[], Some(POLICY)).await?;
                Ok(None)
            }
            // A venue may be configured again, or an archive given.
            Err(Untriable::Unknown(_)) => {
                self.rest(record, None);
                Ok(None)
            }
        }
    }

    fn rest(&mut self, record: &SignalRecord, trial: Option<Box<Trial>>) {
        let age = self.rooms.clock.now().since(record.signal.received);
        let rest = (age / 8).clamp(REST.0, REST.1);
        let kept = self.resting.values().filter(|rest| rest.trial.is_some());
        let room = kept.count() < KEPT;
        let resting = Resting {
            until: Instant::now() + rest,
            trial: trial.filter(|_| room),
        };
        self.resting.insert(record.signal.id, resting);
    }
}
