//! The rules by which signals are judged, one test each. A test's name is the rule.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test asks after one thing"
)]

mod book;
mod entries;
mod exits;
mod laws;
mod market_entries;
mod money;
mod random;
mod receipt;
mod retrial;
mod story;
mod time;
mod words;
