//! How much a signal deserves belief.
//!
//! [`features`] turn everything known at receipt into numbers, by one function for training and for
//! the live path; [`registry`] keeps the models that read them.

pub mod bars;
pub mod dataset;
pub mod features;
pub mod geometry;
pub mod markets;
pub mod measure;
pub mod registry;
pub mod so_far;
pub mod steps;
pub mod training;
