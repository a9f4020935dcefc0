//! Trades: the fields of a text put together to drafts, or held where they contradict each other.

use rust_decimal::Decimal;

use super::check;
use super::fields::{self, Fields, Trigger};
use super::phrase::{Lexeme, What};
use super::symbol::{Mention, Sureness};
use super::universe::Universe;
use crate::market::{MarketKind, Price, Side};
use crate::reading::{Draft, Entry, Meaning, Target};

/// Reads a text as trades; none where it opens none.
pub(super) fn read(lexemes: &[Lexeme], universe: &dyn Universe) -> Option<Meaning> {
    let heads = heads(lexemes);
    match heads.as_slice() {
        [] => one(lexemes, None, universe).into_meaning(),
        [head] => one(lexemes, Some(&head.mention), universe).into_meaning(),
        _ => many(lexemes, &heads, universe),
    }
}

/// What a text or a section of it is, seen as a trade.
enum Seen {
    /// A trade that agrees with itself.
    Trade(Box<Draft>),
    /// It looks like one, and is not to be trusted.
    Held(Option<Box<Draft>>, String),
    /// It opens nothing.
    Nothing,
}

impl Seen {
    fn into_meaning(self) -> Option<Meaning> {
        match self {
            Self::Trade(draft) => Some(Meaning::Signals(vec![*draft])),
            Self::Held(draft, reason) => Some(Meaning::Quarantined {
                drafts: draft.into_iter().map(|draft| *draft).collect(),
                reason,
            }),
            Self::Nothing => None,
        }
    }
}

/// The first mention of each pair that is named as surely as any.
struct Head {
    mention: Mention,
    line: u32,
}

fn heads(lexemes: &[Lexeme]) -> Vec<Head> {
    let mentions = || {
        lexemes.iter().filter_map(|lexeme| match &lexeme.what {
            What::Pair(mention) => Some((mention, lexeme.line)),
            _ => None,
        })
    };
    let Some(sure) = mentions().map(|(mention, _)| mention.sure).max() else {
        return Vec::new();
    };
    let mut heads: Vec<Head> = Vec::new();
    for (mention, line) in mentions().filter(|(mention, _)| mention.sure == sure) {
        // A text of more pairs than a post can trade is a list of something else.
        if heads.len() > crate::reading::MAX_TARGETS {
            break;
        }
        if !heads.iter().any(|head| head.mention.base == mention.base) {
            heads.push(Head {
                mention: mention.clone(),
                line,
            });
        }
    }
    heads
}

/// Several trades in one text: each runs from the line of its pair to the next one's.
fn many(lexemes: &[Lexeme], heads: &[Head], universe: &dyn Universe) -> Option<Meaning> {
    let whole = fields::read(lexemes);
    if whole.labelled() == 0 && !whole.market {
        return None;
    }
    let mut drafts = Vec::new();
    let mut faults = Vec::new();
    for (at, head) in heads.iter().enumerate() {
        let end = heads.get(at + 1).map_or(u32::MAX, |next| next.line);
        let first = lexemes.partition_point(|lexeme| lexeme.line < head.line);
        let last = lexemes.partition_point(|lexeme| lexeme.line < end);
        match one(lexemes.get(first..last)?, Some(&head.mention), universe) {
            Seen::Trade(draft) => drafts.push(*draft),
            Seen::Held(draft, reason) => {
                drafts.extend(draft.map(|draft| *draft));
                faults.push(format!("{}: {reason}", head.mention.base));
            }
            Seen::Nothing => faults.push(format!("{}: no trade", head.mention.base)),
        }
    }
    if drafts.is_empty() {
        None
    } else if faults.is_empty() {
        Some(Meaning::Signals(drafts))
    } else {
        Some(Meaning::Quarantined {
            drafts,
            reason: format!(
                "several pairs are named, and not each is a trade: {}",
                faults.join("; ")
            ),
        })
    }
}

