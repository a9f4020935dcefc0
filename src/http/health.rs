//! How posts and prices arrive: the sources and the feeds, and what is wrong with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web;
use actors::intake::known::{SourceState, Sources};
use domain::ports::store::{ChannelRecord, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::markets::Markets;
use crate::http::guarded::{Admin, Guarded, Reader};

/// What is asked about sources.
#[derive(Clone)]
pub struct Health {
    /// What is known of them.
    pub sources: Sources,
    /// What is kept of their channels.
    pub store: Arc<dyn Store>,
}

/// A failure, and when.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureOut {
    /// When (µs UTC).
    at: i64,
    /// Why, for people.
    why: String,
}

/// How the posts of a channel arrive.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceOut {
    /// Whose.
    channel: String,
    /// `telegram`, `telegram_bot`, `rss`, `folder` or `webhook`.
    platform: String,
    /// `brought`: somebody brings the posts. `reading`, or `opening`; `resting`: it failed and is asked
    /// again later; `ended`: it has no more, or a person has to see to it. `archived`: no more of its
    /// posts are taken. `absent`: it is not among what this process reads.
    state: &'static str,
    /// Since when (µs UTC).
    since: Option<i64>,
    /// When it last answered, with posts or without (µs UTC).
    last_success: Option<i64>,
    /// What last went wrong.
    last_error: Option<FailureOut>,
    /// Until when it is left alone (µs UTC).
    resting_until: Option<i64>,
    /// Posts that it has brought since the process began.
    posts: u64,
    /// When its last post was received (µs UTC).
    last_post: Option<i64>,
}

impl SourceOut {
    fn of(channel: ChannelRecord, known: Option<SourceState>) -> Self {
        let archived = channel.made.as_ref().and_then(|made| made.archived);
        let unread = match (archived, channel.card.platform.as_str()) {
            (Some(_), _) => "archived",
            (None, "webhook") => "brought",
            (None, _) => "absent",
        };
        Self {
            state: known.as_ref().map_or(unread, |known| known.doing.label()),
            since: known.as_ref().map(|known| known.since.as_micros()),
            last_success: known
                .as_ref()
                .and_then(|known| Some(known.last_success?.as_micros())),
            resting_until: known
                .as_ref()
                .and_then(|known| Some(known.resting_until?.as_micros())),
            posts: known.as_ref().map_or(0, |known| known.posts),
            last_error: known
                .and_then(|known| known.last_error)
                .map(|(at, why)| FailureOut {
                    at: at.as_micros(),
                    why,
                }),
            last_post: channel.last_post.map(|at| at.as_micros()),
            channel: channel.card.id.to_string(),
            platform: channel.card.platform,
        }
    }
}

/// How the posts of each channel arrive, and what last went wrong.
#[utoipa::path(get, path = "/v1/sources", tag = "system", security(("bearer" = ["admin"])), responses(
    (status = 200, body = Vec<SourceOut>),
))]
pub async fn sources(
    _: Guarded<Admin>,
    health: web::Data<Health>,
) -> Result<web::Json<Vec<SourceOut>>, ApiError> {
    let channels = health.store.channels().await?;
    let shown = channels.into_iter().map(|channel| {
        let known = health.sources.of(&channel.card.id);
        SourceOut::of(channel, known)
    });
    Ok(web::Json(shown.collect()))
}

/// How the prices of a venue arrive.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedOut {
    /// Which venue.
    venue: String,
    /// `idle`: no market of it is followed. `live`: every followed market arrives as it happens.
    /// `connecting`: some or all of them will be fetched.
    state: &'static str,
    /// How many of its markets are followed.
    followed: usize,
    /// How many of them arrive as they happen.
    live: usize,
    /// When the newest price was traded, by the venue's clock (µs UTC).
    last: Option<i64>,
}

/// How the prices of each venue arrive, in order of preference.
#[utoipa::path(get, path = "/v1/feeds", tag = "markets", security(("bearer" = ["reader"])), responses((status = 200, body = Vec<FeedOut>)))]
pub async fn feeds(_: Guarded<Reader>, markets: web::Data<Markets>) -> web::Json<Vec<FeedOut>> {
    let followed = markets.followed.all();
    let mut of: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for seen in &followed {
        of.entry(&seen.instrument.venue).or_default().push(seen);
    }
    let shown = markets.feeds.iter().map(|feed| {
        let seen = of.get(feed.venue()).map_or(&[][..], Vec::as_slice);
        let live = seen
            .iter()
            .filter(|seen| feed.state(&seen.instrument).live)
            .count();
        let last = seen.iter().filter_map(|seen| Some(seen.last?.at)).max();
        FeedOut {
            venue: feed.venue().to_string(),
            state: match (seen.len(), live) {
                (0, _) => "idle",
                (followed, live) if followed == live => "live",
                _ => "connecting",
            },
            followed: seen.len(),
            live,
            last: last.map(|at| at.as_micros()),
        }
    });
    web::Json(shown.collect())
}
