//! Touchstone: adapters, edge and wiring around the rooms of the house.

pub mod feeds;
pub mod http;
pub mod outbound;
pub mod sources;
pub mod store;
pub mod wire;
