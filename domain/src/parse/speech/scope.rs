//! Scopes: sentences and clauses, and what a word in them is refused by.

use std::borrow::Cow;
use std::ops::Range;

use super::{MOST_SENTENCE, Speech, words};
use crate::parse::fields;
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};

/// How near a negation stands before what it negates, in lexemes.
const NEAR: usize = 6;

/// How near one stands behind it, where a language puts it there: `정리하지 마세요`.
const NEAR_BEHIND: usize = 2;

/// How near `hit` stands before the level that was hit.
const HIT_NEAR: usize = 2;

/// Does a sentence end here?
fn ends_sentence(lexeme: &Lexeme) -> bool {
    matches!(
        lexeme.what,
        What::Break | What::Tick | What::Sign('.' | '!' | '?' | '。' | ';' | '|')
    )
}

/// Does a clause end here?
pub(super) fn ends_clause(lexeme: &Lexeme) -> bool {
    ends_sentence(lexeme)
        || matches!(
            lexeme.what,
            What::Sign(',' | '，' | '،' | '।' | '！' | '；')
        )
}

/// The sentences of a text, each with its end. A list below its label belongs to it.
fn sentences(lexemes: &[Lexeme]) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut from = 0;
    for (at, lexeme) in lexemes.iter().enumerate() {
        if !ends_sentence(lexeme) || lexeme.what == What::Break && goes_on(lexemes, at) {
            continue;
        }
        if from < at {
            sentences.push(from..at + 1);
        }
        from = at + 1;
    }
    if from < lexemes.len() {
        sentences.push(from..lexemes.len());
    }
    sentences
}

/// Does the line after the break at `at` go on with the one before it?
fn goes_on(lexemes: &[Lexeme], at: usize) -> bool {
    let label = lexemes[..at]
        .iter()
        .rev()
        .find(|lexeme| !matches!(lexeme.what, What::Sign('-' | '*')))
        .is_some_and(|last| last.what == What::Sign(':'));
    let listed = lexemes[..at]
        .iter()
        .rev()
        .take_while(|lexeme| lexeme.what != What::Break)
        .any(|lexeme| matches!(lexeme.what, What::Index(_)) || lexeme.is(&Concept::Target));
    match lexemes.get(at + 1).map(|next| &next.what) {
        Some(What::Index(_) | What::Number(_)) => listed || label,
        Some(_) => label,
        None => false,
    }
}

/// Does a condition stand behind an order: `close it if 60000 breaks`, `平仓吗`? What names nothing that
/// could happen is none.
fn conditioned(behind: &[Lexeme]) -> bool {
    let Some(at) = behind.iter().position(|lexeme| lexeme.is(&Concept::If)) else {
        return false;
    };
    let rest = &behind[at + 1..];
    let happens = [
        Concept::Hit,
        Concept::Target,
        Concept::Stop,
        Concept::Breakout,
    ];
    rest.is_empty()
        || rest.iter().any(|lexeme| {
            matches!(
                lexeme.what,
                What::Number(_) | What::Index(_) | What::Pair(_)
            ) || happens.iter().any(|concept| lexeme.is(concept))
        })
}

/// Is it a word that every order has one of? A sentence without one orders nothing, so it is not
/// looked through for the rest.
const fn orders(lexeme: &Lexeme) -> bool {
    matches!(
        lexeme.what,
        What::Is(
            Concept::Reenter
                | Concept::Move
                | Concept::Take
                | Concept::Out
                | Concept::Close
                | Concept::Quit
                | Concept::Target
                | Concept::Stop
                | Concept::Breakeven
                | Concept::Cost
                | Concept::Cancel
                | Concept::Drop
        )
    )
}

