//! Groups: whether a dot divides thousands, where only the price of the asset tells.

use rust_decimal::Decimal;

use super::heads;
use crate::parse::number::{Number, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::parse::symbol::Mention;
use crate::parse::universe::Universe;

/// Reads `61.250` as sixty-one thousand where bitcoin is the only asset that is traded: half the
/// world writes it so, and bitcoin has not cost sixty-one dollars since there were posts about it.
pub(in crate::parse) fn regroup(lexemes: &mut [Lexeme], universe: &dyn Universe) {
    let heads = heads(lexemes);
    let [head] = heads.as_slice() else { return };
    let Some(least) = least(&head.mention, universe) else {
        return;
    };
    for lexeme in lexemes {
        if let What::Number(number) = &mut lexeme.what
            && let Some(value) = grouped(number, least)
        {
            number.value = Some(value);
        }
    }
}

/// What a mentioned asset costs at least, in the dollars that it is priced in.
pub(super) fn least(mention: &Mention, universe: &dyn Universe) -> Option<Decimal> {
    let dollars = mention
        .quote
        .as_ref()
        .is_none_or(|quote| quote.contains("USD"));
    universe.least_price(&mention.base).filter(|_| dollars)
}

/// The value of `61.250`, where its dot divides thousands.
fn grouped(number: &Number, least: Decimal) -> Option<Decimal> {
    let (whole, group) = number.written.split_once('.')?;
    let groups = group.len() == 3
        && (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
        && number.unit == Unit::None
        && !number.scaled;
    let value = number.value.filter(|value| groups && *value < least)?;
    let value = value.checked_mul(Decimal::ONE_THOUSAND)?;
    (value >= least).then(|| value.normalize())
}
