//! The program as a process: started, used, stopped and killed from outside, over real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]
#![expect(clippy::print_stdout, reason = "a test says its figures")]

mod alerts;
mod api;
mod archive;
mod commands;
mod history;
mod home;
mod ingest;
mod kills;
mod listener;
mod metrics;
mod moving;
mod recorded;
mod records;
mod refusals;
mod rest;
mod running;
mod serving;
mod sources;
mod stops;
mod wait;
