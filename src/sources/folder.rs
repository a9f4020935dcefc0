//! A folder that somebody else writes to: `*.jsonl` line by line, `*.txt` one post a file.
//!
//! The system tells of changes, and now and then the folder is looked at anyway, for there are
//! file systems that tell nothing. A file that goes deletes no post.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::Instant;

use domain::ids::ChannelId;
use domain::ports::Clock;
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;

use crate::outbound::Backoff;
use crate::post_line::Line;
use crate::sources::seen::Seen;
use place::Places;
use scan::{Found, Known, scan};

mod lines;
mod place;
mod scan;

/// How soon a file is looked at again that may still be in the middle of being written.
const SOON: Duration = Duration::from_secs(1);

/// The longest pause while the folder cannot be read.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How a folder is read.
#[derive(Clone)]
pub struct Options {
    /// The channel's name here.
    pub channel: ChannelId,
    /// The folder; those within it are not read.
    pub path: PathBuf,
    /// The longest time between two looks.
    pub rescan: Duration,
    /// What its posts are marked with.
    pub origin: Origin,
    /// Where the time of receipt comes from.
    pub clock: Arc<dyn Clock>,
}

/// Opens one folder, as often as needed.
pub struct Folder {
    options: Options,
}

impl Folder {
    /// Reads the folder of `options`.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options }
    }
}

impl OpenSource for Folder {
    fn open(&self, resume: Resume) -> Box<dyn Source> {
        let (places, first_look) = Places::resume(resume.cursor.as_ref());
        Box::new(Reading {
            seen: Seen::resume(&resume, first_look),
            known: Known {
                places,
                ..Known::default()
            },
            changed: Arc::default(),
            watcher: None,
            due: Instant::now(),
            backoff: Backoff::new(self.options.rescan, LONGEST_PAUSE.max(self.options.rescan)),
            options: self.options.clone(),
        })
    }
}

/// A folder while it is read.
struct Reading {
    options: Options,
    seen: Seen,
    known: Known,
    changed: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    /// When to look next, changed or not.
    due: Instant,
    backoff: Backoff,
}

#[async_trait]
impl Source for Reading {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        loop {
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(self.due) => {}
            }
            // Whoever gives up waiting from here on and asks again looks at once.
            self.due = Instant::now();
            self.watch();
            match self.look().await {
                Ok(found) => {
                    self.backoff.succeeded();
                    self.due = Instant::now() + self.pause(&found);
                    if let Some(batch) = self.take(found) {
                        return Ok(Some(batch));
                    }
                }
                Err(error) => {
                    // The next watcher is one of the folder that is there then.
                    self.watcher = None;
                    self.due = Instant::now() + self.backoff.failed();
                    return Err(error);
                }
            }
        }
    }
}

impl Reading {
    /// Lets the system tell of changes. Where it cannot, the looks now and then must do.
    fn watch(&mut self) {
        if self.watcher.is_some() {
            return;
        }
        let changed = Arc::clone(&self.changed);
        // Reading is an access; without this each look would bring about the next.
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                changed.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(told).and_then(|mut watcher| {
            watcher.watch(&self.options.path, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => tracing::debug!(
                channel.id = %self.options.channel,
                "nothing tells of changes in {}: {error}",
                self.options.path.display(),
            ),
        }
    }

    /// Looks on a thread of its own: a disk may be slow.
    async fn look(&self) -> Result<Found, SourceError> {
        let (path, known) = (self.options.path.clone(), self.known.clone());
        let now = self.options.clock.now();
        let looked = tokio::task::spawn_blocking(move || scan(&path, known, now)).await;
        let looked = looked.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        looked.map_err(|error| {
            let why = format!("the folder {}: {error}", self.options.path.display());
            SourceError::Unreachable(why.into())
        })
    }

    fn pause(&self, found: &Found) -> Duration {
        if found.more {
            Duration::ZERO
        } else if found.soon {
            SOON.min(self.options.rescan)
        } else {
            self.options.rescan
        }
    }

    /// What is to be handed out; none when nothing has changed.
    fn take(&mut self, found: Found) -> Option<Batch> {
        let received = self.options.clock.now();
        let first = self.seen.first_look().is_none();
        let first_look = self.seen.look(received);
        for (place, why) in &found.bad {
            self.complain(place, why);
        }
        let mut posts = Vec::new();
        for line in found.posts {
            if let Some(post) = self.seen.version(self.post(line, received, first)) {
                self.seen.learn(post.key.clone(), post.digest());
                posts.push(post);
            }
        }
        let moved = found.known.places != self.known.places;
        self.known = found.known;
        let cursor = self.known.places.cursor(first_look);
        (first || moved || !posts.is_empty()).then_some(Batch { posts, cursor })
    }

    fn complain(&self, place: &str, why: &str) {
        metrics::counter!(
            "touchstone_source_bad_lines_total",
            "channel" => self.options.channel.as_str().to_owned(),
        )
        .increment(1);
        tracing::warn!(
            channel.id = %self.options.channel,
            "{place} of {} cannot be read and is left out: {why}",
            self.options.path.display(),
        );
    }

    fn post(&self, line: Line, received: Timestamp, first: bool) -> Post {
        // A time that has not come yet is no time at which somebody posted.
        let said = line.posted.filter(|at| *at <= received);
        // What stands there undated at the first look may be of any age.
        let age = match said {
            None if first => Timestamp::MIN,
            None => received,
            Some(said) => said,
        };
        Post {
            channel: self.options.channel.clone(),
            key: line.key,
            action: if line.forwarded_from.is_some() {
                Action::Forwarded
            } else {
                Action::Original
            },
            author: line.author,
            text: line.text,
            media: line.media,
            reply_to: line.reply_to,
            forwarded_from: line.forwarded_from,
            posted: said.unwrap_or(received),
            received,
            origin: self.seen.origin(self.options.origin, age),
        }
    }
}
