//! Fetches preview pages: conditional requests, redirects and every way in which it can fail.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    LOCATION,
};
use url::Url;

use domain::ports::Clock;
use domain::ports::source::SourceError;
use domain::time::Timestamp;

use super::page::{self, Page};
use crate::outbound::{Answer, Outbound};

/// What became of asking for a page.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The page.
    Page(Page),
    /// It is the same as the last time.
    Unchanged,
}

/// Why there is no page, and how long the server asks to be left alone.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: SourceError,
    pub retry_after: Option<Duration>,
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

/// A status that is no page.
#[derive(Debug, thiserror::Error)]
#[error("the server answered {0}")]
struct BadStatus(StatusCode);

/// Fetches one channel's pages.
#[derive(Debug)]
pub(super) struct Fetcher {
    outbound: Outbound,
    /// `https://t.me/s/NAME`.
    address: Url,
    name: String,
    /// What the newest page was marked with when it was last read.
    marks: HeaderMap,
}

impl Fetcher {
    pub(super) fn new(outbound: Outbound, address: Url, name: String) -> Self {
        Self {
            outbound,
            address,
            name,
            marks: HeaderMap::new(),
        }
    }

    /// Fetches the newest page, or those before a post. With `changed_only` the newest page is
    /// asked for only if it is another than the last time.
    pub(super) async fn fetch(
        &mut self,
        before: Option<u64>,
        changed_only: bool,
        clock: &dyn Clock,
    ) -> Result<Fetched, Failed> {
        let mut url = self.address.clone();
        if let Some(before) = before {
            url.query_pairs_mut()
                .append_pair("before", &before.to_string());
        }
        let marks = if changed_only {
            self.marks.clone()
        } else {
            HeaderMap::new()
        };
        let answer = self
            .outbound
            .get(url, marks)
            .await
            .map_err(|error| SourceError::Unreachable(error.into()))?;
        if answer.status == StatusCode::NOT_MODIFIED && changed_only {
            return Ok(Fetched::Unchanged);
        }
        self.judge(&answer, clock.now())?;
        let html = String::from_utf8_lossy(&answer.body);
        let page = page::read(&self.name, &html)
            .map_err(|bad| SourceError::Unreadable(bad.to_string()))?;
        if before.is_some_and(|before| page.ids.iter().any(|id| *id >= before)) {
            let text = "asked for older posts, got newer ones";
            return Err(SourceError::Unreadable(text.into()).into());
        }
        if before.is_none() {
            // A page that could not be read to its end is asked for again, marks or not.
            self.marks = if page.whole {
                marks_of(&answer)
            } else {
                HeaderMap::new()
            };
        }
        Ok(Fetched::Page(page))
    }

    /// Forgets the marks: the next page is read whatever it is.
    pub(super) fn forget(&mut self) {
        self.marks.clear();
    }

    fn judge(&self, answer: &Answer, now: Timestamp) -> Result<(), Failed> {
        let status = answer.status;
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::NOT_FOUND {
            return Err(SourceError::Absent(self.name.clone()).into());
        }
        if status.is_redirection() {
            // A channel without a preview sends its reader to its door, a page without `/s/`.
            let target = answer.header(LOCATION).unwrap_or_default();
            let previews = self
                .address
                .join(target)
                .is_ok_and(|url| url.path().contains("/s/"));
            if !previews {
                return Err(SourceError::Absent(self.name.clone()).into());
            }
        }
        Err(Failed {
            error: SourceError::Unreachable(BadStatus(status).into()),
            retry_after: answer.retry_after(now),
        })
    }
}

/// What the next request says so that an unchanged page need not be sent again.
fn marks_of(answer: &Answer) -> HeaderMap {
    let mark = |from: HeaderName, to: HeaderName| {
        let value: &HeaderValue = answer.headers.get(from)?;
        Some((to, value.clone()))
    };
    [
        mark(ETAG, IF_NONE_MATCH),
        mark(LAST_MODIFIED, IF_MODIFIED_SINCE),
    ]
    .into_iter()
    .flatten()
    .collect()
}
