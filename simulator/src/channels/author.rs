//! The author: which trade he thinks of at an instant, according to his character.

use crate::amount::Amount;
use crate::dice::{Dice, whole};
use crate::idea::{Entry, Idea, Side};
use crate::judge::{Bound, follow};
use crate::market::{MINUTE_MS, Market, SYMBOLS, Symbol};

use super::Character;

/// How often the honest author sees further than the others.
const SKILL: f64 = 0.35;

/// How far he then sees.
const SIGHT_MS: i64 = 10 * MINUTE_MS;

/// Over what time a shouter or a machine looks back.
const MEMORY_MS: i64 = 3 * MINUTE_MS;

/// The habits of an author: distances are shares of the price, targets multiples of the stop's.
struct Habits {
    stop: (f64, f64),
    first_target: (f64, f64),
    next_target: (f64, f64),
    targets: (usize, usize),
    leverage: &'static [u8],
    /// Shares of market, limit and zone; the rest are breakouts.
    entries: (f64, f64, f64),
}

const fn habits(character: Character) -> Habits {
    let ordinary = Habits {
        stop: (0.009, 0.016),
        first_target: (0.9, 1.4),
        next_target: (0.5, 0.9),
        targets: (2, 4),
        leverage: &[3, 5, 10],
        entries: (0.4, 0.25, 0.25),
    };
    match character {
        Character::Honest => ordinary,
        Character::Lucky => Habits {
            stop: (0.018, 0.028),
            first_target: (0.25, 0.4),
            next_target: (0.15, 0.25),
            targets: (3, 4),
            leverage: &[10, 20, 25],
            entries: (0.5, 0.2, 0.3),
        },
        Character::PumpAndDump => Habits {
            stop: (0.010, 0.015),
            first_target: (2.0, 3.0),
            next_target: (1.5, 2.5),
            targets: (3, 4),
            leverage: &[10, 20, 50],
            entries: (0.5, 0.0, 0.0),
        },
        Character::Deleter => Habits {
            entries: (0.25, 0.25, 0.4),
            ..ordinary
        },
        Character::Editor => Habits {
            entries: (0.35, 0.35, 0.3),
            ..ordinary
        },
        Character::Plain => Habits {
            targets: (1, 2),
            entries: (0.4, 0.4, 0.2),
            ..ordinary
        },
        Character::Machine => Habits {
            targets: (1, 1),
            first_target: (1.0, 1.8),
            entries: (1.0, 0.0, 0.0),
            ..ordinary
        },
    }
}

/// The trade that comes to an author's mind.
pub(super) fn think(market: &Market, character: Character, dice: &mut Dice, at: i64) -> Idea {
    let at_ms = at.div_euclid(1000);
    let (symbol, side) = whim(market, character, dice, at_ms);
    let habits = habits(character);
    let draws = dice.clone();
    dice.draw();
    let dream = |side| draft(market, symbol, side, &habits, &mut draws.clone(), at_ms);
    if character == Character::Honest && dice.chance(SKILL) {
        let gain = |idea: &Idea| follow(market, idea, at, at_ms + SIGHT_MS, Bound::Pessimistic).r;
        let (this, other) = (dream(side), dream(side.opposite()));
        return if gain(&other) > gain(&this) {
            other
        } else {
            this
        };
    }
    dream(side)
}

fn whim(
    market: &Market,
    character: Character,
    dice: &mut Dice,
    at_ms: i64,
) -> (&'static Symbol, Side) {
    let symbol = &SYMBOLS[dice.below(SYMBOLS.len())];
    let coin = if dice.chance(0.5) {
        Side::Long
    } else {
        Side::Short
    };
    let moved = |symbol| {
        let then = market.last_trade(symbol, at_ms - MEMORY_MS).price;
        market.last_trade(symbol, at_ms).price.as_f64() / then.as_f64() - 1.0
    };
    match character {
        Character::PumpAndDump => {
            let risen = SYMBOLS.iter().max_by(|a, b| moved(a).total_cmp(&moved(b)));
            (risen.unwrap_or(symbol), Side::Long)
        }
        Character::Machine if moved(symbol) > 0.0 => (symbol, Side::Short),
        Character::Machine => (symbol, Side::Long),
        Character::Honest
        | Character::Lucky
        | Character::Deleter
        | Character::Editor
        | Character::Plain => (symbol, coin),
    }
}

fn draft(
    market: &Market,
    symbol: &'static Symbol,
    side: Side,
    habits: &Habits,
    dice: &mut Dice,
    at_ms: i64,
) -> Idea {
    let price = market.last_trade(symbol, at_ms).price;
    let sign = side.sign();
    let level = |from: Amount, by: f64| neat(from.times(1.0 + sign * by), symbol);
    let (market_share, limit_share, zone_share) = habits.entries;
    let drawn = dice.between(0.0, 1.0);
    let near = level(price, -dice.between(0.000_3, 0.001_5));
    let (entry, first, last) = if drawn < market_share {
        let seen = neat(price.times(1.0), symbol);
        (Entry::Market { seen: Some(seen) }, seen, seen)
    } else if drawn < market_share + limit_share {
        (Entry::Limit { price: near }, near, near)
    } else if drawn < market_share + limit_share + zone_share {
        let far = level(near, -dice.between(0.002, 0.005));
        let (low, high) = (near.min(far), near.max(far));
        (Entry::Zone { low, high }, near, far)
    } else {
        let level = level(price, dice.between(0.001_5, 0.004));
        (Entry::Breakout { level }, level, level)
    };
    let risk = dice.between(habits.stop.0, habits.stop.1);
    let mut way = risk * dice.between(habits.first_target.0, habits.first_target.1);
    let (fewest, most) = habits.targets;
    let count = fewest + dice.below(most - fewest + 1);
    let targets = (0..count).map(|_| {
        let target = level(first, way);
        way += risk * dice.between(habits.next_target.0, habits.next_target.1);
        target
    });
    Idea {
        symbol,
        side,
        entry,
        targets: targets.collect(),
        stop: Some(level(last, -risk)),
        leverage: Some(habits.leverage[dice.below(habits.leverage.len())]),
    }
}

/// A price as people write it: on the tick, and with no more than five digits that matter.
pub(super) fn neat(units: f64, symbol: &Symbol) -> Amount {
    let digits = whole(units.log10().floor()) - 4;
    let step = symbol
        .tick
        .in_units()
        .max(10_i64.pow(u32::try_from(digits).unwrap_or(0)));
    Amount::units(whole(units / step as f64) * step)
}
