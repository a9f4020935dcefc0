//! How much a signal deserves belief.
//!
//! So far by geometry alone; the ladder of models that must beat it comes with its own issue.

pub mod geometry;
