//! What the tests share: a clock of their own, a simulator, and small clients.

use std::time::Duration;

use awc::Client;
use futures_util::{SinkExt, StreamExt};
use scraper::Html;
use serde_json::Value;
use simulator::{Clock, EPOCH_MS, Hand, Options, Simulator, start};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An ordinary Tuesday, in milliseconds since 1970.
pub(crate) const TUESDAY_MS: i64 = EPOCH_MS + 131 * 86_400_000 + 49_231_000;

/// The same moment in microseconds.
pub(crate) const TUESDAY: i64 = TUESDAY_MS * 1000;

/// A minute in microseconds.
pub(crate) const MINUTE: i64 = 60_000_000;

/// A simulator whose clock stands still.
pub(crate) fn standing(at: i64) -> (Simulator, Hand) {
    with(at, |_| ())
}

/// The same with options of the test's own.
pub(crate) fn with(at: i64, change: impl FnOnce(&mut Options)) -> (Simulator, Hand) {
    let (clock, hand) = Clock::by_hand(at);
    let mut options = Options {
        clock,
        ..Options::default()
    };
    change(&mut options);
    (start(options).unwrap(), hand)
}

/// A plain question: the status, the headers and the body of its answer.
pub(crate) async fn ask(
    simulator: &Simulator,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, awc::http::header::HeaderMap, String) {
    let client = Client::builder().disable_redirects().finish();
    let mut request = client.get(format!("http://{}{path}", simulator.address()));
    for header in headers {
        request = request.insert_header(*header);
    }
    let mut answer = request.send().await.unwrap();
    let body = answer.body().limit(16 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (answer.status().as_u16(), answer.headers().clone(), text)
}

pub(crate) async fn json(simulator: &Simulator, path: &str) -> Value {
    let (status, _, body) = ask(simulator, path, &[]).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

pub(crate) async fn page(simulator: &Simulator, path: &str) -> Html {
    let (status, _, body) = ask(simulator, path, &[]).await;
    assert_eq!(status, 200, "{body}");
    Html::parse_document(&body)
}

/// A WebSocket client.
pub(crate) struct Listener(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Listener {
    pub(crate) async fn at(simulator: &Simulator, path: &str) -> Self {
        let url = format!("ws://{}{path}", simulator.address());
        Self(connect_async(url).await.unwrap().0)
    }

    /// The next text frame; nothing at the end of the connection.
    pub(crate) async fn text(&mut self) -> Option<String> {
        let waiting = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
        };
        // Only a broken simulator is waited for so long.
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, waiting).await.unwrap()
    }

    pub(crate) async fn frame(&mut self) -> Value {
        serde_json::from_str(&self.text().await.unwrap()).unwrap()
    }

    /// Sends a request and returns its answer, with the frames that came before it.
    pub(crate) async fn request(&mut self, request: Value) -> (Value, Vec<Value>) {
        self.say(&request.to_string()).await;
        let mut before = Vec::new();
        loop {
            let frame = self.frame().await;
            if frame.get("id") == request.get("id") && frame.get("id").is_some() {
                return (frame, before);
            }
            before.push(frame);
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }
}
