//! The press: every post of every channel, for any number, with a memory only for speed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dice::{Dice, mix};
use crate::idea::Entry;
use crate::market::Market;

use super::post::{Class, Post, Story};
use super::schedule::{Role, Schedule};
use super::{CHANNELS, Channel, author, chatter, follow, life};

/// How many stories are remembered.
const REMEMBERED: usize = 20_000;

type Memory = HashMap<(&'static str, i64), Arc<Story>>;

/// Knows every post that was or will be. Clones share what they have computed.
#[derive(Clone)]
pub(crate) struct Press {
    market: Market,
    schedules: Arc<HashMap<&'static str, Schedule>>,
    memory: Arc<Mutex<Memory>>,
}

impl fmt::Debug for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Press")
            .field("market", &self.market)
            .finish_non_exhaustive()
    }
}

impl Press {
    pub(crate) fn new(market: Market, pace: f64) -> Self {
        let schedule = |channel| Schedule::new(market.seed(), channel, pace);
        let schedules = CHANNELS
            .iter()
            .map(|channel| (channel.name, schedule(channel)));
        Self {
            schedules: Arc::new(schedules.collect()),
            memory: Arc::default(),
            market,
        }
    }

    pub(crate) const fn market(&self) -> &Market {
        &self.market
    }

    pub(crate) fn schedule(&self, channel: &'static Channel) -> Schedule {
        self.schedules[channel.name]
    }

    /// The number of a channel's last post at or before an instant, 0 before the first.
    pub(crate) fn last_id(&self, channel: &'static Channel, at: i64) -> i64 {
        self.schedule(channel).last_id(at)
    }

    /// The stories of a channel that begin after one instant and not after another.
    pub(crate) fn between(
        &self,
        channel: &'static Channel,
        after: i64,
        until: i64,
    ) -> impl Iterator<Item = Arc<Story>> {
        let ids = self.last_id(channel, after) + 1..=self.last_id(channel, until);
        ids.map(move |id| self.story(channel, id))
    }

    /// The post of a number and what becomes of it.
    pub(crate) fn story(&self, channel: &'static Channel, id: i64) -> Arc<Story> {
        let key = (channel.name, id);
        if let Some(story) = self.remembered().get(&key) {
            return Arc::clone(story);
        }
        let story = Arc::new(self.compose(channel, id));
        let mut memory = self.remembered();
        if memory.len() >= REMEMBERED {
            memory.clear();
        }
        memory.insert(key, Arc::clone(&story));
        story
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compose(&self, channel: &'static Channel, id: i64) -> Story {
        let schedule = self.schedule(channel);
        let seed = mix(schedule.seed());
        let mut dice = Dice::at(seed, id);
        let blank = Post {
            channel,
            id,
            at: schedule.at(id),
            class: Class::Musing,
            text: String::new(),
            photo: false,
            reply_to: None,
            about: None,
            forwarded: false,
            idea: None,
        };
        let word = match schedule.role(id) {
            Role::Signal => return self.signal(blank, seed, &mut dice),
            Role::Manage(signal) => follow::manage(
                &self.market,
                &self.story(channel, signal),
                &blank,
                &mut dice,
            ),
            Role::Wrap(signal) => {
                let managed = schedule.manage_of(signal).map(|id| self.story(channel, id));
                let managed = managed.as_ref().map(|story| &story.post);
                let signal = self.story(channel, signal);
                follow::wrap(&self.market, &signal, managed, &blank, &mut dice)
            }
            Role::Chat => None,
        };
        Story {
            post: word.unwrap_or_else(|| chatter::chat(blank, &mut dice)),
            edit: None,
            deleted: None,
        }
    }

    fn signal(&self, blank: Post, seed: u64, dice: &mut Dice) -> Story {
        let channel = blank.channel;
        let mut idea = author::think(&self.market, channel.character, dice, blank.at);
        let form = channel.forms[dice.below(channel.forms.len())];
        let unsaid = dice.chance(if form.names_the_market() { 0.1 } else { 0.9 });
        if let (Entry::Market { seen }, true) = (&mut idea.entry, unsaid) {
            *seen = None;
        }
        let post = Post {
            class: Class::Signal,
            text: form.write(&idea, blank.id),
            photo: dice.chance(0.3),
            idea: Some(idea),
            ..blank
        };
        let (edit, deleted) = life::afterwards(&self.market, &post, form, seed);
        Story {
            post,
            edit,
            deleted,
        }
    }
}
