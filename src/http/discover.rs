//! Discovery: what a channel that nobody reads yet would give. Nothing of it is stored.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web;
use domain::parse::{self, Assets};
use domain::ports::source::{Glanced, Scout, SourceError};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, Problem};
use crate::http::guarded::{Admin, Guarded};
use crate::wire::ReadingOut;

/// Between two looks lies at least this, whoever asks: the network is a guest's to spare.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Who looks, and when he may look again.
#[derive(Clone)]
pub struct Discovery {
    scout: Arc<dyn Scout>,
    next: Arc<Mutex<Instant>>,
}

impl Discovery {
    /// Discovery by this scout.
    #[must_use]
    pub fn new(scout: Arc<dyn Scout>) -> Self {
        Self {
            scout,
            next: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Takes the next look, or says how long to wait for it.
    fn take_turn(&self) -> Result<(), ApiError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now < *next {
            let seconds = (*next - now).as_secs() + 1;
            return Err(ApiError::TooMany { seconds });
        }
        *next = now + BETWEEN_LOOKS;
        Ok(())
    }
}

/// Which channel.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiscoverParams {
    /// The channel's name at Telegram, or its address: `durov`, `@durov`, `https://t.me/durov`.
    #[param(pattern = "^(https://)?(t[.]me/)?(s/)?@?[A-Za-z][A-Za-z0-9_]{3,31}$")]
    name: String,
}

/// What reading a channel would give now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Discovered {
    /// Its name there.
    name: String,
    /// Its title there.
    title: Option<String>,
    /// How many of the posts below hold trades that are read.
    signals: usize,
    /// Its newest posts, oldest first.
    posts: Vec<DiscoveredPost>,
}

/// A post, and what would be read in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscoveredPost {
    /// When its author says that he posted it (µs UTC).
    posted: i64,
    /// The text.
    text: String,
    /// What the parser makes of it; its `id` is the post's name.
    reading: ReadingOut,
}

/// Looks at a public Telegram channel, and shows what would be read in its last posts.
#[utoipa::path(get, path = "/v1/discover/telegram", tag = "discovery", security(("bearer" = ["admin"])), params(DiscoverParams), responses(
    (status = 200, body = Discovered),
    (status = 400, description = "it is no name of a channel", body = Problem),
    (status = 404, description = "there is no such channel, or none with a public preview", body = Problem),
    (status = 429, description = "the last look was a moment ago", body = Problem),
    (status = 502, description = "Telegram cannot be reached, or not be read", body = Problem),
))]
pub async fn telegram(
    _: Guarded<Admin>,
    params: web::Query<DiscoverParams>,
    discovery: web::Data<Discovery>,
) -> Result<web::Json<Discovered>, ApiError> {
    let name = name(&params.name).ok_or_else(|| {
        let why = "a channel's name has 4 to 32 letters, digits and `_`, a letter first";
        ApiError::invalid("name", why)
    })?;
    discovery.take_turn()?;
    let glance = discovery.scout.glance(name).await;
    let glance = glance.map_err(|error| untold(name, &error))?;
    let posts: Vec<_> = glance.posts.into_iter().map(read).collect();
    Ok(web::Json(Discovered {
        name: name.to_owned(),
        title: glance.title,
        signals: posts.iter().filter(|p| p.reading.kind == "signal").count(),
        posts,
    }))
}

/// The name in what people copy: `@name`, `t.me/name`, `https://t.me/s/name`.
fn name(text: &str) -> Option<&str> {
    let text = text.strip_prefix("https://").unwrap_or(text);
    let text = text.strip_prefix("t.me/").unwrap_or(text);
    let text = text.strip_prefix("s/").unwrap_or(text);
    let name = text.strip_prefix('@').unwrap_or(text);
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    (plain && begins && (4..=32).contains(&name.len())).then_some(name)
}

fn read(post: Glanced) -> DiscoveredPost {
    let context = parse::Context {
        assets: Assets::bundled(),
    };
    let reading = parse::read(&post.text, post.has_media, context);
    DiscoveredPost {
        posted: post.posted.as_micros(),
        text: post.text,
        reading: ReadingOut::of(post.key.to_string().into(), &reading),
    }
}

/// Why there is nothing to show, and the remedy.
fn untold(name: &str, error: &SourceError) -> ApiError {
    tracing::info!(
        "could not look at {name}: {}",
        actors::unsettled::in_full(error)
    );
    match error {
        SourceError::Absent(_) => ApiError::NotFound(format!(
            "public preview of `{name}`: the name is wrong, or the channel is private or shows \
             nothing without joining; such a channel is read by a bot (source = \"telegram_bot\")"
        )),
        SourceError::Unreachable(_) => ApiError::Upstream {
            why: "it cannot be reached now; try again later".to_owned(),
        },
        SourceError::Unreadable(why) | SourceError::Refused(why) => ApiError::Upstream {
            why: format!("its answer cannot be used: {why}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_people_copy_it() {
        for text in ["durov", "@durov", "t.me/durov", "https://t.me/s/durov"] {
            assert_eq!(name(text), Some("durov"), "{text}");
        }
        for text in [
            "",
            "abc",
            "7days",
            "a/../b",
            "evil.example/durov",
            "dürov",
            "a?b=cdef",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
