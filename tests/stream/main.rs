//! What the stream promises, over real sockets, with the real store, ledger and hub.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod autobahn;
mod client;
mod echo;
mod entitled;
mod frames;
mod leaving;
mod listener;
mod listening;
mod manners;
mod raw;
mod resuming;
mod scene;
mod sealing;
mod slow;
mod telling;
