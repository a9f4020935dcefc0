//! Tokens: words, numbers and signs, each with its line.

use smol_str::SmolStr;

use super::lexicon::{Concept, Lexicon};
use super::normalise;
use super::number::{self, Number, Unit};

/// A piece of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The line that it stands on.
    pub(super) line: u32,
    /// Nothing stands between it and the token before it.
    pub(super) glued: bool,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A run of letters, or one Chinese character.
    Word {
        text: SmolStr,
        low: SmolStr,
    },
    Number(Number),
    /// A list number: `1)`, a keycap, the 1 of `TP1`.
    Index(u8),
    Sign(char),
    /// A tick: something was reached.
    Tick,
    /// An address or a handle.
    Link,
    Break,
}

/// The highest number that is taken for a list number.
const HIGHEST_INDEX: u8 = 20;

/// Cuts a normalised text into tokens.
pub(super) fn cut(plain: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut cutter = Cutter {
        text: plain,
        at: 0,
        line: 0,
        glued: false,
        tokens: Vec::new(),
        lexicon,
    };
    while cutter.at < plain.len() {
        cutter.step();
    }
    let mut tokens = cutter.tokens;
    value_numbers(&mut tokens);
    tokens
}

/// Gives the numbers their values, once all of them have told what a comma means here.
fn value_numbers(tokens: &mut [Token]) {
    let comma = number::commas(tokens.iter().filter_map(|token| match &token.kind {
        Kind::Number(number) => Some(number.written.as_str()),
        _ => None,
    }));
    for token in tokens {
        if let Kind::Number(number) = &mut token.kind
            && number.value.is_none()
        {
            number.value = number::value(&number.written, comma);
        }
    }
}

/// Is it written without spaces between words, so that each character is a word?
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FFFF}')
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !is_han(c)
}

struct Cutter<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    glued: bool,
    tokens: Vec<Token>,
    lexicon: &'a Lexicon,
}