impl Speech<'_> {
    /// Each sentence that may order something by itself: one with a word for that, that is not too long
    /// and has not more unknown words than so many.
    pub(super) fn sentences(&self, most_words: usize) -> impl Iterator<Item = Speech<'_>> {
        sentences(self.lexemes)
            .into_iter()
            .filter(|range| range.len() <= MOST_SENTENCE)
            .filter(move |range| {
                let lexemes = &self.lexemes[range.clone()];
                lexemes.iter().any(orders) && words(lexemes) <= most_words
            })
            .map(|range| {
                let lexemes = &self.lexemes[range.clone()];
                let fields = if lexemes.len() == self.lexemes.len() {
                    Cow::Borrowed(&*self.fields)
                } else {
                    Cow::Owned(fields::read(lexemes))
                };
                Speech {
                    all: self.all,
                    from: self.from + range.start,
                    lexemes,
                    universe: self.universe,
                    fields,
                    around: Some(&self.fields),
                }
            })
    }

    /// The clause that stands around `at`, without what ends it.
    pub(super) fn clause(&self, at: usize) -> Range<usize> {
        let from = self.lexemes[..at]
            .iter()
            .rposition(ends_clause)
            .map_or(0, |end| end + 1);
        let to = self.lexemes[at..]
            .iter()
            .position(ends_clause)
            .map_or(self.lexemes.len(), |end| at + end);
        from..to
    }

    /// Does its clause speak of this, too?
    pub(super) fn clause_has(&self, at: usize, concepts: &[Concept]) -> bool {
        self.lexemes[self.clause(at)]
            .iter()
            .any(|lexeme| concepts.iter().any(|concept| lexeme.is(concept)))
    }

    /// Does a line speak of this, too?
    pub(super) fn line_has(&self, at: usize, concepts: &[Concept]) -> bool {
        let line = self.lexemes[at].line;
        let from = self.lexemes.partition_point(|lexeme| lexeme.line < line);
        self.lexemes[from..]
            .iter()
            .take_while(|lexeme| lexeme.line == line)
            .any(|lexeme| concepts.iter().any(|concept| lexeme.is(concept)))
    }

    /// Where a concept stands that is neither negated nor under a condition.
    pub(super) fn meant(&self, concept: &Concept) -> Option<usize> {
        self.all_meant(concept).next()
    }

    /// Every place of a concept that is neither negated nor under a condition.
    pub(super) fn all_meant(&self, concept: &Concept) -> impl Iterator<Item = usize> {
        self.lexemes
            .iter()
            .enumerate()
            .filter(move |(at, lexeme)| lexeme.is(concept) && !self.refused(*at))
            .map(|(at, _)| at)
    }

    /// Is what stands at `at` negated, asked, told of the past, or under a condition?
    pub(super) fn refused(&self, at: usize) -> bool {
        let line = self.lexemes[at].line;
        let before = self.lexemes[..at]
            .iter()
            .rev()
            .take_while(|lexeme| lexeme.line == line);
        let told = before.clone().any(|lexeme| lexeme.is(&Concept::Talk));
        let negated = before
            .clone()
            .take(NEAR)
            .take_while(|lexeme| !ends_clause(lexeme))
            .any(|lexeme| lexeme.is(&Concept::Not) || lexeme.is(&Concept::Nay));
        let conditional = before.clone().any(|lexeme| lexeme.is(&Concept::If));
        let behind = &self.lexemes[at + 1..self.clause(at).end.max(at + 1)];
        let late = behind
            .iter()
            .take(NEAR_BEHIND)
            .any(|lexeme| lexeme.is(&Concept::Nay))
            || conditioned(behind);
        let of_line = |lexeme: &&Lexeme| lexeme.line == line;
        let mark = |lexeme: &Lexeme| lexeme.what == What::Sign('?');
        let asked = self.lexemes[at..].iter().take_while(of_line).any(mark);
        // `Remember our long? We closed it at 60800.`
        let answered = self.all[..self.from + at]
            .iter()
            .rev()
            .take_while(of_line)
            .any(mark);
        negated || conditional || late || asked || answered || told
    }

    /// Does a condition or a question stand around what is at `at`?
    pub(super) fn supposed(&self, at: usize) -> bool {
        let line = self.lexemes[at].line;
        let of_line = |lexeme: &&Lexeme| lexeme.line == line;
        let before = self.lexemes[..at].iter().rev().take_while(of_line);
        let after = self.lexemes[at..].iter().take_while(of_line);
        before.into_iter().any(|lexeme| lexeme.is(&Concept::If))
            || after
                .into_iter()
                .any(|lexeme| lexeme.what == What::Sign('?'))
    }

    /// Is the level at `at` reported as reached: `stop hit`, `hit the stop`? What is hit before an
    /// order, and is another level, says nothing of it: `TP1 hit, stop to entry`.
    pub(super) fn reached(&self, at: usize) -> bool {
        let verb = [Concept::Take, Concept::Quit, Concept::Close];
        let acts = verb.iter().any(|concept| self.lexemes[at].is(concept));
        let clause = self.clause(at);
        let hit = |lexeme: &Lexeme| lexeme.is(&Concept::Hit);
        let orders = |lexeme: &&Lexeme| {
            !(lexeme.is(&Concept::Move) || lexeme.is(&Concept::Take) || lexeme.is(&Concept::Quit))
        };
        let label = |lexeme: &&Lexeme| !lexeme.is(&Concept::Target) && !lexeme.is(&Concept::Move);
        let before = self.lexemes[clause.start..at].iter().rev();
        !acts && before.take(HIT_NEAR).take_while(label).any(hit)
            || self.lexemes[at + 1..clause.end.max(at + 1)]
                .iter()
                .take_while(orders)
                .any(hit)
    }
}
