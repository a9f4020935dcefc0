//! Making channels, changing and archiving them. A channel's history is never deleted.

use std::time::Duration;

use actix_web::http::header::{ETAG, EntityTag, Header as _, IfMatch, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::ChannelId;
use domain::ports::roster::Way;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use url::Url;
use utoipa::ToSchema;

use super::body::{self, Body};
use super::channels::find;
use super::error::{ApiError, Problem};
use super::guarded::{Admin, Guarded, Owner};
use super::records::Records;
use crate::accounts::Desk as People;
use crate::config::{Channel, ConfigError, channel};
use crate::registrar::{Change, Refusal, Registrar, fresh_key};
use crate::wire::ChannelOut;

/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;

/// How the posts of a new channel arrive.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceKind {
    Telegram,
    Rss,
    Webhook,
}

/// A channel that is to be made, as it is read: all members of all sources, so that each is refused by
/// its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    id: String,
    title: Option<String>,
    source: SourceKind,
    name: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    interval_s: Option<u64>,
}

/// A channel that is to be made, as it is described.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewChannel {
    /// A public Telegram channel is looked at.
    Telegram {
        /// Its name here; it never changes.
        #[schema(pattern = "^[a-z0-9_.-]{1,64}$")]
        id: String,
        /// Its title, for people; its id where there is none.
        #[schema(pattern = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{0,199}$")]
        title: Option<String>,
        /// The NAME of `https://t.me/NAME`.
        #[schema(pattern = "^[A-Za-z0-9_]{5,32}$")]
        name: String,
        /// How often to look, in seconds; 15 where nothing is said.
        #[schema(minimum = 5, maximum = 3600)]
        interval_s: Option<u64>,
    },
    /// A feed is looked at.
    Rss {
        /// Its name here; it never changes.
        #[schema(pattern = "^[a-z0-9_.-]{1,64}$")]
        id: String,
        /// Its title, for people; its id where there is none.
        #[schema(pattern = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{0,199}$")]
        title: Option<String>,
        /// Where it is.
        #[schema(pattern = "^https?://")]
        url: String,
        /// How often to look, in seconds; 300 where nothing is said.
        #[schema(minimum = 60, maximum = 86400)]
        interval_s: Option<u64>,
    },
    /// Somebody brings the posts.
    Webhook {
        /// Its name here; it never changes.
        #[schema(pattern = "^[a-z0-9_.-]{1,64}$")]
        id: String,
        /// Its title, for people; its id where there is none.
        #[schema(pattern = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{0,199}$")]
        title: Option<String>,
    },
}

/// A channel that was made.
// It does not print: its members are secrets.
#[derive(Serialize, ToSchema)]
pub struct NewChannelOut {
    /// The channel.
    channel: ChannelOut,
    /// For a webhook: its key, shown this once.
    key: Option<String>,
    /// For a webhook: where its posts are brought to.
    ingest: Option<String>,
}

/// What is to become of a channel. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelChange {
    /// Its title, for people.
    #[schema(pattern = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{0,199}$")]
    title: Option<String>,
    /// How often to look, in seconds.
    #[schema(minimum = 5, maximum = 86400)]
    #[serde(default, deserialize_with = "whole")]
    interval_s: Option<u64>,
    /// `true`: no more posts are taken, and all that was taken stays. `false`: they are taken again.
    archived: Option<bool>,
}

/// A webhook's new key.
// It does not print: its members are secrets.
#[derive(Serialize, ToSchema)]
pub struct NewKey {
    /// The key, shown this once. The one before is worth nothing now.
    key: String,
}

