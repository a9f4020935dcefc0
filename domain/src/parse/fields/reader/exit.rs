//! Exits: the words around a stop, and those that say where a trade is left with a profit.

use super::Reader;
use super::open::{Name, Open};
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field};

/// So far a number is looked for behind a word that it may belong to.
const FAR: usize = 12;

impl Reader {
    /// Is a stop being read?
    pub(super) fn in_stop(&self) -> bool {
        self.open
            .is_some_and(|open| open.name == Name::Stop && !open.broken)
    }

    /// Does the label of a stop wait for its price?
    pub(super) fn stop_lacks_its_price(&self) -> bool {
        self.in_stop() && self.open.is_some_and(|open| open.numbers == 0)
    }

    /// Is a stop being moved, and not yet to anywhere?
    pub(super) fn stop_goes_there(&self) -> bool {
        let open = self.open.filter(|open| open.name == Name::Stop);
        self.line.moves && open.is_some_and(|open| open.numbers == 0 && !open.broken)
    }

    /// `below 7.25 I cut it`: a stop whose price stands before it in its clause, and none behind it.
    pub(super) fn stop_stands_before(&mut self, rest: &[Lexeme]) -> bool {
        let ends = |lexeme: &Lexeme| {
            matches!(
                lexeme.what,
                What::Break | What::Sign('.' | ',' | '，' | '。' | ';' | '!')
            )
        };
        let mut clause = rest.iter().take(FAR).take_while(|lexeme| !ends(lexeme));
        let Some((price, place)) = self.line.beyond.take() else {
            return false;
        };
        if clause.any(is_bare) || self.fields.stop_label || !self.entered() {
            return false;
        }
        self.line.loose.retain(|number| number.normalize() != price);
        self.fields.stop_label = true;
        self.fields.stops.push(price);
        self.line.label = true;
        self.line.stop = true;
        self.here = place;
        self.found(Field::Stop, Some(price), Confidence::Placed);
        true
    }

    /// Is what follows the price at which a trade that is laid out up to its stop is left?
    pub(super) fn leaves_at(&self, next: Option<&Lexeme>) -> bool {
        let fields = &self.fields;
        let laid_out = self.entered() && !fields.stops.is_empty() && !fields.target_label;
        let priced = next.is_some_and(|next| is_bare(next) || next.is(&Concept::Filler));
        laid_out && self.line.stop && priced
    }

    /// `buy 182-178 sell 191, 200 stop 170`: who bought sells at his targets.
    pub(super) fn sold(&mut self, next: Option<&Lexeme>) {
        let fields = &mut self.fields;
        let bought = fields.long && !self.shorted && !fields.market;
        let entered = !(fields.entry.is_empty() && fields.soft.is_empty());
        let priced = next.is_some_and(|next| {
            matches!(
                next.what,
                What::Number(_)
                    | What::Sign(':')
                    | What::Is(
                        Concept::Filler
                            | Concept::Trade
                            | Concept::Ticket
                            | Concept::Half
                            | Concept::Share(_)
                    )
            )
        });
        if bought && entered && priced && !fields.target_label {
            fields.short = false;
            fields.sold = true;
            fields
                .found
                .retain(|found| found.field != Field::Side || found.place != self.here);
            fields.target_label = true;
            self.line.label = true;
            self.open = Some(Open::new(Name::Target));
        }
    }
}

/// Does a number follow on the line?
pub(super) fn number_follows(lexemes: &[Lexeme]) -> bool {
    lexemes
        .iter()
        .take(FAR)
        .take_while(|lexeme| lexeme.what != What::Break)
        .any(is_bare)
}

/// Is it a number without a unit?
pub(super) fn is_bare(lexeme: &Lexeme) -> bool {
    matches!(&lexeme.what, What::Number(number) if number.unit == Unit::None)
}
