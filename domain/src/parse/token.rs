//! Tokens: words, numbers and signs, each with its line.

mod letters;
mod numeral;

use smol_str::SmolStr;

use super::lexicon::{Concept, Lexicon};
use super::normalise;
use super::number::{self, Number};

/// A piece of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The line that it stands on.
    pub(super) line: u32,
    /// Nothing stands between it and the token before it.
    pub(super) glued: bool,
    /// Where it stands in the normalised text.
    pub(super) place: Place,
    /// The picture right before it: `🎯`.
    pub(super) mark: Option<char>,
}

/// A stretch of a text, in bytes: from here to before there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Place {
    /// Both, and what lies between them.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
        }
    }
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

impl Token {
    /// The word that it is.
    pub(super) fn word(&self) -> Option<&str> {
        if let Kind::Word { text, .. } = &self.kind {
            Some(text)
        } else {
            None
        }
    }
}

impl Token {
    /// The word that it is, in small letters.
    pub(super) fn low(&self) -> Option<&str> {
        if let Kind::Word { low, .. } = &self.kind {
            Some(low)
        } else {
            None
        }
    }
}

impl Kind {
    /// The sign that makes the next word a tag.
    pub(super) const fn tag(&self) -> Option<char> {
        match self {
            Self::Sign(sign @ ('$' | '#')) => Some(*sign),
            Self::Sign(_)
            | Self::Word { .. }
            | Self::Number(_)
            | Self::Index(_)
            | Self::Tick
            | Self::Link
            | Self::Break => None,
        }
    }
}

/// No post of 4096 characters has more words, numbers and signs; what is longer is cut no further.
pub(super) const MOST_TOKENS: usize = 4_096;

/// No usual text has fewer bytes to a token, so its tokens find room where they are put at once.
const FEWEST_BYTES: usize = 3;

/// Cuts a normalised text into tokens.
pub(super) fn cut(plain: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut cutter = Cutter {
        text: plain,
        at: 0,
        line: 0,
        glued: false,
        mark: None,
        last_index: 0,
        parentheses: 0,
        title: false,
        tokens: Vec::with_capacity((plain.len() / FEWEST_BYTES).min(MOST_TOKENS)),
        lexicon,
    };
    while cutter.at < plain.len() && cutter.tokens.len() <= MOST_TOKENS {
        let (first, from) = (cutter.tokens.len(), cutter.at);
        cutter.step();
        place(&mut cutter.tokens[first..], plain, from, cutter.at);
    }
    let mut tokens = cutter.tokens;
    value_numbers(&mut tokens);
    tokens
}

/// Says where the tokens of one stretch stand in it. Where one is not found as it is written it is
/// somewhere in what the others leave.
fn place(tokens: &mut [Token], plain: &str, from: usize, to: usize) {
    let mut at = from;
    let last = tokens.len().saturating_sub(1);
    for (nth, token) in tokens.iter_mut().enumerate() {
        let written = match &token.kind {
            Kind::Word { text, .. } => text.as_str(),
            Kind::Number(number) => number.written.as_str(),
            Kind::Index(_) | Kind::Sign(_) | Kind::Tick | Kind::Link | Kind::Break => "",
        };
        // Nearly always it is the next thing that is written.
        let found = match &plain[at..to] {
            _ if written.is_empty() => None,
            stretch if stretch.starts_with(written) => Some(0),
            stretch => stretch.find(written),
        };
        let begin = at + found.unwrap_or(0);
        let end = match found {
            // The last one has its unit with it.
            Some(_) if nth < last => begin + written.len(),
            Some(_) | None => to,
        };
        token.place = Place {
            from: begin,
            to: end,
        };
        if found.is_some() {
            at = begin + written.len();
        }
    }
}

/// Gives the numbers their values, once all of them have told what a comma means here.
fn value_numbers(tokens: &mut [Token]) {
    let style = number::style(tokens.iter().filter_map(|token| {
        if let Kind::Number(number) = &token.kind {
            Some(number.written.as_str())
        } else {
            None
        }
    }));
    for token in tokens {
        if let Kind::Number(number) = &mut token.kind
            && number.value.is_none()
        {
            number.value = number::value(&number.written, style);
        }
    }
}

/// Is it written without spaces between words, so that each character is a word?
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FFFF}')
}

fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    !is_han(c) && c.is_alphabetic() || is_joiner(c)
}

/// Signs inside words of Indian scripts that are no letters by themselves: nuktas and viramas.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{093C}' | '\u{094D}' | '\u{09BC}' | '\u{09CD}')
}

