//! Lexemes: tokens after the lexicon has named its phrases among them.

use std::mem::discriminant;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::lexicon::{Concept, Family, Lexicon, Phrase, Tally};
use super::number::{Number, Unit};
use super::symbol::{self, Mention};
use super::token::{self, Kind, Place, Token};
use crate::market::Side;

/// A token or phrase, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lexeme {
    pub(super) what: What,
    /// Its words as written.
    pub(super) text: SmolStr,
    pub(super) line: u32,
    pub(super) glued: bool,
    /// Where it stands in the normalised text.
    pub(super) place: Place,
    /// The picture right before it: `🎯`.
    pub(super) mark: Option<char>,
}

/// What a lexeme is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A phrase of the lexicon.
    Is(Concept),
    /// A pair or an asset.
    Pair(Mention),
    /// The rest of a pair, about to be left out.
    Part,
    Number(Number),
    Index(u8),
    /// A word that nobody knows.
    Word,
    Sign(char),
    Tick,
    Link,
    Break,
}

impl PartialEq for What {
    /// Nearly always the two differ in kind, which is one comparison where it is asked.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other) && self.says_the_same(other)
    }
}

impl What {
    /// The same, where the two are of one kind.
    fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Is(one), Self::Is(other)) => one == other,
            (Self::Pair(one), Self::Pair(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::Index(one), Self::Index(other)) => one == other,
            (Self::Sign(one), Self::Sign(other)) => one == other,
            (one, other) => discriminant(one) == discriminant(other),
        }
    }
}

impl Lexeme {
    /// The pair or asset that it names.
    pub(super) const fn mention(&self) -> Option<&Mention> {
        if let What::Pair(mention) = &self.what {
            Some(mention)
        } else {
            None
        }
    }

    /// The number that it is.
    pub(super) const fn number(&self) -> Option<&Number> {
        if let What::Number(number) = &self.what {
            Some(number)
        } else {
            None
        }
    }

    /// The side that it names.
    pub(super) fn side(&self) -> Option<Side> {
        if self.is(&Concept::Long) {
            Some(Side::Long)
        } else if self.is(&Concept::Short) {
            Some(Side::Short)
        } else {
            None
        }
    }

    /// Is it a phrase that says this?
    #[inline]
    pub(super) fn is(&self, concept: &Concept) -> bool {
        // Nearly always the two differ in kind, which is one comparison where it is asked.
        matches!(&self.what, What::Is(is) if discriminant(is) == discriminant(concept) && is == concept)
    }
}

/// Names the phrases among the tokens, the longest first.
pub(super) fn name(tokens: Vec<Token>, lexicon: &Lexicon) -> Vec<Lexeme> {
    let mut lexemes: Vec<Lexeme> = Vec::with_capacity(tokens.len());
    let mut tally = Tally::default();
    let mut doubtful: Vec<(usize, usize, &Phrase)> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let mut push = |what, text, place| {
            lexemes.push(Lexeme {
                what,
                text,
                line: token.line,
                glued: token.glued,
                place,
                mark: token.mark,
            });
        };
        let mut taken = 1;
        let here = token.place;
        match &token.kind {
            Kind::Word { text, low } => match longest(&tokens, at, low, lexicon) {
                Some((phrase, length)) => {
                    taken = length;
                    let text = joined(&tokens[at..at + length]);
                    let place = here.and(tokens[at + length - 1].place);
                    let sense = &phrase.sense;
                    tally.count(phrase);
                    for concept in &sense.concepts {
                        push(said(concept), text.clone(), place);
                    }
                    if !phrase.others.is_empty() {
                        let first = lexemes.len() - sense.concepts.len();
                        doubtful.push((first, lexemes.len(), phrase));
                    }
                }
                None => push(What::Word, text.clone(), here),
            },
            Kind::Number(number) => push(What::Number(number.clone()), SmolStr::default(), here),
            Kind::Index(index) => push(What::Index(*index), SmolStr::default(), here),
            Kind::Sign(sign) => push(What::Sign(*sign), SmolStr::default(), here),
            Kind::Tick => push(What::Tick, SmolStr::default(), here),
            Kind::Link => push(What::Link, SmolStr::default(), here),
            Kind::Break => push(What::Break, SmolStr::default(), here),
        }
        at += taken;
    }
    // From the back, so that the places of those before stay as they are.
    for (from, to, phrase) in doubtful.into_iter().rev() {
        let sense = phrase.sense_in(&tally);
        if *sense != phrase.sense {
            let Some(model) = lexemes.get(from).cloned() else {
                continue;
            };
            let said = sense.concepts.iter().map(|concept| Lexeme {
                what: said(concept),
                ..model.clone()
            });
            lexemes.splice(from..to, said);
        }
    }
    for at in 1..lexemes.len() {
        if let Some(two) = lexemes.get_mut(at - 1..=at) {
            take_unit(two);
        }
    }
    lexemes
}

