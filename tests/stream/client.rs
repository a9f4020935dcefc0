//! A client as a bot's author would write it, that checks the chain of what it is told.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::scene::Scene;

/// A test that waits longer than this waits for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    next_id: i64,
    /// Of each subscription, the place of its last frame.
    prev: HashMap<u64, u64>,
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) struct Goodbye {
    pub(crate) code: u16,
    pub(crate) reason: Value,
}

impl Client {
    /// Connects to the stream; `query` is what follows `/v1/stream`.
    pub(crate) async fn connect(scene: &Scene, query: &str) -> Self {
        let tcp = TcpStream::connect(scene.address).await.unwrap();
        let address = format!("ws://{}/v1/stream{query}", scene.address);
        let (socket, _) = client_async(address, tcp).await.unwrap();
        Self {
            socket,
            next_id: 0,
            prev: HashMap::new(),
        }
    }

    /// Connects and subscribes; gives back the answer too.
    pub(crate) async fn subscribed(scene: &Scene, wish: Value) -> (Self, Value) {
        let mut client = Self::connect(scene, "").await;
        let answer = client.subscribe(wish).await;
        assert_eq!(answer["ok"], true, "{answer}");
        (client, answer)
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Gives a command and waits for its answer.
    pub(crate) async fn command(&mut self, mut command: Value) -> Value {
        self.next_id += 1;
        command["id"] = self.next_id.into();
        self.send(Message::text(command.to_string())).await;
        let id = self.next_id;
        self.until(|frame| frame["id"] == id).await
    }

    pub(crate) async fn subscribe(&mut self, mut wish: Value) -> Value {
        wish["op"] = "subscribe".into();
        let from = wish["from"]["seq"].as_u64();
        let answer = self.command(wish).await;
        if let (Some(sub), Some(head)) = (answer["sub"].as_u64(), answer["head"].as_u64()) {
            let resumed = answer["resumed"] == "replay";
            self.prev
                .insert(sub, from.filter(|_| resumed).unwrap_or(head));
        }
        answer
    }

    /// The next frame of any kind, or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Value, Goodbye> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.expect("the stream says nothing any more") {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.check(&frame);
                    return Ok(frame);
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    let code = close.code.into();
                    let reason = serde_json::from_str(&close.reason).unwrap();
                    return Err(Goodbye { code, reason });
                }
                Some(Ok(_)) => {}
                ended => panic!("the connection ended without a goodbye: {ended:?}"),
            }
        }
    }

    /// Every frame of a subscription goes on where the one before it stood.
    fn check(&mut self, frame: &Value) {
        if frame["ok"].is_boolean() {
            return;
        }
        let Some(prev) = frame["sub"]
            .as_u64()
            .and_then(|sub| self.prev.get_mut(&sub))
        else {
            return;
        };
        if frame["type"] == "gap" {
            assert_eq!(frame["from"], *prev + 1, "{frame}");
            *prev = frame["to"].as_u64().unwrap();
        } else if frame["seq"].is_u64() {
            assert_eq!(frame["prev"], *prev, "{frame}");
            let seq = frame["seq"].as_u64().unwrap();
            assert!(seq > *prev, "{frame}");
            *prev = seq;
        }
    }

    /// The next frame for which it holds; what comes before it is passed over.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await.unwrap();
            if holds(&frame) {
                return frame;
            }
        }
    }

    /// The next frame of a subscription: an event or a gap.
    pub(crate) async fn told(&mut self) -> Value {
        self.until(|frame| frame["type"] == "gap" || frame["seq"].is_u64() && frame["ok"].is_null())
            .await
    }

    /// The `seq`s of the next `many` events, and nothing else between them.
    pub(crate) async fn seqs(&mut self, many: usize) -> Vec<u64> {
        let mut seqs = Vec::with_capacity(many);
        while seqs.len() < many {
            let told = self.told().await;
            seqs.push(told["seq"].as_u64().unwrap_or_else(|| panic!("{told}")));
        }
        seqs
    }

    /// Waits for a heartbeat that says this position.
    pub(crate) async fn position(&mut self, sub: u64, seq: u64) {
        let sub = sub.to_string();
        self.until(|frame| frame["type"] == "heartbeat" && frame["positions"][&sub] == seq)
            .await;
    }

    /// Passes over everything until the connection ends.
    pub(crate) async fn goodbye(&mut self) -> Goodbye {
        loop {
            if let Err(goodbye) = self.next().await {
                return goodbye;
            }
        }
    }
}

/// A wish to go on after a place of this history.
pub(crate) fn from(epoch: &str, seq: u64) -> Value {
    json!({"from": {"epoch": epoch, "seq": seq}})
}
