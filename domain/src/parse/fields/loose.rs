//! Loose prices: those that stand under no role that the lexicon knows, and what is said of them.

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::Fields;
use crate::parse::token::Place;

/// A price that stands under no role that the lexicon knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Loose {
    pub(in crate::parse) price: Decimal,
    pub(in crate::parse) place: Place,
    /// Prices with nothing but signs between them are one group.
    pub(in crate::parse) group: u32,
    /// The line that it stands on.
    pub(in crate::parse) line: usize,
    pub(in crate::parse) hint: Hint,
    /// The last unknown word before it in its clause, without the digits at its end.
    pub(in crate::parse) label: SmolStr,
    /// The unknown words before it in its clause.
    pub(in crate::parse) words: usize,
    /// Its clause speaks of what is no level of this trade.
    pub(in crate::parse) barred: bool,
    /// It is a small whole number, which may count something.
    pub(in crate::parse) counts: bool,
    /// It is written as a year is.
    pub(in crate::parse) year: bool,
    /// The percentage behind it.
    pub(in crate::parse) share: Option<Decimal>,
    /// It goes on with the targets before it: `tp 1.10, then 1.15`.
    pub(in crate::parse) behind_target: bool,
}

/// What the words before a loose price say of it, short of a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::parse) enum Hint {
    #[default]
    None,
    /// It is called a price, and not of what.
    Price,
    /// Something is gained or taken there.
    Gain,
    /// Something happens above or below it.
    Beyond,
}

impl Fields {
    /// The last group of loose prices is no level of this trade.
    pub(super) fn bar_last(&mut self) {
        let Some(group) = self.loose.last().map(|loose| loose.group) else {
            return;
        };
        for loose in self.loose.iter_mut().rev() {
            if loose.group != group {
                break;
            }
            loose.barred = true;
        }
    }
}
