//! Mails: from the outbox to whoever is to read them.
//!
//! [`Courier`] takes what waits, [`templates`] has the words, [`letter`] makes a mail of them, and
//! [`Way`] is how it goes out.

mod courier;
pub mod letter;
pub mod templates;
mod way;

pub use courier::Courier;
pub use way::Way;
