//! Recaps: lists of what was, contests and lessons, under a heading that says so. They open nothing
//! and move nothing.

use super::{Speech, words};
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::universe::Universe;
use crate::reading::Meaning;

/// So many unknown words beside a quotation make it somebody else's.
const MOST_BESIDE_QUOTE: usize = 6;

/// The most lexemes of a heading.
const HEADING: usize = 14;

/// What a recap is: a claim where it names results in percent or pips, else noise. None where the
/// first line is no such heading.
pub(in crate::parse) fn recap(lexemes: &[Lexeme], universe: &dyn Universe) -> Option<Meaning> {
    let heading = lexemes
        .chunk_by(|a, b| a.line == b.line)
        .find(|line| line.iter().any(|lexeme| lexeme.what != What::Break))?;
    let headed = |concept| {
        let mut words = heading.iter().take(HEADING);
        words.any(|lexeme| lexeme.is(&concept))
    };
    if headed(Concept::Apart) {
        return Some(Meaning::Noise("apart"));
    }
    if quoted(lexemes) {
        return Some(Meaning::Noise("quoted"));
    }
    if !headed(Concept::Recap) {
        return None;
    }
    let results = lexemes.iter().any(|lexeme| {
        matches!(&lexeme.what, What::Number(number)
            if matches!(number.unit, Unit::Percent | Unit::Pips | Unit::Points | Unit::Risk))
    });
    let speech = Speech::empty(lexemes, universe);
    Some(if results {
        Meaning::Claim {
            pair: None,
            percent: speech.percent().filter(|_| speech.pairs().len() < 2),
        }
    } else {
        Meaning::Noise("recap")
    })
}

/// `"Long SOL 142, stop 138", says the other channel`: does every side and level stand in a quotation, and
/// talk beside it?
fn quoted(lexemes: &[Lexeme]) -> bool {
    let quote = |lexeme: &Lexeme| lexeme.what == What::Sign('"');
    let (Some(first), Some(last)) = (
        lexemes.iter().position(quote),
        lexemes.iter().rposition(quote),
    ) else {
        return false;
    };
    let levels = [
        Concept::Long,
        Concept::Short,
        Concept::Entry,
        Concept::Stop,
        Concept::Target,
    ];
    let level = |lexeme: &Lexeme| levels.iter().any(|concept| lexeme.is(concept));
    let (before, after) = (&lexemes[..first], &lexemes[last..]);
    let inside = lexemes[first..last].iter().any(level);
    let outside = before.iter().chain(after).any(level);
    inside && !outside && words(before) + words(after) >= MOST_BESIDE_QUOTE
}