/// Makes a channel. Its posts are taken from now on, also after a restart. What the configuration names
/// stands there alone and cannot be made or changed here.
#[utoipa::path(post, path = "/v1/channels", tag = "channels", security(("bearer" = ["admin"])), request_body = NewChannel, responses(
    (status = 201, body = NewChannelOut, headers(
        ("Location" = String, description = "the channel"), ("ETag" = String, description = "its state"))),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 409, description = "the name is taken, or the source leads nowhere here", body = Problem),
))]
pub async fn make(
    guarded: Guarded<Admin>,
    body: Body,
    registrar: web::Data<Registrar>,
    store: web::Data<Records>,
    people: web::Data<People>,
) -> Result<HttpResponse, ApiError> {
    let wish: Wish = body::read(&body)?;
    let id = ChannelId::parse(&wish.id).map_err(|error| ApiError::invalid("id", error))?;
    let title = title(wish.title.clone())?.unwrap_or_else(|| id.to_string());
    let (way, key) = wish.way()?;
    let detail = json!({ "title": title, "platform": way.label() });
    let about = (&guarded.caller, "channel.make", id.as_str());
    let made = async { Ok::<_, ApiError>(registrar.make(id.clone(), title, way).await?) };
    let card = people.carry_out(about, detail, made).await?;
    let made = NewChannelOut {
        channel: ChannelOut::from(find(card.id.as_str(), &store).await?),
        ingest: key.as_ref().map(|_| format!("/v1/ingest/{}", card.id)),
        key: key.map(|key| key.expose_secret().to_owned()),
    };
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/channels/{}", card.id)))
        .insert_header(mark(1))
        .json(made))
}

/// Changes a channel that was made over the API. `If-Match` says which state of it is meant.
#[utoipa::path(patch, path = "/v1/channels/{id}", tag = "channels", security(("bearer" = ["admin"])), request_body = ChannelChange,
    params(
        ("id" = String, Path, description = "its name"),
        ("If-Match" = String, Header, description = "the `ETag` of the channel, or `*`"),
    ),
    responses(
        (status = 200, body = ChannelOut, headers(("ETag" = String, description = "its state"))),
        (status = 400, description = "something of it cannot be", body = Problem),
        (status = 404, description = "no such channel", body = Problem),
        (status = 409, description = "it stands in the configuration, or has no such thing", body = Problem),
        (status = 412, description = "it was changed meanwhile", body = Problem),
        (status = 428, description = "`If-Match` is missing", body = Problem),
    ))]
pub async fn change(
    guarded: Guarded<Admin>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    registrar: web::Data<Registrar>,
    store: web::Data<Records>,
    people: web::Data<People>,
) -> Result<HttpResponse, ApiError> {
    let wish: ChannelChange = body::read(&body)?;
    if let Some(every) = wish
        .interval_s
        .filter(|every| !(5..=86_400).contains(every))
    {
        let why = format!("{every} does not lie between 5 and 86400");
        return Err(ApiError::invalid("interval_s", why));
    }
    let before = find(&id, &store).await?;
    if let (Some(every), Some(made)) = (wish.interval_s, &before.made) {
        // The same limits as where it was made; what they are depends on its source.
        interval(&made.way, every).map_err(|refused| ApiError::Conflict {
            why: refused.to_string(),
        })?;
    }
    let change = Change {
        title: title(wish.title)?,
        every: wish.interval_s.map(Duration::from_secs),
        archived: wish.archived,
    };
    let detail = json!({
        "title": change.title,
        "interval_s": wish.interval_s,
        "archived": change.archived,
    });
    let channel = &before.card.id;
    let expected = expected(&request)?;
    let changed = async {
        let changed = registrar.change(channel, expected, change).await;
        changed.map_err(|refusal| known(refusal, &id))
    };
    let about = (&guarded.caller, "channel.change", channel.as_str());
    let revision = people.carry_out(about, detail, changed).await?;
    let after = find(&id, &store).await?;
    Ok(HttpResponse::Ok()
        .insert_header(mark(revision))
        .json(ChannelOut::from(after)))
}

/// Archives a channel: no more posts are taken. What was taken stays, its open signals are followed to
/// their ends, and `PATCH` with `{"archived":false}` lets it go on.
#[utoipa::path(delete, path = "/v1/channels/{id}", tag = "channels", security(("bearer" = ["admin"])),
    params(
        ("id" = String, Path, description = "its name"),
        ("If-Match" = String, Header, description = "the `ETag` of the channel, or `*`"),
    ),
    responses(
        (status = 204, description = "it is archived"),
        (status = 404, description = "no such channel", body = Problem),
        (status = 409, description = "it stands in the configuration", body = Problem),
        (status = 412, description = "it was changed meanwhile", body = Problem),
        (status = 428, description = "`If-Match` is missing", body = Problem),
    ))]
