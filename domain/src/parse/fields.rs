//! Fields: which number belongs to which label, in whatever order they come.

mod loose;
mod reader;

use std::time::Duration;

use rust_decimal::Decimal;

use super::token::Place;
use crate::market::{Side, Venue};
use crate::reading::{Confidence, Field, Margin};

pub(super) use loose::{Hint, Loose};
pub(super) use reader::read;

/// What the labels and numbers of a text say, read literally.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) long: bool,
    pub(super) short: bool,
    /// A side stands there as what is done, and not as the label of a price.
    pub(super) declared_long: bool,
    pub(super) declared_short: bool,
    /// It takes the asset, which is long where no side is named.
    pub(super) takes: bool,
    /// Its targets are where it says to sell what was bought.
    pub(super) sold: bool,
    /// Prices with the label of an entry.
    pub(super) entry: Vec<Decimal>,
    /// Prices of an entry with the percentage that is written behind each.
    pub(super) shares: Vec<(Decimal, Decimal)>,
    /// Prices right behind the pair or the side, without a label.
    pub(super) soft: Vec<Decimal>,
    pub(super) targets: Vec<Goal>,
    pub(super) stops: Vec<Decimal>,
    pub(super) leverage: Vec<Decimal>,
    /// Its prices are counted in satoshi.
    pub(super) satoshi: bool,
    /// The price at the time of writing.
    pub(super) price: Option<Decimal>,
    pub(super) market: bool,
    pub(super) near: bool,
    pub(super) trigger: Option<Trigger>,
    pub(super) spot: bool,
    pub(super) perpetual: bool,
    pub(super) venues: Vec<Venue>,
    /// The stop is given in percent.
    pub(super) percent_stop: Option<Decimal>,
    /// The stop is given by how far it is away, and not in percent.
    pub(super) stop_away: Option<Away>,
    /// Targets by how far they are away, in their order.
    pub(super) targets_away: Vec<Away>,
    /// There is a label of a stop, with a number or without.
    pub(super) stop_label: bool,
    pub(super) entry_label: bool,
    pub(super) target_label: bool,
    /// Stop to the entry after this many targets.
    pub(super) breakeven_after: Option<u8>,
    /// A field is reported as reached.
    pub(super) reached: bool,
    /// A negation or condition stands with the side, the entry or the market.
    pub(super) refused: Option<Refusal>,
    /// It is refused for another reason, too.
    pub(super) refused_twice: bool,
    /// A number in a field can be read in two ways.
    pub(super) unreadable: Option<String>,
    /// Numbers beside the fields that belong to none.
    pub(super) left_over: Vec<Decimal>,
    /// Numbers on lines of their own that nothing names.
    pub(super) stray: Vec<Decimal>,
    /// Numbers elsewhere, in sentences that name no field.
    pub(super) unnamed: Vec<Decimal>,
    /// Numbers behind the label of a stop that another word has taken from it.
    pub(super) lost: Vec<Decimal>,
    /// Prices with list numbers that stand under no label, and where.
    pub(super) listed: Vec<(Decimal, Place)>,
    /// Prices that stand under no role that is known, in the order of the text.
    pub(super) loose: Vec<Loose>,
    /// Years that a sentence of a side or a pair names.
    pub(super) years: Vec<Decimal>,
    /// It says that it trades nothing.
    pub(super) idle: bool,
    /// On how many lines a label of a word or three and its number stand.
    pub(super) rows: usize,
    /// `trigger=6.480`: the price that sets an order off, and where it stands.
    pub(super) triggered: Option<(Decimal, Place)>,
    /// Prices at which is added to the entry.
    pub(super) added: Vec<Decimal>,
    /// Prices right behind the word that says that it is entered at once.
    pub(super) seen: Vec<Decimal>,
    /// `now or 60000`: a word stands between the market and a price.
    pub(super) joined: bool,
    /// Lines that speak of closing or cancelling.
    pub(super) ending: bool,
    pub(super) moving: bool,
    /// Something is moved that is more than a label and where it is set: `TP set 1.29`.
    pub(super) shifted: bool,
    /// It speaks of the price at which one is in, or moves the stop there.
    pub(super) in_profit: bool,
    /// It speaks of what only an open trade has: a rest, a cost price, a part that is taken.
    pub(super) later: bool,
    pub(super) limit: bool,
    /// It says that a price of its entry is where is added.
    pub(super) again: bool,
    /// How long it says that the entry is valid.
    pub(super) valid: Option<Duration>,
    /// The timeframe that it names.
    pub(super) timeframe: Option<Duration>,
    /// Which margin it wants.
    pub(super) margin: Option<Margin>,
    /// How much of the account it puts in, in percent.
    pub(super) size: Option<Decimal>,
    /// How much of the account it risks, in percent.
    pub(super) risk: Option<Decimal>,
    /// Its last target is open.
    pub(super) open_target: bool,
    /// It says to trail the stop.
    pub(super) trailing: bool,
    /// Where each field was read.
    pub(super) found: Vec<Found>,
}

