//! A feed while it is read: one look after the other, and what each look found.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::{
    CONTENT_TYPE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use tokio::time::Instant;

use domain::ids::Cursor;
use domain::ports::source::{Batch, Resume, Source, SourceError};
use domain::post::{Action, Post};
use domain::time::Timestamp;

use super::document::{self, Entry, READER};
use super::{Options, wishes};
use crate::outbound::{Answer, Backoff, Outbound, jittered, no_sooner};
use crate::sources::seen::Seen;

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// A status that is no feed.
#[derive(Debug, thiserror::Error)]
#[error("the server answered {0}")]
struct BadStatus(StatusCode);

/// A feed while it is read.
pub(super) struct Reading {
    options: Options,
    outbound: Outbound,
    seen: Seen,
    /// The known digests were made by an older reading.
    stale: bool,
    /// What the feed was marked with when it was last read.
    marks: HeaderMap,
    /// When to look next.
    due: Instant,
    backoff: Backoff,
}

impl Reading {
    pub(super) fn new(options: Options, outbound: Outbound, resume: &Resume) -> Self {
        let (first_look, reader) = place(resume.cursor.as_ref());
        Self {
            seen: Seen::resume(resume, first_look),
            stale: first_look.is_some() && reader != Some(READER),
            marks: HeaderMap::new(),
            due: Instant::now(),
            backoff: Backoff::new(options.interval, LONGEST_PAUSE.max(options.interval)),
            options,
            outbound,
        }
    }

    /// Looks at the feed once. Only what is handed out changes what is remembered, so a look that
    /// fails or is given up half-way is repeated whole.
    async fn look(&mut self) -> Result<Option<Batch>, Failed> {
        let mut headers = wishes();
        headers.extend(self.marks.clone());
        let answer = self
            .outbound
            .get(self.options.url.clone(), headers)
            .await
            .map_err(|error| SourceError::Unreachable(error.into()))?;
        if answer.status == StatusCode::NOT_MODIFIED && !self.marks.is_empty() {
            return Ok(None);
        }
        let received = self.options.clock.now();
        self.judge(&answer, received)?;
        let entries = self.read(&answer).await?;
        let batch = self.take(entries, received);
        self.marks = marks_of(&answer);
        Ok(batch)
    }

    fn judge(&self, answer: &Answer, now: Timestamp) -> Result<(), Failed> {
        let status = answer.status;
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::GONE {
            let why = format!(
                "the feed of {} is gone for good (410)",
                self.options.channel
            );
            return Err(SourceError::Absent(why).into());
        }
        Err(Failed {
            error: SourceError::Unreachable(BadStatus(status).into()),
            retry_after: answer.retry_after(now),
        })
    }

    /// Reads the document on a thread of its own: it is somebody else's text, so it may take its
    /// time, and if it made the reader panic, only this look would have failed.
    async fn read(&self, answer: &Answer) -> Result<Vec<Entry>, SourceError> {
        let body = answer.body.clone();
        let content_type = answer.header(CONTENT_TYPE).map(str::to_owned);
        let base = self.options.url.clone();
        let read = tokio::task::spawn_blocking(move || {
            document::read(&body, content_type.as_deref(), base.as_str())
        });
        match read.await {
            Ok(entries) => entries.map_err(SourceError::Unreadable),
            Err(_) => Err(SourceError::Unreadable(
                "its document made the reader give up".to_owned(),
            )),
        }
    }

    /// What is new or changed, in the feed's order.
    fn take(&mut self, entries: Vec<Entry>, received: Timestamp) -> Option<Batch> {
        let first = self.seen.first_look().is_none();
        let stale = std::mem::take(&mut self.stale);
        let first_look = self.seen.look(received);
        let mut posts = Vec::new();
        for entry in entries {
            let post = self.post(entry, received, first);
            let Some(post) = self.seen.version(post) else {
                continue;
            };
            self.seen.learn(post.key.clone(), post.digest());
            if !(stale && post.action == Action::Edited) {
                posts.push(post);
            }
        }
        let batch = Batch {
            posts,
            cursor: Cursor::new(format!("{}/{READER}", first_look.as_micros())),
        };
        (first || stale || !batch.posts.is_empty()).then_some(batch)
    }

    fn post(&self, entry: Entry, received: Timestamp, first: bool) -> Post {
        // A time that has not come yet is no time at which somebody posted.
        let said = entry.published.filter(|at| *at <= received);
        // What stands there undated at the first look may be of any age.
        let age = match said {
            None if first => Timestamp::MIN,
            None => received,
            Some(said) => said,
        };
        Post {
            channel: self.options.channel.clone(),
            key: entry.key,
            action: Action::Original,
            author: entry.author,
            text: entry.text,
            media: entry.media,
            reply_to: None,
            forwarded_from: None,
            posted: said.unwrap_or(received),
            received,
            origin: self.seen.origin(self.options.origin, age),
        }
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!(
            "touchstone_source_looks_total",
            "channel" => self.options.channel.as_str().to_owned(),
            "outcome" => outcome,
        )
        .increment(1);
    }
}

#[async_trait]
impl Source for Reading {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        loop {
            tokio::time::sleep_until(self.due).await;
            // Set before the question: whoever gives up waiting and asks again asks no sooner.
            self.due = Instant::now() + jittered(self.options.interval);
            match self.look().await {
                Ok(batch) => {
                    self.count("read");
                    self.backoff.succeeded();
                    if batch.is_some() {
                        return Ok(batch);
                    }
                }
                Err(failed) => {
                    self.count("failed");
                    let wish = failed.retry_after.unwrap_or_default();
                    self.due = Instant::now() + self.backoff.failed().max(no_sooner(wish));
                    return Err(failed.error);
                }
            }
        }
    }
}

/// Why there is no feed, and how long the server asks to be left alone.
struct Failed {
    error: SourceError,
    retry_after: Option<Duration>,
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

/// `1765558648000000/1`: first read at that instant (µs), last by reader 1.
fn place(cursor: Option<&Cursor>) -> (Option<Timestamp>, Option<u32>) {
    let Some((first_look, reader)) = cursor.and_then(|cursor| cursor.as_str().split_once('/'))
    else {
        return (None, None);
    };
    let first_look = first_look.parse().ok().map(Timestamp::from_micros);
    (first_look, reader.parse().ok())
}

/// What the next request says so that an unchanged feed need not be sent again.
fn marks_of(answer: &Answer) -> HeaderMap {
    [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)]
        .into_iter()
        .filter_map(|(from, to)| Some((to, answer.headers.get(from)?.clone())))
        .collect()
}
