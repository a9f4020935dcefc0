//! The adapters against what the world really says, and against small servers that misbehave.

mod binance;
mod exchange;
mod outbound;
mod recorded;
mod server;
mod telegram;
