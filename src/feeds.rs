//! Venues and their prices, each behind the feed port.
