//! A room that speaks Stripe's API: customers, plans, checkout with a page to complete, subscriptions
//! with their life in time, invoices, the portal, refunds, events and genuinely signed webhooks.
//!
//! It keeps state, as Stripe does, and obeys time: whoever holds its handle lets a month pass in an
//! instant, and a test clock does so for its own customers. What a client sends that the room does
//! not know is refused rather than ignored, so nobody believes that it had an effect.

mod api;
mod calendar;
mod cards;
mod courier;
mod door;
mod form;
mod ledger;
mod listing;
mod mischief;
mod objects;
mod pages;
mod papers;
mod refusal;
mod replays;
mod room;
mod show;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::dice;

pub use ledger::Afterwards;
pub use mischief::Mischief;

pub(crate) use door::serve;
pub(crate) use room::Room;

/// How the room is to run.
#[derive(Clone, Debug)]
pub struct PaymentsOptions {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// The address that its links begin with, where it is not the one it listens at.
    pub public_url: Option<String>,
    /// The key that its clients come with (`sk_test_…`); one is drawn from the seed without.
    pub secret_key: Option<String>,
    /// Where webhooks go from the start.
    pub webhook_url: Option<String>,
    /// The pause before a webhook that was not taken is sent again; each is twice the one before.
    pub first_pause: Duration,
    /// What becomes of a subscription that is not paid for.
    pub afterwards: Afterwards,
    /// A file that keeps the state from one start to the next.
    pub state: Option<PathBuf>,
}

impl Default for PaymentsOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            secret_key: None,
            webhook_url: None,
            first_pause: Duration::from_secs(1),
            afterwards: Afterwards::default(),
            state: None,
        }
    }
}

/// The handle of the room.
#[derive(Clone, Debug)]
pub struct Payments(pub(crate) Arc<Room>);

impl Payments {
    /// Its base URL, with a slash at the end: `http://127.0.0.1:4242/`. Clients append `v1/…`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/", self.0.address)
    }

    /// The key that its clients come with.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.0.secret_key
    }

    /// What the webhooks of [`Self::send_webhooks_to`] are signed with.
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        &self.0.webhook_secret
    }

    /// Sends all events to this URL from now on, instead of the one named before. Endpoints that
    /// were made over the API keep theirs.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the URL.
    pub fn send_webhooks_to(&self, url: &str) -> Result<(), String> {
        self.0.send_webhooks_to(url)
    }

    /// Lets the room's time run ahead, with everything that happens in it.
    pub fn pass(&self, time: Duration) {
        self.0.pass(time);
    }

    /// The room's time, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.0.with(|ledger| ledger.now)
    }

    /// The switches of its faults.
    #[must_use]
    pub fn mischief(&self) -> &Mischief {
        &self.0.mischief
    }

    /// A cardholder disputes a charge at his bank. Hands out the dispute's identifier.
    ///
    /// # Errors
    ///
    /// Says why the charge cannot be disputed.
    pub fn dispute(&self, charge: &str, reason: &str) -> Result<String, String> {
        let disputed = self.0.with(|ledger| ledger.dispute(charge, reason));
        disputed.map_err(|refusal| refusal.message)
    }

    /// Deliveries that wait: not sent yet, or to be tried again.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.with(|ledger| ledger.outbox.len())
    }
}

/// A word that nobody guesses and a seed gives again.
fn secret(seed: u64, prefix: &str) -> String {
    let first = dice::named(seed ^ 0x57A1_9E55, prefix);
    format!("{prefix}{first:016x}{:016x}", dice::mix(first))
}
