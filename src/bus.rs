//! The bus, behind its port.

pub mod redis;

pub use redis::Redis;
