//! Chaos: the program under load while it, Redis, PostgreSQL or the disk fails, and a checker that holds
//! what every client was told against what is stored.
//!
//! The world (the simulator's exchange and channels) stands apart and goes on whatever dies. Each kind of
//! failure comes twice; `TOUCHSTONE_TEST_ROUNDS` says how often instead.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]
#![expect(clippy::print_stdout, reason = "a test says its figures")]

#[expect(dead_code, reason = "the tests of processes use the rest")]
#[path = "../process/api.rs"]
mod api;
mod checker;
mod client;
mod deploy;
mod disk;
mod kills;
mod planted;
mod postgres;
mod redis;
#[expect(dead_code, reason = "the tests of Redis use the rest")]
#[path = "../redis/reader.rs"]
mod redis_reader;
#[path = "../redis/server.rs"]
mod redis_server;
#[expect(dead_code, reason = "the tests of processes use the rest")]
#[path = "../process/running.rs"]
mod running;
mod scene;
mod sender;
mod site;
mod stored;
#[path = "../process/wait.rs"]
mod wait;
mod world;

use redis_server::Server;

/// How often each kind of failure comes.
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks how long it may take"
)]
fn rounds() -> usize {
    let said = std::env::var("TOUCHSTONE_TEST_ROUNDS");
    said.map_or(2, |rounds| rounds.parse().unwrap())
}
