//! Touchstone: adapters, edge and wiring around the rooms of the house.

pub mod config;
pub mod feeds;
pub mod http;
pub mod sources;
pub mod store;
pub mod wire;
