//! Touchstone: adapters, edge and wiring around the rooms of the house.

pub mod accounts;
pub mod archive;
pub mod belief;
pub mod bus;
pub mod charts;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod export;
pub mod feeds;
pub mod figures;
pub mod filter;
pub mod http;
pub mod import;
pub mod lessons;
pub mod outbound;
pub mod paths;
pub mod platform;
mod post_line;
pub mod registrar;
pub mod replay;
pub mod serve;
pub mod sources;
pub mod store;
pub mod telemetry;
pub mod wire;
