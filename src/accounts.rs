//! Accounts: who somebody is, how he proves it, and what that lets him see.
//!
//! [`Desk`] is what people ask: register, log in, change a password. [`Door`] is what every request
//! passes: it knows who stands there, from a token, a key or nothing at all.

pub mod caller;
pub mod desk;
pub mod door;
pub mod limiter;
pub mod mailer;
pub mod passwords;
pub mod reseal;
pub mod seal;
pub mod second;
pub mod secrets;
pub mod tokens;

pub use caller::{Caller, Who};
pub use desk::Desk;
pub use door::Door;
