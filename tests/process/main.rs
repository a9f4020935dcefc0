//! The program as its operator meets it: started, stopped, killed, and talked to from outside.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

mod crash;
mod program;
mod words;
