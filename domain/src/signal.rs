//! Signals: canonical trade ideas, with the market that judges them fixed at receipt.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::ids::{ChannelId, PostKey, SignalId};
use crate::market::{Instrument, Price, Side};
use crate::post::Origin;
use crate::reading::{Entry, Target};
use crate::time::Timestamp;

/// How long an entry is valid when neither the author nor his timeframe says so.
pub const ENTRY_VALID_FOR: Duration = Duration::from_secs(24 * 3600);

/// The longest time a position is held unless the author says otherwise.
pub const HELD_AT_MOST: Duration = Duration::from_secs(14 * 24 * 3600);

/// A trade idea as it will be judged. It never changes; what happens to it is in its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Derived from the post and the place in it.
    pub id: SignalId,
    /// Who posted it.
    pub channel: ChannelId,
    /// In which post.
    pub post: PostKey,
    /// Where it comes from.
    pub origin: Origin,
    /// Which market judges it (`judged_on`).
    pub instrument: Instrument,
    /// The words spoke of another kind of market than the one that judges: said with every figure.
    pub substituted: bool,
    /// Long or short.
    pub side: Side,
    /// How it is entered.
    pub entry: Entry,
    /// In the order in which they are reached; none: followed to stop, close or expiry.
    pub targets: Vec<Target>,
    /// Where the author is wrong. Without it there is no R.
    pub stop: Option<Price>,
    /// Claimed leverage; it never improves R.
    pub leverage: Option<Decimal>,
    /// The author moves the stop to the entry after this many targets.
    pub breakeven_after: Option<u8>,
    /// When the author says that he posted it.
    pub posted: Timestamp,
    /// When the platform received it: its clock starts here.
    pub received: Timestamp,
    /// Until when the entry is valid.
    pub expires_at: Timestamp,
    /// How long the position is held at most, from its first fill.
    pub held_at_most: Duration,
    /// The market's last price when it was received, where one was known.
    pub price_at_receipt: Option<Price>,
    /// The text said something of it that could be read in two ways.
    pub ambiguous: bool,
}

impl Signal {
    /// What makes two signals of one channel the same trade: instrument, side and every level.
    #[must_use]
    pub fn same_levels(&self, other: &Self) -> bool {
        self.instrument == other.instrument
            && self.side == other.side
            && self.entry == other.entry
            && self.stop == other.stop
            && self.targets == other.targets
    }
}
