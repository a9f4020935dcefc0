//! A channel while it is read: one look after the other, and what each look found.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use domain::ids::PostKey;
use domain::ports::source::{Batch, Source, SourceError};
use domain::post::{Action, Digest, Origin, Post};
use domain::time::Timestamp;

use super::Options;
use super::fetch::{Failed, Fetched, Fetcher};
use super::memory::{Findings, Memory, View};
use super::page::Shown;
use crate::outbound::{Backoff, jittered, no_sooner};

/// Pages that one look may read to catch up; older posts than these stay unread, and it is told.
const CATCH_UP_PAGES: usize = 50;

/// Pages that one look may read to make sure of deletions; the rest waits for the next look.
const SECOND_LOOKS: usize = 3;

/// Between the looks at all watched posts lie so many looks at the newest page alone.
const LOOKS_PER_DEEP_LOOK: u32 = 10;

/// A post younger than this when the channel is first read still counts as received when posted.
const FRESH: Duration = Duration::from_secs(120);

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// A channel while it is read.
pub(super) struct Reading {
    options: Options,
    fetcher: Fetcher,
    memory: Memory,
    /// When to look next.
    due: Instant,
    looks: u32,
    backoff: Backoff,
}

impl Reading {
    pub(super) fn new(options: Options, fetcher: Fetcher, memory: Memory) -> Self {
        Self {
            fetcher,
            memory,
            due: Instant::now(),
            looks: 0,
            backoff: Backoff::new(options.interval, LONGEST_PAUSE.max(options.interval)),
            options,
        }
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
                    self.fetcher.forget();
                    return Err(failed.error);
                }
            }
        }
    }
}

impl Reading {
    /// Looks at the channel once. Only what is handed out changes the memory, so a look that
    /// fails or is given up half-way is repeated whole.
    async fn look(&mut self) -> Result<Option<Batch>, Failed> {
        let deep = self.looks.is_multiple_of(LOOKS_PER_DEEP_LOOK);
        let sure = deep || !self.memory.missed().is_empty();
        let clock = &*self.options.clock;
        let Fetched::Page(newest) = self.fetcher.fetch(None, !sure, clock).await? else {
            self.looks = self.looks.wrapping_add(1);
            return Ok(None);
        };
        let mut views = vec![View {
            page: newest,
            before: None,
        }];
        let watched = deep.then(|| self.memory.oldest_watched(self.options.reread));
        let unread = self.memory.read().map(|read| read + 1);
        self.page_back(
            &mut views,
            unread.into_iter().chain(watched.flatten()).min(),
        )
        .await?;
        self.look_again(&mut views).await?;
        // The last of the pages has just arrived; before that nobody could have known all of it.
        let received = self.options.clock.now();
        self.looks = self.looks.wrapping_add(1);

        let first = self.memory.read().is_none();
        if first {
            self.memory.set_backlog(backlog(&views, received));
        }
        let digest = |shown: &Shown| self.digest(shown);
        let findings = self.memory.compare(&views, digest);
        let mut memory = self.memory.clone();
        memory.take(&views, &findings, self.options.reread, digest);
        let batch = self.batch(&memory, findings, received);
        let moved = memory.read() != self.memory.read();
        self.memory = memory;
        Ok((moved || !batch.posts.is_empty()).then_some(batch))
    }

    /// Reads older pages until one reaches down to the post `downto`.
    async fn page_back(
        &mut self,
        views: &mut Vec<View>,
        downto: Option<u64>,
    ) -> Result<(), Failed> {
        let Some(downto) = downto else { return Ok(()) };
        let older = |views: &[View]| {
            let page = &views.last()?.page;
            let lowest = *page.ids.first()?;
            (lowest > downto && page.has_older).then_some(lowest)
        };
        while let Some(lowest) = older(views) {
            if views.len() > CATCH_UP_PAGES {
                tracing::warn!(
                    channel.id = %self.options.channel,
                    "{} has more unread posts than {CATCH_UP_PAGES} pages show; older ones stay unread",
                    self.options.channel,
                );
                break;
            }
            self.read_before(views, lowest).await?;
        }
        Ok(())
    }

