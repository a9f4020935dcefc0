//! The simulator as its users meet it: over the wire, and through its handle.

#![expect(clippy::unwrap_used, reason = "a test's helper fails as its test does")]

mod channels;
mod exchange;
mod faults;
mod judging;
mod market;
mod pages;
mod support;
mod truth;
mod webhooks;
