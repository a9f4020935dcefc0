//! The trade of signals, pure: no runtime, no IO, no clock, nothing serialisable.
