//! The conductor: hands out recorded posts and candles in the order of their time, one at a time.
//!
//! It owns the clock. Somebody who asks for more has dealt with what he was given, so when all
//! are asking the world is at rest, and the next item is whatever happened next. The house it
//! plays to lives on one thread, so that whatever an item sets in motion is ahead of the next.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{ChannelId, Cursor};
use domain::market::Venue;
use domain::market::{Instrument, Tick};
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::ports::{Clock, Feed, FeedError, Listed, Tape};
use domain::post::Post;
use domain::time::Timestamp;
use tokio::sync::{oneshot, watch};

use super::candles::PricePath;

/// The longest stretch of candles that one market gets before the others get theirs.
const STRETCH: Duration = Duration::from_secs(3600);

/// Hands out what was recorded.
#[derive(Clone)]
pub struct Conductor {
    stage: Arc<Mutex<Stage>>,
    finished: watch::Receiver<bool>,
}

struct Stage {
    begin: Timestamp,
    now: Timestamp,
    posts: BTreeMap<ChannelId, Part<Post>>,
    paths: BTreeMap<Instrument, Part<Tick>>,
    /// Is told when it begins and what time it is.
    watched: Box<dyn Fn(Timestamp, Timestamp) + Send>,
    done: watch::Sender<bool>,
}

/// What one participant has before it, in order of time.
struct Part<T> {
    items: Peekable<Box<dyn Iterator<Item = T> + Send>>,
    /// It asks for more.
    asking: Option<oneshot::Sender<Option<Vec<T>>>>,
    /// It was told that there is no more.
    told: bool,
}

impl<T> Part<T> {
    fn new(items: impl Iterator<Item = T> + Send + 'static) -> Self {
        let items: Box<dyn Iterator<Item = T> + Send> = Box::new(items);
        Self {
            items: items.peekable(),
            asking: None,
            told: false,
        }
    }

    fn at_rest(&self) -> bool {
        self.told || self.asking.is_some()
    }

    fn give(&mut self, items: Option<Vec<T>>) {
        self.told = items.is_none();
        if let Some(asking) = self.asking.take() {
            // Whoever left while asking has no use for it; the house is stopping.
            asking.send(items).ok();
        }
    }
}

impl Conductor {
    /// A conductor of these posts and price paths, each in order of time. `watched` is told when
    /// it begins and what time it is.
    #[must_use]
    pub fn new(
        posts: BTreeMap<ChannelId, Vec<Post>>,
        paths: BTreeMap<Instrument, PricePath>,
        watched: impl Fn(Timestamp, Timestamp) + Send + 'static,
    ) -> Self {
        let first = posts
            .values()
            .filter_map(|posts| posts.first())
            .map(|post| post.received)
            .min();
        let now = first.unwrap_or(Timestamp::MIN);
        let (done, finished) = watch::channel(false);
        let stage = Stage {
            begin: now,
            now,
            posts: posts
                .into_iter()
                .map(|(channel, posts)| (channel, Part::new(posts.into_iter())))
                .collect(),
            paths: paths
                .into_iter()
                .map(|(on, path)| (on, Part::new(known_after(path, now))))
                .collect(),
            watched: Box::new(watched),
            done,
        };
        Self {
            stage: Arc::new(Mutex::new(stage)),
            finished,
        }
    }

    /// The source of a channel's posts.
    #[must_use]
    pub fn source(&self, channel: &ChannelId) -> Arc<dyn OpenSource> {
        Arc::new(Recorded {
            conductor: self.clone(),
            channel: channel.clone(),
        })
    }

    /// The feed of a venue's price paths.
    #[must_use]
    pub fn feed(&self, venue: Venue) -> Arc<dyn Feed> {
        Arc::new(RecordedFeed {
            conductor: self.clone(),
            venue,
        })
    }

