//! What a simulator is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;
use crate::market::Recording;
use crate::payments::PaymentsOptions;

/// How a simulator is to run.
#[derive(Debug)]
pub struct Options {
    /// The same seed makes the same market and the same posts.
    pub seed: u64,
    /// What the exchange plays instead of a market of its own; the channels are silent then, as
    /// they know nothing of it.
    pub recordings: Vec<Recording>,
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// How fast the channels post: 2.0 is twice as fast. The market keeps its own time.
    pub pace: f64,
    /// Whose time it is.
    pub clock: Clock,
    /// Where the truth is written, if it is.
    pub truth_dir: Option<PathBuf>,
    /// Where webhook channels post to; without it they are silent.
    pub webhooks: Option<WebhookTarget>,
    /// How long a WebSocket connection may last.
    pub connection_age: Duration,
    /// How the room that speaks Stripe's API runs; without it there is none.
    pub payments: Option<PaymentsOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 7,
            recordings: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pace: 1.0,
            clock: Clock::system(),
            truth_dir: None,
            webhooks: None,
            connection_age: Duration::from_secs(24 * 60 * 60),
            payments: None,
        }
    }
}

/// Where webhook channels post to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookTarget {
    /// A URL in which `{channel}` and `{secret}` stand for the channel's name and secret.
    pub url: String,
}

impl WebhookTarget {
    /// The URL for one channel.
    #[must_use]
    pub fn of(&self, channel: &str, secret: &str) -> String {
        let url = self.url.replace("{channel}", channel);
        url.replace("{secret}", secret)
    }
}
