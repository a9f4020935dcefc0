//! The adapters against what the world really says, and against small servers that misbehave.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

mod binance;
mod exchange;
mod export;
mod folder;
mod outbound;
mod recorded;
mod rss;
mod server;
mod simulator;
mod telegram;
mod telegram_bot;
