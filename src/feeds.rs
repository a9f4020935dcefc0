//! Venues and their prices, each behind the feed port.
//!
//! What venues that stream their trades have in common lies in [`venue`]; what they say and how
//! they are asked lies with each of them.

pub mod binance;
pub mod coinbase;
pub mod kraken;
pub mod venue;
