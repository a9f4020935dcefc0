//! The trade of signals, pure: no runtime, no IO, no clock, nothing serialisable.
//!
//! A [`post`] becomes a [`reading`], a reading becomes signals, a signal is followed by the
//! `lifecycle`, and everything that happens to it is an event. The world is behind ports.

pub mod ids;
pub mod market;
pub mod parse;
pub mod post;
pub mod reading;
pub mod score;
pub mod time;
