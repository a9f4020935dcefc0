//! Terms: what a track was opened with, fixed for its whole life.

use std::time::Duration;

use rust_decimal::Decimal;

use super::POLICY;
use crate::execution::{Costs, ExecutionModel, GettingIn};
use crate::market::{Price, Side};
use crate::reading::{Entry, Rung, Target};
use crate::signal::Signal;
use crate::time::Timestamp;

/// What never changes while a signal is followed, whatever the market or the author do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The execution model's name.
    pub model: &'static str,
    /// The rules by which it was opened, and whose costs it pays; none in terms of before that was kept.
    pub policy: Option<u32>,
    /// Long or short.
    pub side: Side,
    /// How it is entered.
    pub entry: Entry,
    /// The limit orders, in the order in which the price comes to them; for a market or breakout
    /// entry one leg without a limit.
    pub legs: Vec<Leg>,
    /// The stop as first published: 1R is measured to it, wherever the stop goes later.
    pub stop: Option<Price>,
    /// The targets as first published, nearest first.
    pub goals: Vec<Goal>,
    /// In how many equal orders a zone is entered, also one that the author moves later; none in
    /// terms of before that was kept.
    pub zone_legs: Option<u8>,
    /// The stop goes to the average entry once the target of this number is reached.
    pub breakeven_after: Option<u8>,
    /// From this target on the stop follows to the one before.
    pub stop_follows_from: Option<u8>,
    /// Only the nearest target counts, and closes everything.
    pub first_target_only: bool,
    /// The clock starts here: nothing at or before it counts.
    pub received: Timestamp,
    /// How long after receipt the follower acts, on the author's later words too. It is part of
    /// `received` already.
    pub delay: Duration,
    /// Until when an entry is valid.
    pub expires_at: Timestamp,
    /// How long a position is held at most, from its first fill.
    pub held_at_most: Duration,
    /// The market's last price at receipt, where one was known.
    pub price_at_receipt: Option<Price>,
    /// Fees and slippage.
    pub costs: Costs,
    /// A market order without a price that would fill nearer to its stop than this share of the price is
    /// no trade: three round trips at the usual costs, whatever this venue charges. None in terms of before
    /// that was kept: three of their own.
    pub nearest_stop: Option<Decimal>,
}

/// One of the equal parts in which a position is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The limit; none where it is entered at the market.
    pub limit: Option<Price>,
    /// Its part of the intended position, 0 to 1.
    pub share: Decimal,
}

/// A target with what it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its number in the author's counting, from 1.
    pub k: u8,
    /// Profit is taken here.
    pub price: Price,
    /// Its part among the goals, in any unit: what counts is its ratio to those still ahead.
    pub weight: Decimal,
}

impl Terms {
    /// The terms on which `model` follows `signal`.
    pub(super) fn of(signal: &Signal, model: &ExecutionModel) -> Self {
        let entry = entry(&signal.entry, signal.side, model.getting_in);
        Self {
            model: model.name,
            policy: Some(POLICY),
            side: signal.side,
            entry,
            legs: legs(&entry, signal.side, model.zone_legs),
            stop: signal.stop,
            goals: goals(&signal.targets, signal.side, model.first_target_only),
            zone_legs: Some(model.zone_legs),
            breakeven_after: model.breakeven_after.or(signal.breakeven_after),
            stop_follows_from: model.stop_follows_from,
            first_target_only: model.first_target_only,
            received: signal.received + model.delay,
            delay: model.delay,
            expires_at: signal.expires_at,
            held_at_most: signal.held_at_most,
            // Who comes later finds another price than the one at receipt.
            price_at_receipt: signal.price_at_receipt.filter(|_| model.delay.is_zero()),
            costs: model.costs(&signal.instrument),
            nearest_stop: Some(nearest_stop(&Costs::anywhere(&signal.instrument))),
        }
    }

    /// A market order without a price that would fill nearer to its stop, as a share of the price, is no
    /// trade.
    pub(super) fn nearest_stop(&self) -> Decimal {
        self.nearest_stop
            .unwrap_or_else(|| nearest_stop(&self.costs))
    }

    /// `a` lies farther in profit's direction than `b`.
    pub(super) fn better(&self, a: Price, b: Price) -> bool {
        match self.side {
            Side::Long => a > b,
            Side::Short => a < b,
        }
    }

    /// `a` lies at `b` or farther in profit's direction.
    pub(super) fn reaches(&self, a: Price, b: Price) -> bool {
        !self.better(b, a)
    }

    /// The one farther in profit's direction.
    pub(super) fn best_of(&self, a: Price, b: Price) -> Price {
        if self.better(a, b) { a } else { b }
    }

    /// The one farther in loss's direction.
    pub(super) fn worst_of(&self, a: Price, b: Price) -> Price {
        if self.better(a, b) { b } else { a }
    }

