//! Ways: how the posts of a channel are fetched that an operator made while the platform ran.

use std::sync::Arc;

use domain::ids::ChannelId;
use domain::ports::Clock;
use domain::ports::roster::Way;
use domain::ports::source::OpenSource;
use domain::post::Origin;
use url::Url;

use crate::outbound::Outbound;
use crate::registrar::Ways;
use crate::sources::rss::{self, FeedSource};
use crate::sources::telegram::{self, TelegramPreview};

/// The ways of this world. Nobody but who wrote the configuration may lead into the own network, so
/// both ways out go to public addresses alone, but for the simulator's.
pub(super) struct Reached {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) origin: Origin,
    /// Where previews of Telegram channels are.
    pub(super) telegram: Url,
    pub(super) pages: Outbound,
    /// The way to feeds; none where there is no world outside.
    pub(super) feeds: Option<Outbound>,
    /// Whether there is a venue whose prices could judge.
    pub(super) judged: bool,
}

impl Ways for Reached {
    fn origin(&self) -> Origin {
        self.origin
    }

    fn refusal(&self, way: &Way) -> Option<&'static str> {
        if !self.judged {
            return Some(
                "there is no venue whose prices could judge a channel; configure one under [venues]",
            );
        }
        match way {
            Way::Feed { .. } if self.feeds.is_none() => Some(
                "the simulator is the whole world here, and it has no feeds; set `enabled = false` under \
                 [simulator] and configure a venue",
            ),
            Way::Feed { .. } | Way::Telegram { .. } | Way::Webhook { .. } => None,
        }
    }

    fn source(&self, id: &ChannelId, way: &Way) -> Option<Arc<dyn OpenSource>> {
        match way {
            Way::Telegram { name, every } => {
                let options = telegram::Options {
                    base: self.telegram.clone(),
                    interval: *every,
                    origin: self.origin,
                    ..telegram::Options::live(id.clone(), name.as_str(), Arc::clone(&self.clock))
                };
                Some(Arc::new(TelegramPreview::new(options, self.pages.clone())))
            }
            Way::Feed { url, every } => {
                let options = rss::Options {
                    channel: id.clone(),
                    url: Url::parse(url).ok()?,
                    interval: *every,
                    origin: self.origin,
                    clock: Arc::clone(&self.clock),
                };
                let source = FeedSource::new(options, self.feeds.clone()?);
                Some(Arc::new(source))
            }
            Way::Webhook { .. } => None,
        }
    }
}
