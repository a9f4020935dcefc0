//! Recaps: lists of what was, contests and lessons, under a heading that says so. They open nothing
//! and move nothing.

use super::Speech;
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::universe::Universe;
use crate::reading::Meaning;

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
