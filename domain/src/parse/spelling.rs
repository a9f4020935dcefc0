//! Spelling: slips of the pen in the labels of a card, and in the names of the commonest pairs.
//!
//! A label that differs by one letter from one of the few long words that every room uses is that word,
//! where it stands as a label on a card that has others. The name of a pair is never mended: the trade is
//! held, and the reason says which pair may be meant.

use super::lexicon::Concept;
use super::phrase::{Lexeme, What};

/// The words that labels are made of in rooms all over the world, long enough that no other word is
/// one letter away from them.
const LABELS: [(&str, Concept); 8] = [
    ("target", Concept::Target),
    ("targets", Concept::Target),
    ("takeprofit", Concept::Target),
    ("entry", Concept::Entry),
    ("entries", Concept::Entry),
    ("stoploss", Concept::Stop),
    ("leverage", Concept::Leverage),
    ("invalidation", Concept::Stop),
];

/// The pairs that most posts are about.
const PAIRS: [&str; 12] = [
    "XAUUSD", "EURUSD", "GBPUSD", "USDJPY", "GBPJPY", "AUDUSD", "USDCAD", "USDCHF", "NZDUSD",
    "BTCUSDT", "ETHUSDT", "BTCUSD",
];

/// So many other labels make a text a card.
const CARD: usize = 2;

/// Names the labels that are misspelt.
pub(super) fn mend(lexemes: &mut [Lexeme]) {
    let labels = lexemes
        .iter()
        .filter(|lexeme| {
            matches!(&lexeme.what, What::Is(concept) if concept.is_level())
                || lexeme.side().is_some()
        })
        .count();
    if labels < CARD {
        return;
    }
    for at in 0..lexemes.len() {
        if lexemes[at].what != What::Word {
            continue;
        }
        let behind = &lexemes[at + 1..];
        let loss = behind
            .first()
            .filter(|next| next.text.eq_ignore_ascii_case("loss"));
        let rest = &behind[usize::from(loss.is_some())..];
        if !heads_a_price(lexemes, at, rest) {
            continue;
        }
        let word = lexemes[at].text.to_lowercase();
        let concept = if loss.is_some() {
            slip(&word, "stop").then_some(Concept::Stop)
        } else {
            LABELS
                .iter()
                .find(|(label, _)| slip(&word, label))
                .map(|(_, concept)| concept.clone())
        };
        if let Some(concept) = concept {
            if loss.is_some() {
                lexemes[at + 1].what = What::Is(Concept::Filler);
            }
            lexemes[at].what = What::Is(concept);
        }
    }
}

/// Does a word begin its line or follow a price, and does a price follow it, with no more than a sign
/// or a list number between?
fn heads_a_price(lexemes: &[Lexeme], at: usize, rest: &[Lexeme]) -> bool {
    let before = lexemes[..at]
        .iter()
        .rev()
        .find(|lexeme| !matches!(lexeme.what, What::Sign(_) | What::Tick));
    let begins = before.is_none_or(|before| {
        before.line < lexemes[at].line || matches!(before.what, What::Number(_) | What::Break)
    });
    let behind = rest
        .iter()
        .find(|lexeme| !matches!(lexeme.what, What::Sign(_) | What::Index(_)));
    begins && behind.is_some_and(|behind| matches!(behind.what, What::Number(_)))
}

/// The commonest pair that a name which nobody knows differs from by one letter.
pub(super) fn usual_pair(name: &str) -> Option<&'static str> {
    let mut near = PAIRS.iter().copied().filter(|pair| slip(name, pair));
    near.next().filter(|_| near.next().is_none())
}

/// Are two words the same but for one letter that is lacking, too many, another one, or changed places
/// with the next?
fn slip(written: &str, meant: &str) -> bool {
    if written == meant || !written.is_ascii() {
        return false;
    }
    let (one, other) = (written.as_bytes(), meant.as_bytes());
    let head = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[head..], &other[head..]);
    match (one, other) {
        ([_, rest @ ..], other) if rest == other => true,
        (one, [_, rest @ ..]) if rest == one => true,
        ([a, b, rest @ ..], [c, d, others @ ..]) if (a, b, rest) == (d, c, others) => true,
        ([_, rest @ ..], [_, others @ ..]) => rest == others,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter_less_more_other_or_moved() {
        for written in ["targe", "tarrget", "tarket", "targte"] {
            assert!(slip(written, "target"), "{written}");
        }
        for written in ["target", "tarkte", "tage"] {
            assert!(!slip(written, "target"), "{written}");
        }
    }

    #[test]
    fn a_pair_is_named_where_one_alone_may_be_meant() {
        assert_eq!(usual_pair("XUAUSD"), Some("XAUUSD"));
        assert_eq!(usual_pair("GUSD"), None);
    }
}
