//! How much a signal deserves belief.
