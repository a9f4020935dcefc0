//! Checks: whether a trade agrees with itself. What does not is held and never repaired.

use rust_decimal::Decimal;

use crate::execution::Costs;
use crate::market::{MarketKind, Price, Side};
use crate::reading::{Draft, Entry, MAX_TARGETS};

/// What it costs to get in and out again where nobody says in which market, as a share of the price:
/// two taker fees on spot, which is the dearest.
pub const ROUND_TRIP_COST: Decimal = Decimal::from_parts(2, 0, 0, false, 3);

/// A stop nearer than three round trips is lost to costs before the idea is wrong, so it is a slip
/// of the pen more often than a plan.
pub const NEAREST_STOP: Decimal = Decimal::from_parts(6, 0, 0, false, 3);

/// The nearest stop that is believed in a kind of market. Where none is named a short is none of spot,
/// and a leverage names its own.
fn nearest_stop(draft: &Draft) -> Decimal {
    let kind = match (draft.kind, draft.side) {
        (None, Side::Short) => Some(MarketKind::Perpetual),
        (kind, Side::Long | Side::Short) => kind,
    };
    match kind {
        Some(kind @ (MarketKind::Cfd | MarketKind::Perpetual)) => {
            Costs::usual(kind).round_trip() * Decimal::from(3)
        }
        Some(MarketKind::Spot) | None => NEAREST_STOP,
    }
}

/// A stop farther than this share of the entry is a slip of the decimal point more often than a plan.
pub const FARTHEST_STOP: Decimal = Decimal::from_parts(25, 0, 0, false, 2);

/// A target more than this many times the entry away is a slip of the decimal point, too.
const FARTHEST_TARGET: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// The upper end of a zone is at most this many times its lower end.
const WIDEST_ZONE: Decimal = Decimal::from_parts(15, 0, 0, false, 1);

/// No venue lends more.
const HIGHEST_LEVERAGE: Decimal = Decimal::from_parts(200, 0, 0, false, 0);

/// What is wrong with a draft; nothing where it agrees with itself.
pub(super) fn fault(draft: &Draft) -> Option<String> {
    if draft.targets.len() > MAX_TARGETS {
        return Some(format!(
            "{} targets are more than {MAX_TARGETS}",
            draft.targets.len()
        ));
    }
    if let Some(leverage) = draft
        .leverage
        .filter(|leverage| *leverage > HIGHEST_LEVERAGE || *leverage < Decimal::ONE)
    {
        return Some(format!("a leverage of {leverage} does not exist"));
    }
    zone(draft)
        .or_else(|| stop(draft))
        .or_else(|| targets(draft))
}

fn zone(draft: &Draft) -> Option<String> {
    let (low, high) = match draft.entry {
        Entry::Zone { low, high } => (low, high),
        Entry::Ladder(ladder) => ladder.bounds()?,
        Entry::Market(_) | Entry::Limit(_) | Entry::Breakout(_) | Entry::Scaled { .. } => {
            return None;
        }
    };
    (high.get() / low.get() > WIDEST_ZONE)
        .then(|| format!("the entries {low} and {high} are too far apart to be one zone"))
}

/// The end of the entry that a level must lie beyond: the far one for stops, the near one for
/// targets.
fn ends(draft: &Draft) -> Option<(Price, Price)> {
    let (low, high) = draft.entry.bounds()?;
    Some(match draft.side {
        Side::Long => (low, high),
        Side::Short => (high, low),
    })
}

/// Is `level` beyond `from` in the direction in which the side gains?
fn gains(side: Side, from: Price, level: Price) -> bool {
    match side {
        Side::Long => level > from,
        Side::Short => level < from,
    }
}

fn stop(draft: &Draft) -> Option<String> {
    if let Some(percent) = draft.stop_percent {
        let share = percent / Decimal::ONE_HUNDRED;
        let nearest = nearest_stop(draft);
        return (share > FARTHEST_STOP || share < nearest).then(|| {
            format!(
                "a stop {percent} % from the entry is not between {} % and 25 %",
                (nearest * Decimal::ONE_HUNDRED).normalize()
            )
        });
    }
    let stop = draft.stop?;
    let side = draft.side;
    if let Some(target) = draft
        .targets
        .iter()
        .find(|target| !gains(side, stop, target.price))
    {
        return Some(format!(
            "the stop {stop} of a {side} lies beyond its target {}",
            target.price
        ));
    }
    let (worst, _) = ends(draft)?;
    if !gains(side, stop, worst) {
        return Some(format!(
            "the stop {stop} of a {side} lies on the wrong side of its entry {worst}"
        ));
    }
    let published = draft.entry.middle()?;
    let distance = (published.get() - stop.get()).abs() / published.get();
    let percent = (distance * Decimal::ONE_HUNDRED).round_dp(2).normalize();
    if distance > FARTHEST_STOP {
        Some(format!(
            "the stop {stop} is {percent} % from the entry {published}, farther than 25 %"
        ))
    } else if distance < nearest_stop(draft) {
        let nearest = (nearest_stop(draft) * Decimal::ONE_HUNDRED).normalize();
        Some(format!(
            "the stop {stop} is {percent} % from the entry {published}, nearer than three round-trip costs ({nearest} %)"
        ))
    } else {
        None
    }
}

fn targets(draft: &Draft) -> Option<String> {
    let side = draft.side;
    for pair in draft.targets.windows(2) {
        if gains(side, pair[1].price, pair[0].price) {
            return Some(format!(
                "the targets {} and {} of a {side} are out of order",
                pair[0].price, pair[1].price
            ));
        }
    }
    // Where nobody knows the entry, the stop stands for it.
    let Some((_, near)) = ends(draft) else {
        let stop = draft.stop?.get();
        let times = |price: Price| (price.get() / stop).max(stop / price.get());
        let far = draft
            .targets
            .iter()
            .find(|target| times(target.price) > FARTHEST_TARGET)?;
        return Some(format!(
            "the target {} is far from the stop {stop}",
            far.price
        ));
    };
    for target in &draft.targets {
        let price = target.price;
        if !gains(side, near, price) {
            return Some(format!(
                "the target {price} of a {side} lies on the wrong side of its entry {near}"
            ));
        }
        let times = (price.get() / near.get()).max(near.get() / price.get());
        if times > FARTHEST_TARGET {
            return Some(format!(
                "the target {price} is {} times the entry {near} away",
                times.round_dp(1).normalize()
            ));
        }
    }
    None
}
