//! Readings: what the parser made of one version of a post.

mod ladder;
mod manner;

use std::time::Duration;

use rust_decimal::Decimal;

use crate::market::{MarketKind, Pair, Price, Side, Venue};

pub use ladder::{BadLadder, Ladder, MAX_RUNGS, Rung};
pub use manner::{Manner, Margin};

/// What the parser made of a text. The classification and what comes with it are one value, so a
/// `signal` without a trade cannot exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The parser that made it, `rules/1`.
    pub parser: &'static str,
    /// What it is.
    pub meaning: Meaning,
}

/// What a post says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It opens one trade or more.
    Signals(Vec<Draft>),
    /// It changes open trades: moves a stop, takes a part.
    Updates(Vec<Instruction>),
    /// It ends open trades.
    Closes(Vec<Instruction>),
    /// It withdraws trades that are not yet entered.
    Cancels(Vec<Instruction>),
    /// It reports a result, and moves nothing.
    Claim {
        /// The pair it speaks of, where it names one.
        pair: Option<Pair>,
        /// The profit or loss in percent that it claims, where it names one.
        percent: Option<Decimal>,
    },
    /// Anything else, with the reason why it is none of the others (`image-only`, `chat`, …).
    Noise(&'static str),
    /// It looks like a trade and contradicts itself: held for a person, with what was read.
    Quarantined {
        /// What was read, literally.
        drafts: Vec<Draft>,
        /// Why it is held, with both numbers where there are two.
        reason: String,
    },
}

impl Meaning {
    /// Every label.
    pub const LABELS: [&'static str; 7] = [
        "signal",
        "update",
        "close",
        "cancel",
        "claim",
        "noise",
        "quarantined",
    ];

    /// `signal`, `update`, `close`, `cancel`, `claim`, `noise` or `quarantined`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Signals(_) => "signal",
            Self::Updates(_) => "update",
            Self::Closes(_) => "close",
            Self::Cancels(_) => "cancel",
            Self::Claim { .. } => "claim",
            Self::Noise(_) => "noise",
            Self::Quarantined { .. } => "quarantined",
        }
    }
}

/// A trade as the author wrote it, before anybody asked which market it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is traded. Where no quote is written it is USDT and `quote_implied` says so.
    pub pair: Pair,
    /// No quote was written.
    pub quote_implied: bool,
    /// The venue the post names.
    pub venue: Option<Venue>,
    /// The kind of market the words speak of (leverage or perpetuals: [`MarketKind::Perpetual`]).
    pub kind: Option<MarketKind>,
    /// Long or short.
    pub side: Side,
    /// How the author enters.
    pub entry: Entry,
    /// In the order in which they are reached.
    pub targets: Vec<Target>,
    /// Where he is wrong.
    pub stop: Option<Price>,
    /// How far from the entry he is wrong, in percent of the price, where he gives no price for it.
    pub stop_percent: Option<Decimal>,
    /// How far from the entry each target is, in percent of the price, where they are given no prices.
    pub target_percents: Vec<Decimal>,
    /// The leverage that he claims; a range has its lower end here. It never improves R.
    pub leverage: Option<Decimal>,
    /// He says to move the stop to the entry once this many targets are reached.
    pub breakeven_after: Option<u8>,
    /// How long he says that the entry is valid, or what his timeframe implies.
    pub valid_for: Option<Duration>,
    /// What he says beside the levels.
    pub manner: Manner,
    /// Where in the text the fields stand, in the order of the text. A field that stands nowhere was
    /// implied by the others: a side by the levels, USDT by the absence of a quote.
    pub spans: Vec<Span>,
}

/// Where in a text a field was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which field.
    pub field: Field,
    /// The first byte, in UTF-8.
    pub from: u32,
    /// The byte after the last one.
    pub to: u32,
    /// How it is known to be this field.
    pub confidence: Confidence,
}

/// A field of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The pair or asset.
    Symbol,
    /// Long or short.
    Side,
    /// A price of the entry, or the word that it is entered at once.
    Entry,
    /// A target's price.
    Target,
    /// The stop, a price or a percentage.
    Stop,
    /// The leverage.
    Leverage,
    /// Cross or isolated margin.
    Margin,
    /// How much of the account is put in, in percent.
    Size,
    /// How much of the account is risked, in percent.
    Risk,
    /// The timeframe of the idea.
    Timeframe,
    /// When to move the stop to the entry, or that it is trailed.
    Trailing,
}

impl Field {
    /// `symbol`, `side`, `entry`, `target`, `stop`, `leverage`, `margin`, `size`, `risk`, `timeframe` or
    /// `trailing`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Side => "side",
            Self::Entry => "entry",
            Self::Target => "target",
            Self::Stop => "stop",
            Self::Leverage => "leverage",
            Self::Margin => "margin",
            Self::Size => "size",
            Self::Risk => "risk",
            Self::Timeframe => "timeframe",
            Self::Trailing => "trailing",
        }
    }
}

