//! Drafts: what the fields of a trade add up to, and what is wrong with them.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::market::{MarketKind, Price, Side, Venue};
use crate::parse::fields::{Fields, Hint, Trigger};
use crate::parse::spelling;
use crate::parse::symbol::{Mention, Sureness};
use crate::parse::universe::Universe;
use crate::reading::{Draft, Entry, Ladder, Manner, Rung, Target};
use crate::signal::HELD_AT_MOST;

/// The side that is written, or that the levels leave no choice about.
pub(super) fn side(fields: &Fields) -> Option<Side> {
    if let Some(side) = fields.side() {
        return Some(side);
    }
    let entries = if fields.entry.is_empty() {
        &fields.soft
    } else {
        &fields.entry
    };
    let Some((low, high)) = entries.iter().min().zip(entries.iter().max()) else {
        return of_levels(fields);
    };
    let mut gains = fields.targets.iter().map(|goal| &goal.price);
    let long = fields.stops.iter().all(|stop| stop < low) && gains.clone().all(|goal| goal > high);
    let short = fields.stops.iter().all(|stop| stop > high) && gains.all(|goal| goal < low);
    match (long, short) {
        (true, false) => Some(Side::Long),
        (false, true) => Some(Side::Short),
        _ => fields.spot.then_some(Side::Long),
    }
}

/// The side of a trade whose entry, stop and targets are all written, where they leave no choice.
pub(super) fn of_all_levels(fields: &Fields) -> Option<Side> {
    let entries = || fields.entry.iter().chain(&fields.soft);
    let (low, high) = (entries().min()?, entries().max()?);
    let [stop] = fields.stops.as_slice() else {
        return None;
    };
    let goals = || fields.targets.iter().map(|goal| &goal.price);
    goals().next()?;
    if stop < low && goals().all(|goal| goal > high) {
        Some(Side::Long)
    } else {
        (stop > high && goals().all(|goal| goal < low)).then_some(Side::Short)
    }
}

/// The side of a trade at the market: gains lie on one side of its stop.
fn of_levels(fields: &Fields) -> Option<Side> {
    let [stop] = fields.stops.as_slice() else {
        return None;
    };
    let mut gains = fields.targets.iter().map(|goal| &goal.price).peekable();
    gains.peek().filter(|_| fields.market)?;
    let long = gains.clone().all(|goal| goal > stop);
    let short = gains.all(|goal| goal < stop);
    match (long, short) {
        (true, false) => Some(Side::Long),
        (false, true) => Some(Side::Short),
        _ => None,
    }
}

/// How the trade is entered, or why that is not clear.
pub(super) fn entry(fields: &Fields, side: Side) -> Result<Entry, String> {
    let guessed = guessed(fields, side);
    if let Some(ladder) = averaged(fields, side) {
        return Ok(ladder);
    }
    let prices = if !fields.entry.is_empty() {
        let (low, high) = (fields.entry.iter().min(), fields.entry.iter().max());
        if let Some(other) = fields
            .soft
            .iter()
            .find(|price| Some(*price) < low || Some(*price) > high)
            && fields.soft.len() == 1
            && !fields.again
        {
            return Err(format!(
                "two entries are written, {other} and {}",
                fields.entry[0]
            ));
        }
        &fields.entry
    } else if !fields.soft.is_empty() {
        &fields.soft
    } else {
        &guessed
    };
    let price = |value: &Decimal| Price::new(*value).map_err(|error| error.to_string());
    let (low, high) = match (prices.iter().min(), prices.iter().max()) {
        (Some(low), Some(high)) => (price(low)?, price(high)?),
        _ if fields.market => {
            return Ok(Entry::Market(fields.price.as_ref().map(price).transpose()?));
        }
        // Pair, side, target and stop and not a word of where: it is entered now.
        _ if fields.side().is_some() && !(fields.entry_label || fields.limit) => {
            return Ok(Entry::Market(fields.price.as_ref().map(price).transpose()?));
        }
        _ => return Err("no entry is written".into()),
    };
    if fields.market {
        return at_once(fields, prices, low, high);
    }
    if low != high {
        return match fields.trigger {
            Some(_) => Err(format!("a breakout of both {low} and {high} is written")),
            None => Ok(ladder(fields, prices).map_or(Entry::Zone { low, high }, Entry::Ladder)),
        };
    }
    Ok(match (fields.trigger, side) {
        (Some(Trigger::Breakout), _)
        | (Some(Trigger::Above), Side::Long)
        | (Some(Trigger::Below), Side::Short) => Entry::Breakout(low),
        (Some(Trigger::Above | Trigger::Below) | None, _) => Entry::Limit(low),
    })
}

