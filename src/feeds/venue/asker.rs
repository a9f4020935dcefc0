//! Asks a venue over REST, politely: not too many questions at once, not too fast, and none while
//! the venue wants to be left alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use domain::market::Venue;
use domain::ports::{BoxError, Clock, FeedError};

use super::Options;
use crate::outbound::{Answer, Outbound, no_sooner};

/// How long to stay away when a venue says "too much" and not for how long.
const UNTOLD_PAUSE: Duration = Duration::from_secs(30);

/// An answer that is no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::feeds) enum BadAnswer {
    #[error("the venue answered {0}")]
    Status(StatusCode),
    #[error("the venue refused ({code}): {why}")]
    Refused { code: String, why: String },
    #[error("a column is missing")]
    Column,
}

/// The one who asks.
pub(in crate::feeds) struct Asker {
    venue: Venue,
    base: Url,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    between: Duration,
    at_once: Semaphore,
    /// Before this instant nothing is asked.
    quiet_until: Mutex<Instant>,
}

impl Asker {
    pub(in crate::feeds) fn new(options: &Options, outbound: Outbound) -> Self {
        Self {
            venue: options.venue.clone(),
            base: options.rest.clone(),
            outbound,
            clock: Arc::clone(&options.clock),
            between: options.rhythm.between_questions,
            at_once: Semaphore::new(options.rhythm.questions_at_once),
            quiet_until: Mutex::new(Instant::now()),
        }
    }

    pub(in crate::feeds) const fn venue(&self) -> &Venue {
        &self.venue
    }

    /// Asks when it is our turn. Any answer but "too much" is the caller's to judge.
    pub(in crate::feeds) async fn ask(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        headers: HeaderMap,
    ) -> Result<Answer, FeedError> {
        let _turn = self.at_once.acquire().await;
        let turn = {
            let mut quiet_until = self.quiet();
            let turn = (*quiet_until).max(Instant::now());
            *quiet_until = turn + self.between;
            turn
        };
        tokio::time::sleep_until(turn).await;
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| self.unreachable("the address of the venue is none"))?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = self
            .outbound
            .get(url, headers)
            .await
            .map_err(|error| self.unreachable(error))?;
        if matches!(answer.status.as_u16(), 418 | 429) {
            self.refused(answer.retry_after(self.clock.now()));
        }
        Ok(answer)
    }

    /// The venue had too much of us.
    pub(in crate::feeds) fn refused(&self, pause: Option<Duration>) {
        metrics::counter!("touchstone_feed_refused_total", "venue" => self.venue.as_str().to_owned())
            .increment(1);
        self.leave_alone(no_sooner(pause.unwrap_or(UNTOLD_PAUSE)));
    }

    /// Asks nothing for so long.
    pub(in crate::feeds) fn leave_alone(&self, pause: Duration) {
        let mut quiet_until = self.quiet();
        *quiet_until = (*quiet_until).max(Instant::now() + pause);
    }

    /// Milliseconds of our clock, for venues that count by the minute.
    pub(in crate::feeds) fn now_millis(&self) -> i64 {
        self.clock.now().as_millis()
    }

    pub(in crate::feeds) fn unreachable(&self, source: impl Into<BoxError>) -> FeedError {
        FeedError::Unreachable {
            venue: self.venue.clone(),
            source: source.into(),
        }
    }

    pub(in crate::feeds) fn unreadable(&self, source: impl Into<BoxError>) -> FeedError {
        FeedError::Unreadable {
            venue: self.venue.clone(),
            source: source.into(),
        }
    }

    fn quiet(&self) -> MutexGuard<'_, Instant> {
        self.quiet_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
