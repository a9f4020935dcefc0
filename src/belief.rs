//! Belief: how much each signal deserves it, at the moment of its receipt.
//!
//! [`Knowledge`] holds what is known of markets and channels, filled in advance by what is stored
//! ([`Knowledge`] is the ledger's witness) and by the venues' candles ([`candles`]), so that a
//! signal waits for nobody. [`Lineup`] holds the models: the one that speaks and those that are
//! tried beside it. [`scorer`] asks both,
//! [`rounds`] lets speak who has won, and the [`school`] trains the next.

pub mod candles;
pub mod drift;
pub mod jury;
pub mod knowledge;
pub mod lineup;
pub mod past;
pub mod reliability;
pub mod rounds;
pub mod rule;
pub mod school;
pub mod scorer;

pub use knowledge::Knowledge;
pub use lineup::Lineup;
