//! Public Telegram channels, read from their preview pages (`https://t.me/s/NAME`).
//!
//! New posts stand on the newest page; edits and deletions are found by looking again at the last
//! posts, since nothing announces them. A deletion is told only after two looks missed the post.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use domain::ids::ChannelId;
use domain::ports::Clock;
use domain::ports::source::{OpenSource, Resume, Source};
use domain::post::Origin;

use crate::outbound::Outbound;
use fetch::Fetcher;
pub use glance::TelegramScout;
use memory::Memory;
use reading::Reading;

mod fetch;
mod glance;
mod media;
mod memory;
mod page;
mod reading;

/// How a channel is read.
#[derive(Clone)]
pub struct Options {
    /// The channel's name here.
    pub channel: ChannelId,
    /// Its name there.
    pub name: String,
    /// Where previews are served: `https://t.me`.
    pub base: Url,
    /// The time from one look to the next, give or take a quarter.
    pub interval: Duration,
    /// How many of the last posts are watched for edits and deletions.
    pub reread: usize,
    /// What its posts are marked with.
    pub origin: Origin,
    /// Where the time of receipt comes from.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A real channel, read politely.
    ///
    /// # Panics
    ///
    /// Never: the address of Telegram is one.
    #[must_use]
    pub fn live(channel: ChannelId, name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            channel,
            name: name.into(),
            base: Url::parse("https://t.me").expect("an address"),
            interval: Duration::from_secs(15),
            reread: 100,
            origin: Origin::Live,
            clock,
        }
    }
}

/// Opens one channel's preview, as often as needed.
pub struct TelegramPreview {
    options: Options,
    outbound: Outbound,
}

impl TelegramPreview {
    /// Reads the channel of `options` by `outbound`, which must not follow redirects: they tell
    /// that a channel has no preview.
    #[must_use]
    pub const fn new(options: Options, outbound: Outbound) -> Self {
        Self { options, outbound }
    }
}

impl OpenSource for TelegramPreview {
    fn open(&self, resume: Resume) -> Box<dyn Source> {
        let options = self.options.clone();
        let address = preview(&options.base, &options.name);
        let fetcher = Fetcher::new(self.outbound.clone(), address, options.name.clone());
        Box::new(Reading::new(options, fetcher, Memory::resume(&resume)))
    }
}

/// Where a channel's preview stands: `https://t.me/s/NAME`.
fn preview(base: &Url, name: &str) -> Url {
    let mut address = base.clone();
    address.set_query(None);
    if let Ok(mut path) = address.path_segments_mut() {
        path.pop_if_empty().extend(["s", name]);
    }
    address
}
