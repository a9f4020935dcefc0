//! Elimination: the role of a price that no known word names, where the levels that are known leave
//! it exactly one.
//!
//! A stop lies across the entry from the targets, and targets follow each other away from it: where
//! the side is known, and what the lexicon names lacks one role, the place of a number among the
//! others tells what the unknown word before it must mean. Two roles at once need more: a hint of
//! what happens there, or a list that can only be one of targets. What fits in two ways stays as it
//! is, and is held as a number that nothing names.

use rust_decimal::Decimal;

use super::draft;
use crate::market::Side;
use crate::parse::fields::{Fields, Found, Goal, Hint, Loose};
use crate::reading::{Confidence, Field, MAX_TARGETS};

/// The most unknown words of a label, and of one that hints at what happens at its price.
const MOST_LABEL: usize = 3;
const MOST_HINTED: usize = 6;

/// So many lines of a label and a number make a text a card.
const CARD: usize = 3;

/// A stop that no word names is at most this share of the entry away.
const FARTHEST_STOP: Decimal = crate::parse::check::FARTHEST_STOP;

/// What counts something is farther than this many times from all levels.
const COUNTED: Decimal = Decimal::from_parts(13, 0, 0, false, 1);

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

/// A price in the direction in which the side gains.
fn gain(side: Side, price: Decimal) -> Decimal {
    side.sign() * price
}

/// What is known of a trade, and the prices of which it is not.
struct Known {
    side: Side,
    entries: Vec<Decimal>,
    stops: Vec<Decimal>,
    targets: Vec<Decimal>,
    /// At once, at whatever price.
    market: bool,
    /// The price at the time of writing is known.
    seen: bool,
    stopped: bool,
    aimed: bool,
    card: bool,
    /// The prices in their groups, in the order of the text.
    groups: Vec<Vec<Loose>>,
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
    /// None where a price could be something that is no level.
    fn of(fields: &Fields, side: Side) -> Option<Self> {
        let entries = if fields.entry.is_empty() {
            &fields.soft
        } else {
            &fields.entry
        };
        let targets: Vec<Decimal> = fields.targets.iter().map(|goal| goal.price).collect();
        let levels = || entries.iter().chain(&fields.stops).chain(&targets);
        let priced = !entries.is_empty() || fields.price.is_some() && fields.market;
        let free = || {
            fields
                .loose
                .iter()
                .filter(|loose| !loose.barred && !(priced && loose.hint == Hint::Price))
        };
        let sizes = || {
            let prices = free().filter(|loose| !loose.counts && !loose.year);
            prices.map(|loose| loose.price)
        };
        let (low, high) = match (levels().min(), levels().max()) {
            (Some(low), Some(high)) => (*low, *high),
            // Nothing is named: then they must all be of one size.
            _ => (sizes().max()?, sizes().min()?),
        };
        let near = |loose: &&Loose| {
            loose.price * Decimal::TWO >= low && loose.price <= high * Decimal::TWO
        };
        let mut groups: Vec<Vec<Loose>> = Vec::new();
        let mut repeated = None;
        for loose in free().filter(near) {
            // `2403-2409, stop 2409`: what is written of one end of a zone says nothing of the other.
            let mixed = |group: &Vec<Loose>| group[0].group == loose.group;
            if levels().any(|level| *level == loose.price) {
                if groups.last().is_some_and(mixed) {
                    return None;
                }
                repeated = Some(loose.group);
                continue;
            }
            if loose.counts {
                // `CARD 7` above prices of three and four.
                let high = high * COUNTED;
                if loose.price * COUNTED >= low && loose.price <= high {
                    return None;
                }
                continue;
            }
            if repeated == Some(loose.group) {
                return None;
            }
            if loose.year || !is_labelled(loose) {
                return None;
            }
            match groups.last_mut() {
                Some(group) if group[0].group == loose.group => group.push(loose.clone()),
                _ => groups.push(vec![loose.clone()]),
            }
        }
        (!groups.is_empty()).then(|| Self {
            side,
            entries: entries.clone(),
            stops: fields.stops.clone(),
            targets,
            market: fields.market,
            seen: fields.price.is_some(),
            stopped: fields.stop_label
                || !fields.stops.is_empty()
                || fields.stop_away.is_some()
                || fields.percent_stop.is_some(),
            // `Targets: to be decided` leaves none to be found.
            aimed: fields.target_label
                || !fields.targets.is_empty()
                || !fields.targets_away.is_empty(),
            card: fields.rows >= CARD,
            groups,
        })
    }

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

    fn gain(&self, price: Decimal) -> Decimal {
        gain(self.side, price)
    }

