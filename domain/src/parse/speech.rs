//! Later words: what a text that opens no trade says about those that are open.

use crate::reading::Meaning;

use super::phrase::Lexeme;

/// Reads a text that opens no trade.
pub(super) fn read(_lexemes: &[Lexeme]) -> Meaning {
    Meaning::Noise("chat")
}
