//! Elimination: the role of a price that no known word names, where the levels that are known leave
//! it exactly one.
//!
//! A stop lies across the entry from the targets, and targets follow each other away from it: where
//! the side is known, and what the lexicon names lacks one role, the place of a number among the
//! others tells what the unknown word before it must mean. Two roles at once need more: a hint of
//! what happens there, or a list that can only be one of targets. What fits in two ways stays as it
//! is, and is held as a number that nothing names.

mod known;
mod roles;

use self::known::{CARD, Known};
use super::draft;
use crate::parse::fields::{Fields, Found, Goal, Hint, Loose};
use crate::reading::{Confidence, Field};

/// Gives the loose prices of a trade the roles that nothing else can have.
pub(super) fn complete(fields: &mut Fields) {
    // An outlook has levels, too: who names no side says at least that he enters, or writes a card.
    let orders = fields.entry_label || fields.market || fields.rows >= CARD;
    let implied = orders.then(|| draft::side(fields)).flatten();
    let Some(side) = fields.side().or(implied) else {
        return;
    };
    if fields.loose.is_empty() || fields.refused.is_some() || is_about_an_open_trade(fields) {
        return;
    }
    let Some(known) = Known::of(fields, side) else {
        return;
    };
    if let Some(roles) = known.resolve() {
        roles.give(fields);
    }
}

/// What is reached, moved or ended is no new trade, and its numbers are those of the old one. Who
/// takes parts of a trade whose entry and stop he has just named says where he will.
fn is_about_an_open_trade(fields: &Fields) -> bool {
    let entered = fields.market || !(fields.entry.is_empty() && fields.soft.is_empty());
    let parts = fields.loose.iter().filter(|loose| loose.hint == Hint::Gain);
    let opens = entered
        && fields.side().is_some()
        && !fields.stops.is_empty()
        && fields.targets.is_empty()
        && !fields.in_profit
        && parts.count() >= 2;
    fields.reached || fields.moving || fields.ending || fields.later && !opens
}

/// What the prices turn out to be.
#[derive(Default)]
struct Roles {
    entry: Vec<Loose>,
    stop: Option<Loose>,
    targets: Vec<Loose>,
    /// What it costs as the author writes.
    seen: Option<Loose>,
}

impl Known {
    fn resolve(mut self) -> Option<Roles> {
        let more = self.take_more_targets();
        let entered = self.market || !self.entries.is_empty();
        let mut roles = match (entered, self.stopped, self.aimed) {
            (true, true, true) => self.seen(),
            (true, false, true) => self.stop(),
            (true, true, false) => self.goals(),
            (false, true, true) => self.entry(),
            (true, false, false) => self.stop_and_goals(),
            (false, true, false) => self.entry_and_goals(),
            (false, false, true) => self.entry_and_stop(),
            (false, false, false) => self.all(),
        }?;
        if !more.is_empty() {
            roles.targets = more;
        }
        Some(roles)
    }
}

impl Roles {
    fn give(self, fields: &mut Fields) {
        let mut found = |field, loose: &Loose| {
            fields.found.push(Found {
                field,
                place: loose.place,
                value: Some(loose.price),
                confidence: Confidence::Inferred,
            });
        };
        for loose in &self.entry {
            found(Field::Entry, loose);
        }
        for loose in self.stop.iter() {
            found(Field::Stop, loose);
        }
        for loose in &self.targets {
            found(Field::Target, loose);
        }
        let shares = self
            .entry
            .iter()
            .filter_map(|loose| Some((loose.price, loose.share?)));
        fields.shares.extend(shares);
        fields
            .entry
            .extend(self.entry.iter().map(|loose| loose.price));
        fields
            .stops
            .extend(self.stop.iter().map(|loose| loose.price));
        fields.targets.extend(self.targets.iter().map(|loose| Goal {
            price: loose.price,
            percent: loose.share,
        }));
        if let Some(seen) = self.seen {
            fields.price = Some(seen.price);
        }
    }
}
