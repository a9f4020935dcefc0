//! Venues and their prices, each behind the feed port.

pub mod binance;