/// What a concept makes of its phrase; a word that only tells the language is none of the lexicon's.
fn said(concept: &Concept) -> What {
    if *concept == Concept::Hint {
        What::Word
    } else {
        What::Is(concept.clone())
    }
}

/// A unit that is a word of its own belongs to the number before it: `20 pips`, `1000点`.
fn take_unit(lexemes: &mut [Lexeme]) {
    if let [.., number, unit] = lexemes
        && let What::Is(concept) = &unit.what
        && let What::Number(number) = &mut number.what
        && number.unit == Unit::None
    {
        if let Some(span) = concept.unit() {
            number.unit = concept.measure();
            number.span = span;
        } else if *concept == Concept::Thousand && !number.scaled {
            number.value = number
                .value
                .and_then(|value| value.checked_mul(Decimal::ONE_THOUSAND));
            number.scaled = true;
        }
    }
}

/// The words of a phrase, as written.
fn joined(tokens: &[Token]) -> SmolStr {
    if let [one] = tokens
        && let Kind::Word { text, .. } = &one.kind
    {
        return text.clone();
    }
    tokens.iter().filter_map(|token| token.word()).collect()
}

/// The longest phrase that begins at a token, and how many tokens it takes.
fn longest<'a>(
    tokens: &[Token],
    at: usize,
    low: &str,
    lexicon: &'a Lexicon,
) -> Option<(&'a Phrase, usize)> {
    let (phrase, taken) = lexicon
        .beginning_with(low)
        .into_iter()
        .chain(lexicon.stemming(low))
        .find_map(|family| {
            longer(tokens, at + 1, family)
                .map(|(phrase, more)| (phrase, 1 + more))
                .or_else(|| Some((family.alone()?, 1)))
        })?;
    let concept = phrase.sense.concepts.first()?;
    let side = matches!(concept, Concept::Long | Concept::Short);
    let tag = at
        .checked_sub(1)
        .filter(|_| tokens[at].glued)
        .and_then(|before| tokens[before].kind.tag());
    let means = match tag {
        // `$NOT` is a symbol whatever the word means; `#LONG` is a word.
        Some('$') => false,
        Some(_) => {
            side || matches!(
                concept,
                Concept::Spot | Concept::Perpetual | Concept::Asset(_)
            )
        }
        // `1250 sats` is a price, and `SATS long` a trade in a coin.
        None if *concept == Concept::Satoshi => follows_number(tokens, at),
        None => matches!(concept, Concept::Asset(_)) || !symbol::has_quote_after(tokens, at),
    };
    let named = side || matches!(concept, Concept::Stop | Concept::Target);
    let lone = taken == 1 && named && low.chars().all(token::is_han) && low.chars().count() == 1;
    (means && !(lone && touches_han(tokens, at, lexicon))).then_some((phrase, taken))
}