pub async fn archive(
    guarded: Guarded<Admin>,
    request: HttpRequest,
    id: web::Path<String>,
    registrar: web::Data<Registrar>,
    store: web::Data<Records>,
    people: web::Data<People>,
) -> Result<HttpResponse, ApiError> {
    let before = find(&id, &store).await?;
    let change = Change {
        archived: Some(true),
        ..Change::default()
    };
    let channel = &before.card.id;
    let expected = expected(&request)?;
    let archived = async {
        let changed = registrar.change(channel, expected, change).await;
        changed.map_err(|refusal| known(refusal, &id))
    };
    let about = (&guarded.caller, "channel.change", channel.as_str());
    let detail = json!({ "archived": true });
    people.carry_out(about, detail, archived).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a webhook another key. The one before is worth nothing from then on.
#[utoipa::path(post, path = "/v1/channels/{id}/key", tag = "channels", security(("bearer" = ["owner"])),
    params(("id" = String, Path, description = "its name")),
    responses(
        (status = 201, body = NewKey),
        (status = 404, description = "no such channel", body = Problem),
        (status = 409, description = "it stands in the configuration, or is no webhook", body = Problem),
    ))]
pub async fn rekey(
    guarded: Guarded<Owner>,
    id: web::Path<String>,
    registrar: web::Data<Registrar>,
    store: web::Data<Records>,
    people: web::Data<People>,
) -> Result<HttpResponse, ApiError> {
    let before = find(&id, &store).await?;
    guarded.owns(&before.card.id)?;
    let rekeyed = async {
        let key = registrar.rekey(&before.card.id).await;
        key.map_err(|refusal| known(refusal, &id))
    };
    let about = (&guarded.caller, "channel.key", before.card.id.as_str());
    let key = people.carry_out(about, json!({}), rekeyed).await?;
    let key = key.expose_secret().to_owned();
    Ok(HttpResponse::Created().json(NewKey { key }))
}

impl Wish {
    /// Its way, and the key of a webhook. The limits are those of the configuration.
    fn way(self) -> Result<(Way, Option<SecretString>), ApiError> {
        let unused = match self.source {
            SourceKind::Telegram => [("url", self.url.is_some()), ("", false), ("", false)],
            SourceKind::Rss => [("name", self.name.is_some()), ("", false), ("", false)],
            SourceKind::Webhook => [
                ("name", self.name.is_some()),
                ("url", self.url.is_some()),
                ("interval_s", self.interval_s.is_some()),
            ],
        };
        if let Some((field, _)) = unused.into_iter().find(|(_, given)| *given) {
            let why = "this source has no such thing; leave it out";
            return Err(ApiError::invalid(field, why));
        }
        let way = match self.source {
            SourceKind::Telegram => Way::Telegram {
                name: self.name.ok_or_else(|| {
                    ApiError::invalid(
                        "name",
                        "a Telegram channel needs the NAME of https://t.me/NAME",
                    )
                })?,
                every: Duration::from_secs(self.interval_s.unwrap_or(channel::fifteen())),
            },
            SourceKind::Rss => Way::Feed {
                url: self
                    .url
                    .ok_or_else(|| ApiError::invalid("url", "a feed needs its web address"))?,
                every: Duration::from_secs(self.interval_s.unwrap_or(channel::three_hundred())),
            },
            SourceKind::Webhook => {
                let (key, digest) = fresh_key();
                return Ok((Way::Webhook { key: digest }, Some(key)));
            }
        };
        fits(&way)?;
        Ok((way, None))
    }
}

