//! The house under faults: the real channel, scorer, ledger and market actors over the real store,
//! with ports that panic, hang or fail as often as they are told to.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

mod faults;
mod inlet;
mod recovery;
mod scene;
mod sealing;
mod telling;
mod traps;
