//! What is kept of channels between two questions: their signals, with what came of them.
//!
//! A channel that is asked about again is not read again: the stream tells which of its signals
//! something happened to since, and only those are read. What is kept is what one store says, so it
//! may be forgotten at any time, and is where it would take too much memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::ids::{ChannelId, Epoch, Seq, SignalId};
use domain::ports::store::{SignalQuery, SignalRecord, Span, Store, StoreError};
use tokio::sync::Mutex;

/// So many signals or events are read at once.
const PAGE: usize = 500;

/// So many signals are kept, of all channels together; about a kilobyte each.
const MOST: usize = 100_000;

/// After so many events that nobody read, the channels are read anew.
const MOST_EVENTS: u64 = 20_000;

/// The signals of the channels that were asked about.
pub struct Recall {
    most: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// Of which history.
    epoch: Option<Epoch>,
    /// Every event up to here was heard.
    until: Seq,
    channels: HashMap<ChannelId, Channel>,
    /// How many questions there were.
    questions: u64,
}

#[derive(Default)]
struct Channel {
    signals: BTreeMap<Seq, SignalRecord>,
    /// Those to which something happened since they were read, or that are new.
    changed: BTreeSet<SignalId>,
    /// The number of the last question about it.
    asked: u64,
}

impl Default for Recall {
    fn default() -> Self {
        Self::up_to(MOST)
    }
}

impl Recall {
    /// Keeps up to so many signals; none yet.
    #[must_use]
    pub fn up_to(most: usize) -> Self {
        Self {
            most,
            inside: Mutex::default(),
        }
    }

    /// The wanted ones among a channel's signals, newest first, as the store has them now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    pub async fn signals(
        &self,
        store: &dyn Store,
        channel: &ChannelId,
        wanted: impl Fn(&SignalRecord) -> bool,
    ) -> Result<Vec<SignalRecord>, StoreError> {
        let mut inside = self.inside.lock().await;
        let span = store.span().await?;
        inside.hear(store, &span).await?;
        inside.questions += 1;
        let asked = inside.questions;
        if let Some(known) = inside.channels.get_mut(channel) {
            known.asked = asked;
            known.refresh(store, channel).await?;
        } else {
            let signals = read(store, channel).await?;
            let known = Channel {
                signals,
                asked,
                ..Channel::default()
            };
            inside.channels.insert(channel.clone(), known);
        }
        let all = inside.channels.get(channel).into_iter();
        let all = all.flat_map(|known| known.signals.values().rev());
        let found = all.filter(|record| wanted(record)).cloned().collect();
        inside.forget(self.most);
        Ok(found)
    }
}

impl Inside {
    /// Hears what happened until the end of `span`.
    async fn hear(&mut self, store: &dyn Store, span: &Span) -> Result<(), StoreError> {
        let another = self.epoch.as_ref() != Some(&span.epoch) || span.head < self.until;
        let missed = span.head.get().saturating_sub(self.until.get()) > MOST_EVENTS
            || span.first.get() > self.until.get() + 1;
        if another || missed || self.channels.is_empty() {
            self.channels.clear();
            self.epoch = Some(span.epoch.clone());
            self.until = span.head;
        }
        while self.until < span.head {
            let events = store.events(self.until, PAGE).await?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            for event in &events {
                if let Some(about) = event.happening()
                    && let Some(known) = self.channels.get_mut(&about.channel)
                {
                    known.changed.insert(about.signal);
                }
            }
            self.until = last.seq;
        }
        Ok(())
    }

    /// Forgets the channels that nobody asked about for the longest time, until few enough signals
    /// are kept.
    fn forget(&mut self, most: usize) {
        let mut kept: usize = self
            .channels
            .values()
            .map(|known| known.signals.len())
            .sum();
        while kept > most
            && let Some(oldest) = (self.channels.iter())
                .min_by_key(|(_, known)| known.asked)
                .map(|(channel, _)| channel.clone())
        {
            let gone = self.channels.remove(&oldest);
            kept -= gone.map_or(0, |known| known.signals.len());
        }
    }
}

impl Channel {
    /// Reads what changed; all of it where that is quicker.
    async fn refresh(&mut self, store: &dyn Store, channel: &ChannelId) -> Result<(), StoreError> {
        if self.changed.len() > PAGE {
            self.signals = read(store, channel).await?;
            self.changed.clear();
        }
        while let Some(id) = self.changed.first().copied() {
            if let Some(record) = store.signal(id).await? {
                self.signals.insert(record.seq, record);
            }
            self.changed.remove(&id);
        }
        Ok(())
    }
}

/// All signals of a channel.
async fn read(
    store: &dyn Store,
    channel: &ChannelId,
) -> Result<BTreeMap<Seq, SignalRecord>, StoreError> {
    let mut all = BTreeMap::new();
    loop {
        let query = SignalQuery {
            channels: vec![channel.clone()],
            before: all.keys().next().copied(),
            limit: PAGE,
            ..SignalQuery::default()
        };
        let page = store.signals(&query).await?;
        let last = page.len() < PAGE;
        all.extend(page.into_iter().map(|record| (record.seq, record)));
        if last {
            return Ok(all);
        }
    }
}
