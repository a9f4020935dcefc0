//! The leverage that a claim names: "+103 % (10x)".

use rust_decimal::Decimal;

/// The most that an exchange gives; a larger number is something else.
const HIGHEST: Decimal = Decimal::from_parts(500, 0, 0, false, 0);

/// The leverage in a text, `10x` or `x10`; of several the highest, which favours the author.
pub(super) fn said(text: &str) -> Option<Decimal> {
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || ".×".contains(letter)));
    let read = |word: &str| {
        let times = |letter: char| "xXхХ×".contains(letter);
        let number = word
            .strip_suffix(times)
            .or_else(|| word.strip_prefix(times))?;
        let digits = number.starts_with(|first: char| first.is_ascii_digit());
        let number = Decimal::from_str_exact(number).ok().filter(|_| digits)?;
        (Decimal::ONE..=HIGHEST).contains(&number).then_some(number)
    };
    words.filter_map(read).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leverage_is_a_number_with_its_cross_and_nothing_else() {
        for (text, wanted) in [
            ("TP2 hit, +103 % (10x)", Some(10)),
            ("Прибыль 40% х20", Some(20)),
            ("+60% ×5 and 25X", Some(25)),
            ("max profit 12 %", None),
            ("0x5f2c, 2xl, tax 5", None),
            ("x9999", None),
        ] {
            assert_eq!(said(text), wanted.map(Decimal::from), "{text}");
        }
    }
}
