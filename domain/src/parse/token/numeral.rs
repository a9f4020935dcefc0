//! Numerals: numbers with what is glued to them, and list numbers.

use super::{Cutter, Kind, is_letter, run};
use crate::parse::lexicon::Concept;
use crate::parse::normalise;
use crate::parse::number::{self, Number, Unit};

/// How a number with a scale behind it is written.
const PLAIN: number::Style = number::Style::with(number::Comma::Thousands);

/// The highest number that is taken for a list number.
const HIGHEST_INDEX: u8 = 20;

/// Fewer hexadecimal digits may be a price with a slip of the pen.
const SHORTEST_ADDRESS: usize = 8;

impl Cutter<'_> {
    pub(super) fn number(&mut self, rest: &str) {
        if self.title {
            let digits = run(rest, |c| c.is_ascii_digit());
            self.word(digits);
            self.at += digits.len();
            return;
        }
        // `0x2fbcFc95988F…`: where a wallet is, and no number of anything.
        if let Some(address) = rest.strip_prefix("0x") {
            let digits = run(address, |c| c.is_ascii_hexdigit());
            if digits.len() >= SHORTEST_ADDRESS {
                self.word(&rest[..2 + digits.len()]);
                self.at += 2 + digits.len();
                return;
            }
        }
        if let Some(length) = clock_or_date(rest).filter(|_| !self.follows_label()) {
            self.word(&rest[..length]);
            self.at += length;
            return;
        }
        if let Some(length) = fraction(rest) {
            self.push(Kind::Number(Number {
                written: rest[..length].into(),
                unit: Unit::Unknown,
                ..Number::default()
            }));
            self.at += length;
            return;
        }
        if let Some(length) = spaced(rest) {
            self.push(Kind::Number(Number {
                written: rest[..length].replace(' ', "").into(),
                ..Number::default()
            }));
            self.at += length;
            return;
        }
        let literal = number::literal(rest);
        let after = &rest[literal.len()..];
        if let Some((index, length)) = self.list_number(literal, after) {
            self.push(Kind::Index(index));
            self.at += literal.len() + length;
            return;
        }
        if let Some((price, index, length)) = self.glued_index(literal, after) {
            self.push(Kind::Number(Number {
                written: price.into(),
                ..Number::default()
            }));
            self.glued = false;
            self.push(Kind::Index(index));
            self.at += literal.len() + length;
            return;
        }
        let parts = number::listed(literal);
        for part in &parts[..parts.len() - 1] {
            self.push(Kind::Number(Number {
                written: (*part).into(),
                ..Number::default()
            }));
            self.push(Kind::Sign(','));
        }
        let last = parts[parts.len() - 1];
        self.at += literal.len();
        self.measured(last, after);
    }

    /// `%30`, as Turkish writes it.
    pub(super) fn percent(&mut self, rest: &str) {
        self.at += 1;
        self.number(rest);
        if let Some(Kind::Number(number)) = self.tokens.last_mut().map(|token| &mut token.kind)
            && number.unit == Unit::None
        {
            number.unit = Unit::Percent;
        }
    }

    /// `1)`, `1. ` at a line's start, `2-го`, `1st`: the list number and what follows its digits.
    fn list_number(&self, literal: &str, after: &str) -> Option<(u8, usize)> {
        let index = small(literal)?;
        let starts_line = self
            .tokens
            .last()
            .is_none_or(|token| token.line < self.line || token.kind == Kind::Break);
        if after.starts_with(')') {
            return Some((index, 1));
        }
        if starts_line && (after.starts_with(". ") || after.starts_with(".\t")) {
            return Some((index, 1));
        }
        if let Some(ending) = after.strip_prefix('-')
            && ending.starts_with(|c| matches!(c, 'а'..='я'))
        {
            let letters = run(ending, is_letter);
            return Some((index, 1 + letters.len()));
        }
        ordinal(after).map(|length| (index, length))
    }

    /// `1) 4.4902) 4.620`: a price with the next list number glued to it, where line breaks were lost.
    fn glued_index<'b>(&self, literal: &'b str, after: &str) -> Option<(&'b str, u8, usize)> {
        let length = match after.strip_prefix(')') {
            Some(_) if self.parentheses == 0 => 1,
            Some(_) | None => ordinal(after)?,
        };
        let index = self
            .last_index
            .checked_add(1)
            .filter(|_| self.last_index > 0)?;
        let price = literal.strip_suffix(index.to_string().as_str())?;
        let fraction = price.find(['.', ',']).map(|at| price.len() - at - 1)?;
        (fraction > 0).then_some((price, index, length))
    }

    /// A number and the unit behind it.
    fn measured(&mut self, literal: &str, after: &str) {
        let mut number = Number {
            written: literal.into(),
            ..Number::default()
        };
        let letters = run(after, is_letter);
        let low = if letters.is_ascii() {
            normalise::low(letters)
        } else {
            letters.to_lowercase().into()
        };
        let mut taken = 0;
        let next = after.chars().next();
        if after.trim_start_matches(' ').starts_with('%') {
            number.unit = Unit::Percent;
            taken = after.find('%').map_or(0, |at| at + 1);
        } else if self.tagged() && !is_symbol_of_thousands(literal, letters) {
            // `#31` counts the channel's signals.
            number.unit = Unit::Other;
        } else if let Some(scale) = next.and_then(ten_thousands) {
            // `11万4800`: four digits behind it are the rest of the number.
            let digits = run(&after[3..], |c| c.is_ascii_digit());
            let whole = scale == 10_000 && digits.len() == 4;
            let rest: u32 = digits.parse().ok().filter(|_| whole).unwrap_or(0);
            number.value = number::value(literal, PLAIN)
                .and_then(|value| value.checked_mul(scale.into()))
                .and_then(|value| value.checked_add(rest.into()));
            number.scaled = !whole;
            taken = 3 + if whole { digits.len() } else { 0 };
        } else if let Some(length) = self.suffix(&low, &['k', 'к']) {
            let decimals = run(&after[length..], |c| c.is_ascii_digit());
            number.value =
                number::value(literal, PLAIN).and_then(|value| number::thousands(value, decimals));
            number.scaled = true;
            taken = length + decimals.len();
            if number.value.is_none() {
                number.unit = Unit::Other;
            }
        } else if next == Some('倍') {
            number.unit = Unit::Times;
            taken = 3;
        } else if let Some(length) = self.suffix(&low, &['배']) {
            number.unit = Unit::Times;
            taken = length;
        } else if let Some(length) = self.suffix(&low, &['x', 'х']) {
            number.unit = Unit::Times;
            taken = length;
        } else if is_symbol_of_thousands(literal, letters) {
            let symbol = run(after, |c| c.is_ascii_alphanumeric());
            let text = format!("{literal}{symbol}");
            self.word(&text);
            self.at += symbol.len();
            return;
        } else if !letters.is_empty() {
            match self.lexicon.word(&low) {
                // `8` and behind it, without a break, the first word of another field's label.
                Some(concept)
                    if let Some(span) = concept.unit()
                        && !self.goes_on(&low, &after[letters.len()..]) =>
                {
                    number.unit = concept.measure();
                    number.span = span;
                    taken = letters.len();
                }
                Some(Concept::Currency) => taken = letters.len(),
                Some(_) => {}
                None if self.known_pieces(letters) => {}
                // `61200으로`: the ending of an inflected number says nothing new.
                None if letters.chars().all(is_hangul) => taken = letters.len(),
                None => {
                    number.unit = Unit::Unknown;
                    taken = run(after, |c| is_letter(c) || c.is_ascii_digit()).len();
                }
            }
        }
        self.push(Kind::Number(number));
        self.at += taken;
    }

    /// Does the next word make a longer phrase of this one?
    fn goes_on(&self, low: &str, after: &str) -> bool {
        let next = normalise::low(run(after.trim_start_matches(' '), is_letter));
        let family = self.lexicon.beginning_with(low);
        family.is_some_and(|family| !family.going_on_with(&next).is_empty())
    }

    /// Is the unit there, alone or with a known word glued to it (`10xEntry`)? Its length then.
    fn suffix(&self, low: &str, units: &[char]) -> Option<usize> {
        let unit = low.chars().next().filter(|c| units.contains(c))?;
        let more = &low[unit.len_utf8()..];
        (more.is_empty() || self.lexicon.begins(more)).then_some(unit.len_utf8())
    }

    /// The digits that are glued to a label: its list number, its price, or nobody knows which.
    pub(super) fn labelled(&mut self, concept: &Concept, digits: &str, after: &str) {
        let highest = if *concept == Concept::Target {
            HIGHEST_INDEX
        } else {
            5
        };
        let scaled = after.starts_with(['k', 'K', 'x', 'X', '%']);
        if let Some(index) = small(digits).filter(|index| *index <= highest && !scaled) {
            self.push(Kind::Index(index));
            self.at += digits.len();
        } else if *concept == Concept::Target && !digits.starts_with('0') {
            self.push(Kind::Number(Number {
                written: digits.into(),
                glued_to_word: true,
                ..Number::default()
            }));
            self.at += digits.len();
        }
        // Otherwise the digits are the next token by themselves.
    }

    fn tagged(&self) -> bool {
        let tag = self.tokens.last().and_then(|token| token.kind.tag());
        self.glued && tag == Some('#')
    }
}

