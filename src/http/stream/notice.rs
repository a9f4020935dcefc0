//! What every connection is told without having asked: where it stands, and that it has to leave.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::{Epoch, Seq};
use domain::time::Timestamp;
use rand::RngExt as _;
use serde_json::{Map, json};

/// Tells the position of each subscription.
pub(super) fn heartbeat(now: Timestamp, epoch: &Epoch, positions: &BTreeMap<u32, Seq>) -> String {
    let positions: Map<_, _> = positions
        .iter()
        .map(|(sub, position)| (sub.to_string(), position.get().into()))
        .collect();
    let heartbeat = json!({
        "type": "heartbeat", "sent": now.as_micros(), "epoch": epoch.as_str(),
        "positions": positions,
    });
    heartbeat.to_string()
}

/// Announces the goodbye of a process that stops.
pub(super) fn drain(reconnect_in_ms: u64) -> String {
    json!({"type": "drain", "reconnect_in_ms": reconnect_in_ms}).to_string()
}

/// A moment of one connection's own, so that not all come back at once.
pub(super) fn moment_within(drain: Duration) -> Duration {
    drain.mul_f64(rand::rng().random_range(0.0..1.0))
}

/// A pause in whole milliseconds, as clients are told it.
pub(super) fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}