    /// Looks at each post that the last look missed on a page that was asked for just for it.
    async fn look_again(&mut self, views: &mut Vec<View>) -> Result<(), Failed> {
        let mut asked: Option<u64> = None;
        let mut looks = 0;
        let missed: Vec<u64> = self.memory.missed().iter().rev().copied().collect();
        for id in missed {
            // One page settles all missed posts that it reaches down to.
            if asked.is_some_and(|lowest| lowest <= id) || looks == SECOND_LOOKS {
                continue;
            }
            self.read_before(views, id + 1).await?;
            looks += 1;
            asked = views.last().and_then(|view| view.page.ids.first().copied());
        }
        Ok(())
    }

    async fn read_before(&mut self, views: &mut Vec<View>, before: u64) -> Result<(), Failed> {
        let clock = &*self.options.clock;
        let fetched = self.fetcher.fetch(Some(before), false, clock);
        if let Fetched::Page(page) = fetched.await? {
            views.push(View {
                page,
                before: Some(before),
            });
        }
        Ok(())
    }

    /// What was found, in the channel's order: deletions and edits of older posts before new ones.
    fn batch(&self, memory: &Memory, findings: Findings, received: Timestamp) -> Batch {
        let gone = findings
            .deleted
            .iter()
            .map(|id| self.deletion(memory, *id, received));
        let edits = findings
            .edited
            .into_iter()
            .map(|shown| self.post(memory, shown, Some(Action::Edited), received));
        let mut posts: Vec<Post> = gone.chain(edits).collect();
        posts.extend(
            findings
                .new
                .into_iter()
                .map(|shown| self.post(memory, shown, None, received)),
        );
        Batch {
            posts,
            cursor: memory.cursor(),
        }
    }

    fn post(
        &self,
        memory: &Memory,
        shown: Shown,
        action: Option<Action>,
        received: Timestamp,
    ) -> Post {
        // The first version that is received is the original here, even if it is marked as edited:
        // what it said before nobody knows.
        let first = if shown.forwarded_from.is_some() {
            Action::Forwarded
        } else {
            Action::Original
        };
        Post {
            channel: self.options.channel.clone(),
            key: PostKey::new(shown.id.to_string()),
            action: action.unwrap_or(first),
            author: shown.author,
            text: shown.text,
            media: shown.media,
            reply_to: shown.reply_to.map(|id| PostKey::new(id.to_string())),
            forwarded_from: shown.forwarded_from,
            posted: shown.posted,
            received,
            origin: self.origin(memory, shown.id),
        }
    }

    fn deletion(&self, memory: &Memory, id: u64, received: Timestamp) -> Post {
        Post {
            channel: self.options.channel.clone(),
            key: PostKey::new(id.to_string()),
            action: Action::Deleted,
            author: None,
            text: String::new(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: received,
            received,
            origin: self.origin(memory, id),
        }
    }

    /// What stood there before the first look is history: its edits and deletions were not seen.
    fn origin(&self, memory: &Memory, id: u64) -> Origin {
        match self.options.origin {
            Origin::Live if memory.is_backlog(id) => Origin::Import,
            Origin::Live | Origin::Import | Origin::Simulator => self.options.origin,
        }
    }

    fn digest(&self, shown: &Shown) -> Digest {
        self.post(&self.memory, shown.clone(), None, Timestamp::MIN)
            .digest()
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

/// The last post that is too old to have been received when it was posted.
fn backlog(views: &[View], received: Timestamp) -> u64 {
    let posts = views.iter().flat_map(|view| &view.page.posts);
    posts
        .filter(|post| post.posted + FRESH < received)
        .map(|post| post.id)
        .max()
        .unwrap_or(0)
}