    /// `tp 1.10, then 1.15`: takes out of the groups what goes on with the targets.
    fn take_more_targets(&mut self) -> Vec<Loose> {
        let Some(mut last) = self.targets.last().map(|last| self.gain(*last)) else {
            return Vec::new();
        };
        let mut more = Vec::new();
        for group in std::mem::take(&mut self.groups) {
            let goes_on = group[0].behind_target
                && group
                    .iter()
                    .all(|loose| matches!(loose.hint, Hint::None | Hint::Gain))
                && self.rises(&group, last);
            if goes_on && let Some(end) = group.last() {
                last = self.gain(end.price);
                more.extend(group);
            } else {
                self.groups.push(group);
            }
        }
        more
    }

    /// Does each price of a list lie farther in the direction of the gain than the one before?
    fn rises(&self, list: &[Loose], from: Decimal) -> bool {
        let mut last = from;
        list.iter().all(|loose| {
            let here = self.gain(loose.price);
            let rises = here > last;
            last = here;
            rises
        })
    }

    /// The ends of the entry in the direction of the gain. Of one at the market without a price the
    /// stop and the first target stand for them.
    fn ends(&self) -> Option<(Decimal, Decimal)> {
        let gains = || self.entries.iter().map(|price| self.gain(*price));
        let (low, high) = (gains().min(), gains().max());
        let goal = || self.targets.iter().map(|price| self.gain(*price)).min();
        let stop = || self.stops.iter().map(|price| self.gain(*price)).max();
        Some((low.or_else(goal)?, high.or_else(stop)?))
    }

    /// Is a group the stop of an entry whose losing end this is?
    fn is_stop(&self, group: &[Loose], low: Decimal) -> bool {
        let [loose] = group else { return false };
        let away = low - self.gain(loose.price);
        loose.hint != Hint::Gain && away > Decimal::ZERO && away <= FARTHEST_STOP * low.abs()
    }

    /// All groups as targets of an entry whose gaining end this is.
    fn as_goals(&self, groups: &[Vec<Loose>], high: Decimal) -> Option<Vec<Loose>> {
        let goals: Vec<Loose> = groups.iter().flatten().cloned().collect();
        let fits = self.rises(&goals, high)
            && goals.len() <= MAX_TARGETS
            && goals.iter().all(|loose| loose.hint != Hint::Price);
        fits.then_some(goals)
    }

    /// Everything is known; what is left may be the price at which the market stands.
    fn seen(&self) -> Option<Roles> {
        if self.groups.is_empty() {
            return Some(Roles::default());
        }
        let [group] = self.groups.as_slice() else {
            return None;
        };
        let [loose] = group.as_slice() else {
            return None;
        };
        let unpriced = self.market && self.entries.is_empty() && !self.seen;
        let (stop, goal) = (self.stops.first()?, self.targets.first()?);
        let here = self.gain(loose.price);
        // Nobody knows whether one that is not called a price is another order.
        let called = unpriced && loose.hint == Hint::Price;
        (called && self.gain(*stop) < here && here < self.gain(*goal)).then(|| Roles {
            seen: Some(loose.clone()),
            ..Roles::default()
        })
    }

    fn stop(&self) -> Option<Roles> {
        let [group] = self.groups.as_slice() else {
            // The targets went on, and no stop is written.
            return self.groups.is_empty().then(Roles::default);
        };
        // Without a price of the entry nobody knows where losing begins.
        if self.entries.is_empty() && group.first()?.hint != Hint::Beyond && !self.card {
            return None;
        }
        let (low, _) = self.ends()?;
        self.is_stop(group, low).then(|| Roles {
            stop: group.first().cloned(),
            ..Roles::default()
        })
    }

    fn goals(&self) -> Option<Roles> {
        let (_, high) = self.ends()?;
        let targets = self.as_goals(&self.groups, high)?;
        // Of a trade at the market a list is one of targets, and one price may be what it costs.
        let listed = self.groups.len() == 1 && targets.len() > 1;
        let labelled = targets.iter().all(|loose| loose.words > 0);
        (!self.entries.is_empty() || listed && labelled).then(|| Roles {
            targets,
            ..Roles::default()
        })
    }

    fn entry(&self) -> Option<Roles> {
        let first = self.groups.first()?.first()?;
        let alike = self.groups.len() == 1
            || self.card
                && self
                    .groups
                    .iter()
                    .flatten()
                    .all(|loose| loose.label == first.label);
        let (stop, goal) = (self.stops.first()?, self.targets.first()?);
        let between = |loose: &Loose| {
            let here = self.gain(loose.price);
            self.gain(*stop) < here && here < self.gain(*goal) && loose.hint != Hint::Gain
        };
        let entry: Vec<Loose> = self.groups.iter().flatten().cloned().collect();
        let few = entry.len() <= if self.card { MAX_TARGETS } else { 2 };
        (alike && few && entry.iter().all(between)).then(|| Roles {
            entry,
            ..Roles::default()
        })
    }

