//! The payments room as async-stripe meets it: every object that it gives and every event that it
//! sends is read by types that somebody else generated from Stripe's own description.

#![expect(clippy::unwrap_used, reason = "a test's helper fails as its test does")]

mod billing;
mod events;
mod life;
mod mischief;
mod objects;
mod scene;
