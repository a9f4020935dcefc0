//! A listener to server-sent events, as the standard reads them, over a socket of its own.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::scene::Scene;

/// A test that waits longer than this waits for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Listener {
    socket: BufReader<TcpStream>,
    /// What came and is not a whole event yet.
    text: String,
    /// The last id, as a browser keeps it for `Last-Event-ID`.
    pub(crate) last_id: String,
    /// When to come back, as it was said last.
    pub(crate) retry_ms: u64,
    /// The place of the last frame, which the next must name.
    prev: Option<u64>,
}

impl Listener {
    /// Listens; `query` is what follows the address. The first frame is the answer.
    pub(crate) async fn listen(scene: &Scene, query: &str) -> (Self, Value) {
        Self::come_back(scene, query, "").await
    }

    /// Listens again, with the last id that was read.
    pub(crate) async fn come_back(scene: &Scene, query: &str, last_id: &str) -> (Self, Value) {
        let (status, head, socket) = ask(scene, query, last_id).await;
        assert_eq!(status, 200, "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        let mut listener = Self {
            socket,
            text: String::new(),
            last_id: last_id.to_owned(),
            retry_ms: 0,
            prev: None,
        };
        let answer = listener.next().await.unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
        let position = listener.last_id.rsplit_once(':').unwrap().1;
        listener.prev = Some(position.parse().unwrap());
        (listener, answer)
    }

    /// The next frame, or nothing when the server has ended its answer.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let event = loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                break event;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.chunk()).await;
            let chunk = chunk.expect("the stream says nothing any more");
            if chunk.is_empty() {
                assert_eq!(self.text, "", "it ended within an event");
                return None;
            }
            self.text.push_str(&chunk);
        };
        let mut frame = None;
        for line in event.lines() {
            match line.split_once(": ").unwrap() {
                ("id", id) => id.clone_into(&mut self.last_id),
                ("retry", millis) => self.retry_ms = millis.parse().unwrap(),
                ("data", data) => frame = Some(serde_json::from_str(data).unwrap()),
                other => panic!("no field of an event: {other:?}"),
            }
        }
        let frame = frame.expect("an event without data");
        self.check(&frame);
        Some(frame)
    }

    /// Every event goes on where the one before it stood, and its id is its place.
    fn check(&mut self, frame: &Value) {
        let Some(prev) = self.prev else { return };
        let at = if frame["type"] == "gap" {
            assert_eq!(frame["from"], prev + 1, "{frame}");
            frame["to"].as_u64().unwrap()
        } else if let Some(seq) = frame["seq"].as_u64() {
            assert_eq!(frame["prev"], prev, "{frame}");
            seq
        } else {
            return;
        };
        assert!(self.last_id.ends_with(&format!(":{at}")), "{frame}");
        self.prev = Some(at);
    }

    /// A piece of the answer, which is sent in pieces; the last one is empty.
    async fn chunk(&mut self) -> String {
        let mut length = String::new();
        self.socket.read_line(&mut length).await.unwrap();
        let length = usize::from_str_radix(length.trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        self.socket.read_exact(&mut chunk).await.unwrap();
        chunk.truncate(length);
        String::from_utf8(chunk).unwrap()
    }

    /// The next frame for which it holds; what comes before it is passed over.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await.expect("the stream has ended");
            if holds(&frame) {
                return frame;
            }
        }
    }

    /// The next event or gap.
    pub(crate) async fn told(&mut self) -> Value {
        self.until(|frame| frame["type"] == "gap" || frame["seq"].is_u64())
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
    pub(crate) async fn position(&mut self, seq: u64) {
        self.until(|frame| frame["type"] == "heartbeat" && frame["positions"]["1"] == seq)
            .await;
    }
}

/// Asks for events; gives the status and the head of the answer.
pub(crate) async fn ask(
    scene: &Scene,
    query: &str,
    last_id: &str,
) -> (u16, String, BufReader<TcpStream>) {
    let tcp = TcpStream::connect(scene.address).await.unwrap();
    let mut socket = BufReader::new(tcp);
    let host = scene.address;
    let hello = format!(
        "GET /v1/stream/sse{query} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\
         Last-Event-ID: {last_id}\r\n\r\n"
    );
    socket.write_all(hello.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(socket.read_line(&mut head).await.unwrap() > 0, "{head}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), socket)
}
