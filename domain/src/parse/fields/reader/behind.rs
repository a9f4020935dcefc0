//! Labels behind: some say behind a price what it is.

use super::Reader;
use super::exit::is_bare;
use super::loose::{Clause, MOST_BEHIND};
use crate::parse::fields::{Goal, Loose};
use crate::parse::lexicon::Concept;
use crate::parse::number::Number;
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field};

impl Reader {
    /// Does a label name the price that stands before it?
    pub(super) fn label_behind(&mut self, lexeme: &Lexeme, rest: &[Lexeme]) -> bool {
        match &lexeme.what {
            What::Is(Concept::Stop) => {
                self.stop_stands_before(rest) || self.label_stands_behind(&Concept::Stop, rest)
            }
            What::Is(Concept::Target) => self.label_stands_behind(&Concept::Target, rest),
            What::Is(_)
            | What::Pair(_)
            | What::Part
            | What::Number(_)
            | What::Index(_)
            | What::Word
            | What::Sign(_)
            | What::Tick
            | What::Link
            | What::Break => false,
        }
    }

    /// `4640 above stop, targets …`, `9.82万止损,`: some say behind the price what it is, and then the
    /// clause ends.
    fn label_stands_behind(&mut self, concept: &Concept, rest: &[Lexeme]) -> bool {
        let ends = match rest.first().map(|lexeme| &lexeme.what) {
            None | Some(What::Sign(',' | '，' | '.' | '。' | ';' | '!')) => true,
            Some(What::Break) => rest.get(1).is_none_or(|next| {
                !(is_bare(next) || matches!(next.what, What::Index(_) | What::Sign(_)))
            }),
            Some(_) => false,
        };
        let beside = self.clause.listing || self.entered() && self.follows_a_price();
        let kept = beside && self.clause.kept;
        if !ends || !(kept || self.harden()) {
            return false;
        }
        let Some(last) = self.fields.loose.last() else {
            return false;
        };
        let group = last.group;
        let taken: Vec<Loose> = self
            .fields
            .loose
            .iter()
            .filter(|loose| loose.group == group)
            .cloned()
            .collect();
        let barred = taken.iter().any(|loose| loose.barred || loose.counts);
        let fields = &mut self.fields;
        let fits = if *concept == Concept::Stop {
            taken.len() == 1 && fields.stops.is_empty() && !fields.stop_label
        } else {
            fields.targets.is_empty() && !fields.target_label
        };
        if barred || !fits {
            return false;
        }
        fields.loose.retain(|loose| loose.group != group);
        self.line.label = true;
        self.line
            .loose
            .retain(|number| !taken.iter().any(|loose| loose.price == number.normalize()));
        for loose in taken {
            self.here = loose.place;
            if *concept == Concept::Stop {
                self.line.stop = true;
                self.fields.stop_label = true;
                self.fields.stops.push(loose.price);
                self.found(Field::Stop, Some(loose.price), Confidence::Named);
            } else {
                self.fields.target_label = true;
                self.fields.targets.push(Goal {
                    price: loose.price,
                    percent: None,
                });
                self.found(Field::Target, Some(loose.price), Confidence::Named);
            }
        }
        self.clause = Clause::default();
        self.open = None;
        true
    }

    /// Do few words stand between the last price of the clause and what is being heard?
    fn follows_a_price(&self) -> bool {
        self.clause.since.is_some_and(|words| words <= MOST_BEHIND)
    }

    /// `9.72万 short, 9.82万 stop,`: takes back the price before, which was taken for the entry as it
    /// stands behind the side, where the entry has another one.
    fn harden(&mut self) -> bool {
        let beside = self.follows_a_price();
        let fields = &mut self.fields;
        let entries = if fields.soft.is_empty() {
            &fields.entry
        } else {
            &fields.soft
        };
        let [before @ .., price] = entries.as_slice() else {
            return false;
        };
        let entered = !before.is_empty() || fields.loose.last().is_some_and(|loose| !loose.barred);
        if !(entered && beside && self.clause.soft && self.clause.begun) {
            return false;
        }
        let price = *price;
        let Some(place) = fields
            .found
            .iter()
            .rposition(|found| found.field == Field::Entry && found.value == Some(price))
        else {
            return false;
        };
        self.here = fields.found.remove(place).place;
        if fields.soft.pop().is_none() {
            fields.entry.pop();
        }
        self.clause = Clause::default();
        self.keep(&Number {
            value: Some(price),
            written: price.to_string().into(),
            ..Number::default()
        });
        true
    }
}
