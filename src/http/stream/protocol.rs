//! What a client may say on the stream, and how it is answered.

use actors::hub::{Interest, Mode};
use domain::ids::{ChannelId, Seq};
use domain::market::{Pair, Side};
use domain::ports::View;
use domain::post::Origin;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most times a second that a `latest` subscription may ask for.
const HIGHEST_HZ: f64 = 60.0;

/// The most channels, symbols or sides that one subscription may list.
const LONGEST_LIST: usize = 500;

/// A command.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Command {
    /// Says who one is; there are no accounts yet.
    Auth {
        id: i64,
        #[serde(rename = "token")]
        _token: Option<String>,
    },
    /// Renews who one is; there are no accounts yet.
    Refresh {
        id: i64,
        #[serde(rename = "token")]
        _token: Option<String>,
    },
    /// Opens a subscription.
    Subscribe {
        id: i64,
        stream: Option<String>,
        channels: Option<Vec<String>>,
        symbols: Option<Vec<String>>,
        filter: Option<Filter>,
        from: Option<From>,
        mode: Option<String>,
        hz: Option<f64>,
        heartbeat_s: Option<u64>,
    },
    /// Changes what a subscription wants, from now on.
    Update {
        id: i64,
        sub: u32,
        channels: Option<Vec<String>>,
        symbols: Option<Vec<String>>,
        filter: Option<Filter>,
    },
    /// Ends a subscription.
    Unsubscribe { id: i64, sub: u32 },
    /// Remembers a position for a consumer; it comes with accounts.
    Ack {
        id: i64,
        #[serde(rename = "sub")]
        _sub: Option<u32>,
        #[serde(rename = "seq")]
        _seq: Option<u64>,
    },
    /// Asks for a sign of life.
    Ping { id: i64 },
}

/// Which events of the channels and symbols.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pub(super) min_score: Option<f64>,
    pub(super) sides: Option<Vec<String>>,
    pub(super) origins: Option<Vec<String>>,
}

/// Where to go on.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    pub(super) epoch: Option<String>,
    pub(super) seq: u64,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The answer to the command with this id.
    pub(super) fn answer(&self, id: Option<i64>) -> String {
        json!({"id": id, "error": {"code": self.code, "message": self.message}}).to_string()
    }
}

/// The answer to a command that was done.
pub(super) fn done(id: i64, more: Value) -> String {
    let mut answer = json!({"id": id, "ok": true});
    if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
        answer.extend(more);
    }
    answer.to_string()
}

/// Reads a command; a refusal carries the command's id where that could be read.
pub(super) fn read(text: &str) -> Result<Command, (Option<i64>, Refusal)> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        (
            None,
            Refusal::new("bad_json", format!("a command is one JSON object: {error}")),
        )
    })?;
    let id = value.get("id").and_then(Value::as_i64);
    serde_json::from_value(value).map_err(|error| {
        (
            id,
            Refusal::new(
                "bad_command",
                format!("{error}; see the stream's documentation"),
            ),
        )
    })
}

/// Reads what a subscription wants.
pub(super) fn interest(
    channels: Option<&[String]>,
    symbols: Option<&[String]>,
    filter: Option<&Filter>,
) -> Result<Interest, Refusal> {
    let none = Filter::default();
    let filter = filter.unwrap_or(&none);
    if filter
        .min_score
        .is_some_and(|score| !(0.0..=1.0).contains(&score))
    {
        return Err(Refusal::new(
            "bad_filter",
            "filter.min_score: a probability lies between 0 and 1",
        ));
    }
    Ok(Interest {
        channels: list("channels", channels, |text| {
            ChannelId::parse(text).map_err(|error| error.to_string())
        })?,
        pairs: list("symbols", symbols, |text| {
            Pair::parse(text).map_err(|error| error.to_string())
        })?,
        sides: list("filter.sides", filter.sides.as_deref(), |text| {
            Side::from_label(text).ok_or_else(|| format!("`{text}` is no side: use long or short"))
        })?,
        origins: list("filter.origins", filter.origins.as_deref(), |text| {
            Origin::from_label(text)
                .ok_or_else(|| format!("`{text}` is no origin: use live, import or simulator"))
        })?,
        min_score: filter.min_score,
        view: View::Scored,
    })
}

