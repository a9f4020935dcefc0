//! What is known of a trade, and which of its prices could be levels that nothing names.

use rust_decimal::Decimal;

use crate::market::Side;
use crate::parse::fields::{Fields, Hint, Loose};

/// The most unknown words of a label, and of one that hints at what happens at its price.
const MOST_LABEL: usize = 3;
const MOST_HINTED: usize = 6;

/// So many lines of a label and a number make a text a card.
pub(super) const CARD: usize = 3;

/// What counts something is farther than this many times from all levels.
const COUNTED: Decimal = Decimal::from_parts(13, 0, 0, false, 1);

/// What is known of a trade, and the prices of which it is not.
pub(super) struct Known {
    pub(super) side: Side,
    pub(super) entries: Vec<Decimal>,
    pub(super) stops: Vec<Decimal>,
    pub(super) targets: Vec<Decimal>,
    /// At once, at whatever price.
    pub(super) market: bool,
    /// The price at the time of writing is known.
    pub(super) seen: bool,
    pub(super) stopped: bool,
    pub(super) aimed: bool,
    pub(super) card: bool,
    /// The prices in their groups, in the order of the text.
    pub(super) groups: Vec<Vec<Loose>>,
}

impl Known {
    /// None where a price could be something that is no level.
    pub(super) fn of(fields: &Fields, side: Side) -> Option<Self> {
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
                .filter(|loose| !(loose.barred || priced && loose.hint == Hint::Price))
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
