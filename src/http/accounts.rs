//! Accounts on the API: logging in, one's own things, plans, and what those who run the platform do.

pub mod admin;
pub mod auth;
pub mod billing;
pub mod keys;
pub mod own;
pub mod plans;
