//! Where posts come from, each behind the source port.

pub mod folder;
pub mod rss;
mod seen;
pub mod strategy;
pub mod telegram;
pub mod telegram_bot;
mod text;
