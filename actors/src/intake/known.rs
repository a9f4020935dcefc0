//! What is known of the sources, for whoever asks: it outlives the lives of their intakes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::ChannelId;
use domain::ports::Clock;
use domain::time::Timestamp;

/// What a source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// It is being opened.
    #[default]
    Opening,
    /// It is asked for what is new.
    Reading,
    /// It failed, and is left alone for a while.
    Resting,
    /// It has no more, or cannot be read until a person has seen to it.
    Ended,
}

impl Doing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Opening, Self::Reading, Self::Resting, Self::Ended];

    /// `opening`, `reading`, `resting` or `ended`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Reading => "reading",
            Self::Resting => "resting",
            Self::Ended => "ended",
        }
    }
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// What it is doing.
    pub doing: Doing,
    /// Since when.
    pub since: Timestamp,
    /// When it last answered.
    pub last_success: Option<Timestamp>,
    /// When it last failed, and why.
    pub last_error: Option<(Timestamp, String)>,
    /// Until when it is left alone.
    pub resting_until: Option<Timestamp>,
    /// Posts that it has brought since the process began.
    pub posts: u64,
}

/// What is known of all sources.
#[derive(Clone)]
pub struct Sources {
    clock: Arc<dyn Clock>,
    states: Arc<Mutex<BTreeMap<ChannelId, SourceState>>>,
}

impl Sources {
    /// Nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            states: Arc::default(),
        }
    }

    /// What is known of the source of a channel; none where posts are brought to it.
    #[must_use]
    pub fn of(&self, channel: &ChannelId) -> Option<SourceState> {
        self.states().get(channel).cloned()
    }

    /// How many of them do what.
    #[must_use]
    pub fn doing(&self) -> [(Doing, usize); 4] {
        let states = self.states();
        Doing::ALL.map(|doing| {
            let many = states.values().filter(|state| state.doing == doing);
            (doing, many.count())
        })
    }

    /// Nobody reads for that channel any more.
    pub fn forget(&self, channel: &ChannelId) {
        self.states().remove(channel);
    }

    pub(super) fn does(&self, channel: &ChannelId, doing: Doing) {
        self.change(channel, |state, now| {
            if state.doing != doing {
                state.doing = doing;
                state.since = now;
            }
            state.resting_until = None;
        });
    }

    pub(super) fn answered(&self, channel: &ChannelId, posts: usize) {
        self.change(channel, |state, now| {
            state.last_success = Some(now);
            state.posts += posts as u64;
        });
    }

    pub(super) fn failed(&self, channel: &ChannelId, why: String) {
        self.change(channel, |state, now| state.last_error = Some((now, why)));
    }

    pub(super) fn rests(&self, channel: &ChannelId, rest: Duration) {
        self.does(channel, Doing::Resting);
        self.change(channel, |state, now| state.resting_until = Some(now + rest));
    }

    fn change(&self, channel: &ChannelId, change: impl FnOnce(&mut SourceState, Timestamp)) {
        let now = self.clock.now();
        let mut states = self.states();
        let state = states.entry(channel.clone()).or_insert(SourceState {
            doing: Doing::default(),
            since: now,
            last_success: None,
            last_error: None,
            resting_until: None,
            posts: 0,
        });
        change(state, now);
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<ChannelId, SourceState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
