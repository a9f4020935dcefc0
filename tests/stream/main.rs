//! What the stream promises, over real sockets, with the real store, ledger and hub.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod client;
mod leaving;
mod listener;
mod listening;
mod manners;
mod resuming;
mod scene;
mod slow;
mod telling;