/// How a piece of text is known to be a field. What is neither is no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// It is written under the field's own name, or can be nothing else.
    Named,
    /// It stands where the field would stand: a price right behind the pair.
    Placed,
    /// No word that is known names it, and the other levels leave it no other role.
    Inferred,
}

impl Confidence {
    /// `named`, `placed` or `inferred`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Placed => "placed",
            Self::Inferred => "inferred",
        }
    }
}

/// How a trade is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// At once. The price is what the author saw, where he says so: it is the published entry.
    Market(Option<Price>),
    /// A limit order at one price.
    Limit(Price),
    /// Equal limit orders from `low` to `high`.
    Zone {
        /// The lower end.
        low: Price,
        /// The upper end, above `low`.
        high: Price,
    },
    /// Limit orders at several prices, each for its share.
    Ladder(Ladder),
    /// A stop order: in when the price rises to it (long) or falls to it (short).
    Breakout(Price),
    /// One half at once, the other by limit orders from `low` to `high`: "now, add at 0.30".
    Scaled {
        /// The lower end of where is added.
        low: Price,
        /// The upper end; the same where it is one price.
        high: Price,
    },
}

impl Entry {
    /// `market`, `limit`, `zone`, `ladder`, `breakout` or `market_and_limit`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Market(_) => "market",
            Self::Limit(_) => "limit",
            Self::Zone { .. } => "zone",
            Self::Ladder(_) => "ladder",
            Self::Breakout(_) => "breakout",
            Self::Scaled { .. } => "market_and_limit",
        }
    }

    /// The lowest and the highest published price; none for a market order without one.
    #[must_use]
    pub fn bounds(&self) -> Option<(Price, Price)> {
        match self {
            Self::Market(None) => None,
            Self::Market(Some(price)) | Self::Limit(price) | Self::Breakout(price) => {
                Some((*price, *price))
            }
            Self::Zone { low, high } | Self::Scaled { low, high } => Some((*low, *high)),
            Self::Ladder(ladder) => ladder.bounds(),
        }
    }

    /// The middle of the published prices; of a ladder what all of it costs on average.
    #[must_use]
    pub fn middle(&self) -> Option<Price> {
        if let Self::Ladder(ladder) = self {
            return ladder.average();
        }
        let (low, high) = self.bounds()?;
        Price::new((low.get() + high.get()) / Decimal::TWO).ok()
    }

    /// The published entry: the price, or a zone's middle; none where a part is entered at a price
    /// that only the market knows.
    #[must_use]
    pub fn published(&self) -> Option<Price> {
        match self {
            Self::Scaled { .. } => None,
            Self::Market(_)
            | Self::Limit(_)
            | Self::Breakout(_)
            | Self::Zone { .. }
            | Self::Ladder(_) => self.middle(),
        }
    }

    /// The published entry where the market stands at `market`.
    #[must_use]
    pub fn published_at(&self, market: Price) -> Price {
        match (self, self.middle()) {
            (Self::Scaled { .. }, Some(added)) => {
                let average = (market.get() + added.get()) / Decimal::TWO;
                Price::new(average).unwrap_or(market)
            }
            (_, published) => published.unwrap_or(market),
        }
    }
}

/// Where profit is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// At this price.
    pub price: Price,
    /// The share of the position (0 to 1) that the author gives it; equal shares where none is given.
    pub weight: Option<Decimal>,
}

/// A later word of the author about a trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Which trades it means.
    pub about: About,
    /// What to do.
    pub order: Order,
}

/// Which trade a later word means, as far as the text says. A reply says it better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The pair it names.
    pub pair: Option<Pair>,
    /// The base asset it names without a quote.
    pub quote_implied: bool,
    /// The side it names.
    pub side: Option<Side>,
    /// It says that it means every open trade.
    pub all: bool,
}

/// What the author orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Move the stop to this price.
    MoveStop(Price),
    /// Move the stop to the entry.
    Breakeven,
    /// Take a share (0 to 1) of what is open.
    CloseShare(Decimal),
    /// End the trade.
    Close,
    /// Withdraw what is not yet entered.
    Cancel,
    /// New targets instead of those not yet reached, in the order in which they are reached; none:
    /// the targets are withdrawn and the position stays.
    Retarget(Vec<Price>),
    /// Enter from `low` to `high` instead, as long as nothing is entered.
    MoveEntry {
        /// The lower end.
        low: Price,
        /// The upper end; the same where it is one price.
        high: Price,
    },
    /// Withdraw the stop.
    WithdrawStop,
    /// Target number `k` is at this price now; the others stand.
    MoveTarget {
        /// Its number, from 1.
        k: u8,
        /// Where it is now.
        price: Price,
    },
    /// In once more at the published stop and targets, after the trade was over: a trade of its own.
    /// At this price, where it names one, else as the first time.
    Reenter(Option<Price>),
}

/// The most targets that a trade may have; a text with more of them is no trade.
pub const MAX_TARGETS: usize = 16;
