//! Ingest: posts that are brought to the platform, by TradingView and by scripts.
//!
//! `POST /v1/ingest/{channel}` takes JSON or text. It is answered after the commit, so a 200 means
//! stored; a retry of the same is known again.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::channel::{Arrive, Channel, Fate};
use actors::meter::Ticket;
use actors::supervise::Door;
use domain::account::Scope;
use domain::ids::{ChannelId, PostKey};
use domain::plan::Feature;
use domain::ports::Clock;
use domain::ports::store::Store;
use domain::post::{Action, Post};
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::body::Body;
use super::error::ApiError;
use super::guarded::{Anyone, Guarded};
use crate::accounts::{Caller, Who};
use crate::registrar::Keyring;

/// How long the one who posts waits for the commit; TradingView gives up after three seconds.
const COMMIT_WITHIN: Duration = Duration::from_secs(2);

/// How soon a store that is away is asked again.
const AGAIN: Duration = Duration::from_millis(100);

/// Without an id or a time of its own, the same body within this time is the same post.
const SAME_WITHIN: Duration = Duration::from_secs(60);

/// The members that name a post, in order of preference.
const NAMES: [&str; 3] = ["id", "signal_id", "alert_id"];

/// The members that say when it was posted. Alerts of one bar share their time, so it names a post
/// only together with its body.
const TIMES: [&str; 2] = ["time", "timestamp"];

/// The channels that take posts.
#[derive(Clone)]
pub struct Inlets {
    /// Who takes what from whom.
    pub keys: Keyring,
    /// What is stored already.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Where else a key may stand.
#[derive(Debug, Deserialize)]
pub struct Query {
    key: Option<SecretString>,
}

/// What became of a post.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// The channel.
    channel: String,
    /// The post's name there.
    post: String,
    /// `signal`, `update`, `noise`, `quarantined`, `duplicate`, …
    outcome: &'static str,
}

/// Whether somebody needs no key of the channel: it is his program, and the channel is his own.
fn brings_to(caller: &Caller, channel: &ChannelId) -> bool {
    matches!(caller.who, Who::Program { .. })
        && caller.may(Scope::IngestWrite)
        && caller.entitled.allows.has(Feature::Keys)
        && caller.owned.contains(channel)
}

/// Takes a post. It is shown by the channel's key that one may bring it, or by a program's key with the
/// scope `ingest:write` whose owner has the channel.
#[utoipa::path(
    post,
    path = "/v1/ingest/{channel}",
    tag = "ingest", security(()),
    params(
        ("channel" = String, Path, description = "the channel's name"),
        ("key" = Option<String>, Query, description = "the channel's key, where no header can be set"),
        ("X-Touchstone-Key" = Option<String>, Header, description = "the channel's key"),
        ("Idempotency-Key" = Option<String>, Header, description = "the post's name; else an id or time in the body, else the body itself for 60 s"),
    ),
    request_body(content = String, description = "JSON (its `text`, `message` or all of it is read; `secret` is taken out) or plain text"),
    responses(
        (status = 200, description = "stored", body = Taken),
        (status = 400, description = "cannot be read", body = super::error::Problem),
        (status = 401, description = "no key or a wrong one", body = super::error::Problem),
        (status = 410, description = "the channel is archived and takes no more posts", body = super::error::Problem),
        (status = 503, description = "not stored in time; send it again", body = super::error::Problem),
    )
)]
pub async fn ingest(
    guarded: Guarded<Anyone>,
    request: HttpRequest,
    channel: web::Path<String>,
    query: web::Query<Query>,
    body: Body,
    inlets: web::Data<Inlets>,
) -> Result<HttpResponse, ApiError> {
    let text =
        std::str::from_utf8(&body.0).map_err(|_| ApiError::invalid("body", "it is not UTF-8"))?;
    let mut said = Said::read(text, is_json(&request))?;
    // An unknown channel and a wrong key are told alike, so that nobody can list channels.
    let holder = ChannelId::parse(&channel)
        .ok()
        .and_then(|id| Some((inlets.keys.get(&id)?, id)))
        .filter(|(holder, id)| {
            let header = request
                .headers()
                .get("x-touchstone-key")
                .and_then(|key| key.to_str().ok());
            let keys = [
                header,
                query.key.as_ref().map(SecretString::expose_secret),
                said.secret.as_deref(),
            ];
            let mut keys = keys.into_iter().flatten();
            keys.any(|key| holder.opens_with(key)) || brings_to(&guarded.caller, id)
        });
    let Some((holder, id)) = holder else {
        metrics::counter!("touchstone_ingest_refused_total", "why" => "wrong_key").increment(1);
        return Err(ApiError::WrongKey);
    };
    let Some(door) = holder.door else {
        metrics::counter!("touchstone_ingest_refused_total", "why" => "archived").increment(1);
        return Err(ApiError::Archived(id.to_string()));
    };
    if said.text.trim().is_empty() {
        return Err(ApiError::invalid("body", "it says nothing"));
    }
    let now = inlets.clock.now();
    let header = request
        .headers()
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let key = match said.named(header) {
        Some(key) => key,
        None => said.unnamed(&id, inlets.store.as_ref(), now).await?,
    };
    let post = Post {
        channel: id.clone(),
        key: key.clone(),
        action: Action::Original,
        author: None,
        text: std::mem::take(&mut said.text),
        media: Vec::new(),
        reply_to: said.reply_to.take(),
        forwarded_from: None,
        posted: said.posted.filter(|posted| *posted <= now).unwrap_or(now),
        received: now,
        origin: holder.origin,
    };
    let ticket = Ticket::received(&id);
    let Some(fate) = settle(&door, post).await else {
        drop(ticket);
        metrics::counter!("touchstone_ingest_refused_total", "why" => "store_away").increment(1);
        return Err(ApiError::Away {
            why: "the post is not stored; send it again".to_owned(),
        });
    };
    ticket.settle(fate);
    if fate == Fate::Refused {
        return Err(ApiError::invalid(
            "body",
            "the store refuses it; see the log",
        ));
    }
    let taken = Taken {
        channel: id.to_string(),
        post: key.to_string(),
        outcome: fate.label(),
    };
    Ok(HttpResponse::Ok().json(taken))
}