/// The longest phrase of more than one word, and how many tokens it takes behind the first.
fn longer<'a>(tokens: &[Token], at: usize, family: &'a Family) -> Option<(&'a Phrase, usize)> {
    let mut next = tokens.get(at)?;
    if next.kind == Kind::Sign('-') {
        next = tokens.get(at + 1)?;
    }
    let mut sign = [0; 4];
    let second = match &next.kind {
        Kind::Word { low, .. } => low.as_str(),
        Kind::Sign(c) => c.encode_utf8(&mut sign),
        // `CAC 40`: a number may belong to a name.
        Kind::Number(number) => number.written.as_str(),
        Kind::Index(_) | Kind::Tick | Kind::Link | Kind::Break => return None,
    };
    family
        .going_on_with(second)
        .iter()
        .find_map(|phrase| Some((phrase, follows(tokens, at, phrase)?)))
}

/// Does a number stand right before a token?
fn follows_number(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| matches!(tokens[before].kind, Kind::Number(_)))
}

/// How many tokens the rest of a phrase takes from `at`; none where something else stands there.
fn follows(tokens: &[Token], at: usize, phrase: &Phrase) -> Option<usize> {
    let mut taken = 0;
    for word in &phrase.rest {
        if tokens.get(at + taken)?.kind == Kind::Sign('-') {
            taken += 1;
        }
        let same = match &tokens.get(at + taken)?.kind {
            Kind::Word { low, .. } => match word.strip_suffix('*') {
                Some(stem) => low.starts_with(stem),
                None => low == word,
            },
            Kind::Sign(sign) => word.chars().eq([*sign]),
            Kind::Number(number) => *word == number.written,
            Kind::Index(_) | Kind::Tick | Kind::Link | Kind::Break => false,
        };
        if !same {
            return None;
        }
        taken += 1;
    }
    Some(taken)
}

/// The most characters of an asset's name in Chinese.
const LONGEST_NAME: usize = 4;

/// `大饼多`: does the name of an asset stand right before a token?
fn follows_asset(tokens: &[Token], at: usize, lexicon: &Lexicon) -> bool {
    (1..=LONGEST_NAME.min(at)).any(|far| {
        let Some(low) = tokens[at - far].low() else {
            return false;
        };
        longest(tokens, at - far, low, lexicon).is_some_and(|(phrase, taken)| {
            taken == far && matches!(phrase.sense.concepts.first(), Some(Concept::Asset(_)))
        })
    })
}

/// Does a Chinese character stand right beside a token? Then a side of one character is only a
/// part of another word.
fn touches_han(tokens: &[Token], at: usize, lexicon: &Lexicon) -> bool {
    let han = |token: &Token| matches!(&token.kind, Kind::Word { low, .. } if low.chars().all(token::is_han));
    let before = at
        .checked_sub(1)
        .is_some_and(|before| tokens[at].glued && han(&tokens[before]));
    let after = tokens
        .get(at + 1)
        .is_some_and(|after| after.glued && han(after));
    before && !follows_asset(tokens, at, lexicon) || after
}

#[cfg(test)]
mod tests {
    use super::super::normalise;
    use super::*;

    fn concepts(text: &str) -> Vec<Concept> {
        let lexicon = Lexicon::bundled();
        name(token::cut(&normalise::plain(text), lexicon), lexicon)
            .into_iter()
            .filter_map(|lexeme| {
                if let What::Is(concept) = lexeme.what {
                    Some(concept)
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn the_longest_phrase_wins() {
        assert_eq!(concepts("Take-Profit Targets"), [Concept::Target]);
        assert_eq!(concepts("short term"), [Concept::Horizon]);
        assert_eq!(concepts("止盈出局"), [Concept::Close]);
        assert_eq!(concepts("CAC 40"), [Concept::Asset("CAC40".into())]);
    }

    #[test]
    fn a_side_of_one_character_counts_only_where_it_stands_alone() {
        assert_eq!(concepts("ETH 空"), [Concept::Short]);
        assert_eq!(concepts("很多"), []);
    }

    #[test]
    fn a_dollar_makes_any_word_a_symbol() {
        assert_eq!(concepts("$NOT"), []);
        assert_eq!(concepts("not"), [Concept::Not]);
    }

    #[test]
    fn a_phrase_does_not_cross_a_line() {
        assert_eq!(concepts("stop\nloss"), [Concept::Stop]);
    }
}
