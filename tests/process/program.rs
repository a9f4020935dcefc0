//! A running program, and a client of its stream that believes nothing.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

/// The most that any condition is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program, told what it needs and nothing else.
pub(crate) fn touchstone(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
    command
        .current_dir(folder)
        .env_clear()
        .env("TOUCHSTONE__HTTP__LISTEN", "127.0.0.1:0")
        .env("TOUCHSTONE__HTTP__DRAIN_MS", "300")
        .env("TOUCHSTONE__SIMULATOR__PACE", "20");
    command
}

/// A program that serves. It is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
}

impl Program {
    /// Starts it in a folder and waits until it says where it is.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = touchstone(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut said = said.take_while(|line| !line.starts_with("Connect with:"));
        let address = said.find_map(|line| line.split("http://").nth(1).map(str::to_owned));
        Self {
            child,
            address: address.expect("it says where it is"),
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// The answer to a GET, as JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (_, body) = self.ask(path, &[]).await;
        serde_json::from_str(&body).unwrap()
    }

    /// The answer to a GET with these headers.
    pub(crate) async fn ask(&self, path: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(touchstone::outbound::tls())
            .build()
            .unwrap();
        let mut request = client.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.timeout(PATIENCE).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The answer to a POST of so many bytes.
    pub(crate) async fn post(&self, path: &str, bytes: usize) -> (u16, String) {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(touchstone::outbound::tls())
            .build()
            .unwrap();
        let request = client.post(format!("http://{}{path}", self.address));
        let answer = request
            .body("x".repeat(bytes))
            .timeout(PATIENCE)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Every event that it keeps, without a gap from the first.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let page = self
                .get(&format!("/v1/events?from={}&limit=500", events.len()))
                .await;
            let page = page["events"].as_array().unwrap().clone();
            if page.is_empty() {
                return events;
            }
            for event in page {
                assert_eq!(
                    event["seq"],
                    events.len() + 1,
                    "the stream has neither gap nor double"
                );
                events.push(event);
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A client that checks every frame against the one before it.
#[derive(Default)]
pub(crate) struct Client {
    pub(crate) epoch: String,
    pub(crate) position: u64,
    pub(crate) frames: Vec<Value>,
    pub(crate) drained: bool,
    pub(crate) closed: Option<u16>,
}

impl Client {
    /// Listens from where it stands until enough has been heard, or the other side is gone.
    pub(crate) async fn listen(&mut self, program: &Program, enough: impl Fn(&[Value]) -> bool) {
        let mut url = format!("ws://{}/v1/stream?channels=*", program.address);
        if !self.epoch.is_empty() {
            url = format!("{url}&from={}:{}", self.epoch, self.position);
        }
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let listening = async {
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    Message::Text(text) => self.hear(serde_json::from_str(&text).unwrap()),
                    Message::Close(close) => self.closed = close.map(|close| close.code.into()),
                    Message::Binary(_)
                    | Message::Ping(_)
                    | Message::Pong(_)
                    | Message::Frame(_) => {}
                }
                if enough(&self.frames) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, listening)
            .await
            .expect("it never heard enough");
    }

    fn hear(&mut self, frame: Value) {
        if frame["ok"] == true {
            if self.epoch.is_empty() {
                self.epoch = frame["epoch"].as_str().unwrap().to_owned();
                self.position = frame["head"].as_u64().unwrap();
            }
            assert_eq!(
                frame["epoch"],
                self.epoch.as_str(),
                "it is the same history"
            );
            return;
        }
        match frame["type"].as_str().unwrap() {
            "heartbeat" => {}
            "drain" => self.drained = true,
            "gap" => panic!("nothing was to be left out: {frame}"),
            _ => {
                assert_eq!(
                    frame["prev"], self.position,
                    "neither a hole nor a double: {frame}"
                );
                self.position = frame["seq"].as_u64().unwrap();
                self.frames.push(frame);
            }
        }
    }
}
