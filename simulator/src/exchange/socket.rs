//! One WebSocket connection: what it hears, what it may ask, and when it is cut.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason, Closed, Session};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

use super::feed::Feed;
use super::refusal::Refusal;
use super::topic::Topic;
use crate::world::World;

/// How many streams one connection may listen to.
const MOST_STREAMS: usize = 1024;

/// How many messages a client may send within a second.
const MOST_MESSAGES: usize = 5;

/// How often frames are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How often the client is asked whether he lives.
const PING_EVERY: Duration = Duration::from_secs(20);

/// The longest message that a client may send.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// `/ws` and `/ws/a@trade/b@trade`: the bare data of the streams.
pub(super) async fn raw(
    request: HttpRequest,
    names: Option<Path<String>>,
    body: Payload,
    world: Data<World>,
) -> Result<HttpResponse, Error> {
    let names = names.map(Path::into_inner).unwrap_or_default();
    open(&request, body, &world, &names, false)
}

/// `/stream?streams=a@trade/b@trade`: the data with the name of its stream.
pub(super) async fn combined(
    request: HttpRequest,
    query: Query<Vec<(String, String)>>,
    body: Payload,
    world: Data<World>,
) -> Result<HttpResponse, Error> {
    let names = query
        .into_inner()
        .into_iter()
        .find(|(key, _)| key == "streams");
    let names = names.map(|(_, names)| names).unwrap_or_default();
    open(&request, body, &world, &names, true)
}

fn open(
    request: &HttpRequest,
    body: Payload,
    world: &Data<World>,
    names: &str,
    combined: bool,
) -> Result<HttpResponse, Error> {
    let mut feed = Feed::new(world.press.market().clone());
    let now_ms = world.now_ms();
    let names: Vec<_> = names.split('/').filter(|name| !name.is_empty()).collect();
    if names.len() > MOST_STREAMS {
        return Err(Refusal(-1102, "too many streams".to_owned()).into());
    }
    for name in names {
        let topic =
            Topic::parse(name, world.press.market()).ok_or_else(|| Refusal::illegal("streams"))?;
        feed.add(topic, now_ms);
    }
    let (response, session, stream) = actix_ws::handle(request, body)?;
    let stream = stream
        .aggregate_continuations()
        .max_continuation_size(LONGEST_MESSAGE);
    let connection = Connection {
        feed,
        combined,
        world: world.clone(),
        recent: VecDeque::new(),
    };
    actix_web::rt::spawn(connection.live(session, stream));
    Ok(response)
}

struct Connection {
    feed: Feed,
    combined: bool,
    world: Data<World>,
    /// When the last messages of the client came.
    recent: VecDeque<Instant>,
}

impl Connection {
    async fn live(mut self, mut session: Session, mut heard: actix_ws::AggregatedMessageStream) {
        let mut look = interval(LOOK_EVERY);
        let mut ping = interval(PING_EVERY);
        let mut cuts = self.world.faults.exchange.cuts();
        let old_age = tokio::time::sleep(self.world.connection_age);
        tokio::pin!(old_age);
        ping.reset();
        let farewell = loop {
            let done = tokio::select! {
                message = heard.next() => match message {
                    Some(Ok(message)) => self.hear(&mut session, message).await,
                    Some(Err(_)) | None => return,
                },
                _ = look.tick() => self.tell(&mut session).await,
                _ = ping.tick() => session.ping(b"").await.map_err(Into::into),
                () = &mut old_age => break Some(CloseCode::Away.into()),
                // No farewell: the connection is gone as when a cable is pulled.
                _ = cuts.changed() => return,
                () = self.world.stopped() => break Some(CloseCode::Away.into()),
            };
            if let Err(Leave(reason)) = done {
                break reason;
            }
        };
        // Whether the farewell arrives is the client's business.
        let _ = session.close(farewell).await;
    }

    async fn tell(&mut self, session: &mut Session) -> Result<(), Leave> {
        let faults = &self.world.faults.exchange;
        if faults.is_stalled() {
            return Ok(());
        }
        for (stream, data) in self.feed.due(self.world.now_ms()) {
            let frame = if self.combined {
                json!({ "stream": stream, "data": data })
            } else {
                data
            };
            session
                .text(faults.perhaps_broken(frame.to_string()))
                .await?;
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        session: &mut Session,
        message: AggregatedMessage,
    ) -> Result<(), Leave> {
        let now = Instant::now();
        self.recent.push_back(now);
        self.recent
            .retain(|then| now - *then < Duration::from_secs(1));
        if self.recent.len() > MOST_MESSAGES {
            return Err(Leave(Some(CloseReason {
                code: CloseCode::Policy,
                description: Some("Too many requests".to_owned()),
            })));
        }
        match message {
            AggregatedMessage::Text(text) => {
                let answer = self.answer(&text);
                if !self.world.faults.exchange.is_stalled() {
                    session.text(answer.to_string()).await?;
                }
                Ok(())
            }
            AggregatedMessage::Ping(payload) => Ok(session.pong(&payload).await?),
            AggregatedMessage::Close(reason) => Err(Leave(reason)),
            AggregatedMessage::Binary(_) | AggregatedMessage::Pong(_) => Ok(()),
        }
    }

    fn answer(&mut self, text: &str) -> Value {
        let Ok(request) = serde_json::from_str::<Value>(text) else {
            return error(
                &Value::Null,
                3,
                "Invalid JSON: expected value at line 1 column 1",
            );
        };
        let id = &request["id"];
        let names: Option<Vec<&str>> = request["params"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect());
        let names = names.unwrap_or_default();
        let result = match request["method"].as_str() {
            Some("SUBSCRIBE") => return self.subscribe(&names, id),
            Some("UNSUBSCRIBE") => {
                names.iter().for_each(|name| self.feed.remove(name));
                Value::Null
            }
            Some("LIST_SUBSCRIPTIONS") => json!(self.feed.names()),
            Some("GET_PROPERTY") if names == ["combined"] => json!(self.combined),
            Some("SET_PROPERTY") if names == ["combined"] => {
                self.combined = request["params"][1].as_bool().unwrap_or(self.combined);
                Value::Null
            }
            _ => {
                let known = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`";
                let why = format!("Invalid request: unknown variant, expected one of {known}");
                return error(id, 2, &why);
            }
        };
        json!({ "result": result, "id": id })
    }

    /// All or nothing: one stream that does not exist spoils the request.
    fn subscribe(&mut self, names: &[&str], id: &Value) -> Value {
        let topics: Option<Vec<_>> = {
            let market = self.world.press.market();
            names
                .iter()
                .map(|name| Topic::parse(name, market))
                .collect()
        };
        let now_ms = self.world.now_ms();
        match topics {
            Some(topics) if self.feed.names().len() + topics.len() > MOST_STREAMS => {
                error(id, 2, "Invalid request: too many streams")
            }
            Some(topics) if !topics.is_empty() => {
                topics
                    .into_iter()
                    .for_each(|topic| self.feed.add(topic, now_ms));
                json!({ "result": null, "id": id })
            }
            Some(_) | None => error(id, 2, "Invalid request: invalid stream"),
        }
    }
}

fn error(id: &Value, code: i32, why: &str) -> Value {
    json!({ "error": { "code": code, "msg": why }, "id": id })
}

/// Why a connection ends.
struct Leave(Option<CloseReason>);

impl From<Closed> for Leave {
    fn from(_: Closed) -> Self {
        Self(None)
    }
}
