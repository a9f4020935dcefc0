//! Later words: what a text that opens no trade says about those that are open.

mod about;
mod order;

use rust_decimal::Decimal;

use super::fields::{self, Fields};
use super::lexicon::Concept;
use super::number::Unit;
use super::phrase::{Lexeme, What};
use super::token;
use super::universe::Universe;
use crate::reading::Meaning;

/// The most unknown words that an order has; a longer text is talk, whatever phrases are in it.
/// A Chinese character counts one, a word of letters two.
const MOST_WORDS: usize = 26;

/// The most unknown words of a clause that orders something, counted alike.
const MOST_CLAUSE: usize = 12;

/// So many lines with a label make a text a machine's.
const MACHINE_LINES: usize = 3;

/// The most lexemes of an order, known or unknown; what is longer is not looked through again and
/// again.
const MOST_LEXEMES: usize = 400;

/// How near a negation stands before what it negates, in lexemes.
const NEAR: usize = 6;

/// Reads a text that opens no trade.
pub(super) fn read(lexemes: &[Lexeme], universe: &dyn Universe) -> Meaning {
    let machine = machine_lines(lexemes, universe);
    let lexemes = match &machine {
        Some(lines) => lines,
        None => without_advertisement(lexemes),
    };
    let speech = Speech {
        lexemes,
        universe,
        fields: fields::read(lexemes),
    };
    if speech.words() > MOST_WORDS || lexemes.len() > MOST_LEXEMES {
        return speech
            .claim_of_levels()
            .or_else(|| first_word(lexemes, universe))
            .unwrap_or(Meaning::Noise("chat"));
    }
    speech
        .cancel()
        .or_else(|| speech.orders())
        .or_else(|| speech.claim())
        .unwrap_or_else(|| Meaning::Noise(speech.noise()))
}

/// The most unknown words of a text whose first clause ends a trade and whose rest explains why.
const MOST_EXPLAINED: usize = 60;

/// `I close the position for now, as …`: who ends a trade says so first and explains it then.
fn first_word(lexemes: &[Lexeme], universe: &dyn Universe) -> Option<Meaning> {
    let clause = |lexeme: &Lexeme| {
        matches!(
            lexeme.what,
            What::Break | What::Sign(',' | '.' | ';' | '!' | '，' | '。' | '！' | '；' | '،' | '।')
        )
    };
    let end = lexemes.iter().position(clause)?;
    let rest = Speech {
        lexemes: &lexemes[end..],
        universe,
        fields: Fields::default(),
    };
    let first = &lexemes[..end];
    let speech = Speech {
        lexemes: first,
        universe,
        fields: fields::read(first),
    };
    let short = speech.words() <= MOST_CLAUSE && rest.words() <= MOST_EXPLAINED;
    if !short {
        return None;
    }
    let told = speech.cancel().or_else(|| speech.orders())?;
    matches!(told, Meaning::Closes(_) | Meaning::Cancels(_)).then_some(told)
}

/// A machine's message: `label: value` on each line, drawn lines between them, and an advertisement
/// behind.
fn machine_lines(lexemes: &[Lexeme], universe: &dyn Universe) -> Option<Vec<Lexeme>> {
    drawn(lexemes)?;
    let lines = lexemes.chunk_by(|a, b| a.line == b.line);
    let labelled: Vec<&[Lexeme]> = lines
        .filter(|line| line.iter().any(|lexeme| lexeme.what == What::Sign(':')))
        .filter(|line| !line.iter().any(|lexeme| lexeme.what == What::Link))
        .filter(|line| {
            let speech = Speech {
                lexemes: line,
                universe,
                fields: Fields::default(),
            };
            speech.words() <= MOST_CLAUSE
        })
        .collect();
    (labelled.len() >= MACHINE_LINES).then(|| labelled.concat())
}

/// What stands behind a drawn line is the channel's advertisement.
fn without_advertisement(lexemes: &[Lexeme]) -> &[Lexeme] {
    match drawn(lexemes) {
        Some(at) if at > 0 => &lexemes[..at],
        _ => lexemes,
    }
}

/// Where a line is drawn.
fn drawn(lexemes: &[Lexeme]) -> Option<usize> {
    lexemes
        .windows(4)
        .position(|four| four.iter().all(|lexeme| lexeme.what == What::Sign('=')))
}

struct Speech<'a> {
    lexemes: &'a [Lexeme],
    universe: &'a dyn Universe,
    fields: Fields,
}

