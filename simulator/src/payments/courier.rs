//! The courier: it brings events to whoever listens, signed, and again until they are taken.

use std::sync::Arc;
use std::time::Duration;

use awc::Client;
use awc::http::header::{CONTENT_TYPE, USER_AGENT};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tracing::{debug, warn};

use super::ledger::{Delivery, Ledger};
use super::room::Room;

/// How often a delivery is tried, and the longest pause in between.
const TRIES: u32 = 10;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a taker may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often new events are looked for, and how long disorder gathers them.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(25);
const GATHER: Duration = Duration::from_millis(300);

/// Deliveries of one round to one endpoint.
const ROUND: usize = 100;

pub(super) fn client() -> Client {
    Client::builder()
        .timeout(PATIENCE)
        .disable_redirects()
        .finish()
}

/// A delivery with everything that it needs on its way.
struct Parcel {
    delivery: Delivery,
    url: String,
    secret: String,
    body: String,
}

/// Delivers what is due, to each endpoint in order and to all at once.
pub(super) async fn round(room: &Arc<Room>, client: &Client) {
    let now = room.clock.now();
    let due = room.take_due(now);
    let mut ways: Vec<Vec<Parcel>> = Vec::new();
    for parcel in due {
        match ways
            .iter_mut()
            .find(|way| way[0].delivery.endpoint == parcel.delivery.endpoint)
        {
            Some(way) => way.push(parcel),
            None => ways.push(vec![parcel]),
        }
    }
    let walks = ways.into_iter().map(|way| async {
        for parcel in way {
            bring(room, client, parcel).await;
        }
    });
    futures_util::future::join_all(walks).await;
}

async fn bring(room: &Room, client: &Client, parcel: Parcel) {
    let event = parcel.delivery.event.clone();
    if room.mischief.loses_this() {
        debug!(event, "lost a webhook, as asked");
        return;
    }
    let taken = post(room, client, &parcel).await;
    if room.mischief.is_twice() {
        // Whether it is taken does not matter: it is one too many.
        let _ = post(room, client, &parcel).await;
    }
    let mut delivery = parcel.delivery;
    delivery.tries += 1;
    if taken || delivery.tries >= TRIES {
        if !taken {
            warn!(event, "gave a webhook up that nobody took");
        }
        return;
    }
    let pause = room
        .first_pause
        .saturating_mul(1 << (delivery.tries - 1))
        .min(LONGEST_PAUSE);
    delivery.due = room.clock.now() + micros(pause);
    room.with(|ledger| ledger.put_back(delivery));
}

async fn post(room: &Room, client: &Client, parcel: &Parcel) -> bool {
    let now = room.clock.now().div_euclid(1_000_000);
    let request = client
        .post(&parcel.url)
        .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
        .insert_header((USER_AGENT, "Stripe/1.0 (simulated)"))
        .insert_header(("Stripe-Signature", sign(&parcel.secret, now, &parcel.body)));
    match request.send_body(parcel.body.clone()).await {
        Ok(answer) if answer.status().is_success() => true,
        Ok(answer) => {
            debug!(event = parcel.delivery.event, status = %answer.status(), "a webhook was turned away");
            false
        }
        Err(error) => {
            debug!(event = parcel.delivery.event, %error, "a webhook was away");
            false
        }
    }
}

/// `t=…,v1=…`: the body is signed together with the time at which it is sent.
fn sign(secret: &str, now: i64, body: &str) -> String {
    let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut mac| {
        mac.update(format!("{now}.{body}").as_bytes());
        mac.finalize().into_bytes()
    });
    let hex = signature.map(|bytes| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    // A key of any length is one to HMAC.
    format!("t={now},v1={}", hex.unwrap_or_default())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

impl Room {
    fn take_due(&self, now: i64) -> Vec<Parcel> {
        let disordered = self.mischief.is_disordered();
        let hold = if disordered {
            GATHER
        } else {
            self.mischief.delayed_by()
        };
        let some = |ledger: &Ledger| ledger.outbox.iter().any(|waiting| waiting.due <= now);
        if !self.peek(some) {
            return Vec::new();
        }
        let mut due = self.with(|ledger| ledger.take_due(now, micros(hold)));
        if disordered {
            due.reverse();
        }
        due
    }
}

impl Ledger {
    /// Takes what is to be sent now; what is new is held first, if it is to be.
    fn take_due(&mut self, now: i64, hold: i64) -> Vec<Parcel> {
        let mut due = Vec::new();
        let mut left = std::collections::VecDeque::new();
        for mut delivery in std::mem::take(&mut self.outbox) {
            if hold > 0 && delivery.due == 0 {
                delivery.due = now + hold;
            }
            if delivery.due > now || due.len() >= ROUND {
                left.push_back(delivery);
            } else {
                due.push(delivery);
            }
        }
        self.outbox = left;
        let parcels = due.into_iter().filter_map(|delivery| {
            let endpoint = self
                .endpoints
                .get(&delivery.endpoint)
                .filter(|kept| kept.enabled)?;
            let mut event = self.show_event(self.events.get(&delivery.event)?);
            // The one that is on its way is pending, too.
            event["pending_webhooks"] =
                (event["pending_webhooks"].as_u64().unwrap_or(0) + 1).into();
            let body = serde_json::to_string_pretty(&event).ok()?;
            Some(Parcel {
                delivery,
                url: endpoint.url.clone(),
                secret: endpoint.secret.clone(),
                body,
            })
        });
        parcels.collect()
    }

    fn put_back(&mut self, delivery: Delivery) {
        self.outbox.push_back(delivery);
    }
}
