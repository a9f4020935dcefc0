//! The REST API, as a script uses it.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use touchstone::outbound::{Answer, Limits, Outbound, Reach};
use url::Url;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    connect: Duration::from_secs(5),
    body: 64 << 20,
    redirects: 0,
};

pub(crate) struct Api {
    /// `127.0.0.1:8080`.
    pub address: String,
    outbound: Outbound,
}

impl Api {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            outbound: Outbound::new(Reach::Anywhere, LIMITS).unwrap(),
        }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.outbound
            .get(self.url(path), all(headers))
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let body = body.to_owned().into();
        self.outbound
            .post(self.url(path), all(headers), body)
            .await
            .unwrap()
    }

    /// Whether a post is answered at all.
    pub(crate) async fn is_answered(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> bool {
        let body = body.to_owned().into();
        let sent = self.outbound.post(self.url(path), all(headers), body);
        sent.await.is_ok()
    }

    /// Does anything else: `PATCH`, `DELETE`, with a body of JSON or none.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut headers = all(headers);
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default().into();
        let sent = self.outbound.call(method, self.url(path), headers, body);
        sent.await.unwrap()
    }

    /// Does anything else with any body.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let body = body.to_owned().into();
        let sent = self
            .outbound
            .call(method, self.url(path), all(headers), body);
        sent.await.unwrap()
    }

    /// What a path answers when all is well.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        read(&answer)
    }

    /// Epoch and head of the stream.
    pub(crate) async fn position(&self) -> (String, u64) {
        let position = self.json("/v1/stream/position").await;
        (text(&position, "epoch"), number(&position, "head"))
    }

    /// The whole stream; fails where `seq` has a gap.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let path = format!("/v1/events?limit=500&from={}", all.len());
            let page = self.json(&path).await;
            let events = page["events"].as_array().unwrap();
            for event in events {
                assert_eq!(number(event, "seq"), all.len() as u64 + 1, "a gap in seq");
                all.push(event.clone());
            }
            if events.is_empty() {
                return all;
            }
        }
    }

    /// The ids of all signals that are open.
    pub(crate) async fn open_signals(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/signals?open=true&limit=500{cursor}");
            let page = self.json(&path).await;
            let signals = page["signals"].as_array().unwrap();
            ids.extend(signals.iter().map(|signal| text(signal, "id")));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return ids,
            }
        }
    }
}

fn all(headers: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    headers.iter().map(header).collect()
}

pub(crate) fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

pub(crate) fn text(value: &Value, member: &str) -> String {
    let found = value[member].as_str();
    found
        .unwrap_or_else(|| panic!("no text {member} in {value}"))
        .to_owned()
}

pub(crate) fn number(value: &Value, member: &str) -> u64 {
    let found = value[member].as_u64();
    found.unwrap_or_else(|| panic!("no number {member} in {value}"))
}

/// Fails unless the answer is problem details of this status and code; gives them.
pub(crate) fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let problem = read(answer);
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], status, "{problem}");
    assert!(!text(&problem, "detail").is_empty() && !text(&problem, "type").is_empty());
    problem
}