    /// Waits until everything was handed out and dealt with.
    pub async fn finished(&self) {
        self.finished
            .clone()
            .wait_for(|finished| *finished)
            .await
            .ok();
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ticks of a path after an instant.
fn known_after(path: PricePath, now: Timestamp) -> impl Iterator<Item = Tick> {
    let mut ticks = path.ticks().skip_while(move |tick| tick.at() <= now);
    let first = ticks.next();
    // Nothing is known of what was traded between the first post and the first candle, and a
    // signal of that time must not look as if it had merely not been filled.
    let unknown = first
        .as_ref()
        .map(begins)
        .filter(|begin| *begin > now)
        .map(|to| Tick::Hole { from: now, to });
    unknown.into_iter().chain(first).chain(ticks)
}

/// The first instant that a tick tells of.
const fn begins(tick: &Tick) -> Timestamp {
    match tick {
        Tick::Trade(trade) => trade.at,
        Tick::Candle(candle) => candle.open_time,
        Tick::Time(at) => *at,
        Tick::Hole { from, .. } => *from,
    }
}

impl Clock for Conductor {
    fn now(&self) -> Timestamp {
        self.stage().now
    }
}

impl Stage {
    /// When all are asking, gives the one whose turn it is what comes next.
    fn go_on(&mut self) {
        let rest = self.posts.values().all(Part::at_rest) && self.paths.values().all(Part::at_rest);
        if !rest {
            return;
        }
        let post = self
            .posts
            .values_mut()
            .filter_map(|part| part.items.peek())
            .map(|post| post.received)
            .min();
        let tick = self
            .paths
            .values_mut()
            .filter_map(|part| part.items.peek())
            .map(Tick::at)
            .min();
        match (post, tick) {
            // A candle that was over when the post came is told before it.
            (Some(post), Some(tick)) if tick <= post => self.play((tick + STRETCH).min(post)),
            (Some(post), _) => self.tell(post),
            (None, Some(tick)) => self.play(tick + STRETCH),
            (None, None) => self.end(),
        }
    }

    /// Gives the first market that has any its ticks up to `until`.
    fn play(&mut self, until: Timestamp) {
        let due = |part: &mut Part<Tick>| part.items.next_if(|tick| tick.at() <= until);
        let next = self
            .paths
            .values_mut()
            .find_map(|part| Some((due(part)?, part)));
        let Some((first, part)) = next else { return };
        let mut ticks = vec![first];
        while let Some(tick) = due(part) {
            ticks.push(tick);
        }
        let end = ticks.last().map_or(self.now, Tick::at);
        part.give(Some(ticks));
        self.go_to(end);
    }

    /// Gives the first channel that has a post of this instant that post.
    fn tell(&mut self, at: Timestamp) {
        let next = self.posts.values_mut().find_map(|part| {
            let post = part.items.next_if(|post| post.received == at)?;
            Some((post, part))
        });
        let Some((post, part)) = next else { return };
        part.give(Some(vec![post]));
        self.go_to(at);
    }

    /// What was given is not looked at before: the house lives on this thread.
    fn go_to(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        (self.watched)(self.begin, self.now);
    }

    /// Tells everybody, one after the other, that there is no more.
    fn end(&mut self) {
        if let Some(part) = self.posts.values_mut().find(|part| !part.told) {
            part.give(None);
        } else if let Some(part) = self.paths.values_mut().find(|part| !part.told) {
            part.give(None);
        } else {
            self.done.send_replace(true);
            return;
        }
        self.go_on();
    }
}

/// A channel's recorded posts.
struct Recorded {
    conductor: Conductor,
    channel: ChannelId,
}

impl OpenSource for Recorded {
    fn open(&self, _: Resume) -> Box<dyn Source> {
        Box::new(Self {
            conductor: self.conductor.clone(),
            channel: self.channel.clone(),
        })
    }
}

#[async_trait::async_trait]
impl Source for Recorded {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        let told = {
            let mut stage = self.conductor.stage();
            let (asking, told) = oneshot::channel();
            if let Some(part) = stage.posts.get_mut(&self.channel) {
                part.asking = Some(asking);
            }
            stage.go_on();
            told
        };
        let posts = told.await.ok().flatten();
        Ok(posts.map(|posts| {
            let cursor = posts
                .last()
                .map_or_else(|| Cursor::new(""), |post| Cursor::new(post.key.as_str()));
            Batch { posts, cursor }
        }))
    }
}

/// A venue's recorded price paths.
struct RecordedFeed {
    conductor: Conductor,
    venue: Venue,
}

#[async_trait::async_trait]
impl Feed for RecordedFeed {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let stage = self.conductor.stage();
        let on_venue = stage
            .paths
            .keys()
            .filter(|instrument| instrument.venue == self.venue);
        Ok(on_venue
            .map(|instrument| Listed {
                instrument: instrument.clone(),
                symbol: format!("{}{}", instrument.pair.base(), instrument.pair.quote()).into(),
                price: None,
            })
            .collect())
    }

    fn follow(&self, instrument: &Instrument, _: Option<Timestamp>) -> Box<dyn Tape> {
        Box::new(RecordedTape {
            conductor: self.conductor.clone(),
            instrument: instrument.clone(),
            asked: None,
        })
    }
}

/// One recorded price path.
struct RecordedTape {
    conductor: Conductor,
    instrument: Instrument,
    /// What was asked for and not yet taken: whoever stops waiting finds it the next time.
    asked: Option<oneshot::Receiver<Option<Vec<Tick>>>>,
}

#[async_trait::async_trait]
impl Tape for RecordedTape {
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError> {
        if self.asked.is_none() {
            let (asking, told) = oneshot::channel();
            let mut stage = self.conductor.stage();
            match stage.paths.get_mut(&self.instrument) {
                Some(part) => part.asking = Some(asking),
                None => return Err(FeedError::Unlisted(self.instrument.clone())),
            }
            stage.go_on();
            self.asked = Some(told);
        }
        let Some(told) = &mut self.asked else {
            return Ok(None);
        };
        let ticks = told.await.ok().flatten();
        self.asked = None;
        Ok(ticks)
    }
}