/// Endings that make a number a list number.
const ORDINALS: [&str; 24] = [
    "st", "nd", "rd", "th", "차", "er", "ère", "ere", "eme", "ème", "º", "ª", "ro", "ra", "й", "я",
    "ый", "ой", "ая", "го", "ий", "ша", "га", "тя",
];

/// The length of an ending of an ordinal at the start of `after`.
fn ordinal(after: &str) -> Option<usize> {
    // Where words are not divided the next one follows at once: `1차목표`.
    if after.starts_with('차') {
        return Some('차'.len_utf8());
    }
    let letters = run(after, is_letter);
    // `2e objectif`: a letter that is a word elsewhere counts what is named right behind it.
    let named = || {
        let next = after[letters.len()..].strip_prefix(' ');
        next.is_some_and(|next| next.starts_with(is_letter))
    };
    let short = matches!(letters, "e" | "a" | "o") && named();
    (short || ORDINALS.contains(&letters)).then_some(letters.len())
}

pub(super) fn small(literal: &str) -> Option<u8> {
    literal
        .parse()
        .ok()
        .filter(|index| (1..=HIGHEST_INDEX).contains(index) && literal.len() <= 2)
}

/// The length of a number whose thousands a space divides (`60 000`) at the start of `rest`. One
/// digit may count a target and three may be a price of their own, so only two are believed.
fn spaced(rest: &str) -> Option<usize> {
    let digits = |text: &str| run(text, |c| c.is_ascii_digit()).len();
    let group = rest.get(2..)?.strip_prefix(' ')?;
    let ends = group.get(3..).is_none_or(|after| {
        !after.starts_with(['.', ',', '%', ')']) && !after.starts_with(is_letter)
            || after.starts_with([',', '.']) && digits(&after[1..]) == 0
    });
    (digits(rest) == 2 && digits(group) == 3 && ends).then_some(6)
}

