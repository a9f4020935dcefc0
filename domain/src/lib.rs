//! The trade of signals, pure: no runtime, no IO, no clock, nothing serialisable.
//!
//! A [`post`] becomes a [`reading`], a reading becomes [`signal`]s, a signal is followed through
//! its [`lifecycle`], and everything that happens to it is an [`event`].

pub mod account;
pub mod chain;
pub mod event;
pub mod execution;
pub mod ids;
pub mod lifecycle;
pub mod market;
pub mod parse;
pub mod plan;
pub mod ports;
pub mod post;
pub mod reading;
pub mod retrial;
pub mod score;
pub mod signal;
pub mod statistics;
pub mod strategy;
pub mod time;
