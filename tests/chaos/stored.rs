//! What is stored, read over REST and, as a second witness, in the database itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::api::Api;
use crate::checker::Wants;

/// A stored event, as far as a client's claims are compared.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) signal: String,
    channel: Option<String>,
    symbol: Option<String>,
    /// Of its bytes.
    pub(crate) digest: u128,
}

impl Event {
    /// Whether somebody asked for it. A seal concerns everybody.
    pub(crate) fn concerns(&self, wants: &Wants) -> bool {
        let among = |wanted: &[String], is: &Option<String>| {
            wanted.is_empty() || is.as_ref().is_none_or(|is| wanted.contains(is))
        };
        among(&wants.channels, &self.channel) && among(&wants.symbols, &self.symbol)
    }
}

/// The whole stream.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) epoch: String,
    pub(crate) events: BTreeMap<u64, Event>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Shown {
    seq: u64,
    #[serde(rename = "type")]
    kind: String,
    signal: Option<String>,
    channel: Option<String>,
    symbol: Option<String>,
}

impl Stored {
    /// Reads the whole stream; fails where `seq` has a gap.
    pub(crate) async fn read(api: &Api) -> Self {
        let (epoch, _) = api.position().await;
        let mut events = BTreeMap::new();
        loop {
            let path = format!("/v1/events?limit=500&from={}", events.len());
            let answer = api.get(&path, &[]).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            let page: Page<'_> = serde_json::from_slice(&answer.body).unwrap();
            if page.events.is_empty() {
                return Self { epoch, events };
            }
            for raw in page.events {
                let shown: Shown = serde_json::from_str(raw.get()).unwrap();
                assert_eq!(shown.seq, events.len() as u64 + 1, "a gap in seq");
                let event = Event {
                    kind: shown.kind,
                    signal: shown.signal.unwrap_or_default(),
                    channel: shown.channel,
                    symbol: shown.symbol,
                    digest: digest(raw.get()),
                };
                events.insert(shown.seq, event);
            }
        }
    }

    /// Fails where the database itself has another stream than REST tells.
    pub(crate) fn agrees(&self, rows: &[(i64, String, String)]) {
        assert_eq!(rows.len(), self.events.len(), "events in the database");
        for ((seq, event), row) in self.events.iter().zip(rows) {
            let told = (*seq, &event.kind, &event.signal);
            assert_eq!(told, (u64::try_from(row.0).unwrap(), &row.1, &row.2));
        }
    }
}

/// What the bytes of an event come to, from its `seq` on: what is before belongs to a subscription.
pub(crate) fn digest(text: &str) -> u128 {
    let from = text.find("\"seq\":").expect("an event has a seq");
    let digest = Sha256::digest(&text.as_bytes()[from..]);
    u128::from_be_bytes(digest[..16].try_into().unwrap())
}