const fn is_hangul(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}')
}

const fn ten_thousands(c: char) -> Option<u32> {
    match c {
        '万' | '만' => Some(10_000),
        '千' => Some(1_000),
        _ => None,
    }
}

/// `1000PEPE`, `1INCH`: digits that belong to a symbol.
fn is_symbol_of_thousands(digits: &str, letters: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && letters.len() >= 3
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && matches!(digits, "1" | "1000" | "10000" | "1000000")
}

/// The length of a share or a mark (`1/2`, `7/10`) at the start of `rest`.
fn fraction(rest: &str) -> Option<usize> {
    let over = number::literal(rest);
    let under = number::literal(rest[over.len()..].strip_prefix('/')?);
    let (above, below) = (small(over)?, small(under)?);
    (above < below && below <= 10).then_some(over.len() + 1 + under.len())
}

/// The length of a time of day or a date at the start of `rest`.
fn clock_or_date(rest: &str) -> Option<usize> {
    let digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let is = |at: usize, byte: u8| rest.as_bytes().get(at) == Some(&byte);
    let ends = |at: usize| !(digit(at) || (is(at, b'.') || is(at, b',')) && digit(at + 1));
    let sixty = |at: usize| matches!(rest.as_bytes().get(at), Some(b'0'..=b'5'));
    for hours in 1..=2 {
        let clock =
            (0..hours).all(digit) && is(hours, b':') && sixty(hours + 1) && digit(hours + 2);
        if clock && is(hours + 3, b':') && digit(hours + 4) && digit(hours + 5) && ends(hours + 6) {
            return Some(hours + 6);
        }
        if clock && ends(hours + 3) {
            return Some(hours + 3);
        }
    }
    let dashed = (0..4).all(digit) && is(4, b'-') && digit(5) && digit(6) && is(7, b'-');
    (dashed && digit(8) && digit(9) && ends(10)).then_some(10)
}
