//! Numbers as channels write them: `0,5828` and `27,400`, `42.5k` and `3k9`.

use std::borrow::Cow;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::market::Price;

/// How one text writes its numbers, as far as they prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) comma: Comma,
    /// A `3.200,50` proves that a dot before three digits divides thousands.
    pub(super) dots_divide: bool,
}

impl Style {
    /// A text that proves nothing, or a number that has to be read for itself.
    pub(super) const fn with(comma: Comma) -> Self {
        Self {
            comma,
            dots_divide: false,
        }
    }
}

/// What a comma between digits means in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comma {
    /// `27,400` is twenty-seven thousand four hundred.
    Thousands,
    /// `27,400` is twenty-seven and four tenths.
    Decimal,
    /// The text writes both, so a doubtful number stays unread.
    Doubtful,
}

/// What stands behind a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    #[default]
    None,
    Percent,
    /// `10x`.
    Times,
    /// `20 pips`.
    Pips,
    /// `300 points`.
    Points,
    /// `2R`.
    Risk,
    /// Hours, coins: anything that makes it no price.
    Other,
    /// Something that nobody knows; in a field it makes the field unclear.
    Unknown,
}

/// A number and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Number {
    /// Its digits as written.
    pub(super) written: SmolStr,
    /// Its value; none where the spelling allows two.
    pub(super) value: Option<Decimal>,
    pub(super) unit: Unit,
    /// How many seconds its unit is, where that is one of time.
    pub(super) span: Option<u32>,
    /// Its spelling allows another value, too, and nothing tells which it is.
    pub(super) doubtful: bool,
    /// It was scaled by a `k` or `万`.
    pub(super) scaled: bool,
    /// A list number was glued to it and cannot be told apart: `TP15.2`.
    pub(super) glued_to_word: bool,
}

/// The digits, dots and commas at the start of `text`.
pub(super) fn literal(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let digit_next = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if byte.is_ascii_digit() || (matches!(byte, b'.' | b',') && digit_next) {
            end += 1;
        } else {
            break;
        }
    }
    &text[..end]
}

/// Cuts a list that was written without spaces (`42.20,43.00`) into its numbers.
pub(super) fn listed(literal: &str) -> Vec<&str> {
    let dotted = literal.matches('.').count() > 1
        && literal.contains(',')
        && literal
            .split(',')
            .all(|part| part.matches('.').count() == 1);
    // `[62000,63000]`: no decimal comma has as many digits behind it as a price has before it.
    let prices = literal.contains(',')
        && !literal.contains('.')
        && literal
            .split(',')
            .all(|part| part.len() >= 4 && part.len() == literal.find(',').unwrap_or_default());
    if dotted || prices {
        literal.split(',').collect()
    } else {
        vec![literal]
    }
}

/// What commas and dots mean in a text, judged by all of its numbers.
pub(super) fn style<'a>(literals: impl Iterator<Item = &'a str>) -> Style {
    let (mut decimal, mut thousands, mut dots_divide) = (false, false, false);
    for literal in literals {
        dots_divide |= literal
            .split_once(',')
            .is_some_and(|(whole, _)| whole.contains('.') && ungrouped(whole, '.').is_some());
        match certain(literal) {
            Some(Comma::Decimal) => decimal = true,
            Some(Comma::Thousands) => thousands = true,
            Some(Comma::Doubtful) | None => {}
        }
    }
    Style {
        comma: match (decimal, thousands) {
            (true, true) => Comma::Doubtful,
            (true, false) => Comma::Decimal,
            (false, _) => Comma::Thousands,
        },
        dots_divide,
    }
}

/// Does a literal prove what its own or another's comma means?
pub(super) fn proves(literal: &str) -> bool {
    certain(literal).is_some()
}

/// What a literal proves by itself about commas.
fn certain(literal: &str) -> Option<Comma> {
    let (head, tail) = literal.split_once(',')?;
    if tail.contains(',') {
        return None;
    }
    let grouped = (1..=3).contains(&head.len()) && !head.starts_with('0') && tail.len() == 3;
    match tail.split_once('.') {
        Some((group, _)) if group.len() == 3 && !head.contains('.') => Some(Comma::Thousands),
        Some(_) => None,
        None if grouped => None,
        None => Some(Comma::Decimal),
    }
}

/// The value of a literal; none where it is a date, a version or a list without spaces.
pub(super) fn value(literal: &str, style: Style) -> Option<Decimal> {
    let comma = style.comma;
    let dots = literal.matches('.').count();
    let commas = literal.matches(',').count();
    let plain: Cow<'_, str> = match (dots, commas) {
        (1, 0) if style.dots_divide => ungrouped(literal, '.').map_or(literal.into(), Cow::Owned),
        (0 | 1, 0) => literal.into(),
        (_, 0) => ungrouped(literal, '.')?.into(),
        (0, 1) => match (certain(literal), comma) {
            (Some(Comma::Decimal), _) | (None, Comma::Decimal) => literal.replace(',', ".").into(),
            (_, Comma::Thousands) => ungrouped(literal, ',')?.into(),
            (_, Comma::Doubtful | Comma::Decimal) => return None,
        },
        (1, _) if literal.rfind('.') > literal.rfind(',') => {
            let (whole, rest) = literal.split_once('.')?;
            format!("{}.{rest}", ungrouped(whole, ',')?).into()
        }
        (_, 1) if literal.rfind(',') > literal.rfind('.') => {
            let (whole, rest) = literal.split_once(',')?;
            format!("{}.{rest}", ungrouped(whole, '.')?).into()
        }
        _ => return None,
    };
    let plain = if plain.starts_with('.') {
        format!("0{plain}").into()
    } else {
        plain
    };
    // What is higher than any price is no number that a trade is made of, and a product of two that
    // are not leaves the range of exact numbers never.
    Decimal::from_str_exact(&plain)
        .ok()
        .filter(|value| *value <= Price::HIGHEST)
}

