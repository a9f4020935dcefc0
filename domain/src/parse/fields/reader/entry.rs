//! Entries: whether one has been read, and what stands with its prices.

use super::Reader;
use super::open::Name;
use crate::parse::fields::Trigger;

impl Reader {
    pub(super) fn in_entry(&self) -> bool {
        matches!(
            self.open.map(|open| open.name),
            Some(Name::Entry | Name::Soft)
        )
    }

    /// Does a price of the entry stand before?
    pub(super) fn has_entry(&self) -> bool {
        !(self.fields.entry.is_empty() && self.fields.soft.is_empty())
    }

    /// Did an entry stand before, with a price or at the market?
    pub(super) fn entered(&self) -> bool {
        self.has_entry() || self.fields.market || self.line.market
    }

    /// Are the prices of an entry being read, so that adding is a part of it? Elsewhere it speaks of
    /// an open trade.
    pub(super) fn adds(&self) -> bool {
        self.line.market && self.open.is_some_and(|open| open.name == Name::Entry)
    }

    /// The same of a price that only its place makes one of the entry: `now, 146 add`.
    pub(super) fn adds_softly(&self) -> bool {
        let open = self
            .open
            .is_some_and(|open| open.name == Name::Soft && open.numbers > 0);
        self.line.market && open
    }

    /// The prices of the entry that follow are where is added.
    pub(super) fn add(&mut self) {
        self.fields.again = true;
        self.adding = true;
        self.sentence.aside = true;
    }

    /// `now or 60000`, `market + 0.0116`: the price that follows is another order than the market's.
    pub(super) fn join(&mut self) {
        let first = self.open.is_some_and(|open| open.numbers == 0);
        self.fields.joined |= self.line.market && self.in_entry() && first;
        if let Some(open) = &mut self.open {
            open.joined = open.numbers > 0;
        }
    }

    pub(super) fn trigger(&mut self, trigger: Trigger) {
        if self.in_entry() {
            self.fields.trigger = Some(trigger);
        }
    }
}
