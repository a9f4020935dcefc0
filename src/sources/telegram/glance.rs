//! One look at a channel that nobody reads yet: its newest page, and nothing kept of it.

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use domain::ids::PostKey;
use domain::ports::Clock;
use domain::ports::source::{Glance, Glanced, Scout, SourceError};

use super::fetch::{Fetched, Fetcher};
use super::preview;
use crate::outbound::Outbound;

/// Looks at public previews.
pub struct TelegramScout {
    base: Url,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
}

impl TelegramScout {
    /// Looks where previews are served, `https://t.me`, by `outbound`, which must not follow
    /// redirects: they tell that a channel has no preview.
    #[must_use]
    pub fn new(base: Url, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self {
            base,
            outbound,
            clock,
        }
    }
}

#[async_trait]
impl Scout for TelegramScout {
    async fn glance(&self, name: &str) -> Result<Glance, SourceError> {
        let address = preview(&self.base, name);
        let mut fetcher = Fetcher::new(self.outbound.clone(), address, name.to_owned());
        let fetched = fetcher.fetch(None, false, &*self.clock).await;
        let Fetched::Page(page) = fetched.map_err(|failed| failed.error)? else {
            return Err(SourceError::Unreadable("an unchanged page".to_owned()));
        };
        let posts = page.posts.into_iter().map(|shown| Glanced {
            key: PostKey::new(shown.id.to_string()),
            posted: shown.posted,
            text: shown.text,
            has_media: !shown.media.is_empty(),
        });
        Ok(Glance {
            title: page.title,
            posts: posts.collect(),
        })
    }
}