/// Reads one section with one pair.
fn one(lexemes: &[Lexeme], mention: Option<&Mention>, universe: &dyn Universe) -> Seen {
    let fields = fields::read(lexemes);
    let Some(mention) = mention else {
        return Seen::Nothing;
    };
    let Some(pair) = mention.pair() else {
        return Seen::Nothing;
    };
    if !looks_like_a_trade(&fields) || fields.reached {
        return Seen::Nothing;
    }
    let firm = fields.labelled() >= 2;
    if fields.long && fields.short {
        return held_if(firm, "it names both sides".into());
    }
    if let Some(refusal) = fields.refused {
        return held_if(firm, format!("its entry is {}", refusal.label()));
    }
    if fields.ending {
        return held_if(firm, "it speaks of an entry and of an end".into());
    }
    let Some(side) = side(&fields) else {
        return held_if(firm, "it names no side, and its levels imply none".into());
    };
    let (entry, entry_fault) = match entry(&fields, side) {
        Ok(entry) => (entry, None),
        Err(fault) => (Entry::Market(None), Some(fault)),
    };
    let draft = Draft {
        pair,
        quote_implied: mention.quote.is_none(),
        venue: venue(&fields),
        kind: kind(&fields),
        side,
        entry,
        targets: targets(&fields),
        stop: fields.stops.first().and_then(|stop| Price::new(*stop).ok()),
        leverage: fields.leverage.iter().min().copied(),
        breakeven_after: fields.breakeven_after,
        valid_for: None,
    };
    let fault = entry_fault
        .or_else(|| unclear(&fields))
        .or_else(|| strange(&draft, mention, universe))
        .or_else(|| check::fault(&draft));
    match fault {
        None => Seen::Trade(Box::new(draft)),
        Some(reason) => Seen::Held(Some(Box::new(draft)), reason),
    }
}

fn held_if(firm: bool, reason: String) -> Seen {
    if firm {
        Seen::Held(None, reason)
    } else {
        Seen::Nothing
    }
}

/// Are there enough fields that a trade may be meant?
fn looks_like_a_trade(fields: &Fields) -> bool {
    let sided = fields.long || fields.short;
    let levels = !fields.targets.is_empty() || !fields.stops.is_empty();
    if !fields.entry.is_empty() {
        sided || levels
    } else if fields.market {
        sided || fields.entry_label && levels
    } else if !fields.soft.is_empty() {
        sided && (levels || fields.near) || fields.labelled() == 2
    } else {
        // Targets and a stop without an entry: held, as the entry is what R is counted from.
        sided && !fields.targets.is_empty() && !fields.stops.is_empty()
    }
}

/// The side that is written, or that the levels leave no choice about.
fn side(fields: &Fields) -> Option<Side> {
    if let Some(side) = fields.side() {
        return Some(side);
    }
    let entries = if fields.entry.is_empty() {
        &fields.soft
    } else {
        &fields.entry
    };
    let (low, high) = (entries.iter().min()?, entries.iter().max()?);
    let mut gains = fields.targets.iter().map(|goal| &goal.price);
    let long = fields.stops.iter().all(|stop| stop < low) && gains.clone().all(|goal| goal > high);
    let short = fields.stops.iter().all(|stop| stop > high) && gains.all(|goal| goal < low);
    match (long, short) {
        (true, false) => Some(Side::Long),
        (false, true) => Some(Side::Short),
        _ => fields.spot.then_some(Side::Long),
    }
}

