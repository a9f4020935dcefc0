//! Concepts: what a phrase says, whatever its language.

use smol_str::SmolStr;

use crate::parse::number::Unit;

/// What a phrase says, whatever its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Concept {
    Long,
    Short,
    /// I take: long, where no side is named.
    Takes,
    /// Out again: behind a long with its entry, `sell` is where the profit is taken.
    Out,
    /// The label of an entry.
    Entry,
    /// In at once.
    Market,
    /// A resting order.
    Limit,
    /// About this price.
    Near,
    Above,
    Below,
    /// In when the price breaks through.
    Breakout,
    /// The label of a target.
    Target,
    /// Where an entry is meant to lead; elsewhere it is an opinion about the market.
    Aim,
    /// The label of a stop.
    Stop,
    Leverage,
    /// A leverage that is a word: threefold.
    Lever(u8),
    /// Futures, contracts.
    Perpetual,
    /// Cross margin, which only perpetuals have.
    Cross,
    /// Isolated margin, alike.
    Isolated,
    Spot,
    /// The label of the price at this moment.
    Price,
    /// The label of what is put in of the account.
    Size,
    /// The label of what is risked of the account.
    Hazard,
    /// The stop follows the price.
    Trail,
    /// The label of something whose numbers are no levels: a risk, an amount, a signal's number.
    Other,
    /// How long the plan is for. It is here so that `short term` is not short.
    Horizon,
    /// Words that change nothing between a label and its number.
    Filler,
    /// `and`, `or`: joins two numbers.
    Joint,
    /// `to`: joins the ends of a range, or says how far.
    UpTo,
    /// Move the stop to the entry.
    Breakeven,
    /// The price at which one is in, as a place for the stop.
    Cost,
    /// Move, set, change.
    Move,
    /// End the trade.
    Close,
    /// End what is named right behind it: `close SOL long`.
    Quit,
    /// Take a part of it; it needs a share beside it.
    Take,
    Half,
    /// A share that is a word: a third, a quarter. In percent.
    Share(u8),
    All,
    Cancel,
    /// Remove, delete: what it withdraws stands beside it.
    Drop,
    /// The position as a thing: `close the trade`.
    Trade,
    /// An order that waits as a thing: `delete the pending order`.
    Ticket,
    /// In once more, after the trade was over.
    Reenter,
    /// The heading of a list of what was: `weekly results`.
    Recap,
    /// The heading of a contest, a lesson, a poll: nothing under it is a trade.
    Apart,
    /// Reached, triggered, done.
    Hit,
    /// The label of what was gained or lost.
    Result,
    Not,
    /// A negation that stands behind what it negates.
    Nay,
    If,
    /// To be decided.
    Open,
    /// Stay in.
    Hold,
    /// Add to the position: the price beside it is a part of the entry.
    Again,
    /// A unit that makes a number no price: coins, years.
    Unit,
    /// A hundred millionth of a bitcoin.
    Satoshi,
    /// A pip, of a currency.
    Pip,
    /// A point, of a price.
    Point,
    /// `2R`: a multiple of what is risked.
    Risk,
    /// A unit of time, in seconds.
    Span(u32),
    /// The label of the timeframe that the idea was seen on.
    Timeframe,
    /// The label of how long the entry is valid.
    Validity,
    /// A currency that leaves a number a price.
    Currency,
    /// `Trigger:` of a machine's trailing configuration.
    Trigger,
    /// Speech about the past or to the members, which orders nothing.
    Talk,
    /// It says itself that it is no signal: an example, a lesson.
    Mock,
    /// Somebody else: what he calls is no call of the author's.
    Theirs,
    /// It says that nothing is traded.
    Idle,
    /// Makes the number before it a leverage.
    Times,
    /// Makes the number before it so many thousands.
    Thousand,
    /// Tells the language, and says nothing else.
    Hint,
    Asset(SmolStr),
    Venue(SmolStr),
}

