//! Many ways of writing one character become one: what the later stages need not know.

use std::borrow::Cow;
use std::sync::LazyLock;

use smol_str::{SmolStr, StrExt as _};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::{Map, token};

/// Where the digits of keycaps and circles are put, so that `1️⃣` is never read as the number 1.
const INDEX_BASE: u32 = 0xE000;

/// The list number that a keycap or circled digit stands for.
pub(super) fn list_index(c: char) -> Option<u8> {
    let index = u32::from(c).checked_sub(INDEX_BASE)?;
    u8::try_from(index).ok().filter(|index| *index <= 20)
}

/// The same text without invisible characters, in half-width forms, plain digits and simplified
/// Chinese characters.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let same = !text.bytes().any(|byte| matches!(byte, b'\r' | b'`'));
        return if same {
            text.into()
        } else {
            text.chars().filter_map(fold).collect()
        };
    }
    if is_composed(text) {
        return folded(text.chars().map(|c| (0, c)), text.len(), None).into();
    }
    // A letter and its accent may come as one character or as two.
    folded(text.nfc().map(|c| (0, c)), text.len(), None).into()
}

/// Is every letter of the text one character with its accent? It says no where that is doubtful.
fn is_composed(text: &str) -> bool {
    let doubtful = text.chars().filter(|c| !stands_alone(*c));
    is_nfc_quick(doubtful) == IsNormalized::Yes
}

/// Is it one of the many characters that are no mark and join with none before them? So they need not
/// be looked up.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\0'..='\u{02FF}' | '\u{0400}'..='\u{0482}' | '\u{2010}'..='\u{205F}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{FF01}'..='\u{FF5E}' | '\u{1F300}'..='\u{1F64F}')
}

/// Where each byte of the plain text came from: the byte in `text` at which its character begins.
/// None where that cannot be told.
pub(super) fn origins(text: &str) -> Option<Vec<u32>> {
    let length = u32::try_from(text.len()).ok()?;
    if text.is_ascii() {
        return Some((0..=length).collect());
    }
    let composed = is_composed(text);
    let chars = if composed {
        composed_chars(text)
    } else {
        joined_chars(text)
    };
    let mut origins = Vec::with_capacity(text.len() + 1);
    let out = folded(chars?.into_iter(), text.len(), Some(&mut origins));
    origins.push(length);
    // Letters that join without a mark (Korean) would shift everything behind them.
    (composed || out == plain(text)).then_some(origins)
}

/// The characters of a composed text, each with the byte at which the letter begins that it belongs to.
fn composed_chars(text: &str) -> Option<Vec<(u32, char)>> {
    let mut chars: Vec<(u32, char)> = Vec::with_capacity(text.len());
    let mut begin = 0;
    for (at, c) in text.char_indices() {
        if stands_alone(c) || canonical_combining_class(c) == 0 {
            begin = u32::try_from(at).ok()?;
        }
        chars.push((begin, c));
    }
    Some(chars)
}

/// The same of any text, with each letter and its marks put together.
fn joined_chars(text: &str) -> Option<Vec<(u32, char)>> {
    let mut chars: Vec<(u32, char)> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let begin = u32::try_from(text.len() - rest.len()).ok()?;
        let marks = rest[first.len_utf8()..]
            .find(|c| canonical_combining_class(c) == 0)
            .map_or(rest.len(), |at| at + first.len_utf8());
        let (letter, after) = rest.split_at(marks);
        chars.extend(letter.nfc().map(|c| (begin, c)));
        rest = after;
    }
    Some(chars)
}

