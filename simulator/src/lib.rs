//! An exchange and a set of channels that speak the real protocols. Knows nothing of the platform.
//!
//! Market and posts are a pure function of (seed, time): the same market with the same history and
//! the same posts is there after any restart, and any instant can be asked for first. Only payments
//! have a memory.

mod amount;
mod channels;
mod clock;
mod dice;
mod exchange;
mod export;
mod faults;
mod history;
mod idea;
mod judge;
mod market;
mod options;
mod payments;
mod preview;
mod running;
mod truth;
mod webhook;
mod world;

pub use amount::{Amount, Total};
pub use channels::{CHANNELS, Channel, Character, Class, Kind, channel};
pub use clock::{Clock, Hand};
pub use faults::{Faults, Switches};
pub use history::{Happened, Version, history};
pub use idea::{Entry, Idea, Side};
pub use judge::{
    Barrier, Bound, Course, End, Mark, VALIDITY_MS, Verdict, ZONE_LEGS, follow, judge,
};
pub use market::{
    Candle, EPOCH_MS, Kline, Market, Recording, RecordingError, SYMBOLS, Symbol, Trade, find,
};
pub use options::{Options, WebhookTarget};
pub use payments::{Afterwards, Mischief, Payments, PaymentsOptions};
pub use running::{ChannelCard, Simulator, StartError, start};
pub use truth::{Action, Deed, Truth};
