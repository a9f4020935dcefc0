//! Letters: words, and words whose line break was lost.

use super::{Cutter, Kind, is_letter, run};
use crate::parse::lexicon::Concept;
use crate::parse::normalise;
use crate::parse::number::{self, Number, Unit};
use crate::parse::symbol;

/// Fewer digits behind an underscore count something.
const SHORTEST_PRICE: usize = 3;

impl Cutter<'_> {
    pub(super) fn letters(&mut self, rest: &str) {
        let letters = run(rest, |c| is_letter(c) || c == '\'' || c == '_');
        let after = &rest[letters.len()..];
        let digits = number::literal(after);
        // `SL_4433`: a label and its price, where `tp_1` counts.
        if let Some(label) = letters.strip_suffix('_')
            && digits.len() >= SHORTEST_PRICE
            && let Some(concept) = self.lexicon.word(&normalise::low(label))
            && concept.is_label()
        {
            self.word(label);
            self.glued = false;
            self.at += letters.len();
            return;
        }
        if !digits.is_empty() {
            let low = normalise::low(letters);
            if matches!(low.as_str(), "x" | "х") && !digits.contains(',') {
                self.at += letters.len() + digits.len();
                self.push(Kind::Number(Number {
                    written: digits.into(),
                    unit: Unit::Times,
                    ..Number::default()
                }));
                return;
            }
            if let Some(concept) = self.lexicon.word(&low)
                && concept.is_label()
            {
                self.at += letters.len();
                self.word(letters);
                self.labelled(concept, digits, &after[digits.len()..]);
                return;
            }
        }
        let symbol = letters.bytes().any(|byte| byte.is_ascii_alphabetic());
        // Digits belong to the names of assets, and those are written in Latin letters.
        let word = if symbol && after.starts_with(|c: char| c.is_ascii_digit()) {
            run(rest, |c| {
                is_letter(c) || c.is_ascii_digit() || c == '\'' || c == '_'
            })
        } else {
            letters
        };
        // `v3.2`: no part of a program's name is a price.
        let version = word.strip_prefix(['v', 'V']).is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if version {
            let rest = run(&rest[word.len()..], |c| c.is_ascii_digit() || c == '.');
            self.word(word);
            self.at += word.len() + rest.trim_end_matches('.').len();
            return;
        }
        if word.contains('_') {
            self.joined_by_underscores(word);
            return;
        }
        if is_masked(&rest[word.len()..]) {
            let masked = run(rest, |c| !c.is_whitespace());
            self.word(masked);
            self.at += masked.len();
            return;
        }
        // `stop'u`, `BTC'de`: where a language inflects the words of others, the ending says nothing new.
        if let Some((head, ending)) = word.split_once('\'')
            && ending.chars().count() <= 4
            && !self.lexicon.begins(&normalise::low(word))
            && (self.lexicon.word(&normalise::low(head)).is_some() || is_shouted(head))
        {
            self.word(head);
            self.at += word.len();
            return;
        }
        let mixed = !word.is_ascii()
            && word.chars().any(|c| c.is_ascii_alphabetic())
            && word.chars().any(|c| matches!(c, '\u{0400}'..='\u{04FF}'));
        if mixed && let Some(latin) = normalise::latin_look_alike(word) {
            self.word(&latin);
        } else {
            let word = self.stem(word);
            if let Some((head, tail)) = self.halves(word) {
                self.word(head);
                self.word(tail);
            } else {
                self.word(word);
            }
        }
        self.at += word.len();
    }

    /// `stop_loss` and `BTC_USDT`: a machine's word is several, and its underscore a space or the sign
    /// inside a pair.
    fn joined_by_underscores(&mut self, word: &str) {
        for (nth, piece) in word.split('_').enumerate() {
            if nth > 0 {
                if symbol::is_quote(piece) {
                    self.push(Kind::Sign('/'));
                } else {
                    self.glued = false;
                }
                self.at += 1;
            }
            if !piece.is_empty() {
                self.word(piece);
                self.at += piece.len();
            }
        }
    }

    /// `والهدف` is `and the target`, `손절은` says what the stop is: the word without what is joined to
    /// it, where that makes it one of the lexicon's.
    fn stem<'b>(&self, word: &'b str) -> &'b str {
        let foreign = word
            .chars()
            .next()
            .is_some_and(|c| matches!(c, '\u{0600}'..='\u{06FF}' | '\u{AC00}'..='\u{D7A3}'));
        if !foreign || self.lexicon.begins(word) {
            return word;
        }
        let known = |stem: &&str| stem.chars().count() > 1 && self.lexicon.begins(stem);
        let behind = BEFORE.iter().filter_map(|joined| word.strip_prefix(joined));
        let before = BEHIND.iter().filter_map(|joined| word.strip_suffix(joined));
        behind.chain(before).find(known).unwrap_or(word)
    }

    pub(super) fn known_pieces(&self, letters: &str) -> bool {
        self.lexicon.begins(&normalise::low(letters)) || self.halves(letters).is_some()
    }

    /// Splits words whose line break was lost: `LONGLeverage`, `USDTLeverage`, `LONGLEVERAGE`.
    fn halves<'b>(&self, word: &'b str) -> Option<(&'b str, &'b str)> {
        if !word.is_ascii() || word.len() > 40 {
            return None;
        }
        let low = normalise::low(word);
        if self.lexicon.begins(&low) {
            return None;
        }
        let loud = |word: &str| self.lexicon.word(word).is_some_and(is_loud);
        let bytes = word.as_bytes();
        (2..word.len().saturating_sub(1))
            .find(|cut| {
                let (head, tail) = low.split_at(*cut);
                let camel = tail.len() > 3
                    && bytes[*cut].is_ascii_uppercase()
                    && bytes.get(cut + 1).is_some_and(u8::is_ascii_lowercase)
                    && self.lexicon.begins(tail);
                camel || loud(head) && loud(tail)
            })
            .map(|cut| word.split_at(cut))
    }
}

/// What Arabic joins to the beginning of a word: and, so, in, to, the.
const BEFORE: [&str; 10] = ["و", "ف", "ب", "ل", "ال", "وال", "بال", "لل", "فال", "ول"];

/// What Korean and Persian join to the end of one.
const BEHIND: [&str; 22] = [
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "에",
    "로",
    "으로",
    "에서",
    "의",
    "도",
    "까지",
    "부터",
    "입니다",
    "요",
    "ها",
    "های",
    "هاي",
    "م",
    "ش",
    "مون",
];

/// Do stars go on with a name (`B***`), so that it names nothing? One or two of them only make what
/// stands before them bold.
fn is_masked(after: &str) -> bool {
    let stars = run(after, |c| c == '*');
    let more = after[stars.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
    stars.len() > 2 || !stars.is_empty() && more
}

/// Is it written as a symbol is?
fn is_shouted(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Is it a concept that heads a line, so that it may have lost the break before it?
const fn is_loud(concept: &Concept) -> bool {
    concept.is_label() || matches!(concept, Concept::Long | Concept::Short)
}
