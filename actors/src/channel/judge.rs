//! What becomes of a draft, decided without touching the world.

use std::sync::Arc;

use domain::ids::SignalId;
use domain::market::Price;
use domain::post::Post;
use domain::reading::{About, Draft, Instruction, Order, Target};
use domain::signal::{ENTRY_VALID_FOR, HELD_AT_MOST, Signal};
use rust_decimal::Decimal;

use crate::floor::Found;

/// An entry so many times away from the market is a decimal slip.
const DECIMAL_SLIP: Decimal = Decimal::TEN;

/// Makes a draft a signal on the market that judges it, or says why it is held.
///
/// # Errors
///
/// Why it is held, for people.
pub fn judge(
    post: &Post,
    nth: usize,
    draft: &Draft,
    found: &Found,
    ambiguous: bool,
) -> Result<Arc<Signal>, String> {
    if let (Some(entry), Some(last)) = (draft.entry.middle(), found.last) {
        let (high, low) = (entry.max(last).get(), entry.min(last).get());
        if high / low >= DECIMAL_SLIP {
            return Err(format!(
                "the entry {entry} is far from the market, which trades {} at {last}",
                found.instrument.pair
            ));
        }
    }
    let stop = stop(draft, found)?;
    let targets = targets(draft, found)?;
    Ok(Arc::new(Signal {
        id: SignalId::of(&post.channel, &post.key, nth),
        channel: post.channel.clone(),
        post: post.key.clone(),
        origin: post.origin,
        instrument: found.instrument.clone(),
        substituted: found.substituted,
        side: draft.side,
        entry: draft.entry,
        targets,
        stop,
        leverage: draft.leverage,
        breakeven_after: draft.breakeven_after,
        posted: post.posted,
        received: post.received,
        expires_at: post.received + draft.valid_for.unwrap_or(ENTRY_VALID_FOR),
        held_at_most: HELD_AT_MOST,
        price_at_receipt: found.last,
        ambiguous,
    }))
}

/// The significant digits of a level that is computed from a percentage.
const LEVEL_DIGITS: u32 = 8;

/// The stop: the written price, or as far from the entry as the post says.
fn stop(draft: &Draft, found: &Found) -> Result<Option<Price>, String> {
    let Some(percent) = draft.stop_percent.filter(|_| draft.stop.is_none()) else {
        return Ok(draft.stop);
    };
    away(draft, found, -percent).map(Some)
}

/// The targets: the written prices, or as far from the entry as the post says.
fn targets(draft: &Draft, found: &Found) -> Result<Vec<Target>, String> {
    if !draft.targets.is_empty() {
        return Ok(draft.targets.clone());
    }
    let percents = draft.target_percents.iter();
    percents
        .map(|percent| {
            let price = away(draft, found, *percent)?;
            Ok(Target {
                price,
                weight: None,
            })
        })
        .collect()
}

/// The level that is so many percent from the entry, in the trade's favour.
fn away(draft: &Draft, found: &Found, percent: Decimal) -> Result<Price, String> {
    let entry = match found.last {
        Some(last) => Some(draft.entry.published_at(last)),
        None => draft.entry.published(),
    };
    let entry = entry.ok_or_else(|| {
        format!(
            "a level is {} % from an entry at the market, whose price is not known",
            percent.abs()
        )
    })?;
    let share = Decimal::ONE + draft.side.sign() * percent / Decimal::ONE_HUNDRED;
    let level = (entry.get() * share).round_sf(LEVEL_DIGITS);
    let level = level.and_then(|level| Price::new(level.normalize()).ok());
    level.ok_or_else(|| format!("a level {percent} % from {entry} is no price"))
}

/// What an edit of a post orders about the signal that was read from it: new levels hold from the
/// edit's receipt forward. The entry stays as it was published.
pub(crate) fn amend(before: &Signal, after: &Draft) -> Vec<Order> {
    let mut orders = Vec::new();
    if let Some(stop) = after.stop
        && before.stop != Some(stop)
    {
        orders.push(Order::MoveStop(stop));
    }
    let prices = |targets: &[domain::reading::Target]| -> Vec<Price> {
        targets.iter().map(|target| target.price).collect()
    };
    let targets = prices(&after.targets);
    if !targets.is_empty() && targets != prices(&before.targets) {
        orders.push(Order::Retarget(targets));
    }
    orders
}