/// A field, where it was read and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) field: Field,
    pub(super) place: Place,
    pub(super) value: Option<Decimal>,
    pub(super) confidence: Confidence,
}

/// A target and the share of the position that is written behind it, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) price: Decimal,
    pub(super) percent: Option<Decimal>,
}

/// How far a level is from the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Away {
    pub(super) far: Decimal,
    pub(super) unit: Measure,
}

/// In what a distance is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Percent of the entry's price.
    Percent,
    /// The pips of a currency.
    Pips,
    /// Whole units of the quote.
    Points,
    /// Times the distance of the stop.
    Risk,
}

/// Which way the price must go before the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Above,
    Below,
    Breakout,
}

/// Why a side or an entry does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Negated,
    Conditional,
    Asked,
    Past,
    Told,
}

impl Refusal {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Negated => "negated",
            Self::Conditional => "conditional",
            Self::Asked => "asked about",
            Self::Past => "past",
            Self::Told => "only talked about",
        }
    }
}

impl Fields {
    /// The side it names, where it names one only.
    pub(super) const fn side(&self) -> Option<Side> {
        match (self.long, self.short) {
            (true, false) => Some(Side::Long),
            (false, true) => Some(Side::Short),
            (false, false) if self.takes => Some(Side::Long),
            _ => None,
        }
    }

    /// The side that it declares, where the other one is no more than the label of a price: `SHORT`, and
    /// under it `Buy: 2700`.
    pub(super) const fn declared(&self) -> Option<Side> {
        match (self.declared_long, self.declared_short) {
            (true, false) => Some(Side::Long),
            (false, true) => Some(Side::Short),
            _ => None,
        }
    }

    /// What sets an order off is its entry where no other is written.
    fn take_triggered(&mut self) {
        let entered = self.market || self.entry_label || !self.entry.is_empty();
        let Some((price, place)) = self.triggered.filter(|_| !entered && self.soft.is_empty())
        else {
            return;
        };
        self.entry.push(price);
        self.trigger = Some(Trigger::Breakout);
        self.found.push(Found {
            field: Field::Entry,
            place,
            value: Some(price),
            confidence: Confidence::Named,
        });
    }

    /// A list without a label is one of targets where nothing else is, and where all of it lies across
    /// the entry from the stop.
    fn take_listed(&mut self) {
        let entries = [&self.entry, &self.soft]
            .into_iter()
            .find(|prices| !prices.is_empty());
        let price = self.price.as_slice();
        let entries = entries.map_or(price, Vec::as_slice);
        let ends = entries.iter().min().zip(entries.iter().max());
        let (Some((low, high)), [stop]) = (ends, self.stops.as_slice()) else {
            return;
        };
        let mut goals = self.listed.iter().map(|(price, _)| price);
        let long = stop < low && goals.clone().all(|goal| goal > high);
        let short = stop > high && goals.all(|goal| goal < low);
        if self.target_label || self.listed.len() < 2 || !(long || short) {
            return;
        }
        for (price, place) in std::mem::take(&mut self.listed) {
            self.targets.push(Goal {
                price,
                percent: None,
            });
            self.found.push(Found {
                field: Field::Target,
                place,
                value: Some(price),
                confidence: Confidence::Placed,
            });
        }
    }

    /// `Entry 1.0665`, and under it `SELL: 1.062 - 1.058`: what an act beside a labelled entry lists
    /// across it from the stop is where the trade is left.
    fn take_sold(&mut self) {
        let ends = self.entry.iter().min().zip(self.entry.iter().max());
        let (Some((low, high)), [stop]) = (ends, self.stops.as_slice()) else {
            return;
        };
        let long = stop < low && self.soft.iter().all(|goal| goal > high);
        let short = stop > high && self.soft.iter().all(|goal| goal < low);
        let named = self.target_label || !self.targets.is_empty() || self.again;
        if named || self.soft.len() < 2 || !(long || short) {
            return;
        }
        for price in std::mem::take(&mut self.soft) {
            let entry =
                |found: &&mut Found| found.field == Field::Entry && found.value == Some(price);
            if let Some(found) = self.found.iter_mut().find(entry) {
                found.field = Field::Target;
                found.confidence = Confidence::Placed;
            }
            self.targets.push(Goal {
                price,
                percent: None,
            });
        }
    }

    /// How many of entry, target and stop have a number and a label.
    pub(super) fn labelled(&self) -> usize {
        usize::from(!self.entry.is_empty())
            + usize::from(!self.targets.is_empty() || !self.targets_away.is_empty())
            + usize::from(!self.stops.is_empty() || self.stop_away.is_some())
    }
}