fn folded(
    chars: impl Iterator<Item = (u32, char)> + Clone,
    length: usize,
    mut origins: Option<&mut Vec<u32>>,
) -> String {
    let mut out = String::with_capacity(length);
    let mut chars = chars.peekable();
    let mut before = 0;
    let mut wide = 0;
    while let Some((from, c)) = chars.next() {
        if let Some(origins) = &mut origins {
            origins.resize(out.len(), before);
            before = from;
        }
        if c.is_ascii_digit() {
            let mut ahead = chars.clone();
            if ahead.peek().is_some_and(|(_, c)| *c == '\u{FE0F}') {
                ahead.next();
            }
            if ahead.next().is_some_and(|(_, c)| c == '\u{20E3}') {
                chars = ahead;
                out.extend(char::from_u32(INDEX_BASE + u32::from(c) - u32::from('0')));
                continue;
            }
        }
        if c == '，' && wide_group(wide, chars.clone().map(|(_, c)| c)) {
            wide = 0;
            out.push(',');
            continue;
        }
        wide = if matches!(c, '０'..='９') {
            wide + 1
        } else {
            0
        };
        let thin = matches!(c, '\u{00A0}' | '\u{2009}' | '\u{202F}');
        if thin && divides_thousands(c, &out, chars.clone().map(|(_, c)| c)) {
            continue;
        }
        if let Some(c) = fold(c) {
            out.push(c);
        }
    }
    if let Some(origins) = origins {
        origins.resize(out.len(), before);
    }
    out
}

/// `２，６８０`: does a comma of full width stand inside a number of full width? Behind other digits it
/// divides clauses.
fn wide_group(digits: usize, after: impl Iterator<Item = char>) -> bool {
    let behind = after.take_while(|c| matches!(c, '０'..='９')).count();
    (1..=3).contains(&digits) && behind == 3
}

/// Is it a no-break space between digits and a group of three? An ordinary one behind a single
/// digit may stand behind a target's number.
fn divides_thousands(c: char, before: &str, after: impl Iterator<Item = char>) -> bool {
    let least = match c {
        '\u{2009}' | '\u{202F}' => 1,
        '\u{00A0}' => 2,
        _ => return false,
    };
    let head = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = before.len() - head.len();
    digits >= least
        && !head.ends_with(char::is_alphabetic)
        && after.take_while(char::is_ascii_digit).count() == 3
}

fn fold(c: char) -> Option<char> {
    let code = u32::from(c);
    match c {
        '\r' => Some('\n'),
        '`' => Some('\''),
        '\0'..='\u{7F}' => Some(c),
        '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{180E}'
        | '\u{E0020}'..='\u{E007F}'
        | '\u{00AD}'
        | '\u{FEFF}'
        | '\u{20E3}' => None,
        '\u{E000}'..='\u{E0FF}' => None,
        '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{3000}' | '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' => Some(' '),
        // A full-width comma divides clauses and never thousands, so it keeps its own form.
        '，' => Some('，'),
        '、' => Some('，'),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(code - 0xFEE0),
        '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' => Some('"'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '➖' => Some('-'),
        '〜' | '∼' => Some('~'),
        '’' | '‘' | 'ʼ' => Some('\''),
        '٠'..='٩' => char::from_u32(code - 0x0660 + 0x30),
        '۰'..='۹' => char::from_u32(code - 0x06F0 + 0x30),
        '०'..='९' => char::from_u32(code - 0x0966 + 0x30),
        '০'..='৯' => char::from_u32(code - 0x09E6 + 0x30),
        // Blank letters, and a dot and a slash of their own.
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{2800}' => Some(' '),
        '\u{2024}' => Some('.'),
        '\u{2044}' | '\u{2215}' => Some('/'),
        '٫' => Some('.'),
        '٬' => Some(','),
        '٪' => Some('%'),
        '،' => Some('，'),
        '؛' => Some(';'),
        '؟' => Some('?'),
        '।' => Some('。'),
        // Arabic and Persian write some letters in several ways, vowel signs or not, and stretch them.
        '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}' => None,
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ى' | 'ی' => Some('ي'),
        'ک' => Some('ك'),
        'ة' | 'ۀ' => Some('ه'),
        '①'..='⑳' => char::from_u32(INDEX_BASE + code - 0x2460 + 1),
        '🔟' => char::from_u32(INDEX_BASE + 10),
        '🈳' => Some('空'),
        '\u{1D400}'..='\u{1D6A3}' => styled_letter(code - 0x1D400),
        '\u{1D7CE}'..='\u{1D7FF}' => char::from_u32((code - 0x1D7CE) % 10 + 0x30),
        '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' => {
            Some(SIMPLIFIED.get(&c).copied().unwrap_or(c))
        }
        _ => Some(c),
    }
}

/// A word in the form in which it is looked up: small letters, and one form of those that differ
/// between capitals and small ones by language.
pub(super) fn low(word: &str) -> SmolStr {
    if word.is_ascii() {
        return if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            word.to_ascii_lowercase_smolstr()
        } else {
            word.into()
        };
    }
    // These scripts have no capitals.
    if word.chars().all(token::is_han) {
        return word.into();
    }
    word.chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            // `GİRİŞ` and `giriş`, `SATIŞ` and `satış`.
            'ı' => Some('i'),
            '\u{0307}' => None,
            'ё' => Some('е'),
            c => Some(c),
        })
        .collect()
}

