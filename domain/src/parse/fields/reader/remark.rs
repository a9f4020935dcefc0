//! Remarks: shares in parentheses, which belong to what stands before them.

use rust_decimal::Decimal;

use super::Reader;
use super::open::Name;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};

/// The most lexemes of a remark in parentheses.
const LONGEST_REMARK: usize = 8;

impl Reader {
    /// `(50/50)`: the shares of the prices before, where there are as many.
    pub(super) fn divide(&mut self, shares: &[Decimal]) {
        let fields = &mut self.fields;
        if self.open.is_some_and(|open| open.name == Name::Entry)
            && fields.entry.len() == shares.len()
            && fields.shares.is_empty()
        {
            let prices = fields.entry.iter().copied();
            fields.shares = prices.zip(shares.iter().copied()).collect();
        }
    }
}

/// `(40% of profit)`: the percentage of a remark that holds words beside it, and how many lexemes
/// the remark takes up to its end. The words belong to the percentage and not to the field.
pub(super) fn share_in_words(lexemes: &[Lexeme]) -> Option<(&Lexeme, usize)> {
    let end = lexemes
        .iter()
        .take(LONGEST_REMARK)
        .take_while(|lexeme| lexeme.what != What::Break)
        .position(|lexeme| lexeme.what == What::Sign(')'))?;
    let inner = &lexemes[..end];
    let mut numbers = inner
        .iter()
        .filter(|lexeme| matches!(lexeme.what, What::Number(_)));
    let number = numbers.next()?;
    let percent = matches!(&number.what, What::Number(number) if number.unit == Unit::Percent);
    (percent && numbers.next().is_none() && inner.len() > 1).then_some((number, end))
}

/// `(50/50)`, `(in steps of 40% - 30% - 30%)`: numbers that make up a hundred are shares, and how many
/// lexemes they take up to the end of their parentheses.
pub(super) fn shares(lexemes: &[Lexeme]) -> Option<(Vec<Decimal>, usize)> {
    let end = lexemes
        .iter()
        .take(LONGEST_REMARK * 2)
        .take_while(|lexeme| lexeme.what != What::Break)
        .position(|lexeme| lexeme.what == What::Sign(')'))?;
    let mut shares = Vec::new();
    for lexeme in &lexemes[..end] {
        if let What::Number(number) = &lexeme.what {
            if !matches!(number.unit, Unit::None | Unit::Percent) {
                return None;
            }
            shares.push(number.value?);
        }
    }
    let whole = shares.iter().sum::<Decimal>() == Decimal::ONE_HUNDRED;
    (shares.len() >= 2 && whole).then_some((shares, end))
}