/// Is the order told by the levels of the whole text, too?
pub(crate) const fn is_level(order: &Order) -> bool {
    match order {
        Order::MoveStop(_)
        | Order::MoveEntry { .. }
        | Order::MoveTarget { .. }
        | Order::Retarget(_) => true,
        Order::Breakeven
        | Order::CloseShare(_)
        | Order::Close
        | Order::Cancel
        | Order::WithdrawStop
        | Order::Reenter(_) => false,
    }
}

/// The lines of `after` that `before` does not have, in their order.
pub(crate) fn new_lines(before: &str, after: &str) -> String {
    let old: std::collections::HashSet<&str> = before.lines().map(str::trim).collect();
    let new: Vec<&str> = after
        .lines()
        .map(str::trim)
        .filter(|line| !old.contains(line))
        .collect();
    new.join("\n")
}

/// Which open trades an author's word means, or how many it could mean.
///
/// A reply names them; else pair and side; else it is the one that is open, if just one is.
pub(crate) fn meant<'a>(
    instruction: &Instruction,
    replied_to: &'a [Arc<Signal>],
    open: &'a [Arc<Signal>],
) -> Result<Vec<&'a Arc<Signal>>, usize> {
    let about = &instruction.about;
    let fits = |signal: &&Arc<Signal>| fits(about, signal);
    let named: Vec<_> = replied_to.iter().filter(fits).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let candidates: Vec<_> = open.iter().filter(fits).collect();
    match candidates.len() {
        1 => Ok(candidates),
        many if many > 1 && about.all => Ok(candidates),
        many => Err(many),
    }
}

/// Is a signal of the pair and side that a word names?
pub(crate) fn fits(about: &About, signal: &Signal) -> bool {
    let pair = about.pair.as_ref().is_none_or(|pair| {
        let on = &signal.instrument.pair;
        if about.quote_implied {
            pair.base() == on.base()
        } else {
            pair == on
        }
    });
    pair && about.side.is_none_or(|side| side == signal.side)
}

#[cfg(test)]
mod tests {
    use domain::market::{Instrument, Side};
    use domain::reading::{Entry, Manner};

    use super::*;

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    fn stop_of(side: Side, entry: Entry, last: Option<&str>) -> Result<Option<Price>, String> {
        let instrument = Instrument::parse("binance:spot:MDX/USDT").unwrap();
        let draft = Draft {
            pair: instrument.pair.clone(),
            quote_implied: false,
            venue: None,
            kind: None,
            side,
            entry,
            targets: Vec::new(),
            stop: None,
            stop_percent: Some(Decimal::from(7)),
            target_percents: vec![Decimal::from(14)],
            leverage: None,
            breakeven_after: None,
            valid_for: None,
            manner: Manner::default(),
            spans: Vec::new(),
        };
        let found = Found {
            instrument,
            substituted: false,
            last: last.map(price),
        };
        let stop = stop(&draft, &found)?;
        let targets = targets(&draft, &found)?;
        // Twice as far, and the other way.
        if let (Some(stop), Some(target), Some(entry)) = (
            stop,
            targets.first(),
            found.last.map(|last| draft.entry.published_at(last)),
        ) {
            let gain = (target.price.get() - entry.get()) * draft.side.sign();
            let risk = (entry.get() - stop.get()) * draft.side.sign();
            assert_eq!(gain, risk * Decimal::TWO);
        }
        Ok(stop)
    }

    #[test]
    fn a_stop_in_percent_is_counted_from_the_published_entry() {
        let zone = Entry::Zone {
            low: price("390"),
            high: price("410"),
        };
        assert_eq!(stop_of(Side::Long, zone, None), Ok(Some(price("372"))));
        assert_eq!(
            stop_of(Side::Short, zone, Some("500")),
            Ok(Some(price("428")))
        );
    }

    #[test]
    fn a_stop_in_percent_of_an_unknown_price_is_held() {
        let now = Entry::Market(None);
        assert_eq!(stop_of(Side::Long, now, Some("100")), Ok(Some(price("93"))));
        assert!(stop_of(Side::Long, now, None).is_err());
    }
}
