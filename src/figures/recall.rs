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
    /// How often anything was read.
    readings: u64,
}

/// Which state of a channel is meant: what is computed of one is right while the channel has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The number of the reading that brought it here; no two have the same.
    reading: u64,
    /// How many of its signals are wanted: time alone moves them out of a window.
    wanted: usize,
}

#[derive(Default)]
struct Channel {
    signals: BTreeMap<Seq, SignalRecord>,
    /// Those to which something happened since they were read, or that are new.
    changed: BTreeSet<SignalId>,
    /// The number of the last reading.
    read: u64,
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
        let known = inside.ask(store, channel).await?;
        let all = known.signals.values().rev();
        let found = all.filter(|record| wanted(record)).cloned().collect();
        inside.forget(self.most);
        Ok(found)
    }

    /// In which state a channel is, of which those signals are wanted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    pub async fn state(
        &self,
        store: &dyn Store,
        channel: &ChannelId,
        wanted: impl Fn(&SignalRecord) -> bool,
    ) -> Result<State, StoreError> {
        let mut inside = self.inside.lock().await;
        let known = inside.ask(store, channel).await?;
        let wanted = known.signals.values().filter(|record| wanted(record));
        let state = State {
            reading: known.read,
            wanted: wanted.count(),
        };
        inside.forget(self.most);
        Ok(state)
    }
}

impl Inside {
    /// A channel as the store has it now.
    async fn ask(
        &mut self,
        store: &dyn Store,
        channel: &ChannelId,
    ) -> Result<&Channel, StoreError> {
        let span = store.span().await?;
        self.hear(store, &span).await?;
        self.questions += 1;
        let Self {
            channels,
            questions,
            readings,
            ..
        } = self;
        if !channels.contains_key(channel) {
            let signals = read(store, channel).await?;
            *readings += 1;
            let known = Channel {
                signals,
                read: *readings,
                ..Channel::default()
            };
            channels.insert(channel.clone(), known);
        }
        let known = channels.entry(channel.clone()).or_default();
        known.asked = *questions;
        if !known.changed.is_empty() {
            *readings += 1;
            known.read = *readings;
            known.refresh(store, channel).await?;
        }
        Ok(known)
    }

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
        if self.changed.is_empty() {
            return Ok(());
        }
        let query = SignalQuery {
            ids: self.changed.iter().copied().collect(),
            limit: PAGE,
            ..SignalQuery::default()
        };
        for record in store.signals(&query).await? {
            self.signals.insert(record.seq, record);
        }
        self.changed.clear();
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
