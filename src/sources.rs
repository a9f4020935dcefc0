//! Where posts come from, each behind the source port.

pub mod telegram;
