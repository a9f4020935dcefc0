//! The program as a process: started, used, stopped and killed from outside, over real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]
#![expect(clippy::print_stdout, reason = "a test says its figures")]

mod accounts;
mod admins;
mod alerts;
mod analytics;
mod api;
mod archive;
mod backups;
mod boards;
mod buying;
mod chain;
mod channels;
mod commands;
mod delays;
mod dumps;
mod edge;
mod exports;
mod history;
mod home;
mod ingest;
mod kills;
mod lines;
mod listener;
mod markets;
mod metrics;
mod ml;
mod models;
mod monitoring;
mod moving;
mod nodes;
mod owners;
mod panics;
mod people;
mod policies;
mod programs;
mod recorded;
mod records;
mod redis;
#[expect(dead_code, reason = "the tests of Redis alone use the rest")]
#[path = "../redis/reader.rs"]
mod redis_reader;
#[path = "../redis/server.rs"]
mod redis_server;
mod refusals;
mod rest;
mod retrials;
mod reviews;
mod rotation;
mod running;
mod scrutiny;
mod secrets;
mod serving;
mod sources;
mod stops;
mod tokens;
mod wait;

use redis_server::Server;
