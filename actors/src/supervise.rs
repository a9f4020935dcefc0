//! How an actor is reached, raised, mourned, and raised again.
//!
//! actix offers too little for this: its mailboxes have no dependable limit, its `Supervisor` never
//! builds an actor anew, and after a panic every address is stale. So callers hold [`Door`]s, the
//! guardian holds a factory for each [`Child`], and every actor owns an [`Obituary`] whose drop
//! tells of its death.

pub mod budget;
pub mod child;
pub mod door;
pub mod obituary;

pub use budget::RestartBudget;
pub use child::{Child, Health, Manners, Mortal, Place, Retire, Sickness};
pub use door::{Away, Door};
pub use obituary::{Exit, Gone, Life, Obituary};