fn styled_letter(offset: u32) -> Option<char> {
    let letter = offset % 52;
    char::from_u32(if letter < 26 {
        0x41 + letter
    } else {
        0x61 + letter - 26
    })
}

static SIMPLIFIED: LazyLock<Map<char, char>> = LazyLock::new(|| {
    include_str!("../../data/traditional.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .filter_map(|pair| {
            let mut pair = pair.chars();
            Some((pair.next()?, pair.next()?))
        })
        .collect()
});

/// A word of Latin and Cyrillic letters that look alike, in Latin letters; none where a letter has
/// no Latin look-alike.
pub(super) fn latin_look_alike(word: &str) -> Option<String> {
    word.chars()
        .map(|c| {
            Some(match c {
                'А' => 'A',
                'В' => 'B',
                'Е' => 'E',
                'К' => 'K',
                'М' => 'M',
                'Н' => 'H',
                'О' => 'O',
                'Р' => 'P',
                'С' => 'C',
                'Т' => 'T',
                'У' => 'Y',
                'Х' => 'X',
                'І' => 'I',
                'Ѕ' => 'S',
                'Ј' => 'J',
                'а' => 'a',
                'е' => 'e',
                'о' => 'o',
                'р' => 'p',
                'с' => 'c',
                'у' => 'y',
                'х' => 'x',
                'і' => 'i',
                c if c.is_ascii_alphanumeric() => c,
                _ => return None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_go() {
        assert_eq!(plain("B\u{200B}TC\u{FEFF}\u{FE0F}"), "BTC");
    }

    #[test]
    fn full_width_forms_become_half_width() {
        assert_eq!(plain("止损：２７６４．５"), "止损:2764.5");
        assert_eq!(plain("进：２，６８０－２，６５０"), "进:2,680-2,650");
        assert_eq!(plain("１６８，１６５"), "168,165");
        assert_eq!(plain("3350，3420"), "3350，3420");
    }

    #[test]
    fn a_no_break_space_divides_thousands() {
        assert_eq!(plain("60\u{202F}000 – 61\u{00A0}500"), "60000 - 61500");
        assert_eq!(plain("TP1\u{00A0}158.2"), "TP1 158.2");
    }

    #[test]
    fn a_keycap_is_a_list_number_and_no_digit() {
        let plain = plain("1️⃣ 43600");
        assert_eq!(plain.chars().next().and_then(list_index), Some(1));
        assert!(plain.ends_with(" 43600"));
    }

    #[test]
    fn traditional_characters_become_simplified() {
        assert_eq!(plain("進場 止損 現價 槓桿"), "进场 止损 现价 杠杆");
    }

    #[test]
    fn the_empty_sign_is_the_character_for_short() {
        assert_eq!(plain("做🈳"), "做空");
    }

    #[test]
    fn look_alikes_become_latin_only_where_every_letter_has_one() {
        assert_eq!(latin_look_alike("ВТС").as_deref(), Some("BTC"));
        assert_eq!(latin_look_alike("вход"), None);
    }
}