/// Reads a list; `*` in it means all, as does no list.
fn list<T>(
    field: &str,
    texts: Option<&[String]>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Refusal> {
    let texts = texts.unwrap_or_default();
    if texts.len() > LONGEST_LIST {
        return Err(Refusal::new(
            "bad_filter",
            format!("{field}: at most {LONGEST_LIST}; use * for all"),
        ));
    }
    if texts.iter().any(|text| text == "*") {
        return Ok(Vec::new());
    }
    texts
        .iter()
        .map(|text| read(text).map_err(|why| Refusal::new("bad_filter", format!("{field}: {why}"))))
        .collect()
}

/// Reads how much a subscription wants.
pub(super) fn mode(mode: Option<&str>, hz: Option<f64>) -> Result<(Mode, Option<f64>), Refusal> {
    match mode {
        None | Some("each") => Ok((Mode::Each, None)),
        Some("latest") => {
            let hz = hz.unwrap_or(10.0);
            if (0.1..=HIGHEST_HZ).contains(&hz) {
                Ok((Mode::Latest, Some(hz)))
            } else {
                Err(Refusal::new(
                    "bad_mode",
                    format!("hz: between 0.1 and {HIGHEST_HZ}"),
                ))
            }
        }
        Some(other) => Err(Refusal::new(
            "bad_mode",
            format!("mode: `{other}` is none; use each or latest"),
        )),
    }
}

/// Reads `epoch:seq`, as it stands in an address.
pub(super) fn from_text(text: &str) -> Result<From, Refusal> {
    let bad = || Refusal::new("bad_from", "from: write it as EPOCH:SEQ");
    let (epoch, seq) = text.split_once(':').ok_or_else(bad)?;
    Ok(From {
        epoch: Some(epoch.to_owned()),
        seq: seq.parse().map_err(|_| bad())?,
    })
}

/// Where a subscription begins, and what its client is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) after: Seq,
    pub(super) resumed: &'static str,
    /// What retention has taken: from, to.
    pub(super) gap: Option<(Seq, Seq)>,
}

/// Decides where a subscription begins, given the stream as it is kept.
pub(super) fn begin(from: Option<&From>, span: &domain::ports::store::Span) -> Begin {
    let live = Begin {
        after: span.head,
        resumed: "live",
        gap: None,
    };
    let Some(from) = from else { return live };
    let after = Seq::new(from.seq);
    let other = from
        .epoch
        .as_deref()
        .is_some_and(|epoch| epoch != span.epoch.as_str());
    if other || after > span.head {
        return Begin {
            resumed: "reset",
            ..live
        };
    }
    if after.next() < span.first {
        let last = Seq::new(span.first.get().saturating_sub(1));
        return Begin {
            after: last,
            resumed: "replay",
            gap: Some((after.next(), last)),
        };
    }
    Begin {
        after,
        resumed: "replay",
        gap: None,
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::Epoch;
    use domain::ports::store::Span;

    use super::*;

    fn span(first: u64, head: u64) -> Span {
        Span {
            epoch: Epoch::new("k3"),
            first: Seq::new(first),
            head: Seq::new(head),
        }
    }

    fn from(epoch: &str, seq: u64) -> From {
        From {
            epoch: Some(epoch.to_owned()),
            seq,
        }
    }

    #[test]
    fn a_refusal_names_the_field_and_the_remedy() {
        let (id, refusal) = read(r#"{"id":4,"op":"subscribe","chanels":["*"]}"#).unwrap_err();
        assert_eq!(id, Some(4));
        assert!(refusal.message.contains("chanels") && refusal.message.contains("channels"));
        let refusal = interest(None, Some(&["BTCUSDT".to_owned()]), None).unwrap_err();
        assert!(refusal.message.contains("symbols") && refusal.message.contains("BTC/USDT"));
    }

    #[test]
    fn a_client_resumes_where_it_stood() {
        let begin = begin(Some(&from("k3", 5)), &span(1, 9));
        assert_eq!(
            begin,
            Begin {
                after: Seq::new(5),
                resumed: "replay",
                gap: None
            }
        );
    }

    #[test]
    fn what_retention_took_is_a_gap() {
        let begin = begin(Some(&from("k3", 5)), &span(8, 9));
        assert_eq!(begin.gap, Some((Seq::new(6), Seq::new(7))));
        assert_eq!(begin.after, Seq::new(7));
    }

    #[test]
    fn another_history_or_a_future_position_is_a_reset() {
        assert_eq!(begin(Some(&from("k2", 5)), &span(1, 9)).resumed, "reset");
        assert_eq!(begin(Some(&from("k3", 10)), &span(1, 9)).resumed, "reset");
    }
}
