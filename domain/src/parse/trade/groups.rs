//! Groups: whether a dot, a comma or a space divides thousands, where only the price of the asset
//! tells.

use rust_decimal::Decimal;

use super::{Head, heads};
use crate::parse::lexicon::Concept;
use crate::parse::number::{self, Number, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::parse::symbol::Mention;
use crate::parse::universe::Universe;

/// What an asset without a known least price has never cost: those that have carry it in the list.
const THOUSAND: Decimal = Decimal::ONE_THOUSAND;

/// From here on a whole number may be short for so many thousands; below it counts something more often.
const FEWEST_THOUSANDS: Decimal = Decimal::from_parts(20, 0, 0, false, 0);

/// So near two prices of one trade lie to each other.
const BESIDE: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

/// So many times its least price an asset has never cost.
const HIGHEST: Decimal = Decimal::from_parts(500, 0, 0, false, 0);

/// Reads `61.250`, `61,250` and `61 250` as sixty-one thousand where bitcoin is traded, and `3,285` as
/// three and a quarter where the asset costs a few dollars: half the world writes either so, and what
/// an asset has ever cost leaves one of the two.
pub(in crate::parse) fn regroup(lexemes: &mut Vec<Lexeme>, universe: &dyn Universe) {
    let heads = heads(lexemes);
    let Some(first) = heads.first() else { return };
    if let [head] = heads.as_slice()
        && !is_known(&head.mention, universe)
    {
        return doubt(lexemes);
    }
    let mut ends = heads.iter().skip(1).map(|head| head.line);
    let mut part = (first, ends.next().unwrap_or(u32::MAX));
    let mut rest = heads.iter().skip(1);
    let mut scope = Scope::of(part.0, universe);
    let full = in_full(lexemes);
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        if lexeme.line >= part.1 {
            let Some(next) = rest.next() else { break };
            part = (next, ends.next().unwrap_or(u32::MAX));
            scope = Scope::of(part.0, universe);
            continue;
        }
        if let Some(scope) = &scope {
            if let Some(value) = scope.spaced(lexemes, at) {
                join(lexemes, at, value);
                at += 1;
            } else if let What::Number(number) = &lexeme.what
                && let Some(value) = scope.grouped(number).or_else(|| {
                    let value = scope.shortened(number, &full)?;
                    (!is_measured(lexemes, at)).then_some(value)
                })
                && let Some(What::Number(number)) = lexemes.get_mut(at).map(|one| &mut one.what)
            {
                number.value = Some(value);
            }
        }
        at += 1;
    }
    lexemes.retain(|lexeme| !matches!(lexeme.what, What::Part));
}

/// So far a word is looked for that says what a number measures.
const FAR: usize = 8;

/// Does a word beside a number say that it is no price: a leverage, a share, a time?
fn is_measured(lexemes: &[Lexeme], at: usize) -> bool {
    let measures = |lexeme: &Lexeme| {
        let concepts = [
            Concept::Leverage,
            Concept::Size,
            Concept::Hazard,
            Concept::Other,
            Concept::Timeframe,
            Concept::Validity,
            Concept::Result,
        ];
        concepts.iter().any(|concept| lexeme.is(concept))
    };
    let line = lexemes[at].line;
    let of_line = |lexeme: &&Lexeme| lexeme.line == line;
    let label = |lexeme: &&Lexeme| matches!(&lexeme.what, What::Is(concept) if concept.is_label());
    let before = lexemes[..at].iter().rev().take(FAR).take_while(of_line);
    let next = lexemes.get(at + 1).filter(of_line);
    before.into_iter().find(label).is_some_and(measures) || next.is_some_and(measures)
}

/// The thousands that are written in full, or with a `k`.
fn in_full(lexemes: &[Lexeme]) -> Vec<Decimal> {
    let numbers = lexemes.iter().filter_map(|lexeme| {
        if let What::Number(number) = &lexeme.what {
            number.value.filter(|_| number.unit == Unit::None)
        } else {
            None
        }
    });
    numbers.filter(|value| *value >= THOUSAND).collect()
}

/// What a mentioned asset costs at least, in the dollars that it is priced in.
pub(super) fn least(mention: &Mention, universe: &dyn Universe) -> Option<Decimal> {
    universe
        .least_price(&mention.base)
        .filter(|_| is_priced_in_dollars(mention))
}

fn is_known(mention: &Mention, universe: &dyn Universe) -> bool {
    universe.is_base(&mention.base) || mention.foreign
}

/// Nobody knows whether `1,520` of an unknown asset is one and a half or fifteen hundred, unless
/// another number of the text says what its commas mean.
fn doubt(lexemes: &mut [Lexeme]) {
    let proven = lexemes.iter().any(
        |lexeme| matches!(&lexeme.what, What::Number(number) if number::proves(&number.written)),
    );
    if proven {
        return;
    }
    for lexeme in lexemes {
        if let What::Number(number) = &mut lexeme.what
            && number.unit == Unit::None
            && number.written.contains(',')
        {
            number.doubtful = true;
        }
    }
}