impl Speech<'_> {
    fn words(&self) -> usize {
        let weight = |lexeme: &Lexeme| {
            if lexeme.text.chars().all(token::is_han) {
                1
            } else {
                2
            }
        };
        self.lexemes
            .iter()
            .filter(|lexeme| lexeme.what == What::Word)
            .map(weight)
            .sum()
    }

    fn has(&self, concept: &Concept) -> bool {
        self.lexemes.iter().any(|lexeme| lexeme.is(concept))
    }

    /// Where a concept stands that is neither negated nor under a condition.
    fn meant(&self, concept: &Concept) -> Option<usize> {
        self.lexemes
            .iter()
            .enumerate()
            .position(|(at, lexeme)| lexeme.is(concept) && !self.refused(at))
    }

    /// Is what stands at `at` negated right before it, or under a condition on its line?
    fn refused(&self, at: usize) -> bool {
        let line = self.lexemes[at].line;
        let before = self.lexemes[..at]
            .iter()
            .rev()
            .take_while(|lexeme| lexeme.line == line);
        let told = before.clone().any(|lexeme| lexeme.is(&Concept::Talk));
        let negated = before
            .clone()
            .take(NEAR)
            .any(|lexeme| lexeme.is(&Concept::Not));
        let conditional = before.clone().any(|lexeme| lexeme.is(&Concept::If));
        let asked = self.lexemes[at..]
            .iter()
            .take_while(|lexeme| lexeme.line == line)
            .any(|lexeme| lexeme.what == What::Sign('?'));
        negated || conditional || asked || told
    }

    /// Does a line speak of this, too?
    fn line_has(&self, at: usize, concepts: &[Concept]) -> bool {
        let line = self.lexemes[at].line;
        let from = self.lexemes.partition_point(|lexeme| lexeme.line < line);
        self.lexemes[from..]
            .iter()
            .take_while(|lexeme| lexeme.line == line)
            .any(|lexeme| concepts.iter().any(|concept| lexeme.is(concept)))
    }

    /// A report of what was reached or earned.
    fn claim(&self) -> Option<Meaning> {
        let level = [
            Concept::Stop,
            Concept::Target,
            Concept::Breakeven,
            Concept::Cost,
            Concept::Entry,
            Concept::Close,
        ];
        let reached = self
            .lexemes
            .iter()
            .enumerate()
            .any(|(at, lexeme)| lexeme.is(&Concept::Hit) && self.line_has(at, &level));
        let percent = self.percent();
        let ticked = self.lexemes.iter().any(|lexeme| lexeme.what == What::Tick)
            && (percent.is_some() || self.fields.target_label || self.fields.stop_label);
        let earned = percent.is_some()
            && self
                .lexemes
                .iter()
                .any(|lexeme| lexeme.is(&Concept::Result));
        let pips = self.lexemes.windows(2).any(|two| {
            two[0].what == What::Sign('+')
                && matches!(&two[1].what, What::Number(number) if number.unit != Unit::None)
        });
        (self.fields.reached || reached || ticked || earned || pips).then(|| Meaning::Claim {
            pair: self.pairs().into_iter().next().map(|(pair, _)| pair),
            percent,
        })
    }

    /// A long text that repeats a trade's levels with ticks is still a report of them.
    fn claim_of_levels(&self) -> Option<Meaning> {
        let ticked = self.lexemes.iter().any(|lexeme| lexeme.what == What::Tick);
        (ticked && self.fields.reached && !self.fields.targets.is_empty()).then(|| Meaning::Claim {
            pair: self.pairs().into_iter().next().map(|(pair, _)| pair),
            percent: self.percent(),
        })
    }

    /// The first percentage, negative where it says so.
    fn percent(&self) -> Option<Decimal> {
        self.lexemes.iter().enumerate().find_map(|(at, lexeme)| {
            let What::Number(number) = &lexeme.what else {
                return None;
            };
            let value = number.value.filter(|_| number.unit == Unit::Percent)?;
            // The dash in `40-45%` is no minus.
            let minus = at
                .checked_sub(1)
                .is_some_and(|before| self.lexemes[before].what == What::Sign('-'))
                && !at
                    .checked_sub(2)
                    .is_some_and(|before| matches!(self.lexemes[before].what, What::Number(_)));
            Some(if minus { -value } else { value })
        })
    }

    /// Why it is none of the others.
    fn noise(&self) -> &'static str {
        let price = self.fields.price.is_some()
            && !self.lexemes.iter().any(|lexeme| lexeme.what == What::Word);
        if price {
            "price-only"
        } else if self.has(&Concept::If) {
            "conditional"
        } else if self.lexemes.iter().any(|lexeme| lexeme.what == What::Link) {
            "link"
        } else {
            "chat"
        }
    }
}
