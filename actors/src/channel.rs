//! The channel: tells each post's story from top to bottom.
//!
//! One actor for each channel, so a channel's posts keep their order and one poisoned channel
//! delays no other. It judges, asks the floor for the market, the scorer for a score and the
//! ledger to store; each is asked once. What it remembers it finds again in the store.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::ids::{ChannelId, Cursor};
use domain::ports::Clock;
use domain::ports::store::Store;
use domain::post::Post;
use tracing::{Instrument as _, Span};

use crate::floor::Floor;
use crate::ledger::Ledger;
use crate::scorer::Scorer;
use crate::supervise::{Door, Exit, Health, Mortal, Obituary, Retire, Sickness};
use crate::unsettled::Unsettled;
use crate::way;

mod again;
mod judge;
mod memory;
mod story;

pub use judge::judge as would_be;
use memory::Memory;
use story::Story;

/// How long a story waits for a score where time matters.
pub const SCORE_WITHIN: Duration = Duration::from_millis(200);

/// Tells the stories of one channel's posts.
pub struct Channel {
    id: ChannelId,
    rooms: Rooms,
    memory: Option<Memory>,
    obituary: Option<Obituary>,
}

/// The rooms and ports that a channel asks.
#[derive(Clone)]
pub struct Rooms {
    /// What is known already.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which market judges, and what it last traded at.
    pub floor: Door<Floor>,
    /// How much a signal deserves belief.
    pub scorer: Door<Scorer>,
    /// How long a story waits for a score. A scorer that is away costs the score, never the signal.
    pub score_within: Duration,
    /// Who stores.
    pub ledger: Door<Ledger>,
}

impl Channel {
    /// A channel without memories yet; they come with its first post.
    #[must_use]
    pub const fn new(id: ChannelId, rooms: Rooms) -> Self {
        Self {
            id,
            rooms,
            memory: None,
            obituary: None,
        }
    }
}

/// What became of a post that was received. Each is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Stored: it opens trades.
    Signal,
    /// Stored: the channel said the same within a quarter of an hour, so it opens nothing.
    Repeat,
    /// Stored: it changes trades.
    Update,
    /// Stored: it ends trades.
    Close,
    /// Stored: it withdraws trades.
    Cancel,
    /// Stored: it reports a result.
    Claim,
    /// Stored: anything else.
    Noise,
    /// Stored, and held for a person.
    Quarantined,
    /// Stored as a new version of a post.
    Edited,
    /// Stored: the post is gone at its platform, not here.
    Deleted,
    /// This version is stored already.
    Duplicate,
    /// Stored unread, because reading it failed again and again.
    SetAside,
    /// Refused by the store, now and whenever it is asked again.
    Refused,
    /// Not stored; its source will hand it in again.
    PutBack,
    /// No post: the source only moved on. Not counted.
    MovedOn,
}

impl Fate {
    /// Its name in the metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Repeat => "repeat",
            Self::Update => "update",
            Self::Close => "close",
            Self::Cancel => "cancel",
            Self::Claim => "claim",
            Self::Noise => "noise",
            Self::Quarantined => "quarantined",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Duplicate => "duplicate",
            Self::SetAside => "set_aside",
            Self::Refused => "refused",
            Self::PutBack => "put_back",
            Self::MovedOn => "moved_on",
        }
    }
}

/// How a post is to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// Read it.
    Read,
    /// Store it unread: reading it has killed this channel before.
    SetAside,
}

/// A post has arrived, or its source moved on without one. Safe to ask twice.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Fate, Unsettled>")]
pub struct Arrive {
    /// The post.
    pub post: Option<Arc<Post>>,
    /// Where its source stands after it.
    pub cursor: Option<Cursor>,
    /// How it is to be handled.
    pub handling: Handling,
    /// Its way through the house; nothing where nobody follows it.
    way: Span,
}

impl Arrive {
    /// A post to be read.
    #[must_use]
    pub fn post(post: Post, cursor: Option<Cursor>) -> Self {
        Self {
            way: way::received(&post),
            post: Some(Arc::new(post)),
            cursor,
            handling: Handling::Read,
        }
    }

    /// A source moved on without a post.
    #[must_use]
    pub const fn moved_on(cursor: Cursor) -> Self {
        Self {
            post: None,
            cursor: Some(cursor),
            handling: Handling::Read,
            way: Span::none(),
        }
    }
}

impl Actor for Channel {
    type Context = Context<Self>;
}

impl Mortal for Channel {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Channel {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Channel {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        if let Some(obituary) = &mut self.obituary {
            obituary.record(Exit::Asked);
        }
        ctx.stop();
    }
}

impl Handler<Arrive> for Channel {
    // Atomic: the next post begins when this one's story is told.
    type Result = AtomicResponse<Self, Result<Fate, Unsettled>>;

    fn handle(&mut self, arrival: Arrive, _: &mut Self::Context) -> Self::Result {
        let memory = self.memory.take();
        let (id, rooms) = (self.id.clone(), self.rooms.clone());
        let way = arrival.way.clone();
        let telling = async move {
            let memory = match memory {
                Some(memory) => memory,
                None => match Memory::load(&id, &*rooms.store).await {
                    Ok(memory) => memory,
                    Err(error) => return (None, Err(error.into())),
                },
            };
            let mut story = Story::new(id, rooms, memory, arrival.way.clone());
            let told = story.tell(&arrival).await;
            if let Ok(fate) = &told {
                arrival.way.record("post.outcome", fate.label());
            }
            (Some(story.into_memory()), told)
        };
        // Whatever is logged meanwhile belongs to this post.
        let telling = telling.instrument(way).into_actor(self);
        AtomicResponse::new(Box::pin(telling.map(|(memory, told), channel, _| {
            channel.memory = memory;
            told
        })))
    }
}