/// Hands the post in until it is stored, as long as its poster waits; asking twice is safe.
async fn settle(door: &Door<Channel>, post: Post) -> Option<Fate> {
    let arrival = Arrive::post(post, None);
    let storing = async {
        loop {
            if let Ok(Ok(fate)) = door.ask(arrival.clone()).await {
                return fate;
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::time::timeout(COMMIT_WITHIN, storing).await.ok()
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.contains("json"))
}

/// The text of the post that would be made of a body.
pub(crate) fn text_of(body: &str) -> String {
    Said::read(body, false).map_or_else(|_| body.to_owned(), |said| said.text)
}

/// What a body says.
#[derive(Debug)]
struct Said {
    text: String,
    secret: Option<String>,
    name: Option<String>,
    reply_to: Option<PostKey>,
    posted: Option<Timestamp>,
    digest: String,
}

impl Said {
    /// Reads a body. TradingView sends JSON as text, so what looks like JSON is read as such; a
    /// body that says it is JSON and is not is refused.
    fn read(text: &str, is_json: bool) -> Result<Self, ApiError> {
        let members = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(members)) => Some(members),
            Ok(_) | Err(_) if is_json => {
                return Err(ApiError::invalid(
                    "body",
                    "it is no JSON object, though its Content-Type says so",
                ));
            }
            Ok(_) | Err(_) => None,
        };
        let Some(mut members) = members else {
            return Ok(Self {
                text: text.to_owned(),
                secret: None,
                name: None,
                reply_to: None,
                posted: None,
                digest: digest(text),
            });
        };
        // Taken out before anything is stored, logged or hashed.
        let secret = members.shift_remove("secret").as_ref().and_then(word);
        let name = NAMES
            .iter()
            .find_map(|name| Some(format!("{name}:{}", word(members.get(*name)?)?)));
        let reply_to = members
            .get("reply_to")
            .and_then(word)
            .map(|key| format!("id:{key}"))
            .map(PostKey::new);
        let digest = digest(&Value::Object(members.clone()).to_string());
        let time = TIMES.iter().find_map(|time| members.get(*time));
        let name = name.or_else(|| Some(format!("time:{}:{digest}", word(time?)?)));
        let posted = time.and_then(instant);
        Ok(Self {
            text: sentence(members),
            secret,
            name,
            reply_to,
            posted,
            digest,
        })
    }

    /// The post's name, where it has one: the header, else an id or a time in the body.
    fn named(&self, header: Option<&str>) -> Option<PostKey> {
        let name = header
            .map(|key| format!("key:{key}"))
            .or_else(|| self.name.clone())?;
        // A name is a key in the store: a long one is kept by its hash.
        Some(if name.len() <= 100 {
            PostKey::new(name)
        } else {
            PostKey::new(digest(&name))
        })
    }

    /// The name of a post without one: its body, for a minute. A minute of the clock is none of
    /// the post's, so the last one is looked at too.
    async fn unnamed(
        &self,
        channel: &ChannelId,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<PostKey, ApiError> {
        let minute = now.as_millis() / i64::try_from(SAME_WITHIN.as_millis()).unwrap_or(1);
        let key = |minute: i64| PostKey::new(format!("body:{minute}:{}", self.digest));
        let before = key(minute - 1);
        let stored = store.versions(channel, &before).await?;
        let same = stored
            .first()
            .is_some_and(|version| now.since(version.post.received) < SAME_WITHIN);
        Ok(if same { before } else { key(minute) })
    }
}

/// What the members say: the author's text where there is one, else each member on a line, which
/// is a form that the parser reads.
fn sentence(members: Map<String, Value>) -> String {
    let text = ["text", "message", "content"]
        .iter()
        .find_map(|name| members.get(*name)?.as_str());
    if let Some(text) = text {
        return text.to_owned();
    }
    // A strategy tells its order when it gives it: the price beside it is what it saw, not a limit
    // that waits, unless it says so.
    let order = ["order_type", "type"]
        .iter()
        .find_map(|name| members.get(*name)?.as_str());
    let ordered = members.contains_key("action") || members.contains_key("side");
    let at_once = ordered && order.is_none_or(|order| order.eq_ignore_ascii_case("market"));
    let mut lines = String::new();
    write_members(members, at_once, &mut lines);
    lines
}

/// Writes `stop_loss` as people do. Members of members stand among the others: alerts often carry
/// the levels in one of their own.
fn write_members(members: Map<String, Value>, at_once: bool, lines: &mut String) {
    // A secret is none of the author's words, wherever it stands.
    for (name, value) in members.into_iter().filter(|(name, _)| name != "secret") {
        let value = match value {
            Value::Array(ref values) => {
                let words: Vec<_> = values.iter().filter_map(word).collect();
                words.join(" ")
            }
            Value::Object(members) => {
                write_members(members, at_once, lines);
                continue;
            }
            Value::Null => continue,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                word(&value).unwrap_or_default()
            }
        };
        let line = match name.as_str() {
            "price" | "close" if at_once => format!("current price: {value}\n"),
            "order_type" | "type" if at_once => "at market\n".to_owned(),
            _ => format!("{}: {value}\n", name.replace('_', " ")),
        };
        lines.push_str(&line);
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An instant: RFC 3339, or seconds or milliseconds since 1970.
fn instant(value: &Value) -> Option<Timestamp> {
    let text = word(value)?;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_micros(at.as_microsecond()));
    }
    let number: i64 = text.parse().ok()?;
    // Seconds have ten digits until the year 2286, milliseconds thirteen.
    Some(if number < 100_000_000_000 {
        Timestamp::from_millis(number * 1_000)
    } else {
        Timestamp::from_millis(number)
    })
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_body_is_taken_out_before_anything_else() {
        let said = Said::read(
            r#"{"secret":"s3cret","ticker":"BTCUSDT","action":"buy"}"#,
            true,
        )
        .unwrap();
        assert_eq!(said.secret.as_deref(), Some("s3cret"));
        assert_eq!(said.text, "ticker: BTCUSDT\naction: buy\n");
        let other = Said::read(r#"{"ticker":"BTCUSDT","action":"buy"}"#, true).unwrap();
        assert_eq!(said.digest, other.digest);
    }

    #[test]
    fn a_strategy_s_price_is_what_it_saw_unless_it_says_limit() {
        let text = |body: &str| Said::read(body, true).unwrap().text;
        let market = text(
            r#"{"action":"buy","ticker":"BTCUSDT","order_type":"market","price":60000,"sl":58500}"#,
        );
        assert_eq!(
            market,
            "action: buy\nticker: BTCUSDT\nat market\ncurrent price: 60000\nsl: 58500\n"
        );
        let limit =
            text(r#"{"action":"buy","ticker":"BTCUSDT","order_type":"limit","price":60000}"#);
        assert!(limit.contains("\nprice: 60000"));
    }

    #[test]
    fn the_header_names_a_post_before_its_id_and_its_id_before_its_time() {
        let name = |header, body| {
            let said = Said::read(body, true).unwrap();
            said.named(header).map(|key| key.to_string())
        };
        let body = r#"{"id":7,"time":"2026-04-25T19:33:00Z","text":"x"}"#;
        assert_eq!(name(Some("k"), body).as_deref(), Some("key:k"));
        assert_eq!(name(None, body).as_deref(), Some("id:7"));
        assert_eq!(name(None, r#"{"text":"x"}"#), None);
    }

    #[test]
    fn two_alerts_of_one_bar_are_two_posts() {
        let name = |symbol: &str| {
            let body = format!(r#"{{"ticker":"{symbol}","time":"2026-04-25T19:33:00Z"}}"#);
            Said::read(&body, true).unwrap().named(None).unwrap()
        };
        assert_eq!(name("BTCUSDT"), name("BTCUSDT"));
        assert_ne!(name("BTCUSDT"), name("ETHUSDT"));
    }

    #[test]
    fn levels_are_read_wherever_an_alert_carries_them() {
        let body =
            r#"{"signal":"long","symbol":"BTCUSDT","metadata":{"entry":77000,"stop_loss":75000}}"#;
        let text = Said::read(body, true).unwrap().text;
        assert_eq!(
            text,
            "signal: long\nsymbol: BTCUSDT\nentry: 77000\nstop loss: 75000\n"
        );
    }

    #[test]
    fn json_that_is_none_is_refused_and_text_is_text() {
        assert!(Said::read("buy BTC", true).is_err());
        assert_eq!(Said::read("buy BTC", false).unwrap().text, "buy BTC");
    }
}