impl Concept {
    pub(super) fn read(name: &str) -> Option<Self> {
        if let Some(asset) = name.strip_prefix("asset ") {
            return Some(Self::Asset(asset.trim().into()));
        }
        if let Some(venue) = name.strip_prefix("venue ") {
            return Some(Self::Venue(venue.trim().into()));
        }
        if let Some(percent) = name.strip_prefix("share ") {
            return percent.trim().parse().ok().map(Self::Share);
        }
        if let Some(times) = name.strip_prefix("lever ") {
            return times.trim().parse().ok().map(Self::Lever);
        }
        Some(match name {
            "long" => Self::Long,
            "short" => Self::Short,
            "takes" => Self::Takes,
            "out" => Self::Out,
            "entry" => Self::Entry,
            "market" => Self::Market,
            "limit" => Self::Limit,
            "near" => Self::Near,
            "above" => Self::Above,
            "below" => Self::Below,
            "breakout" => Self::Breakout,
            "target" => Self::Target,
            "aim" => Self::Aim,
            "stop" => Self::Stop,
            "leverage" => Self::Leverage,
            "perpetual" => Self::Perpetual,
            "spot" => Self::Spot,
            "price" => Self::Price,
            "cross" => Self::Cross,
            "isolated" => Self::Isolated,
            "size" => Self::Size,
            "risk" => Self::Hazard,
            "trail" => Self::Trail,
            "other" => Self::Other,
            "horizon" => Self::Horizon,
            "filler" => Self::Filler,
            "joint" => Self::Joint,
            "upto" => Self::UpTo,
            "breakeven" => Self::Breakeven,
            "cost" => Self::Cost,
            "move" => Self::Move,
            "close" => Self::Close,
            "take" => Self::Take,
            "quit" => Self::Quit,
            "half" => Self::Half,
            "all" => Self::All,
            "cancel" => Self::Cancel,
            "drop" => Self::Drop,
            "trade" => Self::Trade,
            "ticket" => Self::Ticket,
            "reenter" => Self::Reenter,
            "recap" => Self::Recap,
            "apart" => Self::Apart,
            "hit" => Self::Hit,
            "result" => Self::Result,
            "not" => Self::Not,
            "nay" => Self::Nay,
            "if" => Self::If,
            "open" => Self::Open,
            "hold" => Self::Hold,
            "again" => Self::Again,
            "unit" => Self::Unit,
            "satoshi" => Self::Satoshi,
            "pip" => Self::Pip,
            "point" => Self::Point,
            "multiple" => Self::Risk,
            "minute" => Self::Span(60),
            "hour" => Self::Span(3_600),
            "day" => Self::Span(86_400),
            "week" => Self::Span(604_800),
            "timeframe" => Self::Timeframe,
            "validity" => Self::Validity,
            "currency" => Self::Currency,
            "trigger" => Self::Trigger,
            "talk" => Self::Talk,
            "mock" => Self::Mock,
            "theirs" => Self::Theirs,
            "idle" => Self::Idle,
            "times" => Self::Times,
            "thousand" => Self::Thousand,
            "hint" => Self::Hint,
            _ => return None,
        })
    }

    /// Opens a field: the numbers after it are this.
    pub(in crate::parse) const fn is_label(&self) -> bool {
        matches!(
            self,
            Self::Entry
                | Self::Target
                | Self::Stop
                | Self::Leverage
                | Self::Price
                | Self::Size
                | Self::Hazard
                | Self::Other
                | Self::Result
                | Self::Timeframe
                | Self::Validity
        )
    }

    /// Names a level of a trade.
    pub(in crate::parse) const fn is_level(&self) -> bool {
        matches!(self, Self::Entry | Self::Target | Self::Stop)
    }

    /// Is it a unit that makes a number no price? And how many seconds, where it is one of time.
    pub(in crate::parse) const fn unit(&self) -> Option<Option<u32>> {
        if let Self::Span(seconds) = self {
            Some(Some(*seconds))
        } else if matches!(
            self,
            Self::Unit | Self::Pip | Self::Point | Self::Risk | Self::Times
        ) {
            Some(None)
        } else {
            None
        }
    }

    /// What a number is that stands before it as its unit.
    pub(in crate::parse) const fn measure(&self) -> Unit {
        if matches!(self, Self::Pip) {
            Unit::Pips
        } else if matches!(self, Self::Point) {
            Unit::Points
        } else if matches!(self, Self::Risk) {
            Unit::Risk
        } else if matches!(self, Self::Times) {
            Unit::Times
        } else {
            Unit::Other
        }
    }
}