    /// Where two roles lack, a list or a hint must tell one of them.
    fn stop_and_goals(&self) -> Option<Roles> {
        let (low, high) = (!self.entries.is_empty()).then(|| self.ends())??;
        let at = self
            .groups
            .iter()
            .position(|group| self.is_stop(group, low))?;
        let mut rest = self.groups.clone();
        let stop = rest.remove(at);
        let goals = self
            .as_goals(&rest, high)
            .filter(|goals| !goals.is_empty())?;
        let told = stop[0].hint == Hint::Beyond
            || goals.len() > 1
            || goals.iter().any(|loose| loose.hint == Hint::Gain);
        (told && differ(&stop, &goals)).then(|| Roles {
            stop: stop.into_iter().next(),
            targets: goals,
            ..Roles::default()
        })
    }

    fn entry_and_goals(&self) -> Option<Roles> {
        let (stop, (entry, goals)) = (self.stops.first()?, self.two()?);
        let gains = entry.iter().map(|loose| self.gain(loose.price));
        let high = gains.clone().max()?;
        let goals = self.as_goals(std::slice::from_ref(goals), high)?;
        let told = goals.len() > 1 || goals.iter().all(|loose| loose.hint == Hint::Gain);
        let fits = is_entry(entry) && gains.min()? > self.gain(*stop);
        (told && fits && differ(entry, &goals)).then(|| Roles {
            entry: entry.clone(),
            targets: goals,
            ..Roles::default()
        })
    }

    fn entry_and_stop(&self) -> Option<Roles> {
        let (first, second) = self.two()?;
        let goal = self.gain(*self.targets.first()?);
        let low = |group: &[Loose]| group.iter().map(|loose| self.gain(loose.price)).min();
        let (entry, stop) = if low(first)? > low(second)? {
            (first, second)
        } else {
            (second, first)
        };
        let told = stop.first()?.hint == Hint::Beyond
            || entry.len() == 2
            || entry.iter().all(|loose| loose.hint == Hint::Price);
        let below = entry.iter().all(|loose| self.gain(loose.price) < goal);
        let fits = is_entry(entry) && below && self.is_stop(stop, low(entry)?);
        (told && fits && differ(entry, stop)).then(|| Roles {
            entry: entry.clone(),
            stop: stop.first().cloned(),
            ..Roles::default()
        })
    }

    /// A card that names none of them: what is gained, an entry that is called a price or is a zone,
    /// and what is left.
    fn all(&self) -> Option<Roles> {
        let [one, two, three] = self.groups.as_slice() else {
            return None;
        };
        let groups = [one, two, three];
        let goals = *groups.iter().find(|group| group[0].hint == Hint::Gain)?;
        let mut rest = groups.iter().filter(|group| group[0].hint != Hint::Gain);
        let (first, second) = (*rest.next()?, *rest.next()?);
        let low = |group: &[Loose]| group.iter().map(|loose| self.gain(loose.price)).min();
        let (entry, stop) = if low(first)? > low(second)? {
            (first, second)
        } else {
            (second, first)
        };
        let told = entry.len() == 2 || entry[0].hint == Hint::Price || stop[0].hint == Hint::Beyond;
        if !told {
            return None;
        }
        let gains = entry.iter().map(|loose| self.gain(loose.price));
        let goals = self.as_goals(std::slice::from_ref(goals), gains.clone().max()?)?;
        (self.card && is_entry(entry) && self.is_stop(stop, gains.min()?)).then(|| Roles {
            entry: entry.clone(),
            stop: stop.first().cloned(),
            targets: goals,
            ..Roles::default()
        })
    }

    /// The two groups that are left, where each stands under a word of its own.
    fn two(&self) -> Option<(&Vec<Loose>, &Vec<Loose>)> {
        let [first, second] = self.groups.as_slice() else {
            return None;
        };
        Some((first, second))
    }
}

/// One price or the two ends of a zone, at which nothing is gained.
fn is_entry(group: &[Loose]) -> bool {
    group.len() <= 2
        && group
            .iter()
            .all(|loose| matches!(loose.hint, Hint::None | Hint::Price))
}

/// Do two groups stand under different words?
fn differ(one: &[Loose], other: &[Loose]) -> bool {
    let label = |group: &[Loose]| group.first().map(|loose| (loose.label.clone(), loose.hint));
    label(one) != label(other)
}

/// Does little enough stand before a price that it can be its label?
fn is_labelled(loose: &Loose) -> bool {
    loose.words
        <= if loose.hint == Hint::None {
            MOST_LABEL
        } else {
            MOST_HINTED
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