impl<'a> Cutter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token {
            kind,
            line: self.line,
            glued: self.glued,
        });
        self.glued = true;
    }

    fn word(&mut self, text: &str) {
        self.push(Kind::Word {
            text: text.into(),
            low: text.to_lowercase().into(),
        });
    }

    /// Takes the next token, or passes over what is none.
    fn step(&mut self) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return };
        if c == '\n' {
            self.push(Kind::Break);
            self.line += 1;
            self.glued = false;
            self.at += 1;
        } else if c.is_whitespace() {
            self.glued = false;
            self.at += c.len_utf8();
        } else if let Some(length) = link(rest) {
            self.push(Kind::Link);
            self.at += length;
        } else if let Some(index) = normalise::list_index(c) {
            self.push(Kind::Index(index));
            self.at += c.len_utf8();
        } else if c.is_ascii_digit() || (c == '.' && self.begins_decimal(rest)) {
            self.number(rest);
        } else if is_han(c) {
            self.word(&rest[..c.len_utf8()]);
            self.at += c.len_utf8();
        } else if is_letter(c) {
            self.letters(rest);
        } else {
            self.sign(c, rest);
        }
    }

    /// `.5` is a number where nothing stands before the dot.
    fn begins_decimal(&self, rest: &str) -> bool {
        !self.glued && rest[1..].starts_with(|c: char| c.is_ascii_digit())
    }

    fn sign(&mut self, c: char, rest: &str) {
        match c {
            '✅' | '☑' | '✔' => self.push(Kind::Tick),
            // A currency sign before a number says nothing that is not known.
            '$' | '€' | '£' | '₮' if !rest[c.len_utf8()..].starts_with(is_letter) => {}
            '(' => {
                let inner = number::literal(&rest[1..]);
                if let Some(index) = small(inner)
                    && rest[1 + inner.len()..].starts_with(')')
                {
                    self.push(Kind::Index(index));
                    self.at += inner.len() + 1;
                } else {
                    self.push(Kind::Sign(c));
                }
            }
            '-' | '~' | '/' | ',' | '，' | ':' | ';' | ')' | '[' | ']' | '!' | '?' | '.' | '。'
            | '+' | '=' | '|' | '<' | '>' | '#' | '$' | '*' | '_' | '"' | '&' | '@' | '\\' => {
                self.push(Kind::Sign(c));
            }
            _ => self.glued = false,
        }
        self.at += c.len_utf8();
    }

    fn number(&mut self, rest: &str) {
        if let Some(length) = clock_or_date(rest) {
            self.word(&rest[..length]);
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
        let parts = number::listed(literal);
        for part in &parts[..parts.len() - 1] {
            self.push(Kind::Number(Number {
                written: (*part).to_owned(),
                ..Number::default()
            }));
            self.push(Kind::Sign(','));
        }
        let last = parts[parts.len() - 1];
        self.at += literal.len();
        self.measured(last, after);
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
        let letters = run(after, is_letter);
        matches!(letters, "st" | "nd" | "rd" | "th").then_some((index, letters.len()))
    }

    /// A number and the unit behind it.
    fn measured(&mut self, literal: &str, after: &str) {
        let mut number = Number {
            written: literal.to_owned(),
            ..Number::default()
        };
        let letters = run(after, is_letter);
        let low = letters.to_lowercase();
        let mut taken = 0;
        let next = after.chars().next();
        if after.trim_start_matches(' ').starts_with('%') {
            number.unit = Unit::Percent;
            taken = after.find('%').map_or(0, |at| at + 1);
        } else if let Some(scale) = next.and_then(ten_thousands) {
            number.value = number::value(literal, number::Comma::Thousands)
                .and_then(|value| value.checked_mul(scale.into()));
            number.scaled = true;
            taken = 3;
        } else if let Some(length) = self.suffix(&low, &['k', 'к']) {
            let decimals = run(&after[length..], |c| c.is_ascii_digit());
            number.value = number::value(literal, number::Comma::Thousands)
                .and_then(|value| number::thousands(value, decimals));
            number.scaled = true;
            taken = length + decimals.len();
            if number.value.is_none() {
                number.unit = Unit::Other;
            }
        } else if next == Some('倍') {
            number.unit = Unit::Times;
            taken = 3;
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
                Some(Concept::Unit) => {
                    number.unit = Unit::Other;
                    taken = letters.len();
                }
                Some(Concept::Currency) => taken = letters.len(),
                Some(_) => {}
                None if self.known_pieces(letters) => {}
                None => {
                    number.unit = Unit::Other;
                    taken = run(after, |c| is_letter(c) || c.is_ascii_digit()).len();
                }
            }
        }
        self.push(Kind::Number(number));
        self.at += taken;
    }

    /// Is the unit there, alone or with a known word glued to it (`10xEntry`)? Its length then.
    fn suffix(&self, low: &str, units: &[char]) -> Option<usize> {
        let unit = low.chars().next().filter(|c| units.contains(c))?;
        let more = &low[unit.len_utf8()..];
        (more.is_empty() || self.lexicon.begins(more)).then_some(unit.len_utf8())
    }

    fn known_pieces(&self, letters: &str) -> bool {
        let pieces = self.pieces(letters);
        pieces.len() > 1 || self.lexicon.begins(&letters.to_lowercase())
    }

    fn letters(&mut self, rest: &str) {
        let letters = run(rest, |c| is_letter(c) || c == '\'' || c == '_');
        let after = &rest[letters.len()..];
        let digits = number::literal(after);
        let low = letters.to_lowercase();
        if !digits.is_empty() {
            if matches!(low.as_str(), "x" | "х") && !digits.contains(',') {
                self.at += letters.len() + digits.len();
                self.push(Kind::Number(Number {
                    written: digits.to_owned(),
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
        let word = run(rest, |c| {
            is_letter(c) || c.is_ascii_digit() || c == '\'' || c == '_'
        });
        if rest[word.len()..].starts_with('*') {
            // A masked name (`B***`) names nothing.
            let masked = run(rest, |c| !c.is_whitespace());
            self.word(masked);
            self.at += masked.len();
            return;
        }
        let mixed = word.chars().any(|c| c.is_ascii_alphabetic())
            && word.chars().any(|c| matches!(c, '\u{0400}'..='\u{04FF}'));
        if mixed && let Some(latin) = normalise::latin_look_alike(word) {
            self.word(&latin);
        } else {
            for piece in self.pieces(word) {
                self.word(piece);
            }
        }
        self.at += word.len();
    }

    /// The digits that are glued to a label: its list number, its price, or nobody knows which.
    fn labelled(&mut self, concept: &Concept, digits: &str, after: &str) {
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
                written: digits.to_owned(),
                glued_to_word: true,
                ..Number::default()
            }));
            self.at += digits.len();
        }
        // Otherwise the digits are the next token by themselves.
    }

    /// Splits words whose line break was lost: `LONGLeverage`, `USDTLeverage`, `LONGLEVERAGE`.
    fn pieces<'b>(&self, word: &'b str) -> Vec<&'b str> {
        if !word.is_ascii() || word.len() > 40 {
            return vec![word];
        }
        let bytes = word.as_bytes();
        if self.lexicon.begins(&word.to_lowercase()) {
            return vec![word];
        }
        for cut in 2..word.len().saturating_sub(1) {
            let (head, tail) = word.split_at(cut);
            let camel = bytes[cut].is_ascii_uppercase()
                && bytes.get(cut + 1).is_some_and(u8::is_ascii_lowercase)
                && self.lexicon.begins(&tail.to_lowercase());
            let both = self.lexicon.word(&head.to_lowercase()).is_some_and(is_loud)
                && self.lexicon.word(&tail.to_lowercase()).is_some_and(is_loud);
            if camel || both {
                return vec![head, tail];
            }
        }
        vec![word]
    }
}

