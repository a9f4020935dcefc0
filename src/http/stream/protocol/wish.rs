//! What a subscription wants, read from a command or from the address of the stream.

use actors::hub::{Interest, Mode};
use domain::ids::ChannelId;
use domain::market::{Pair, Side};
use domain::ports::View;
use domain::post::Origin;
use serde::Deserialize;

use super::{Refusal, Subscribe};

/// The most times a second that a `latest` subscription may ask for.
const HIGHEST_HZ: f64 = 60.0;

/// How often a `latest` subscription that does not say so is told something.
const USUAL_HZ: f64 = 10.0;

/// The most channels, symbols, sides or origins that one subscription may list.
const LONGEST_LIST: usize = 500;

/// The shortest and the longest pause between heartbeats that may be asked for, in seconds.
const HEARTBEATS: std::ops::RangeInclusive<u64> = 2..=60;

/// Which events of the channels and symbols.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Filter {
    pub(in super::super) min_score: Option<f64>,
    pub(in super::super) sides: Option<Vec<String>>,
    pub(in super::super) origins: Option<Vec<String>>,
}

/// Where to go on: `"live"`, or after a position.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(
    untagged,
    expecting = "use \"live\", or {\"epoch\":\"…\",\"seq\":0} as it was told"
)]
pub(in super::super) enum From {
    /// With what comes next.
    Live(Live),
    /// After this event.
    After(After),
}

/// The word `live`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(in super::super) enum Live {
    #[serde(rename = "live")]
    Live,
}

/// A position.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct After {
    pub(in super::super) epoch: Option<String>,
    pub(in super::super) seq: u64,
}

/// A subscription as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Wish {
    pub(in super::super) interest: Interest,
    pub(in super::super) mode: Mode,
    /// Of a `latest` subscription, how often it is told something at most.
    pub(in super::super) hz: Option<f64>,
    pub(in super::super) from: From,
    pub(in super::super) heartbeat_s: Option<u64>,
}

impl Subscribe {
    /// Reads what is wanted.
    pub(in super::super) fn wish(&self) -> Result<Wish, Refusal> {
        if let Some(other) = self.stream.as_deref().filter(|name| *name != "signals") {
            let message = format!("stream: there is no `{other}`; use signals");
            return Err(Refusal::new("bad_stream", message));
        }
        if self
            .heartbeat_s
            .is_some_and(|every| !HEARTBEATS.contains(&every))
        {
            let (from, to) = (HEARTBEATS.start(), HEARTBEATS.end());
            let message = format!("heartbeat_s: use {from} to {to}");
            return Err(Refusal::new("bad_heartbeat", message));
        }
        let (mode, hz) = mode(self.mode.as_deref(), self.hz)?;
        Ok(Wish {
            interest: interest(
                self.channels.as_deref(),
                self.symbols.as_deref(),
                self.filter.as_ref(),
            )?,
            mode,
            hz,
            from: self.from.clone().unwrap_or(From::Live(Live::Live)),
            heartbeat_s: self.heartbeat_s,
        })
    }
}

impl Wish {
    /// The same, but it goes on after the last event that a client has seen.
    pub(in super::super) fn after_event(mut self, last: &str) -> Result<Self, Refusal> {
        self.from = from_text("Last-Event-ID", last)?;
        Ok(self)
    }
}

/// The query of the stream's address. With `channels`, it subscribes at once.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Query {
    channels: Option<String>,
    symbols: Option<String>,
    sides: Option<String>,
    origins: Option<String>,
    min_score: Option<f64>,
    from: Option<String>,
    mode: Option<String>,
    hz: Option<f64>,
    heartbeat_s: Option<u64>,
}

impl Query {
    /// The subscription that the address asks for; none where it names no channels.
    pub(in super::super) fn wish(self) -> Result<Option<Wish>, Refusal> {
        let split = |text: String| text.split(',').map(|part| part.trim().to_owned()).collect();
        let others = [
            ("symbols", self.symbols.is_some()),
            ("sides", self.sides.is_some()),
            ("origins", self.origins.is_some()),
            ("min_score", self.min_score.is_some()),
            ("from", self.from.is_some()),
            ("mode", self.mode.is_some()),
            ("hz", self.hz.is_some()),
            ("heartbeat_s", self.heartbeat_s.is_some()),
        ];
        let Some(channels) = self.channels else {
            let stray = others.iter().find(|(_, given)| *given);
            return stray.map_or(Ok(None), |(name, _)| {
                let message =
                    format!("{name}: it needs channels beside it; use channels=* for all");
                Err(Refusal::new("bad_filter", message))
            });
        };
        let subscribe = Subscribe {
            stream: None,
            channels: Some(split(channels)),
            symbols: self.symbols.map(split),
            filter: Some(Filter {
                min_score: self.min_score,
                sides: self.sides.map(split),
                origins: self.origins.map(split),
            }),
            from: (self.from.as_deref())
                .map(|text| from_text("from", text))
                .transpose()?,
            mode: self.mode,
            hz: self.hz,
            heartbeat_s: self.heartbeat_s,
        };
        subscribe.wish().map(Some)
    }
}