    /// What an order at the market pays for getting in at `price`.
    pub(super) fn slipped_in(&self, price: Price) -> Price {
        self.moved(price, self.side.sign())
    }

    /// What an order at the market receives for getting out at `price`.
    pub(super) fn slipped_out(&self, price: Price) -> Price {
        self.moved(price, -self.side.sign())
    }

    fn moved(&self, price: Price, sign: Decimal) -> Price {
        let slipped = price.get() * (Decimal::ONE + sign * self.costs.slippage);
        Price::new(slipped).unwrap_or(price)
    }
}

fn nearest_stop(costs: &Costs) -> Decimal {
    costs.round_trip() * Decimal::from(3)
}

/// The entry that a follower makes of the published one.
fn entry(published: &Entry, side: Side, getting_in: GettingIn) -> Entry {
    match (getting_in, published) {
        (GettingIn::AtMarket, _) => Entry::Market(published.published()),
        (GettingIn::FirstTouch, Entry::Zone { .. } | Entry::Ladder(_)) => {
            let near = published.bounds().map(|(low, high)| match side {
                Side::Long => high,
                Side::Short => low,
            });
            near.map_or(*published, Entry::Limit)
        }
        (GettingIn::AsPublished | GettingIn::FirstTouch, _) => *published,
    }
}

/// The parts in which a position is entered. Of a zone the edge that the price meets first comes
/// first, so the legs fill in their order.
pub(super) fn legs(entry: &Entry, side: Side, zone_legs: u8) -> Vec<Leg> {
    let whole = |limit| {
        vec![Leg {
            limit,
            share: Decimal::ONE,
        }]
    };
    let (low, high) = match entry {
        Entry::Market(_) | Entry::Breakout(_) => return whole(None),
        Entry::Limit(price) => return whole(Some(*price)),
        Entry::Zone { low, high } => (low.get(), high.get()),
        Entry::Ladder(ladder) => {
            let leg = |rung: Rung| Leg {
                limit: Some(rung.price),
                share: rung.share,
            };
            return ladder.met(side).into_iter().map(leg).collect();
        }
        Entry::Scaled { low, high } => return scaled(*low, *high, side),
    };
    if zone_legs < 2 || low == high {
        return whole(entry.middle());
    }
    let (near, far) = match side {
        Side::Long => (high, low),
        Side::Short => (low, high),
    };
    let share = Decimal::ONE / Decimal::from(zone_legs);
    let gaps = Decimal::from(zone_legs - 1);
    (0..zone_legs)
        .map(|i| Leg {
            limit: Price::new(near + (far - near) * Decimal::from(i) / gaps).ok(),
            // The last takes what rounding left, so that the legs make up one whole.
            share: if i + 1 == zone_legs {
                Decimal::ONE - share * gaps
            } else {
                share
            },
        })
        .collect()
}

/// One half at the market and the other where is added: at one price, or in equal parts at both
/// ends.
fn scaled(low: Price, high: Price, side: Side) -> Vec<Leg> {
    let half = Decimal::ONE / Decimal::TWO;
    let (near, far) = match side {
        Side::Long => (high, low),
        Side::Short => (low, high),
    };
    let added = if near == far {
        vec![near]
    } else {
        vec![near, far]
    };
    let share = half / Decimal::from(added.len());
    let limits = added.into_iter().map(|limit| Leg {
        limit: Some(limit),
        share,
    });
    let market = Leg {
        limit: None,
        share: half,
    };
    std::iter::once(market).chain(limits).collect()
}

/// The targets, nearest first, with the author's weights where he gave every one of them.
fn goals(targets: &[Target], side: Side, first_only: bool) -> Vec<Goal> {
    let weights: Option<Vec<Decimal>> = targets.iter().map(|target| target.weight).collect();
    let weights = weights.filter(|weights| {
        weights.iter().all(|weight| *weight >= Decimal::ZERO)
            && weights.iter().any(|weight| *weight > Decimal::ZERO)
    });
    let mut order: Vec<(Price, Decimal)> = targets
        .iter()
        .enumerate()
        .map(|(i, target)| {
            let weight = weights.as_ref().map_or(Decimal::ONE, |weights| weights[i]);
            (target.price, weight)
        })
        .collect();
    // The parser gives them nearest first; a target out of its order would block those before it.
    order.sort_by(|a, b| match side {
        Side::Long => a.0.cmp(&b.0),
        Side::Short => b.0.cmp(&a.0),
    });
    numbered(order, 1, first_only)
}

/// Goals numbered on from `first`.
pub(super) fn numbered(order: Vec<(Price, Decimal)>, first: u8, first_only: bool) -> Vec<Goal> {
    let count = if first_only { 1 } else { usize::MAX };
    (first..)
        .zip(order)
        .take(count)
        .map(|(k, (price, weight))| Goal { k, price, weight })
        .collect()
}
