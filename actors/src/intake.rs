//! The intake: one for each source. Reads it and hands every post to its channel, in order.
//!
//! A post is handed in until it is settled, so a store that is away makes the source wait and
//! nothing is dropped. A post that kills its channel again and again is set aside, unread.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::ids::ChannelId;
use domain::ports::Advice;
use domain::ports::source::{Batch, OpenSource, SourceError};
use domain::ports::store::Store;
use tokio_util::sync::CancellationToken;

use crate::channel::{Arrive, Channel, Fate, Handling};
use crate::meter::Ticket;
use crate::supervise::{Door, Exit, Health, Mortal, Obituary, Retire, Sickness};

pub mod known;

use known::{Doing, Sources};

/// So many recent posts a source is told of, to notice what was edited or deleted meanwhile.
const RECENT_POSTS: usize = 200;

/// How long the first rest after a failure lasts; it doubles up to [`LONGEST_REST`].
const FIRST_REST: Duration = Duration::from_millis(50);

/// The longest rest after a failure.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// A post that was left unanswered so often is handed in to be set aside unread.
const TRIES: u32 = 3;

/// Reads one source.
pub struct Intake {
    channel: ChannelId,
    source: Arc<dyn OpenSource>,
    store: Arc<dyn Store>,
    door: Door<Channel>,
    known: Sources,
    leave: CancellationToken,
    obituary: Option<Obituary>,
}

impl Intake {
    /// An intake between a source and its channel.
    #[must_use]
    pub fn new(
        channel: ChannelId,
        source: Arc<dyn OpenSource>,
        store: Arc<dyn Store>,
        door: Door<Channel>,
        known: Sources,
    ) -> Self {
        Self {
            channel,
            source,
            store,
            door,
            known,
            leave: CancellationToken::new(),
            obituary: None,
        }
    }

    fn desk(&self) -> Desk {
        Desk {
            channel: self.channel.clone(),
            source: Arc::clone(&self.source),
            store: Arc::clone(&self.store),
            door: self.door.clone(),
            known: self.known.clone(),
            leave: self.leave.clone(),
        }
    }
}

impl Actor for Intake {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let reading = self.desk().read().into_actor(self);
        ctx.spawn(reading.map(|exit, intake, ctx| {
            if let Some(obituary) = &mut intake.obituary {
                obituary.record(exit);
            }
            ctx.stop();
        }));
    }
}

impl Mortal for Intake {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Intake {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Intake {
    type Result = ();

    fn handle(&mut self, _: Retire, _: &mut Self::Context) {
        self.leave.cancel();
    }
}

/// What an intake works with.
struct Desk {
    channel: ChannelId,
    source: Arc<dyn OpenSource>,
    store: Arc<dyn Store>,
    door: Door<Channel>,
    known: Sources,
    leave: CancellationToken,
}

impl Desk {
    /// Reads until the source has no more or the house stops.
    async fn read(mut self) -> Exit {
        self.known.does(&self.channel, Doing::Opening);
        metrics::counter!("touchstone_source_errors_total", "channel" => self.channel.to_string())
            .increment(0);
        let resume = loop {
            match self.store.resume(&self.channel, RECENT_POSTS).await {
                Ok(resume) => break resume,
                Err(error) if error.advice() == Advice::Stop => {
                    return Exit::Fatal(error.to_string());
                }
                Err(_) => {}
            }
            if self.rest(FIRST_REST * 4).await {
                return Exit::Asked;
            }
        };
        let mut source = self.source.open(resume);
        let mut rest = FIRST_REST;
        loop {
            self.known.does(&self.channel, Doing::Reading);
            let next = tokio::select! {
                biased;
                () = self.leave.cancelled() => return Exit::Asked,
                next = source.next() => next,
            };
            match next {
                Ok(Some(batch)) => {
                    rest = FIRST_REST;
                    self.known.answered(&self.channel, batch.posts.len());
                    if let Err(exit) = self.hand_in(batch).await {
                        return exit;
                    }
                }
                Ok(None) => {
                    self.known.does(&self.channel, Doing::Ended);
                    return Exit::Finished;
                }
                Err(error) => {
                    if let Some(exit) = self.complain(&error) {
                        return exit;
                    }
                    self.known.rests(&self.channel, rest);
                    if self.rest(rest).await {
                        return Exit::Asked;
                    }
                    rest = (rest * 2).min(LONGEST_REST);
                }
            }
        }
    }

    /// Hands in every post of a batch, one after the other, each until it is settled.
    async fn hand_in(&mut self, batch: Batch) -> Result<(), Exit> {
        let Batch { posts, cursor } = batch;
        if posts.is_empty() {
            return self.settle(Arrive::moved_on(cursor)).await.map(drop);
        }
        let last = posts.len() - 1;
        for (nth, post) in posts.into_iter().enumerate() {
            let cursor = (nth == last).then(|| cursor.clone());
            let ticket = Ticket::received(&post.channel);
            ticket.settle(self.settle(Arrive::post(post, cursor)).await?);
        }
        Ok(())
    }

    /// Asks until there is an answer. Asking twice is safe: a stored post is known again.
    async fn settle(&mut self, mut arrival: Arrive) -> Result<Fate, Exit> {
        let mut rest = FIRST_REST;
        let mut unanswered = 0;
        loop {
            match self.door.ask(arrival.clone()).await {
                Ok(Ok(fate)) => return Ok(fate),
                Ok(Err(unsettled)) if unsettled.advice == Advice::Stop => {
                    return Err(Exit::Fatal(unsettled.why));
                }
                Ok(Err(_)) => {}
                Err(_) => unanswered += 1,
            }
            if unanswered >= TRIES {
                arrival.handling = Handling::SetAside;
            }
            if self.rest(rest).await {
                // It is not stored, so the cursor did not move: the next start reads it again.
                return Err(Exit::Asked);
            }
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    /// Counts what the source did wrong; an exit when it is hopeless.
    fn complain(&self, error: &SourceError) -> Option<Exit> {
        let advice = error.advice();
        let why = crate::unsettled::in_full(error);
        metrics::counter!("touchstone_source_errors_total", "channel" => self.channel.to_string())
            .increment(1);
        tracing::warn!(channel.id = %self.channel, %advice, "could not read {}: {why}", self.channel);
        self.known.failed(&self.channel, why);
        if advice == Advice::Stop {
            self.known.does(&self.channel, Doing::Ended);
            return Some(Exit::Finished);
        }
        None
    }

    /// Rests; `true` when the house stops meanwhile.
    async fn rest(&mut self, rest: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.leave.cancelled() => true,
            () = tokio::time::sleep(rest) => false,
        }
    }
}