/// Digits in groups of three, put together.
fn ungrouped(literal: &str, separator: char) -> Option<String> {
    let mut groups = literal.split(separator);
    let head = groups.next()?;
    let fits = (1..=3).contains(&head.len())
        && !head.starts_with('0')
        && groups.all(|group| group.len() == 3);
    fits.then(|| literal.replace(separator, ""))
}

/// So near what is completed lies to the number before it.
const NEAR: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// `134.30/35` is 134.30 and 134.35, `4207-04` is 4207 and 4204: the second number leaves out the digits
/// that both begin with. None where the number may be one by itself, is not near the other, or is nearer
/// to it with the next digits before it (`3390-10`).
pub(super) fn completed(before: &str, number: &Number) -> Option<Decimal> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = number.written.as_str();
    let head = before
        .len()
        .checked_sub(rest.len())
        .filter(|head| *head > 0)?;
    let (head, tail) = before.split_at_checked(head)?;
    if !digits(rest) || !digits(tail) || before.contains(',') || number.unit != Unit::None {
        return None;
    }
    let first = Decimal::from_str_exact(before).ok()?;
    let alone = Decimal::from_str_exact(rest).ok()?;
    let whole = Decimal::from_str_exact(&format!("{head}{rest}")).ok()?;
    let itself = alone * Decimal::TWO >= first && alone <= first * Decimal::TWO;
    let far = (whole - first).abs();
    // One more or less of the last digit before the tail.
    let next = Decimal::new(1, first.scale())
        * Decimal::from(10_u64.checked_pow(u32::try_from(rest.len()).ok()?)?);
    let carried = (far - next).abs();
    (!itself && !far.is_zero() && far <= first * NEAR && (rest > tail || far < carried))
        .then_some(whole)
}

/// `3k9` is 3900 and `4k110` is 4110: the digits behind the `k` are its decimals.
pub(super) fn thousands(head: Decimal, tail: &str) -> Option<Decimal> {
    let value = if tail.is_empty() {
        head
    } else {
        if tail.len() > 3 || !head.is_integer() {
            return None;
        }
        head + Decimal::from_str_exact(&format!("0.{tail}")).ok()?
    };
    value.checked_mul(Decimal::ONE_THOUSAND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(literal: &str) -> Option<String> {
        value(literal, Style::with(Comma::Thousands)).map(|value| value.normalize().to_string())
    }

    #[test]
    fn a_comma_before_three_digits_divides_thousands_unless_the_text_says_otherwise() {
        assert_eq!(read("27,400").as_deref(), Some("27400"));
        assert_eq!(
            value("27,400", Style::with(Comma::Decimal)),
            Some(Decimal::new(27400, 3))
        );
        assert_eq!(value("27,400", Style::with(Comma::Doubtful)), None);
    }

    #[test]
    fn a_comma_after_a_zero_or_before_other_digits_is_a_decimal_comma() {
        assert_eq!(read("0,582800").as_deref(), Some("0.5828"));
        assert_eq!(read("0,582").as_deref(), Some("0.582"));
        assert_eq!(read("41,5").as_deref(), Some("41.5"));
    }

    #[test]
    fn both_separators_together_are_unmistakable() {
        assert_eq!(read("1,234.56").as_deref(), Some("1234.56"));
        assert_eq!(read("1.234,56").as_deref(), Some("1234.56"));
    }

    #[test]
    fn a_date_is_no_number() {
        assert_eq!(read("12.05.2024"), None);
    }

    #[test]
    fn numbers_glued_by_commas_without_dots_stay_unread() {
        assert_eq!(listed("42.20,43.00"), ["42.20", "43.00"]);
        assert_eq!(read("740,75,770"), None);
        assert_eq!(listed("62000,63000"), ["62000", "63000"]);
        assert_eq!(listed("27,400"), ["27,400"]);
    }

    #[test]
    fn one_decimal_comma_decides_for_the_whole_text() {
        let comma = |literals: [&str; 2]| style(literals.into_iter()).comma;
        assert_eq!(comma(["27,400", "0,5"]), Comma::Decimal);
        assert_eq!(comma(["27,400", "1,234.5"]), Comma::Thousands);
        assert_eq!(comma(["0,5", "1,234.5"]), Comma::Doubtful);
    }

    #[test]
    fn a_dot_divides_thousands_only_where_the_text_proves_it() {
        let style = style(["3.200,50", "3.300"].into_iter());
        assert_eq!(value("3.300", style), Some(Decimal::from(3300)));
        assert_eq!(value("0.345", style), Some(Decimal::new(345, 3)));
        assert_eq!(read("3.300").as_deref(), Some("3.3"));
    }

    #[test]
    fn digits_behind_a_k_are_its_decimals() {
        assert_eq!(thousands(Decimal::from(3), "9"), Some(Decimal::from(3900)));
        assert_eq!(
            thousands(Decimal::from(4), "110"),
            Some(Decimal::from(4110))
        );
    }
}