struct Cutter<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    glued: bool,
    mark: Option<char>,
    /// The last list number, so that the next one is known where it is glued to a price.
    last_index: u8,
    /// How many are open on this line.
    parentheses: u8,
    /// Inside `【 】` stands a name.
    title: bool,
    tokens: Vec<Token>,
    lexicon: &'a Lexicon,
}

impl<'a> Cutter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind) {
        match kind {
            Kind::Index(index) => self.last_index = index,
            Kind::Break => {
                self.parentheses = 0;
                self.title = false;
                self.mark = None;
            }
            Kind::Word { .. } | Kind::Number(_) | Kind::Sign(_) | Kind::Tick | Kind::Link => {}
        }
        self.tokens.push(Token {
            kind,
            line: self.line,
            glued: self.glued,
            place: Place::default(),
            mark: self.mark.take(),
        });
        self.glued = true;
    }

    fn word(&mut self, text: &str) {
        self.push(Kind::Word {
            text: text.into(),
            low: normalise::low(text),
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
        } else if c == '%' && !self.follows_number() && begins_with_digit(&rest[1..]) {
            self.percent(&rest[1..]);
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
            '$' if self.follows_number() => {}
            // `98450'den`: where a language inflects its numbers, the ending says nothing new.
            '\'' | '’' if self.follows_number() => {
                let ending = run(&rest[c.len_utf8()..], is_letter);
                // `20'pips` is a unit.
                if self.lexicon.begins(&normalise::low(ending)) {
                    self.glued = false;
                } else {
                    self.at += ending.len();
                }
            }
            '(' => {
                let inner = number::literal(&rest[1..]);
                if let Some(index) = numeral::small(inner)
                    && rest[1 + inner.len()..].starts_with(')')
                {
                    self.push(Kind::Index(index));
                    self.at += inner.len() + 1;
                } else {
                    self.parentheses = self.parentheses.saturating_add(1);
                    self.push(Kind::Sign(c));
                }
            }
            ')' => {
                self.parentheses = self.parentheses.saturating_sub(1);
                self.push(Kind::Sign(c));
            }
            // `%57`: half the world writes the sign before the number.
            '%' if !number::literal(&rest[1..]).is_empty() => {
                let literal = number::literal(&rest[1..]);
                self.push(Kind::Number(Number {
                    written: literal.into(),
                    unit: number::Unit::Percent,
                    ..Number::default()
                }));
                self.at += literal.len();
            }
            // `№ 214` counts the channel's signals.
            '№' => {
                let digits = rest[c.len_utf8()..].trim_start_matches(' ');
                let digits = run(digits, |c| c.is_ascii_digit());
                let from = rest.find(digits).filter(|_| !digits.is_empty());
                if let Some(from) = from {
                    self.word(digits);
                    self.at += from + digits.len() - c.len_utf8();
                }
            }
            '【' | '『' | '「' => self.title = true,
            '】' | '』' | '」' => self.title = false,
            '-' | '~' | '/' | ',' | '，' | ':' | ';' | '[' | ']' | '!' | '?' | '.' | '。' | '+'
            | '=' | '|' | '<' | '>' | '#' | '$' | '*' | '_' | '"' | '&' | '@' | '\\' => {
                self.push(Kind::Sign(c));
            }
            _ => {
                self.glued = false;
                self.mark = Some(c);
            }
        }
        self.at += c.len_utf8();
    }

    /// Does a label or a word without a space stand right before what is next? Then `1:45` is the
    /// first target and no time of the day.
    fn follows_label(&self) -> bool {
        self.tokens.last().is_some_and(|token| match &token.kind {
            Kind::Word { low, .. } if token.line == self.line => {
                self.glued || self.lexicon.word(low).is_some_and(Concept::is_label)
            }
            Kind::Word { .. }
            | Kind::Number(_)
            | Kind::Index(_)
            | Kind::Sign(_)
            | Kind::Tick
            | Kind::Link
            | Kind::Break => false,
        })
    }

    /// The sign in `5.700$Target` belongs to the number before it.
    fn follows_number(&self) -> bool {
        let number = matches!(
            self.tokens.last().map(|token| &token.kind),
            Some(Kind::Number(_))
        );
        self.glued && number
    }
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    &text[..end]
}

/// The length of an address or a handle at the start of `rest`.
fn link(rest: &str) -> Option<usize> {
    if !rest.starts_with(['h', 'H', 'w', 'W', 't', 'T', '@']) {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::super::number::Unit;
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
                        Unit::Pips | Unit::Points | Unit::Risk | Unit::Other | Unit::Unknown => {
                            format!("{value}_")
                        }
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
        assert_eq!(
            show("0x2fbcFc95988F522e12C19455 1.5"),
            "0x2fbcFc95988F522e12C19455 1.5"
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
