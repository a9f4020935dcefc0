//! The crew: the channels of a house and those who read for them. It grows and shrinks while the
//! house stands.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use actix::ArbiterHandle;
use actors::channel::{self, Channel};
use actors::guardian::Household;
use actors::intake::Intake;
use actors::intake::known::Sources;
use actors::supervise::{Child, Door, Manners, Place};
use domain::ids::ChannelId;
use domain::ports::source::OpenSource;

use super::{Posting, rank};

/// The channels of a house.
#[derive(Clone)]
pub struct Crew {
    works: Arc<Works>,
    doors: Arc<RwLock<BTreeMap<ChannelId, Door<Channel>>>>,
}

/// What everybody of the crew works with.
pub(super) struct Works {
    pub(super) household: Household,
    pub(super) rooms: channel::Rooms,
    pub(super) sources: Sources,
    pub(super) place: ArbiterHandle,
    pub(super) manners: Manners,
}

impl Crew {
    /// Nobody yet.
    pub(super) fn new(works: Works) -> Self {
        Self {
            works: Arc::new(works),
            doors: Arc::default(),
        }
    }

    /// Raises channels that the store knows, then those who read for them: work begins when
    /// everybody who is needed for it is there. Who is there already stays as he is.
    pub async fn raise(&self, postings: Vec<Posting>) {
        let mut intakes = Vec::new();
        for Posting { card, source } in postings {
            if self.door(&card.id).is_some() {
                continue;
            }
            let (door, child) = self.channel(&card.id);
            self.works.household.raise(child).await;
            intakes.extend(source.map(|source| self.intake(&card.id, source, door.clone())));
            self.write(|doors| doors.insert(card.id, door));
        }
        for child in intakes {
            self.works.household.raise(child).await;
        }
    }

    /// Lets a channel and its reader go, after what they have taken is stored. What the market does
    /// to the channel's signals is followed on.
    pub async fn dismiss(&self, id: &ChannelId) {
        self.write(|doors| doors.remove(id));
        self.works.household.dismiss(intake_of(id)).await;
        self.works.household.dismiss(name_of(id)).await;
        self.works.sources.forget(id);
    }

    /// The door of a channel; none where it is not of this house.
    #[must_use]
    pub fn door(&self, id: &ChannelId) -> Option<Door<Channel>> {
        let doors = self.doors.read().unwrap_or_else(PoisonError::into_inner);
        doors.get(id).cloned()
    }

    fn write<R>(&self, change: impl FnOnce(&mut BTreeMap<ChannelId, Door<Channel>>) -> R) -> R {
        change(&mut self.doors.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn channel(&self, id: &ChannelId) -> (Door<Channel>, Child) {
        let (channel, rooms) = (id.clone(), self.works.rooms.clone());
        let birth = move || Channel::new(channel.clone(), rooms.clone());
        Child::new(
            "channel",
            name_of(id),
            Place::Shared(self.works.place.clone()),
            self.manners(rank::CHANNEL),
            birth,
        )
    }

    fn intake(&self, id: &ChannelId, source: Arc<dyn OpenSource>, door: Door<Channel>) -> Child {
        let (channel, known) = (id.clone(), self.works.sources.clone());
        let store = Arc::clone(&self.works.rooms.store);
        let birth = move || {
            Intake::new(
                channel.clone(),
                Arc::clone(&source),
                Arc::clone(&store),
                door.clone(),
                known.clone(),
            )
        };
        let (_, child): (Door<Intake>, _) = Child::new(
            "intake",
            intake_of(id),
            Place::Shared(self.works.place.clone()),
            self.manners(rank::INTAKE),
            birth,
        );
        child
    }

    fn manners(&self, rank: u8) -> Manners {
        Manners {
            rank,
            ..self.works.manners
        }
    }
}

fn name_of(id: &ChannelId) -> String {
    format!("channel {id}")
}

fn intake_of(id: &ChannelId) -> String {
    format!("intake {id}")
}