/// `sell now @ 113`, and under it `sell limit 114`: one order now and others where it becomes cheaper.
fn averaged(fields: &Fields, side: Side) -> Option<Entry> {
    let [now] = fields.soft.as_slice() else {
        return None;
    };
    let cheaper = |price: &Decimal| match side {
        Side::Long => price < now,
        Side::Short => price > now,
    };
    let waits = fields.market && fields.limit && !fields.again && !fields.entry.is_empty();
    if !waits || !fields.entry.iter().all(cheaper) {
        return None;
    }
    let prices = [*now].into_iter().chain(fields.entry.iter().copied());
    let prices = prices.map(Price::new).collect::<Result<Vec<_>, _>>().ok()?;
    Ladder::equal(&prices).map(Entry::Ladder).ok()
}

/// An entry at the market with prices beside it: what it costs there, or where is added.
fn at_once(fields: &Fields, prices: &[Decimal], low: Price, high: Price) -> Result<Entry, String> {
    let seen: Vec<Decimal> = prices
        .iter()
        .filter(|price| !fields.added.contains(price))
        .chain(&fields.price)
        .copied()
        .collect();
    match (seen.as_slice(), fields.again) {
        ([], true) => Ok(Entry::Scaled { low, high }),
        // `now 3376.5, add 3380`: the price that he saw is one he pays.
        (seen, true) if seen.len() <= 2 && !fields.added.is_empty() => {
            let orders = seen.iter().chain(&fields.added);
            let orders: Result<Vec<Price>, _> = orders.map(|price| Price::new(*price)).collect();
            let orders = orders.map_err(|error| error.to_string())?;
            Ladder::equal(&orders)
                .map(Entry::Ladder)
                .map_err(|error| error.to_string())
        }
        ([_], false) if low == high && !fields.joined => Ok(Entry::Market(Some(low))),
        // `buy now 2345-2342`: now, within these prices.
        ([_, _], false) if one_place(low, high) && fields.trigger.is_none() => {
            Ok(Entry::Zone { low, high })
        }
        _ if low == high => Err(format!("it enters at once and at {low}")),
        _ => Err(format!(
            "it enters at once and again between {low} and {high}"
        )),
    }
}

/// The price of an entry that nothing names: the only numbers beside the side, and they lie where an
/// entry would, between the stop and the first target.
fn guessed(fields: &Fields, side: Side) -> Vec<Decimal> {
    let (Some(stop), Some(goal)) = (fields.stops.first(), fields.targets.first()) else {
        return Vec::new();
    };
    let between = |price: &Decimal| match side {
        Side::Long => stop < price && *price < goal.price,
        Side::Short => goal.price < *price && price < stop,
    };
    let numbers = &fields.left_over;
    if numbers.len() <= 2 && fields.stray.is_empty() && numbers.iter().all(between) {
        numbers.clone()
    } else {
        Vec::new()
    }
}

