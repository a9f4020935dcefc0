//! What a client may say on the stream, and how it is answered.

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::http::error::ApiError;

mod begin;
mod wish;

pub(super) use begin::begin;
pub(super) use wish::{Filter, From, Query, Wish, interest};

/// A command and the number by which it is answered.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) id: i64,
    pub(super) op: Op,
}

/// What a client wants done.
#[derive(Debug)]
pub(super) enum Op {
    /// Says who one is, or says it anew.
    Auth(Token),
    /// Opens a subscription.
    Subscribe(Box<Subscribe>),
    /// Changes what a subscription wants, from now on.
    Update(Update),
    /// Ends a subscription.
    Unsubscribe(Which),
    /// Remembers a position for a consumer; it comes with accounts.
    Ack,
    /// Asks for a sign of life.
    Ping,
}

/// The members of `subscribe`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    pub(super) stream: Option<String>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) symbols: Option<Vec<String>>,
    pub(super) filter: Option<Filter>,
    pub(super) from: Option<From>,
    pub(super) mode: Option<String>,
    pub(super) hz: Option<f64>,
    pub(super) heartbeat_s: Option<u64>,
}

/// The members of `update`. It replaces all that the subscription wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    pub(super) sub: u32,
    pub(super) channels: Option<Vec<String>>,
    pub(super) symbols: Option<Vec<String>>,
    pub(super) filter: Option<Filter>,
}

/// The members of `unsubscribe`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    pub(super) sub: u32,
}

/// The members of `auth` and `refresh`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// An access token, or a key.
    pub(super) token: SecretString,
}

/// The members of `ack`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    #[serde(rename = "consumer")]
    _consumer: Option<String>,
    #[serde(rename = "sub")]
    _sub: u32,
    #[serde(rename = "seq")]
    _seq: u64,
}

/// A command without members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// After how long it may be asked again; none when asking again cannot help.
    pub(super) retry_after_ms: Option<u64>,
    /// The plan that has it.
    pub(super) plan: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
            plan: None,
        }
    }

    /// It comes with a plan that its client does not have.
    pub(super) fn plan_required(what: &str, plan: String) -> Self {
        Self {
            plan: Some(plan.clone()),
            ..Self::new(
                "plan_required",
                format!("{what} comes with the plan {plan}"),
            )
        }
    }

    /// Somebody inside does not answer now.
    pub(super) fn away(who: &str) -> Self {
        Self {
            retry_after_ms: Some(1_000),
            ..Self::new("unavailable", format!("{who} is away; ask again"))
        }
    }

    /// The refusal of a subscription that stood in the address of the stream.
    pub(super) fn into_problem(self) -> ApiError {
        match self.code {
            "unauthenticated" => return ApiError::Unauthenticated { why: self.message },
            "plan_required" => {
                return ApiError::PlanNeeded {
                    plan: self.plan.unwrap_or_default(),
                    what: self.message,
                };
            }
            "not_allowed" => return ApiError::NotAllowed { what: self.message },
            _ => {}
        }
        // What is said of a member begins with its name.
        match self.message.split_once(": ") {
            Some((member, why)) => ApiError::invalid(member, why),
            None => ApiError::invalid("query", self.message),
        }
    }

    /// The answer to the command with this id.
    pub(super) fn answer(&self, id: Option<i64>) -> String {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(after) = self.retry_after_ms {
            error["retry_after_ms"] = after.into();
        }
        if let Some(plan) = &self.plan {
            error["plan"] = plan.as_str().into();
        }
        json!({"id": id, "error": error}).to_string()
    }
}

/// The answer to a command that was done.
pub(super) fn done(id: Option<i64>, more: Value) -> String {
    let mut answer = json!({"id": id, "ok": true});
    if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
        answer.extend(more);
    }
    answer.to_string()
}

/// Why a text is no command.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is no JSON object: whoever speaks speaks another language.
    NoJson(Refusal),
    /// It says something else than a command says; with its id where that could be read.
    NoCommand(Option<i64>, Refusal),
}

/// Reads a command.
pub(super) fn read(text: &str) -> Result<Command, Unread> {
    let mut members: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        let message = format!("a command is one JSON object: {error}");
        Unread::NoJson(Refusal::new("bad_json", message))
    })?;
    let id = members.remove("id").as_ref().and_then(Value::as_i64);
    let op = members.remove("op");
    let refuse = |refusal| Unread::NoCommand(id, refusal);
    let Some(id) = id else {
        let message = "id: give each command a whole number; its answer carries it";
        return Err(refuse(Refusal::new("bad_command", message)));
    };
    let members = Value::Object(members);
    let op = match op.as_ref().and_then(Value::as_str).unwrap_or_default() {
        "auth" | "refresh" => told(members).map(Op::Auth),
        "subscribe" => told(members).map(|it| Op::Subscribe(Box::new(it))),
        "update" => told(members).map(Op::Update),
        "unsubscribe" => told(members).map(Op::Unsubscribe),
        "ack" => told::<Ack>(members).map(|_| Op::Ack),
        "ping" => told::<Nothing>(members).map(|_| Op::Ping),
        _ => Err(Refusal::new(
            "bad_command",
            "op: use auth, refresh, subscribe, update, unsubscribe, ack or ping",
        )),
    };
    op.map(|op| Command { id, op }).map_err(refuse)
}

/// Reads a command's members; what is wrong is told with the member's name.
fn told<T: DeserializeOwned>(members: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(members).map_err(|error| {
        let path = error.path().to_string();
        let why = error.into_inner();
        let message = match path.as_str() {
            "." => why.to_string(),
            path => format!("{path}: {why}"),
        };
        Refusal::new("bad_command", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (Option<i64>, Refusal) {
        match read(text).unwrap_err() {
            Unread::NoCommand(id, refusal) => (id, refusal),
            Unread::NoJson(refusal) => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn an_unknown_member_is_refused_by_its_name_and_with_the_known_ones() {
        let (id, refusal) = refusal(r#"{"id":4,"op":"subscribe","chanels":["*"]}"#);
        assert_eq!(id, Some(4));
        assert!(refusal.message.contains("chanels") && refusal.message.contains("`channels`"));
    }

    #[test]
    fn a_member_of_another_kind_is_refused_by_its_name() {
        let (_, inside) = refusal(r#"{"id":4,"op":"subscribe","filter":{"min_score":"high"}}"#);
        assert!(
            inside.message.starts_with("filter.min_score: "),
            "{inside:?}"
        );
        let (_, missing) = refusal(r#"{"id":4,"op":"unsubscribe"}"#);
        assert!(missing.message.contains("`sub`"), "{missing:?}");
    }

    #[test]
    fn a_command_without_its_number_or_its_name_is_refused() {
        assert!(refusal(r#"{"op":"ping"}"#).1.message.starts_with("id: "));
        assert!(
            refusal(r#"{"id":1,"op":"pong"}"#)
                .1
                .message
                .starts_with("op: ")
        );
        assert!(matches!(read("hello"), Err(Unread::NoJson(_))));
        assert!(matches!(read("[1]"), Err(Unread::NoJson(_))));
    }

    #[test]
    fn an_answer_carries_the_number_of_its_command() {
        assert_eq!(
            done(Some(3), json!({"sub": 1})),
            r#"{"id":3,"ok":true,"sub":1}"#
        );
        let answer = Refusal::away("the store").answer(Some(3));
        assert!(answer.contains(r#""id":3"#) && answer.contains("retry_after_ms"));
    }
}
