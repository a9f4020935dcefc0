//! Roles: what the prices of each case are, where their place among the known levels leaves one answer.

use rust_decimal::Decimal;

use super::Roles;
use super::known::Known;
use crate::parse::fields::{Hint, Loose};
use crate::reading::MAX_TARGETS;

/// A stop that no word names is at most this share of the entry away: where a position is liquidated
/// lies farther more often than a stop does.
const FARTHEST_STOP: Decimal = Decimal::from_parts(15, 0, 0, false, 2);

/// It risks at most this many times what the last target gains.
const DEAREST_STOP: Decimal = Decimal::from_parts(3, 0, 0, false, 0);

impl Known {
    /// A price in the direction in which the side gains.
    fn gain(&self, price: Decimal) -> Decimal {
        self.side.sign() * price
    }

    /// `tp 1.10, then 1.15`: takes out of the groups what goes on with the targets.
    pub(super) fn take_more_targets(&mut self) -> Vec<Loose> {
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
        let goals = self.targets.iter().map(|price| self.gain(*price) - low);
        let worth = goals.max().is_none_or(|goal| away <= goal * DEAREST_STOP);
        loose.hint != Hint::Gain
            && away > Decimal::ZERO
            && away <= FARTHEST_STOP * low.abs()
            && worth
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
    pub(super) fn seen(&self) -> Option<Roles> {
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

    pub(super) fn stop(&self) -> Option<Roles> {
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

    pub(super) fn goals(&self) -> Option<Roles> {
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

    pub(super) fn entry(&self) -> Option<Roles> {
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
    pub(super) fn stop_and_goals(&self) -> Option<Roles> {
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

    pub(super) fn entry_and_goals(&self) -> Option<Roles> {
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

    pub(super) fn entry_and_stop(&self) -> Option<Roles> {
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
    pub(super) fn all(&self) -> Option<Roles> {
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