/// Is it a concept that heads a line, so that it may have lost the break before it?
const fn is_loud(concept: &Concept) -> bool {
    concept.is_label() || matches!(concept, Concept::Long | Concept::Short)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    &text[..end]
}

fn small(literal: &str) -> Option<u8> {
    literal
        .parse()
        .ok()
        .filter(|index| (1..=HIGHEST_INDEX).contains(index) && literal.len() <= 2)
}

const fn ten_thousands(c: char) -> Option<u32> {
    match c {
        '万' => Some(10_000),
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

/// The length of an address or a handle at the start of `rest`.
fn link(rest: &str) -> Option<usize> {
    let address = ["http://", "https://", "www.", "t.me/"]
        .iter()
        .any(|start| {
            rest.get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        });
    if address {
        return Some(run(rest, |c| !c.is_whitespace() && !is_han(c)).len());
    }
    let handle = rest.strip_prefix('@')?;
    handle
        .starts_with(is_letter)
        .then(|| 1 + run(handle, |c| c.is_alphanumeric() || c == '_').len())
}

/// The length of a time of day or a date at the start of `rest`.
fn clock_or_date(rest: &str) -> Option<usize> {
    let digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let is = |at: usize, byte: u8| rest.as_bytes().get(at) == Some(&byte);
    let ends = |at: usize| !digit(at) && !(is(at, b'.') && digit(at + 1));
    for hours in 1..=2 {
        let clock =
            (0..hours).all(digit) && is(hours, b':') && digit(hours + 1) && digit(hours + 2);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        let tokens = cut(&normalise::plain(text), Lexicon::bundled());
        let shown: Vec<String> = tokens
            .into_iter()
            .map(|token| match token.kind {
                Kind::Word { text, .. } => text.to_string(),
                Kind::Number(number) => {
                    let value = number
                        .value
                        .map_or("?".into(), |value| value.normalize().to_string());
                    match number.unit {
                        Unit::None => value,
                        Unit::Percent => format!("{value}%"),
                        Unit::Times => format!("{value}x"),
                        Unit::Other => format!("{value}_"),
                    }
                }
                Kind::Index(index) => format!("#{index}"),
                Kind::Sign(sign) => sign.to_string(),
                Kind::Tick => "✓".into(),
                Kind::Link => "link".into(),
                Kind::Break => "⏎".into(),
            })
            .collect();
        shown.join(" ")
    }

    #[test]
    fn lost_line_breaks_are_found_again() {
        assert_eq!(
            show("OPUSDT LONGLeverage: 10.0XEntry Targets:1) 2.475Take-Profit"),
            "OPUSDT LONG Leverage : 10x Entry Targets : #1 2.475 Take - Profit"
        );
        assert_eq!(
            show("BTC/USDT LONGLEVERAGE:2xENTRY"),
            "BTC / USDT LONG LEVERAGE : 2x ENTRY"
        );
    }

    #[test]
    fn list_numbers_are_no_prices() {
        assert_eq!(
            show("1) 0.5 2️⃣ 0.6 TP3 0.7 Target (4)"),
            "#1 0.5 #2 0.6 TP #3 0.7 Target #4"
        );
        assert_eq!(show("1. 0.5\n2. 0.6"), "#1 0.5 ⏎ #2 0.6");
    }

    #[test]
    fn scales_and_units_are_read() {
        assert_eq!(
            show("42.5k 3k9 10万 $43600 5700$ 10x x15 30% 30 % 20pips 4h"),
            "42500 3900 100000 43600 5700 10x 15x 30% 30% 20_ 4_"
        );
    }

    #[test]
    fn digits_may_belong_to_a_symbol() {
        assert_eq!(show("1000PEPE 1INCH C98"), "1000PEPE 1INCH C98");
    }

    #[test]
    fn links_handles_times_and_dates_hold_no_numbers() {
        assert_eq!(
            show("https://x.io/99 @me99 at 12:30 on 2025-02-21"),
            "link link at 12:30 on 2025-02-21"
        );
    }

    #[test]
    fn look_alikes_inside_a_latin_word_become_latin() {
        assert_eq!(show("ВTС"), "BTC");
    }

    #[test]
    fn a_list_without_spaces_is_cut_at_its_commas() {
        assert_eq!(show("42.20$,43.00$ 1.5,1.6"), "42.2 , 43 1.5 , 1.6");
    }
}
