//! The only JSON of signals.
