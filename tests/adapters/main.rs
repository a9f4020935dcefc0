//! The adapters against what the world really says, and against small servers that misbehave.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

mod belief;
mod binance;
mod documented;
mod exchange;
mod export;
mod folder;
mod judging;
mod outbound;
mod recorded;
mod rss;
mod server;
mod simulator;
mod speech;
mod stage;
mod strategy;
mod telegram;
mod telegram_bot;
mod venues;
