//! The rooms of the house: supervised actors that speak to the world only through `domain::ports`.

pub mod guardian;
pub mod supervise;
