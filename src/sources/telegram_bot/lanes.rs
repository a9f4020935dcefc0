//! What came for each chat and is not settled yet, and up to where Telegram may forget.
//!
//! Telegram keeps an update until a later question confirms it, so nothing is confirmed before
//! everything up to it is stored. What is not confirmed comes again with every question.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use domain::time::Timestamp;

use super::Chat;
use super::message::{ChatCard, Message, Update};

/// Updates are numbered in a row, but after a week without any the row begins anywhere. A number
/// so far below what was settled last is of a new row.
const SAME_ROW: i64 = 100_000;

/// So many chats that nobody configured are told of.
const STRANGERS: usize = 100;

/// A post that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub update: i64,
    pub edited: bool,
    pub message: Message,
    pub received: Timestamp,
}

/// What waits for the reader of one chat.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Arrived>,
    /// So many of the first were handed out and are being settled.
    handed: usize,
    /// The last update that was settled before this process began.
    settled: Option<i64>,
}

/// All lanes of a bot.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<Chat, Lane>,
    /// The updates that are not confirmed, and whether each is settled. Telegram sends a hundred
    /// at once and no later ones before the first of them is confirmed, so they stay few.
    open: BTreeMap<i64, bool>,
    strangers: HashSet<i64>,
}

impl Lanes {
    pub(super) fn expect(&mut self, chat: Chat) {
        self.lanes.entry(chat).or_default();
    }

    /// Begins a chat anew, after all that was settled.
    pub(super) fn reopen(&mut self, chat: &Chat, settled: Option<i64>) {
        let Some(lane) = self.lanes.get_mut(chat) else {
            return;
        };
        lane.handed = 0;
        lane.settled = settled;
        let (open, done) = (&mut self.open, lane.settled);
        lane.waiting.retain(|arrived| {
            let known = was_settled(done, arrived.update);
            if known {
                open.insert(arrived.update, true);
            }
            !known
        });
    }

    /// What was handed out of this chat is stored.
    pub(super) fn settle(&mut self, chat: &Chat) {
        let Some(lane) = self.lanes.get_mut(chat) else {
            return;
        };
        for arrived in lane.waiting.drain(..lane.handed) {
            self.open.insert(arrived.update, true);
        }
        lane.handed = 0;
    }

    /// Everything that waits for this chat's reader; it counts as handed out.
    pub(super) fn take(&mut self, chat: &Chat) -> Vec<Arrived> {
        let Some(lane) = self.lanes.get_mut(chat) else {
            return Vec::new();
        };
        lane.handed = lane.waiting.len();
        lane.waiting.iter().cloned().collect()
    }

    /// Takes in an update; one that is known already is left alone.
    pub(super) fn arrive(&mut self, update: Update, received: Timestamp) {
        if self.open.contains_key(&update.id) {
            return;
        }
        self.open.insert(update.id, true);
        let Some(news) = update.news else { return };
        let Some(lane) = self.lane(&news.chat) else {
            self.stranger(&news.chat);
            return;
        };
        let Some(message) = news.message else { return };
        if was_settled(lane.settled, update.id) {
            return;
        }
        lane.waiting.push_back(Arrived {
            update: update.id,
            edited: news.edited,
            message,
            received,
        });
        self.open.insert(update.id, false);
    }

    /// An update that cannot be read is passed over, or it would come again for ever.
    pub(super) fn pass_over(&mut self, update: i64) -> bool {
        self.open.insert(update, true).is_none()
    }

    /// The number before which Telegram may forget everything; none when there is nothing new.
    pub(super) fn confirmable(&self) -> Option<i64> {
        let settled = self.open.iter().take_while(|(_, settled)| **settled);
        settled.last().map(|(update, _)| update + 1)
    }

    /// Telegram has forgotten all before this number.
    pub(super) fn confirmed(&mut self, before: i64) {
        self.open = self.open.split_off(&before);
    }

    /// Does somebody still have to settle something?
    pub(super) fn unsettled(&self) -> bool {
        self.open.values().any(|settled| !settled)
    }

    fn lane(&mut self, card: &ChatCard) -> Option<&mut Lane> {
        let id = Chat::Id(card.id);
        if self.lanes.contains_key(&id) {
            return self.lanes.get_mut(&id);
        }
        let name = card.username.as_ref()?.to_ascii_lowercase();
        self.lanes.get_mut(&Chat::Name(name))
    }

    fn stranger(&mut self, card: &ChatCard) {
        if self.strangers.len() < STRANGERS && self.strangers.insert(card.id) {
            let title = card.title.as_deref().unwrap_or("without a title");
            tracing::info!(
                "the bot is a member of the chat {} ({title}), which no channel reads; to read it set `chat = {}`",
                card.id,
                card.id,
            );
        }
    }
}

fn was_settled(settled: Option<i64>, update: i64) -> bool {
    settled.is_some_and(|settled| update <= settled && settled - update < SAME_ROW)
}
