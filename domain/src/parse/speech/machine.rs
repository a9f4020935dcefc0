//! Machines: messages of `label: value` lines, and what an advertisement is behind a drawn line.

use super::{MOST_CLAUSE, words};
use crate::parse::phrase::{Lexeme, What};

/// So many lines with a label make a text a machine's.
const MACHINE_LINES: usize = 3;

/// A machine's message: `label: value` on each line, drawn lines between them, and an advertisement
/// behind.
pub(super) fn lines(lexemes: &[Lexeme]) -> Option<Vec<Lexeme>> {
    drawn(lexemes)?;
    let lines = lexemes.chunk_by(|a, b| a.line == b.line);
    let labelled: Vec<&[Lexeme]> = lines
        .filter(|line| line.iter().any(|lexeme| lexeme.what == What::Sign(':')))
        .filter(|line| !line.iter().any(|lexeme| lexeme.what == What::Link))
        .filter(|line| words(line) <= MOST_CLAUSE)
        .collect();
    (labelled.len() >= MACHINE_LINES).then(|| labelled.concat())
}

/// What stands behind a drawn line is the channel's advertisement.
pub(super) fn without_advertisement(lexemes: &[Lexeme]) -> &[Lexeme] {
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
