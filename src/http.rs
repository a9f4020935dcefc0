//! The edge: what browsers, bots and scripts talk to.