fn is_priced_in_dollars(mention: &Mention) -> bool {
    mention
        .quote
        .as_ref()
        .is_none_or(|quote| quote.contains("USD"))
}

/// The prices that an asset can have.
struct Scope {
    least: Option<Decimal>,
}

impl Scope {
    /// Of an asset whose price is known, in dollars. One that only a venue lists may cost anything.
    fn of(head: &Head, universe: &dyn Universe) -> Option<Self> {
        let mention = &head.mention;
        let known = is_known(mention, universe) && !universe.is_new(&mention.base);
        (known && is_priced_in_dollars(mention)).then(|| Self {
            least: least(mention, universe),
        })
    }

    fn holds(&self, price: Decimal) -> bool {
        match self.least {
            // Half of it leaves room for a crash.
            Some(least) => price * Decimal::TWO >= least && price <= least * HIGHEST,
            None => price < THOUSAND,
        }
    }

    /// The other value of `61.250` or `3,285`, where the one it has cannot be the price.
    fn grouped(&self, number: &Number) -> Option<Decimal> {
        let separator = number.written.find(['.', ','])?;
        let (whole, group) = number.written.split_at(separator);
        let groups = group.len() == 4
            && (1..=3).contains(&whole.len())
            && !whole.starts_with('0')
            && number.unit == Unit::None
            && !number.scaled
            && group.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        if !groups {
            return None;
        }
        let fraction = format!("{whole}.{}", &group[1..]);
        let fraction = number::value(&fraction, number::Style::with(number::Comma::Decimal))?;
        let whole = fraction.checked_mul(THOUSAND)?;
        let value = match (self.holds(fraction), self.holds(whole)) {
            (true, false) => fraction,
            (false, true) => whole,
            _ => return None,
        };
        (number.value != Some(value)).then(|| value.normalize())
    }

    /// `91-89, stop 86000`: thousands, where the number cannot be the price and another one that is
    /// written in full lies beside what it would be with them.
    fn shortened(&self, number: &Number, full: &[Decimal]) -> Option<Decimal> {
        let least = self.least?;
        let value = number.value?;
        let counts = value.is_integer() && value < FEWEST_THOUSANDS;
        if number.unit != Unit::None || number.scaled || counts || value * Decimal::TWO >= least {
            return None;
        }
        let whole = value.checked_mul(THOUSAND)?;
        let beside = |other: &Decimal| (whole - *other).abs() <= *other * BESIDE;
        (self.holds(whole) && full.iter().any(beside)).then(|| whole.normalize())
    }

    /// The value of `61 250`, where sixty-one cannot be the price.
    fn spaced(&self, lexemes: &[Lexeme], at: usize) -> Option<Decimal> {
        let value = self.two(lexemes, at)?;
        // `Target 1 118 500`: the first counts the targets.
        let counts = bare(lexemes.get(at)?)?
            .value
            .is_some_and(|value| value <= Decimal::from(20));
        let third = lexemes.get(at + 2).and_then(bare);
        let lists = counts
            && third.is_some_and(|third| third.written.len() >= 3)
            && self.two(lexemes, at + 1).is_some();
        (!lists).then_some(value)
    }

    /// What two numbers beside each other are, taken for one.
    fn two(&self, lexemes: &[Lexeme], at: usize) -> Option<Decimal> {
        self.least?;
        let [first, second, ..] = lexemes.get(at..)? else {
            return None;
        };
        let (head, group) = (bare(first)?, bare(second)?);
        let (digits, fraction) = group
            .written
            .find(['.', ','])
            .map_or((group.written.as_str(), ""), |end| {
                group.written.split_at(end)
            });
        let beside = second.line == first.line
            && !second.glued
            && second.mark.is_none()
            && second.place.from == first.place.to + 1;
        let groups = (1..=3).contains(&head.written.len())
            && head.written.bytes().all(|byte| byte.is_ascii_digit())
            && !head.written.starts_with('0')
            && digits.len() == 3
            && fraction.len() <= 3;
        if !beside || !groups || self.holds(head.value?) {
            return None;
        }
        let written = format!("{}{digits}{}", head.written, fraction.replace(',', "."));
        let value = Decimal::from_str_exact(&written).ok()?;
        self.holds(value).then_some(value)
    }
}

/// A number without a unit or scale.
fn bare(lexeme: &Lexeme) -> Option<&Number> {
    if let What::Number(number) = &lexeme.what {
        (number.unit == Unit::None && !number.scaled && !number.glued_to_word).then_some(number)
    } else {
        None
    }
}

/// Makes one number of two; the second is left out later.
fn join(lexemes: &mut [Lexeme], at: usize, value: Decimal) {
    let Some([first, second]) = lexemes.get_mut(at..at + 2) else {
        return;
    };
    if let What::Number(number) = &mut first.what {
        first.place = first.place.and(second.place);
        number.written = value.to_string().into();
        number.value = Some(value);
        second.what = What::Part;
    }
}
