//! An installation without the simulator's channels: the test runs the exchange, and brings the posts.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::Value;
use simulator::Simulator;
use touchstone::outbound::Answer;

use crate::api::{read, text};
use crate::home::Home;
use crate::running::Running;
use crate::wait::until;

/// What the poster must show.
pub(crate) const KEY: &str = "correct-horse-battery-staple";

/// The largest body of this installation, in bytes.
pub(crate) const LARGEST: usize = 4_096;

pub(crate) struct Desk {
    pub home: Home,
    pub running: Running,
    pub exchange: Simulator,
}

impl Desk {
    /// Starts an exchange and the program beside it, and waits until it knows what is listed.
    pub(crate) async fn open() -> Self {
        let exchange = simulator::start(simulator::Options::default()).unwrap();
        let at = exchange.address();
        let home = Home::new()
            .configured(&format!(
                "[http]\nbody_limit = {LARGEST}\ndrain_ms = 100\n[simulator]\nenabled = false\n\
                 [venues.exchange]\nkind = \"binance-spot\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n\
                 [channels.desk]\nsource = \"webhook\"\n"
            ))
            .with("CHANNELS__DESK__KEY", KEY);
        let running = home.start(&[]).await;
        let desk = Self {
            home,
            running,
            exchange,
        };
        until("the venue's listing is known", async || {
            let answer = desk.with_key("good morning", "text/plain").await;
            (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(())
        })
        .await;
        desk
    }

    /// A signal on a pair that the exchange lists, not far from where that trades.
    pub(crate) fn signal(&self) -> String {
        let now = jiff::Timestamp::now().as_millisecond();
        let pair = simulator::find("QBTUSDT").unwrap();
        let price = self.exchange.market().last_trade(pair, now).price.as_f64();
        let [one, two, stop] = [1.04, 1.08, 0.95].map(|share| price * share);
        format!(
            "BUY #QBT/USDT\nEntry: {price:.1}\nTarget 1: {one:.1}\nTarget 2: {two:.1}\nStop: {stop:.1}"
        )
    }

    /// Brings a post.
    pub(crate) async fn bring(&self, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.running
            .api
            .post("/v1/ingest/desk", headers, body)
            .await
    }

    pub(crate) async fn with_key(&self, body: &str, kind: &str) -> Answer {
        let headers = [("x-touchstone-key", KEY), ("content-type", kind)];
        self.bring(body, &headers).await
    }

    /// Everything that is stored of the only signal.
    pub(crate) async fn story(&self) -> Value {
        let page = self.running.api.json("/v1/signals").await;
        let signals = page["signals"].as_array().unwrap();
        assert_eq!(signals.len(), 1, "{page}");
        let path = format!("/v1/signals/{}", text(&signals[0], "id"));
        self.running.api.json(&path).await
    }
}

/// What became of a post that was taken.
pub(crate) fn outcome(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    text(&read(answer), "outcome")
}

/// Whether the bytes stand in any file of a folder.
pub(crate) fn stands_in(folder: &Path, bytes: &str) -> bool {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(!files.is_empty(), "nothing was stored");
    files.into_iter().any(|file| {
        let held = std::fs::read(file.unwrap().path()).unwrap();
        held.windows(bytes.len())
            .any(|part| part == bytes.as_bytes())
    })
}
