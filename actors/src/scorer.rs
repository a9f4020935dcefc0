//! The scorer: asks the model, and never lets it keep a signal waiting.
//!
//! The model runs on a thread of its own. Whatever is already waiting is scored together; nobody
//! waits for more. A thread that does not answer cannot be ended in Rust: it is abandoned and
//! replaced, its signals go out unscored, and after a few of them the process
//! begins anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use actix::prelude::*;
use domain::ports::{Asked, Scorer as Model};
use domain::score::Assessed;
use tokio::sync::oneshot;

use crate::supervise::{Exit, Health, Mortal, Obituary, Retire, Sickness};

/// The most questions that wait for the model; more go out unscored.
const QUEUE: usize = 256;

/// The most signals that are scored together.
const BATCH: usize = 64;

/// How long the model may think before its thread is abandoned.
const PATIENCE: Duration = Duration::from_secs(2);

/// So many abandoned threads are borne in the life of the process.
const ABANDONED_AT_MOST: u32 = 3;

/// Makes a model, anew for each thread.
pub type Models = Arc<dyn Fn() -> Box<dyn Model> + Send + Sync>;

/// Asks the model.
pub struct Scorer {
    models: Models,
    questions: mpsc::SyncSender<Question>,
    /// Which thread of this life answers now.
    thread: u32,
    /// Counted over all lives, because the threads outlive them.
    abandoned: Arc<AtomicU32>,
    patience: Duration,
    obituary: Option<Obituary>,
}

struct Question {
    asked: Asked,
    answer: oneshot::Sender<Option<Assessed>>,
}

impl Scorer {
    /// A scorer that counts its abandoned threads in `abandoned`, which outlives it.
    #[must_use]
    pub fn new(models: Models, abandoned: Arc<AtomicU32>) -> Self {
        let questions = employ(&models);
        Self {
            models,
            questions,
            thread: 0,
            abandoned,
            patience: PATIENCE,
            obituary: None,
        }
    }

    /// With another patience, for tests.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Leaves the silent thread to itself and employs another, or gives up.
    fn replace(&mut self, ctx: &mut Context<Self>) {
        let abandoned = self.abandoned.fetch_add(1, Ordering::SeqCst) + 1;
        metrics::counter!("touchstone_scorer_threads_abandoned_total").increment(1);
        tracing::error!(
            abandoned,
            "the model does not answer; its thread is abandoned"
        );
        if abandoned >= ABANDONED_AT_MOST {
            if let Some(obituary) = &mut self.obituary {
                obituary.record(Exit::Fatal(format!("{abandoned} model threads hang")));
            }
            ctx.stop();
        } else {
            self.questions = employ(&self.models);
            self.thread += 1;
        }
    }
}

/// Starts a thread with a model of its own.
fn employ(models: &Models) -> mpsc::SyncSender<Question> {
    let (sender, questions) = mpsc::sync_channel::<Question>(QUEUE);
    let models = Arc::clone(models);
    let spawned = thread::Builder::new()
        .name("scorer".to_owned())
        .spawn(move || {
            let mut model = models();
            while let Ok(first) = questions.recv() {
                let batch: Vec<_> = std::iter::once(first)
                    .chain(questions.try_iter().take(BATCH - 1))
                    .collect();
                let asked: Vec<_> = batch
                    .iter()
                    .map(|question| question.asked.clone())
                    .collect();
                let begun = Instant::now();
                let scores = model.score(&asked);
                metrics::histogram!("touchstone_scoring_seconds")
                    .record(begun.elapsed().as_secs_f64());
                for (question, score) in batch.into_iter().zip(scores) {
                    question.answer.send(score).ok();
                }
                model.answered();
            }
        });
    if let Err(error) = spawned {
        tracing::error!(%error, "could not start a thread for the model; signals go out unscored");
    }
    sender
}

/// What do you make of this signal?
#[derive(Message)]
#[rtype(result = "Option<Assessed>")]
pub struct Ask(pub Asked);

impl Actor for Scorer {
    type Context = Context<Self>;
}

impl Mortal for Scorer {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Scorer {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Scorer {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        if let Some(obituary) = &mut self.obituary {
            obituary.record(Exit::Asked);
        }
        ctx.stop();
    }
}

impl Handler<Ask> for Scorer {
    type Result = ResponseActFuture<Self, Option<Assessed>>;

    fn handle(&mut self, Ask(asked): Ask, _: &mut Self::Context) -> Self::Result {
        let (answer, told) = oneshot::channel();
        let sent = self.questions.try_send(Question { asked, answer });
        let (thread, patience) = (self.thread, self.patience);
        let waited = async move {
            match sent {
                Ok(()) => match tokio::time::timeout(patience, told).await {
                    Ok(Ok(score)) => Waited::Scored(score),
                    Ok(Err(_)) => Waited::Panicked,
                    Err(_) => Waited::Silent,
                },
                Err(mpsc::TrySendError::Full(_)) => Waited::Scored(None),
                Err(mpsc::TrySendError::Disconnected(_)) => Waited::Panicked,
            }
        };
        Box::pin(
            waited
                .into_actor(self)
                .map(move |waited, scorer, ctx| match waited {
                    Waited::Scored(score) => score,
                    Waited::Silent => {
                        // Several may have waited for the same thread: it is abandoned once.
                        if scorer.thread == thread {
                            scorer.replace(ctx);
                        }
                        None
                    }
                    Waited::Panicked => {
                        if let Some(obituary) = &mut scorer.obituary {
                            obituary.record(Exit::Failed("the model panicked".to_owned()));
                        }
                        ctx.stop();
                        None
                    }
                }),
        )
    }
}

/// What came of waiting for the model.
enum Waited {
    Scored(Option<Assessed>),
    Silent,
    Panicked,
}
