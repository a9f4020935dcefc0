//! The watch: the price band in which a track sleeps.

use rust_decimal::Decimal;

use super::State;
use super::run::Run;
use super::terms::Terms;
use super::track::Track;
use crate::market::{Price, Side};
use crate::reading::Entry;

/// Levels between which a tick changes nothing but the excursions and the last price.
///
/// Where every price matters (an order at the market waits) nothing lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The nearest level below; [`Decimal::MIN`] where there is none.
    pub below: Decimal,
    /// The nearest level above; [`Decimal::MAX`] where there is none.
    pub above: Decimal,
}

impl Watch {
    /// Every price matters.
    pub const ALERT: Self = Self {
        below: Decimal::MAX,
        above: Decimal::MIN,
    };

    /// No price matters.
    pub const ASLEEP: Self = Self {
        below: Decimal::MIN,
        above: Decimal::MAX,
    };

    /// Whether a tick that went from `low` to `high` may be passed over.
    #[must_use]
    pub fn sleeps_through(&self, low: Price, high: Price) -> bool {
        self.below < low.get() && high.get() < self.above
    }
}

impl Track {
    /// Works out anew where the track wakes next, in price and in time.
    pub(super) fn settle(&mut self) {
        let mut watch = Watch::ASLEEP;
        self.deadline = None;
        for run in [&self.pessimistic, &self.optimistic] {
            if run.is_over() {
                continue;
            }
            let at = if run.is_open() {
                run.held_until(&self.terms)
            } else {
                None
            };
            let entry = (!run.legs_left(&self.terms).is_empty()).then_some(self.terms.expires_at);
            let next = [at, entry, self.deadline].into_iter().flatten().min();
            self.deadline = next;
            watch_run(&self.terms, run, &mut watch);
        }
        self.watch = if self.started { watch } else { Watch::ALERT };
        if self.pessimistic.is_over() && self.optimistic.is_over() {
            self.watch = Watch::ASLEEP;
        }
    }
}

/// Adds the levels at which `run` has something to do.
fn watch_run(terms: &Terms, run: &Run, watch: &mut Watch) {
    if !run.waiting.is_empty() {
        *watch = Watch::ALERT;
        return;
    }
    let (mut against, mut along) = (None, run.goals.first().map(|goal| goal.price));
    if run.is_open() {
        let stops = [run.stop, run.stop_before];
        against = stops
            .into_iter()
            .flatten()
            .reduce(|a, b| terms.best_of(a, b));
    }
    if let Some(leg) = run.legs_left(terms).first() {
        match (terms.entry, leg.limit) {
            (Entry::Breakout(level), _) => along = Some(level),
            (_, Some(limit)) => {
                against = Some(against.map_or(limit, |stop| terms.best_of(stop, limit)));
            }
            // An order at the market takes the next price, whatever it is.
            (_, None) => *watch = Watch::ALERT,
        }
    } else if run.state == State::Pending {
        along = None;
    }
    let (below, above) = match terms.side {
        Side::Long => (against, along),
        Side::Short => (along, against),
    };
    if let Some(below) = below {
        watch.below = watch.below.max(below.get());
    }
    if let Some(above) = above {
        watch.above = watch.above.min(above.get());
    }
}
