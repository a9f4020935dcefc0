//! The rooms of the house: supervised actors that speak to the world only through `domain::ports`.

pub mod channel;
pub mod floor;
pub mod guardian;
pub mod hub;
pub mod intake;
pub mod ledger;
pub mod market;
pub mod meter;
pub mod relay;
pub mod retrier;
pub mod scorer;
pub mod sealer;
pub mod supervise;
pub mod unsettled;
pub mod way;
