//! Feeds: RSS, Atom and JSON Feed, and so subreddits and most blogs.
//!
//! A feed is a window on the last entries of its author. What leaves it is not deleted, only old.
//! Entries are known by their id; the same id with other content is an edit.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use url::Url;

use domain::ids::ChannelId;
use domain::ports::Clock;
use domain::ports::source::{OpenSource, Resume, Source};
use domain::post::Origin;

use crate::outbound::{Limits, Outbound};
use reading::Reading;

mod decode;
mod document;
mod reading;

/// The shortest time between two looks that is polite towards somebody else's server.
pub const POLITE: Duration = Duration::from_secs(60);

/// How large and slow a feed may be, and how often it may say that it has moved.
pub const LIMITS: Limits = Limits {
    time: Duration::from_secs(20),
    connect: Duration::from_secs(5),
    body: 4 << 20,
    redirects: 5,
};

/// How a feed is read.
#[derive(Clone)]
pub struct Options {
    /// The channel's name here.
    pub channel: ChannelId,
    /// Where the feed is.
    pub url: Url,
    /// The time from one look to the next, give or take a quarter.
    pub interval: Duration,
    /// What its posts are marked with.
    pub origin: Origin,
    /// Where the time of receipt comes from.
    pub clock: Arc<dyn Clock>,
}

/// Opens one feed, as often as needed.
pub struct FeedSource {
    options: Options,
    outbound: Outbound,
}

impl FeedSource {
    /// Reads the feed of `options` by `outbound`, which may follow redirects.
    #[must_use]
    pub const fn new(options: Options, outbound: Outbound) -> Self {
        Self { options, outbound }
    }
}

impl OpenSource for FeedSource {
    fn open(&self, resume: Resume) -> Box<dyn Source> {
        Box::new(Reading::new(
            self.options.clone(),
            self.outbound.clone(),
            &resume,
        ))
    }
}

/// What every request says that it would like to have.
fn wishes() -> HeaderMap {
    let kinds = "application/rss+xml, application/atom+xml, application/feed+json, \
                 application/xml;q=0.9, application/json;q=0.9, text/xml;q=0.8, */*;q=0.1";
    HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(kinds))])
}