/// Refuses a way that the configuration would refuse.
fn fits(way: &Way) -> Result<(), ApiError> {
    let channel = match way {
        Way::Telegram { name, every } => Channel::Telegram {
            name: name.clone(),
            interval_s: every.as_secs(),
            base_url: channel::telegram(),
        },
        Way::Feed { url, every } => Channel::Rss {
            url: Url::parse(url).map_err(|error| ApiError::invalid("url", error))?,
            interval_s: every.as_secs(),
            private_network: false,
        },
        Way::Webhook { .. } => return Ok(()),
    };
    channel
        .check("channel", "channel")
        .map_err(|error| match error {
            ConfigError::Wrong { key, why, remedy } => {
                let field = key.strip_prefix("channel.").unwrap_or(&key);
                ApiError::invalid(field, format!("{why}; {remedy}"))
            }
            ConfigError::Unreadable { key, why } => ApiError::invalid(key, why),
        })
}

fn interval(way: &Way, seconds: u64) -> Result<(), ApiError> {
    let mut way = way.clone();
    match &mut way {
        Way::Telegram { every, .. } | Way::Feed { every, .. } => {
            *every = Duration::from_secs(seconds);
        }
        Way::Webhook { .. } => {}
    }
    fits(&way)
}

fn title(title: Option<String>) -> Result<Option<String>, ApiError> {
    let fits = title.as_ref().is_none_or(|title| {
        (1..=LONGEST_TITLE).contains(&title.chars().count())
            && !title.starts_with(char::is_whitespace)
            && !title.contains(char::is_control)
    });
    if fits {
        return Ok(title);
    }
    let why = format!("1 to {LONGEST_TITLE} characters on one line, the first of them no space");
    Err(ApiError::invalid("title", why))
}

/// Reads a whole number, which JSON may write as `60.0`.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(from)? else {
        return Ok(None);
    };
    let fits = |float: &f64| float.fract() == 0.0 && (0.0..1e15).contains(float);
    let whole = number.as_u64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and within the bounds above"
    )]
    let whole = whole.or_else(|| number.as_f64().filter(fits).map(|float| float as u64));
    whole
        .map(Some)
        .ok_or_else(|| D::Error::custom("a whole number is needed"))
}

/// Which revisions the client means. Counts of posts and signals are in the mark, too, and do not
/// matter: they go on without anybody who decides.
fn expected(request: &HttpRequest) -> Result<impl FnOnce(u32) -> bool + use<>, ApiError> {
    let missing = !request.headers().contains_key("if-match");
    if missing {
        return Err(ApiError::Unconditional);
    }
    let meant = IfMatch::parse(request).map_err(|_| {
        ApiError::invalid(
            "If-Match",
            "it cannot be read; send the `ETag` as it came, or *",
        )
    })?;
    Ok(move |revision: u32| match meant {
        IfMatch::Any => true,
        IfMatch::Items(marks) => {
            let wanted = format!("r{revision}");
            marks
                .iter()
                .any(|mark| !mark.weak && mark.tag().split('.').next() == Some(wanted.as_str()))
        }
    })
}

fn mark(revision: u32) -> (actix_web::http::header::HeaderName, EntityTag) {
    (ETAG, EntityTag::new_strong(format!("r{revision}")))
}

/// A channel that the store knows and the registrar does not was not made here.
fn known(refusal: Refusal, id: &str) -> ApiError {
    match refusal {
        Refusal::Unknown(_) => match ChannelId::parse(id) {
            Ok(id) => Refusal::Fixed(id).into(),
            Err(error) => ApiError::invalid("id", error),
        },
        Refusal::Taken(_)
        | Refusal::Fixed(_)
        | Refusal::Stale
        | Refusal::Unfit(_)
        | Refusal::Store(_) => refusal.into(),
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Taken(_) | Refusal::Fixed(_) | Refusal::Unfit(_) => Self::Conflict {
                why: refusal.to_string(),
            },
            Refusal::Unknown(_) => Self::NotFound(refusal.to_string()),
            Refusal::Stale => Self::Stale,
            Refusal::Store(error) => error.into(),
        }
    }
}
