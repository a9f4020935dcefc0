//! An exchange and a set of channels that speak the real protocols. Knows nothing of the platform.
