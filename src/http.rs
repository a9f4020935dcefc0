//! The edge: what browsers, bots and scripts talk to.

pub mod error;
pub mod guard;
pub mod ingest;
pub mod stream;
pub mod system;
