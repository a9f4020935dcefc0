//! The registrar: makes channels while the platform runs, changes and archives them, and raises them
//! again at the next start.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::ChannelId;
use domain::ports::Clock;
use domain::ports::roster::{Made, Roster, Way, Words};
use domain::ports::source::OpenSource;
use domain::ports::store::{ChannelCard, StoreError};
use domain::post::Origin;
use secrecy::SecretString;

use crate::platform::{Crew, Posting};

mod keyring;

pub use self::keyring::{Holder, Keyring, digest, fresh_key};

/// How posts are fetched, in the world of this process.
pub trait Ways: Send + Sync {
    /// Where posts come from that are fetched here.
    fn origin(&self) -> Origin;

    /// Why a way leads nowhere here, and the remedy; none where it does.
    fn refusal(&self, way: &Way) -> Option<&'static str>;

    /// Who fetches; none where the posts are brought.
    fn source(&self, id: &ChannelId, way: &Way) -> Option<Arc<dyn OpenSource>>;
}

/// Why nothing was made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is a channel of that name.
    #[error(
        "there is a channel `{0}` already, perhaps an archived or an imported one; choose another name"
    )]
    Taken(ChannelId),
    /// It is not the registrar's.
    #[error(
        "`{0}` stands in the configuration, or comes of an import or of the simulator; what stands in the \
         configuration is changed there"
    )]
    Fixed(ChannelId),
    /// There is none.
    #[error("channel `{0}`")]
    Unknown(ChannelId),
    /// Somebody else changed it meanwhile.
    #[error("the channel was changed meanwhile; get it again, and decide again")]
    Stale,
    /// It has no such thing.
    #[error("{0}")]
    Unfit(&'static str),
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a channel is to become. `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its title.
    pub title: Option<String>,
    /// How often to look.
    pub every: Option<Duration>,
    /// Whether it takes no more posts.
    pub archived: Option<bool>,
}

/// Makes, changes and archives channels.
pub struct Registrar {
    roster: Arc<dyn Roster>,
    crew: Crew,
    keys: Keyring,
    ways: Box<dyn Ways>,
    clock: Arc<dyn Clock>,
    /// Those that the configuration or the simulator brought.
    fixed: BTreeSet<ChannelId>,
    /// One change at a time, so that the house becomes what was stored last.
    turn: tokio::sync::Mutex<()>,
}

impl Registrar {
    /// A registrar of a house whose other channels are `fixed`.
    #[must_use]
    pub fn new(
        roster: Arc<dyn Roster>,
        crew: Crew,
        keys: Keyring,
        ways: Box<dyn Ways>,
        clock: Arc<dyn Clock>,
        fixed: BTreeSet<ChannelId>,
    ) -> Self {
        Self {
            roster,
            crew,
            keys,
            ways,
            clock,
            fixed,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Raises everyone who was made before this start.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the roster cannot be read.
    pub async fn open(&self) -> Result<(), StoreError> {
        for (card, made) in self.roster.made().await? {
            if self.fixed.contains(&card.id) {
                tracing::warn!(channel.id = %card.id,
                    "{} was made while the platform ran, and now stands in the configuration, too: \
                     the configuration holds", card.id);
            } else {
                self.settle(&card, &made).await;
            }
        }
        Ok(())
    }

    /// Makes a channel and raises it at once.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; then nothing is made.
    pub async fn make(
        &self,
        id: ChannelId,
        title: String,
        way: Way,
    ) -> Result<ChannelCard, Refusal> {
        if let Some(why) = self.ways.refusal(&way) {
            return Err(Refusal::Unfit(why));
        }
        let _turn = self.turn.lock().await;
        let card = ChannelCard {
            id,
            platform: way.label().to_owned(),
            title,
            origin: self.ways.origin(),
        };
        let made = Made {
            way,
            archived: None,
            revision: 1,
        };
        let free = !self.fixed.contains(&card.id);
        if !free || !self.roster.make(&card, &made, self.clock.now()).await? {
            return Err(Refusal::Taken(card.id));
        }
        tracing::info!(channel.id = %card.id, "{} was made", card.id);
        self.settle(&card, &made).await;
        Ok(card)
    }

    /// Changes a channel whose revision is `expected`, and says which revision that made.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; then nothing is changed.
    pub async fn change(
        &self,
        id: &ChannelId,
        expected: impl FnOnce(u32) -> bool,
        change: Change,
    ) -> Result<u32, Refusal> {
        let _turn = self.turn.lock().await;
        let (mut card, before) = self.find(id).await?;
        if !expected(before.revision) {
            return Err(Refusal::Stale);
        }
        let mut made = before.clone();
        made.revision += 1;
        if let Some(title) = change.title {
            card.title = title;
        }
        match (change.every, &mut made.way) {
            (None, _) => {}
            (Some(wanted), Way::Telegram { every, .. } | Way::Feed { every, .. }) => {
                *every = wanted
            }
            (Some(_), Way::Webhook { .. }) => {
                return Err(Refusal::Unfit(
                    "posts are brought to a webhook, nobody looks for them; leave `interval_s` out",
                ));
            }
        }
        match change.archived {
            Some(true) => made.archived = made.archived.or_else(|| Some(self.clock.now())),
            Some(false) => made.archived = None,
            None => {}
        }
        self.write(&card, &before, &made).await?;
        Ok(made.revision)
    }

    /// Gives a webhook another key; the old one is worth nothing from then on.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; then the old key holds.
    pub async fn rekey(&self, id: &ChannelId) -> Result<SecretString, Refusal> {
        let _turn = self.turn.lock().await;
        let (card, before) = self.find(id).await?;
        if !matches!(before.way, Way::Webhook { .. }) {
            return Err(Refusal::Unfit("only a webhook has a key"));
        }
        let (key, digest) = fresh_key();
        let made = Made {
            way: Way::Webhook { key: digest },
            revision: before.revision + 1,
            ..before.clone()
        };
        self.write(&card, &before, &made).await?;
        Ok(key)
    }

    /// Keeps what its owner says of a channel, however it came.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`]; [`Refusal::Store`].
    pub async fn say(&self, id: &ChannelId, words: &Words) -> Result<(), Refusal> {
        let said = self.roster.say(id, words).await?;
        said.then_some(())
            .ok_or_else(|| Refusal::Unknown(id.clone()))
    }

    async fn find(&self, id: &ChannelId) -> Result<(ChannelCard, Made), Refusal> {
        if self.fixed.contains(id) {
            return Err(Refusal::Fixed(id.clone()));
        }
        let mut made = self.roster.made().await?.into_iter();
        made.find(|(card, _)| card.id == *id)
            .ok_or_else(|| Refusal::Unknown(id.clone()))
    }

    async fn write(&self, card: &ChannelCard, before: &Made, made: &Made) -> Result<(), Refusal> {
        if !self.roster.change(card, made).await? {
            return Err(Refusal::Stale);
        }
        let another_way = match (&before.way, &made.way) {
            // With another key the same channel goes on.
            (Way::Webhook { .. }, Way::Webhook { .. }) => false,
            (before, made) => before != made,
        };
        if another_way || made.archived.is_some() {
            self.keys.remove(&card.id);
            self.crew.dismiss(&card.id).await;
        }
        self.settle(card, made).await;
        Ok(())
    }

    /// Brings the house to what is stored of a channel.
    async fn settle(&self, card: &ChannelCard, made: &Made) {
        if made.archived.is_none() {
            let posting = Posting {
                card: card.clone(),
                source: self.ways.source(&card.id, &made.way),
            };
            self.crew.raise(vec![posting]).await;
        }
        if let Way::Webhook { key } = made.way {
            let holder = Holder {
                key,
                origin: card.origin,
                door: self.crew.door(&card.id),
            };
            self.keys.insert(card.id.clone(), holder);
        }
    }
}