/// Several orders: where each has its share, or where more than a zone's two ends are written.
fn ladder(fields: &Fields, prices: &[Decimal]) -> Option<Ladder> {
    let shares: Vec<Decimal> = fields
        .shares
        .iter()
        .map(|(_, share)| *share / Decimal::ONE_HUNDRED)
        .collect();
    let same = fields.shares.iter().map(|(price, _)| price).eq(prices);
    let prices = prices.iter().map(|price| Price::new(*price));
    let prices: Vec<Price> = prices.collect::<Result<_, _>>().ok()?;
    if same {
        let rungs = prices
            .iter()
            .zip(shares)
            .map(|(price, share)| Rung {
                price: *price,
                share: share.normalize(),
            })
            .collect();
        if let Ok(ladder) = Ladder::new(rungs) {
            return Some(ladder);
        }
    }
    (prices.len() > 2)
        .then(|| Ladder::equal(&prices).ok())
        .flatten()
}

/// Are two prices so near each other that they are one place to enter, and not an entry and a price
/// to add at?
fn one_place(low: Price, high: Price) -> bool {
    const NEAR: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
    (high.get() - low.get()) / low.get() <= NEAR
}

pub(super) fn targets(fields: &Fields) -> Vec<Target> {
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

/// How many candles of its timeframe an idea is thought to be good for.
const CANDLES: u32 = 24;

/// How long the entry is valid: what the text says, else a day's worth of candles of its timeframe,
/// at least an hour and at most as long as a position is held.
pub(super) fn valid_for(fields: &Fields) -> Option<Duration> {
    let candles = |timeframe: Duration| {
        let valid = timeframe * CANDLES;
        valid.clamp(Duration::from_secs(3_600), HELD_AT_MOST)
    };
    fields.valid.or_else(|| fields.timeframe.map(candles))
}

/// What the text says beside the levels.
pub(super) fn manner(fields: &Fields) -> Manner {
    let share = |percent: &Decimal| *percent > Decimal::ZERO && *percent <= Decimal::ONE_HUNDRED;
    Manner {
        margin: fields.margin,
        size: fields.size.filter(share),
        risk: fields.risk.filter(share),
        timeframe: fields.timeframe,
        open_target: fields.open_target && !fields.targets.is_empty(),
        trailing: fields.trailing,
    }
}

pub(super) fn venue(fields: &Fields) -> Option<Venue> {
    let first = fields.venues.first()?;
    fields
        .venues
        .iter()
        .all(|venue| venue == first)
        .then(|| first.clone())
}

pub(super) const fn kind(fields: &Fields, mention: &Mention) -> Option<MarketKind> {
    if mention.foreign {
        return Some(MarketKind::Cfd);
    }
    let perpetual = fields.perpetual || !fields.leverage.is_empty();
    match (fields.spot, perpetual) {
        (true, false) => Some(MarketKind::Spot),
        (false, true) => Some(MarketKind::Perpetual),
        _ => None,
    }
}

/// A field that can be read in more than one way.
pub(super) fn unclear(fields: &Fields, entry: &Entry) -> Option<String> {
    if let Some(written) = &fields.unreadable {
        return Some(format!("`{written}` can be read in two ways"));
    }
    if let [first, second, ..] = fields.stops.as_slice()
        && first != second
    {
        return Some(format!("two stops are written, {first} and {second}"));
    }
    // Of the price, or of the margin that is lent upon?
    if let Some(percent) = fields.percent_stop
        && fields.stops.is_empty()
        && fields
            .leverage
            .iter()
            .any(|leverage| *leverage > Decimal::ONE)
    {
        return Some(format!(
            "the stop is written as {percent} %, and whether of the price or of the margin is not said"
        ));
    }
    nowhere(fields, entry)
}

/// A number that nothing names, where it may be a level.
fn nowhere(fields: &Fields, entry: &Entry) -> Option<String> {
    let goals = fields.targets.iter().map(|goal| goal.price);
    let (low_entry, high_entry) = entry.bounds().unzip();
    let entries = low_entry.into_iter().chain(high_entry).map(Price::get);
    let levels = || {
        let stops = fields.stops.iter().copied();
        goals.clone().chain(entries.clone()).chain(stops)
    };
    let (low, high) = levels().min().zip(levels().max())?;
    let near = |number: &Decimal| *number * Decimal::TWO >= low && *number <= high * Decimal::TWO;
    let read = |number: &Decimal| levels().any(|level| level == *number);
    // Where each field is read, what is far from all of them counts something else.
    let complete = fields.labelled() == 3 || fields.labelled() == 2 && !fields.soft.is_empty();
    // `2 local highs` beside prices with decimals counts something, too.
    let counts = |number: &Decimal| {
        number.is_integer()
            && *number <= Decimal::from(20)
            && !levels().any(|level| level.is_integer())
    };
    // `it looks heavy at 96, short from 95.4-96.8`: a price within the entry is no other level.
    let within = |number: &Decimal| {
        low_entry
            .zip(high_entry)
            .is_some_and(|(low, high)| low.get() < *number && *number < high.get())
    };
    let doubtful =
        |number: &&Decimal| !within(number) && (!complete || near(number) && !counts(number));
    let named = fields.left_over.iter().filter(doubtful);
    let stray = fields
        .stray
        .iter()
        .filter(|number| near(number) && !counts(number) && !within(number));
    // A trade without a target or a stop may have it under a word that nobody knows.
    let unstopped =
        fields.stops.is_empty() && fields.stop_away.is_none() && fields.percent_stop.is_none();
    let aimless = fields.targets.is_empty() && fields.targets_away.is_empty() || unstopped;
    // So may one whose entry is only thought to be the market's.
    let implied = !fields.market && fields.entry.is_empty() && fields.soft.is_empty();
    let unnamed = fields
        .unnamed
        .iter()
        .filter(|number| (aimless || implied) && near(number) && !counts(number));
    let lost = fields
        .lost
        .iter()
        .filter(|number| unstopped && near(number) && !counts(number));
    // `profit we take 1.1615`: what is gained at a price, where no target is read.
    let gained = fields.loose.iter().filter(|loose| {
        let gains = loose.hint == Hint::Gain && !loose.barred && !loose.counts;
        gains && fields.targets.is_empty() && fields.targets_away.is_empty()
    });
    let gained = gained.map(|loose| &loose.price).filter(|price| near(price));
    let number = named
        .chain(lost)
        .chain(gained)
        .chain(stray)
        .chain(unnamed)
        .find(|number| !read(number))?;
    Some(format!("what {number} is stands nowhere"))
}

/// An asset that the prices do not fit, or that is none.
pub(super) fn strange(draft: &Draft, mention: &Mention, universe: &dyn Universe) -> Option<String> {
    if mention.sure <= Sureness::Sided {
        let base = &mention.base;
        return Some(match spelling::usual_pair(base) {
            Some(usual) => format!("{base} is no asset that is known here, and may be {usual}"),
            None => format!("{base} is no asset that is known here"),
        });
    }
    if let Some(reason) = super::satoshi::strange(draft) {
        return Some(reason);
    }
    let prices = || {
        let bounds = draft.entry.bounds();
        let ends = bounds.into_iter().flat_map(|(low, high)| [low, high]);
        ends.chain(draft.stop)
            .chain(draft.targets.iter().map(|target| target.price))
    };
    // Half of it leaves room for a crash, and none for a slip of the decimal point.
    if let Some(least) = super::groups::least(mention, universe)
        && let Some(price) = prices().find(|price| price.get() * Decimal::TWO < least)
    {
        return Some(format!(
            "{} at {price}: it has cost more than {least} ever since posts are written about it",
            mention.base
        ));
    }
    let whole = |price: Price| price.get().is_integer() && price.get() >= Decimal::from(20);
    let (low, _) = draft.entry.bounds()?;
    let levels = prices().all(whole);
    (draft.quote_implied && levels && !mention.foreign && !universe.is_dear(&mention.base)).then(|| {
        format!(
            "no quote is written, and {low} may be satoshi: {} is not known to cost that many dollars",
            mention.base
        )
    })
}