/// How the trade is entered, or why that is not clear.
fn entry(fields: &Fields, side: Side) -> Result<Entry, String> {
    let prices = if fields.entry.is_empty() {
        &fields.soft
    } else {
        let (low, high) = (fields.entry.iter().min(), fields.entry.iter().max());
        if let Some(other) = fields
            .soft
            .iter()
            .find(|price| Some(*price) < low || Some(*price) > high)
            && fields.soft.len() == 1
        {
            return Err(format!(
                "two entries are written, {other} and {}",
                fields.entry[0]
            ));
        }
        &fields.entry
    };
    let price = |value: &Decimal| Price::new(*value).map_err(|error| error.to_string());
    let (low, high) = match (prices.iter().min(), prices.iter().max()) {
        (Some(low), Some(high)) => (price(low)?, price(high)?),
        _ if fields.market => {
            return Ok(Entry::Market(fields.price.as_ref().map(price).transpose()?));
        }
        _ => return Err("no entry is written".into()),
    };
    if low != high {
        return match (fields.market, fields.trigger) {
            (true, _) => Err(format!(
                "it enters at once and again between {low} and {high}"
            )),
            (false, Some(_)) => Err(format!("a breakout of both {low} and {high} is written")),
            (false, None) => Ok(Entry::Zone { low, high }),
        };
    }
    if fields.market {
        return if prices.len() == 1 && !fields.entry_label {
            Ok(Entry::Market(Some(low)))
        } else {
            Err(format!("it enters at once and at {low}"))
        };
    }
    Ok(match (fields.trigger, side) {
        (Some(Trigger::Breakout), _)
        | (Some(Trigger::Above), Side::Long)
        | (Some(Trigger::Below), Side::Short) => Entry::Breakout(low),
        (Some(Trigger::Above | Trigger::Below) | None, _) => Entry::Limit(low),
    })
}

fn targets(fields: &Fields) -> Vec<Target> {
    let sum: Decimal = fields.targets.iter().filter_map(|goal| goal.percent).sum();
    // Shares count only where every target has one and they make a whole.
    let weighed = fields.targets.iter().all(|goal| goal.percent.is_some())
        && (sum - Decimal::ONE_HUNDRED).abs() <= Decimal::ONE;
    fields
        .targets
        .iter()
        .filter_map(|goal| {
            Some(Target {
                price: Price::new(goal.price).ok()?,
                weight: goal
                    .percent
                    .filter(|_| weighed)
                    .map(|percent| (percent / Decimal::ONE_HUNDRED).normalize()),
            })
        })
        .collect()
}

fn venue(fields: &Fields) -> Option<crate::market::Venue> {
    let first = fields.venues.first()?;
    fields
        .venues
        .iter()
        .all(|venue| venue == first)
        .then(|| first.clone())
}

const fn kind(fields: &Fields) -> Option<MarketKind> {
    let perpetual = fields.perpetual || !fields.leverage.is_empty();
    match (fields.spot, perpetual) {
        (true, false) => Some(MarketKind::Spot),
        (false, true) => Some(MarketKind::Perpetual),
        _ => None,
    }
}

/// A field that can be read in more than one way.
fn unclear(fields: &Fields) -> Option<String> {
    if let Some(written) = &fields.unreadable {
        return Some(format!("`{written}` can be read in two ways"));
    }
    if let [first, second, ..] = fields.stops.as_slice()
        && first != second
    {
        return Some(format!("two stops are written, {first} and {second}"));
    }
    if fields.percent_stop && fields.stops.is_empty() {
        return Some("the stop is written in percent, and of what is not said".into());
    }
    let number = fields.left_over.first()?;
    Some(format!("what {number} is stands nowhere"))
}

/// An asset that the prices do not fit, or that is none.
fn strange(draft: &Draft, mention: &Mention, universe: &dyn Universe) -> Option<String> {
    if mention.foreign {
        return Some(format!("{} is no crypto asset", mention.base));
    }
    if mention.sure == Sureness::Formed {
        return Some(format!("{} is no asset that is known here", mention.base));
    }
    let whole = |price: Price| price.get().is_integer() && price.get() >= Decimal::from(20);
    let (low, high) = draft.entry.bounds()?;
    let levels = [low, high]
        .into_iter()
        .chain(draft.stop)
        .chain(draft.targets.iter().map(|target| target.price))
        .all(whole);
    (draft.quote_implied && levels && !universe.is_dear(&mention.base)).then(|| {
        format!(
            "no quote is written, and {low} may be satoshi: {} is not known to cost that many dollars",
            mention.base
        )
    })
}
