//! Watching: waits for candles to be over, and makes posts of what is called by them.

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::Cursor;
use domain::market::Instrument;
use domain::ports::source::{Batch, Source, SourceError};
use domain::ports::{Advice, FeedError};
use domain::post::{Action, Post};
use domain::strategy::Call;
use domain::time::Timestamp;
use futures_util::future::join_all;

use super::book::{self, Book};
use super::{Options, SETTLING};

/// The longest sleep until a candle is over. The clock may be another than the wall's.
const PULSE: Duration = Duration::from_millis(100);

/// How long a candle that is late is waited for between two questions.
const AGAIN: Duration = Duration::from_secs(2);

/// A strategy at work.
pub(super) struct Watching {
    options: Options,
    books: Vec<Book>,
    /// What was handed out last.
    cursor: Option<Cursor>,
}

impl Watching {
    pub(super) fn new(options: Options, cursor: Option<&Cursor>) -> Self {
        let books = options
            .instruments
            .iter()
            .map(|instrument| Book::new(instrument.clone(), &options.strategy, cursor))
            .collect();
        Self {
            options,
            books,
            cursor: cursor.cloned(),
        }
    }

    /// Asks for whatever is over and not known yet. What could not be asked is the second.
    async fn look(&mut self, due: Timestamp) -> (Vec<Post>, Option<FeedError>) {
        let options = &self.options;
        let asked = self.books.iter_mut().filter_map(|book| {
            let from = book.needs(&options.strategy, options.interval, due)?;
            Some(async move {
                let candles = options
                    .candles
                    .candles(&book.instrument, options.interval, from, due)
                    .await;
                (book, candles)
            })
        });
        let (mut posts, mut trouble) = (Vec::new(), None);
        for (book, candles) in join_all(asked).await {
            let now = options.clock.now();
            match candles {
                Ok(candles) => {
                    let calls = book.take(&options.strategy, &candles, due, now);
                    let made = calls
                        .iter()
                        .map(|call| options.post(&book.instrument, call, now));
                    posts.extend(made);
                }
                Err(error) if error.advice() == Advice::Stop => {
                    tracing::warn!(channel.id = %options.channel,
                        "{} does not watch {} any more: {error}", options.channel, book.instrument);
                    book.absent = true;
                }
                Err(error) => trouble = Some(error),
            }
        }
        (posts, trouble)
    }

    /// Whether everything that is over is known.
    fn knows(&self, due: Timestamp) -> bool {
        let Options {
            strategy, interval, ..
        } = &self.options;
        let needs = |book: &Book| book.needs(strategy, *interval, due).is_some();
        !self.books.iter().any(needs)
    }
}

impl Options {
    fn post(&self, on: &Instrument, call: &Call, now: Timestamp) -> Post {
        Post {
            channel: self.channel.clone(),
            key: call.key(&self.strategy, on, self.interval),
            action: Action::Original,
            author: None,
            text: call.words(&self.strategy, on, self.interval),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: call.at,
            received: now.max(call.at),
            origin: self.origin,
        }
    }
}

#[async_trait]
impl Source for Watching {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        loop {
            if self.books.iter().all(|book| book.absent) {
                let why = "the venue trades none of its instruments".to_owned();
                return Err(SourceError::Absent(why));
            }
            let interval = self.options.interval;
            let settled = self.options.clock.now() - SETTLING;
            let due = interval.begin_of(settled);
            if self.knows(due) {
                let next = (due + interval.span()).since(settled);
                tokio::time::sleep(next.min(PULSE)).await;
                continue;
            }
            let (posts, trouble) = self.look(due).await;
            let cursor = book::cursor(&self.books);
            // What was learned of the others is not lost by the trouble of one.
            if !posts.is_empty()
                || (self.cursor.as_ref() != Some(&cursor) && !cursor.as_str().is_empty())
            {
                self.cursor = Some(cursor.clone());
                return Ok(Some(Batch { posts, cursor }));
            }
            match trouble {
                Some(error @ FeedError::Unreadable { .. }) => {
                    return Err(SourceError::Unreadable(error.to_string()));
                }
                Some(error) => return Err(SourceError::Unreachable(error.into())),
                None => tokio::time::sleep(AGAIN).await,
            }
        }
    }
}
