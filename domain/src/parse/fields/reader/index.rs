//! List numbers: which target or entry the next price is, and which numbers are none.

use super::Reader;
use super::line::Line;
use super::open::{Name, Open};
use crate::parse::lexicon::Concept;
use crate::parse::number::Number;
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field};

impl Reader {
    pub(super) fn index(&mut self, index: u8) {
        if self.trailing {
            self.fields.breakeven_after = Some(index);
            self.open = None;
            return;
        }
        // `leverage 4th` is a leverage of four in some languages.
        if self
            .open
            .is_some_and(|open| open.name == Name::Leverage && open.numbers == 0)
        {
            self.fields.leverage.push(index.into());
            self.found(Field::Leverage, Some(index.into()), Confidence::Named);
            self.open = None;
            return;
        }
        self.line.item = Some(index).filter(|_| self.open.is_none());
        if let Some(open) = &mut self.open {
            open.indexed = true;
            open.item = Some(index);
            open.words = 0;
            if open.name == Name::Target {
                self.last_index = index;
                self.line.goal.get_or_insert(index);
            }
            if open.name == Name::Soft {
                self.open = None;
            }
        }
    }

    /// The 1 of `Take profit 1 - 197.20` and `Take profit 1 at 197.20`, which is no price of this trade.
    pub(super) fn dashed_index(&self, number: &Number, next: Option<&Lexeme>) -> Option<u8> {
        let fresh = (self.open).is_some_and(|open| open.name == Name::Target && open.numbers == 0);
        let dashed = next.is_some_and(|next| {
            next.what == What::Sign('-') && !next.glued || next.is(&Concept::Filler)
        });
        let index: u8 = number.written.parse().ok()?;
        (fresh && dashed && (1..=20).contains(&index) && self.has_entry() && !self.is_near(number))
            .then_some(index)
    }
}

/// The 1 of `Target 1: 0.5` and of `1 Entrada 2659`.
pub(super) fn list_number(
    number: &Number,
    open: Option<Open>,
    line: &Line,
    next: Option<&Lexeme>,
) -> Option<u8> {
    let index: u8 = number
        .written
        .parse()
        .ok()
        .filter(|index| (1..=20).contains(index))?;
    let next = &next?.what;
    let lent = open.is_some_and(|open| open.name == Name::Leverage && open.numbers == 0);
    let heads = !lent
        && !line.label
        && !line.number
        && matches!(next, What::Is(concept) if concept.is_label());
    let fresh = open.is_some_and(|open| {
        open.numbers == 0 && matches!(open.name, Name::Entry | Name::Target | Name::Stop)
    });
    let divides = matches!(
        next,
        What::Sign(':') | What::Number(_) | What::Tick | What::Is(Concept::Hit)
    );
    (heads || fresh && divides).then_some(index)
}
