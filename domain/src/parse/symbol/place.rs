//! Place: whether a word without a quote stands where a symbol would.

use smol_str::StrExt as _;

use super::Sureness;
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::universe::Universe;

/// How surely a word without a quote is a symbol; none where it is just a word.
pub(super) fn sureness(
    lexemes: &[Lexeme],
    at: usize,
    universe: &dyn Universe,
    known: bool,
    loud: bool,
    han: bool,
) -> Option<Sureness> {
    // In a text of small letters every other word ends here.
    if !(known || loud || han) {
        return None;
    }
    let lexeme = &lexemes[at];
    let upper = lexeme.text.to_ascii_uppercase_smolstr();
    let tag = at
        .checked_sub(1)
        .filter(|_| lexeme.glued)
        .and_then(|before| {
            ['$', '#']
                .into_iter()
                .find(|sign| lexemes[before].what == What::Sign(*sign))
        });
    let short = upper.len() <= 12;
    match tag {
        Some('$') if known || (loud && short) => return Some(Sureness::Tagged),
        Some('#') if known && (loud || !universe.is_word(&upper)) => return Some(Sureness::Tagged),
        // `#NEWCOIN` above a trade is one that nobody knows here; no list is complete.
        Some('#') if loud && short && upper.len() >= 3 => return Some(Sureness::Formed),
        Some(_) => return None,
        None => {}
    }
    let place = Place::of(lexemes, at);
    let word = universe.is_word(&upper);
    if known && !word && (loud || upper.len() >= 3 || place.beside_side) {
        return Some(Sureness::Bare);
    }
    if known && word && place.beside_side && (loud || han) {
        return Some(Sureness::Bare);
    }
    if known && word && place.starts && (loud && place.ends || han) {
        return Some(Sureness::Bare);
    }
    // `╭─ CARD 37 ─ RENDER`: what a drawn line leads to is the card's title.
    let drawn = lexeme
        .mark
        .is_some_and(|mark| ('\u{2500}'..='\u{257F}').contains(&mark));
    if known && loud && drawn && place.ends {
        return Some(Sureness::Bare);
    }
    let alone = place.starts && (place.ends || han && loud);
    let formed = short && (loud || han) && (place.beside_side || alone);
    formed.then_some(if place.beside_side {
        Sureness::Sided
    } else {
        Sureness::Formed
    })
}

/// Whether a word of the lexicon stands where it can only be an asset: at the beginning of a line
/// right before a side, or, where it denies, at the end of one.
pub(super) fn instead(
    lexemes: &[Lexeme],
    at: usize,
    concept: &Concept,
    loud: bool,
    han: bool,
) -> bool {
    let place = Place::of(lexemes, at);
    // The sides are words themselves.
    if matches!(concept, Concept::Long | Concept::Short) {
        return false;
    }
    let heads = place.starts && (place.side_after || (place.ends || han) && loud);
    // In a shout all words are loud.
    let quiet = lexemes
        .iter()
        .any(|other| other.text.chars().any(char::is_lowercase));
    let denies = *concept == Concept::Not && place.ends && !place.starts;
    // `Short OP entry 1.127`: between a side and what follows, a word that says little would be quiet.
    let little = matches!(
        concept,
        Concept::Filler | Concept::Joint | Concept::UpTo | Concept::Near | Concept::Unit
    );
    let named = little && place.beside_side && lexemes[at].text.len() > 1;
    heads || loud && quiet && (denies || named)
}

/// Where on its line a word stands.
struct Place {
    starts: bool,
    ends: bool,
    side_after: bool,
    /// Long or short stands right beside it.
    beside_side: bool,
}

impl Place {
    fn of(lexemes: &[Lexeme], at: usize) -> Self {
        let line = lexemes[at].line;
        let counts = |lexeme: &&Lexeme| {
            !matches!(
                lexeme.what,
                What::Sign(_)
                    | What::Tick
                    | What::Is(Concept::Filler | Concept::Horizon | Concept::Out)
            )
        };
        let near = |lexeme: &&Lexeme| lexeme.line == line && lexeme.what != What::Break;
        let before = lexemes[..at]
            .iter()
            .rev()
            .take(6)
            .take_while(near)
            .find(counts);
        let after = lexemes[at + 1..]
            .iter()
            .take(6)
            .take_while(near)
            .find(counts);
        let side = |lexeme: Option<&Lexeme>| {
            lexeme.is_some_and(|lexeme| lexeme.is(&Concept::Long) || lexeme.is(&Concept::Short))
        };
        Self {
            starts: before.is_none(),
            ends: after.is_none(),
            side_after: side(after),
            beside_side: side(before) || side(after),
        }
    }
}