/// Reads which events are wanted.
pub(in super::super) fn interest(
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
        let message = "filter.min_score: a probability lies between 0 and 1";
        return Err(Refusal::new("bad_filter", message));
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
        allowed: None,
        view: View::Scored,
    })
}

/// Reads a list; `*` in it means all, as does no list. An empty one would mean nothing.
fn list<T>(
    field: &str,
    texts: Option<&[String]>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Refusal> {
    let Some(texts) = texts else {
        return Ok(Vec::new());
    };
    let bad = |why: String| Refusal::new("bad_filter", format!("{field}: {why}"));
    if texts.is_empty() {
        return Err(bad(
            "an empty list wants nothing; use [\"*\"] for all".to_owned()
        ));
    }
    if texts.len() > LONGEST_LIST {
        return Err(bad(format!("at most {LONGEST_LIST}; use * for all")));
    }
    if texts.iter().any(|text| text == "*") {
        return Ok(Vec::new());
    }
    texts.iter().map(|text| read(text).map_err(bad)).collect()
}

/// Reads how much is wanted.
fn mode(mode: Option<&str>, hz: Option<f64>) -> Result<(Mode, Option<f64>), Refusal> {
    let bad = |message: String| Err(Refusal::new("bad_mode", message));
    match (mode, hz) {
        (None | Some("each"), None) => Ok((Mode::Each, None)),
        (None | Some("each"), Some(_)) => {
            bad("hz: each event comes when it comes; use it with mode latest".to_owned())
        }
        (Some("latest"), hz) => {
            let hz = hz.unwrap_or(USUAL_HZ);
            if (0.1..=HIGHEST_HZ).contains(&hz) {
                Ok((Mode::Latest, Some(hz)))
            } else {
                bad(format!("hz: use 0.1 to {HIGHEST_HZ}"))
            }
        }
        (Some(other), _) => bad(format!("mode: there is no `{other}`; use each or latest")),
    }
}

/// Reads `EPOCH:SEQ` or `live`, as it stands in an address.
fn from_text(field: &str, text: &str) -> Result<From, Refusal> {
    if text == "live" {
        return Ok(From::Live(Live::Live));
    }
    let bad = || {
        let message = format!("{field}: write it as EPOCH:SEQ, or live");
        Refusal::new("bad_from", message)
    };
    let (epoch, seq) = text.split_once(':').ok_or_else(bad)?;
    Ok(From::After(After {
        epoch: Some(epoch.to_owned()),
        seq: seq.parse().map_err(|_| bad())?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(json: serde_json::Value) -> Result<Wish, Refusal> {
        serde_json::from_value::<Subscribe>(json).unwrap().wish()
    }

    #[test]
    fn no_list_and_a_star_mean_all() {
        let all = wish(serde_json::json!({"channels": ["*"]})).unwrap();
        assert_eq!(all, wish(serde_json::json!({})).unwrap());
        assert!(all.interest.channels.is_empty());
    }

    #[test]
    fn a_refusal_names_the_field_and_the_remedy() {
        for (json, field, remedy) in [
            (
                serde_json::json!({"symbols": ["BTCUSDT"]}),
                "symbols: ",
                "BTC/USDT",
            ),
            (serde_json::json!({"channels": []}), "channels: ", "*"),
            (
                serde_json::json!({"filter": {"sides": ["up"]}}),
                "filter.sides: ",
                "long or short",
            ),
            (
                serde_json::json!({"filter": {"min_score": 60}}),
                "filter.min_score: ",
                "0 and 1",
            ),
            (
                serde_json::json!({"mode": "all"}),
                "mode: ",
                "each or latest",
            ),
            (
                serde_json::json!({"mode": "latest", "hz": 0}),
                "hz: ",
                "0.1 to 60",
            ),
            (
                serde_json::json!({"heartbeat_s": 1}),
                "heartbeat_s: ",
                "2 to 60",
            ),
            (
                serde_json::json!({"stream": "prices"}),
                "stream: ",
                "signals",
            ),
        ] {
            let message = wish(json).unwrap_err().message;
            assert!(
                message.starts_with(field) && message.contains(remedy),
                "{message}"
            );
        }
    }

    #[test]
    fn an_address_subscribes_as_a_command_does() {
        let query: Query = serde_json::from_value(serde_json::json!({
            "channels": "a,b", "symbols": "BTC/USDT", "from": "k3:5", "sides": "long"
        }))
        .unwrap();
        let command = serde_json::json!({
            "channels": ["a", "b"], "symbols": ["BTC/USDT"], "filter": {"sides": ["long"]},
            "from": {"epoch": "k3", "seq": 5}
        });
        assert_eq!(query.wish().unwrap(), Some(wish(command).unwrap()));
        assert_eq!(Query::default().wish().unwrap(), None);
    }

    #[test]
    fn an_address_that_filters_nothing_is_refused() {
        let query: Query =
            serde_json::from_value(serde_json::json!({"symbols": "BTC/USDT"})).unwrap();
        assert!(query.wish().unwrap_err().message.starts_with("symbols: "));
    }
}
