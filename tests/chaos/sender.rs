//! A sender of posts that does not give up: what it was told is stored must be there, once.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use touchstone::outbound::{Limits, Outbound, Reach};
use url::Url;

use crate::world::Version;

/// Its channel.
pub(crate) const CHANNEL: &str = "relentless";

/// What it shows.
pub(crate) const KEY: &str = "a-key-that-is-long-enough";

/// Between two posts, and before the next attempt.
const PAUSE: Duration = Duration::from_millis(100);

const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    connect: Duration::from_secs(2),
    body: 1 << 16,
    redirects: 0,
};

pub(crate) struct Sender {
    /// So many posts were answered with 200.
    taken: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Sender {
    pub(crate) fn start(address: &str) -> Self {
        let url = format!("http://{address}/v1/ingest/{CHANNEL}?key={KEY}");
        let taken = Arc::<AtomicUsize>::default();
        let sending = send(Url::parse(&url).unwrap(), Arc::clone(&taken));
        Self {
            taken,
            task: tokio::spawn(sending),
        }
    }

    /// Sends no more, and gives how many posts were taken.
    pub(crate) fn stop(&self) -> usize {
        self.task.abort();
        self.taken.load(Ordering::Acquire)
    }
}

/// Fails where one of so many posts that were `taken` is not stored, or a post is stored twice. What is
/// `stored` was read after the last of them.
pub(crate) fn holds(taken: usize, stored: &[Version]) {
    let keys: Vec<&str> = stored
        .iter()
        .filter(|(channel, _)| channel == CHANNEL)
        .map(|(_, key)| key.as_str())
        .collect();
    let once: HashSet<&str> = keys.iter().copied().collect();
    assert_eq!(once.len(), keys.len(), "a post has a second version");
    let missing: Vec<_> = (0..taken)
        .map(key)
        .filter(|key| !once.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "taken and not stored: {missing:?}");
}

fn key(nth: usize) -> String {
    format!("id:post-{nth}")
}

async fn send(url: Url, taken: Arc<AtomicUsize>) {
    let outbound = Outbound::new(Reach::Anywhere, LIMITS).unwrap();
    for nth in 0.. {
        let body = format!(r#"{{"id":"post-{nth}","text":"good morning number {nth}"}}"#);
        loop {
            let sent = outbound
                .post(url.clone(), json(), body.clone().into())
                .await;
            if sent.is_ok_and(|answer| answer.status == 200) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        taken.store(nth + 1, Ordering::Release);
        tokio::time::sleep(PAUSE).await;
    }
}

fn json() -> reqwest::header::HeaderMap {
    let kind = reqwest::header::HeaderValue::from_static("application/json");
    [(reqwest::header::CONTENT_TYPE, kind)]
        .into_iter()
        .collect()
}
