//! Later words: what a text that opens no trade says about those that are open.
//!
//! A text is heard sentence by sentence, as `TP1 hit ✅ Stop to entry, close half` says three things;
//! where no sentence orders anything, it is heard as a whole, and then it may be a report.

mod about;
mod ending;
mod level;
mod machine;
mod order;
mod recap;
mod scope;

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::fields::{self, Fields};
use super::lexicon::Concept;
use super::number::Unit;
use super::phrase::{Lexeme, What};
use super::token;
use super::universe::Universe;
use crate::reading::Meaning;

pub(super) use recap::recap;

/// The most unknown words that an order has; a longer text is talk, whatever phrases are in it.
/// A Chinese character counts one, a word of letters two.
const MOST_WORDS: usize = 26;

/// The most unknown words of a clause that orders something, counted alike.
const MOST_CLAUSE: usize = 12;

/// The most unknown words of a text in which a short sentence may still be an order.
const MOST_TOLD: usize = 60;

/// `TP1` and nothing else says that it was reached.
const MOST_BARE: usize = 3;

/// The most unknown words of a report that names a pair and no level, counted alike.
const MOST_BESIDE_PAIR: usize = 6;

/// The most lexemes of an order, known or unknown; what is longer is not looked through again and
/// again.
const MOST_LEXEMES: usize = 240;

/// The most lexemes of a sentence that orders something.
const MOST_SENTENCE: usize = 60;

/// Reads a text that opens no trade.
pub(super) fn read(lexemes: &[Lexeme], universe: &dyn Universe) -> Meaning {
    let machine = machine::lines(lexemes);
    let lexemes = match &machine {
        Some(lines) => lines,
        None => machine::without_advertisement(lexemes),
    };
    let whole = Speech::whole(lexemes, universe);
    let long = whole.words() > MOST_WORDS;
    if lexemes.len() > MOST_LEXEMES {
        return whole.claim_of_levels().unwrap_or(Meaning::Noise("chat"));
    }
    if whole.words() <= MOST_TOLD
        && let Some(meaning) = whole.sentence_by_sentence()
    {
        return meaning;
    }
    if long {
        return whole
            .claim_of_levels()
            .or_else(|| first_word(lexemes, universe))
            .unwrap_or(Meaning::Noise("chat"));
    }
    let told = whole.cancel().or_else(|| whole.orders());
    // `Gold TP1 ✅ 100 pips` moves nothing, and reports.
    if matches!(
        told,
        Some(Meaning::Noise("levels-in-talk" | "trade-without-pair"))
    ) && let Some(claim) = whole.claim()
    {
        return claim;
    }
    told.or_else(|| whole.claim())
        .unwrap_or_else(|| Meaning::Noise(whole.noise()))
}

/// `I close the position for now, as …`: who ends a trade says so first and explains it then.
fn first_word(lexemes: &[Lexeme], universe: &dyn Universe) -> Option<Meaning> {
    let end = lexemes.iter().position(scope::ends_clause)?;
    let speech = Speech::whole(&lexemes[..end], universe);
    let rest = Speech {
        lexemes: &lexemes[end..],
        ..Speech::empty(lexemes, universe)
    };
    let short = speech.words() <= MOST_CLAUSE && rest.words() <= MOST_TOLD;
    if !short {
        return None;
    }
    let told = speech.cancel().or_else(|| speech.orders())?;
    matches!(told, Meaning::Closes(_) | Meaning::Cancels(_)).then_some(told)
}

struct Speech<'a> {
    /// The whole text, for what a sentence leaves to those before it.
    all: &'a [Lexeme],
    /// Where in it this begins.
    from: usize,
    lexemes: &'a [Lexeme],
    universe: &'a dyn Universe,
    fields: Cow<'a, Fields>,
    /// The fields of the whole text, where this is a sentence of it.
    around: Option<&'a Fields>,
}

impl<'a> Speech<'a> {
    fn empty(all: &'a [Lexeme], universe: &'a dyn Universe) -> Self {
        Self {
            all,
            from: 0,
            lexemes: all,
            universe,
            fields: Cow::Owned(Fields::default()),
            around: None,
        }
    }

    fn whole(all: &'a [Lexeme], universe: &'a dyn Universe) -> Self {
        Self {
            fields: Cow::Owned(fields::read(all)),
            ..Self::empty(all, universe)
        }
    }

    fn words(&self) -> usize {
        words(self.lexemes)
    }

    /// The fields of the whole text.
    fn whole_fields(&self) -> &Fields {
        self.around.unwrap_or(&self.fields)
    }

    fn has(&self, concept: &Concept) -> bool {
        self.lexemes.iter().any(|lexeme| lexeme.is(concept))
    }

    /// A report of what was reached or earned.
    fn claim(&self) -> Option<Meaning> {
        let level = [
            Concept::Stop,
            Concept::Target,
            Concept::Breakeven,
            Concept::Cost,
            Concept::Entry,
            Concept::Close,
            Concept::Quit,
            Concept::Trade,
        ];
        let reached = self.lexemes.iter().enumerate().any(|(at, lexeme)| {
            lexeme.is(&Concept::Hit)
                && !self.supposed(at)
                && (self.line_has(at, &level) || self.only_names())
        });
        let percent = self.percent();
        let ticked = self.lexemes.iter().any(|lexeme| lexeme.what == What::Tick)
            && (percent.is_some() || self.fields.target_label || self.fields.stop_label);
        let about = [Concept::Result, Concept::Hit, Concept::Stop, Concept::Close];
        // `40 pips profit`, where the profit is earned and none is to be taken.
        let pips_earned = self.has(&Concept::Result)
            && self.lexemes.iter().any(|lexeme| {
                matches!(&lexeme.what, What::Number(number)
                    if matches!(number.unit, Unit::Pips | Unit::Points))
            })
            && self.pairs().len() == 1;
        let earned = percent.is_some()
            && self
                .lexemes
                .iter()
                .any(|lexeme| about.iter().any(|concept| lexeme.is(concept)));
        let pips = self.lexemes.windows(2).any(|two| {
            two[0].what == What::Sign('+')
                && matches!(&two[1].what, What::Number(number)
                    if !matches!(number.unit, Unit::None | Unit::Other | Unit::Unknown))
        });
        let bare = self.lexemes.len() <= MOST_BARE
            && (self.fields.target_label || self.fields.stop_label)
            && self.words() == 0
            && self
                .lexemes
                .iter()
                .all(|lexeme| lexeme.text.chars().count() != 1)
            && !self.lexemes.iter().any(ending::is_price);
        // `once TP1 is hit, …` reports nothing.
        let told = self.fields.reached && (percent.is_some() || !self.has(&Concept::If));
        (told || reached || ticked || earned || pips || pips_earned || bare).then(|| {
            Meaning::Claim {
                pair: self.pairs().into_iter().next().map(|(pair, _)| pair),
                percent,
            }
        })
    }

    /// Does it name one pair, no price, and little else: `LINK stopped out`?
    fn only_names(&self) -> bool {
        self.words() <= MOST_BESIDE_PAIR
            && !self.lexemes.iter().any(ending::is_price)
            && self.pairs().len() == 1
    }

    /// A long text that repeats a trade's levels with ticks is still a report of them.
    fn claim_of_levels(&self) -> Option<Meaning> {
        let ticked = self.lexemes.iter().any(|lexeme| lexeme.what == What::Tick);
        (ticked && self.fields.reached && !self.fields.targets.is_empty()).then(|| Meaning::Claim {
            pair: self.pairs().into_iter().next().map(|(pair, _)| pair),
            percent: self.percent(),
        })
    }

    /// The first percentage of the whole text.
    fn percent_of_all(&self) -> Option<Decimal> {
        Self::empty(self.all, self.universe).percent()
    }

    /// The first percentage, negative where it says so.
    fn percent(&self) -> Option<Decimal> {
        self.lexemes.iter().enumerate().find_map(|(at, lexeme)| {
            let What::Number(number) = &lexeme.what else {
                return None;
            };
            let value = number.value.filter(|_| number.unit == Unit::Percent)?;
            // The dash in `40-45%` is no minus.
            let minus = at
                .checked_sub(1)
                .is_some_and(|before| self.lexemes[before].what == What::Sign('-'))
                && !at
                    .checked_sub(2)
                    .is_some_and(|before| matches!(self.lexemes[before].what, What::Number(_)));
            Some(if minus { -value } else { value })
        })
    }

    /// Why it is none of the others.
    fn noise(&self) -> &'static str {
        let price = self.fields.price.is_some()
            && !self.lexemes.iter().any(|lexeme| lexeme.what == What::Word);
        if price {
            "price-only"
        } else if self.has(&Concept::If) {
            "conditional"
        } else if self.lexemes.iter().any(|lexeme| lexeme.what == What::Link) {
            "link"
        } else {
            "chat"
        }
    }
}

/// How many unknown words there are.
fn words(lexemes: &[Lexeme]) -> usize {
    let weight = |lexeme: &Lexeme| {
        if lexeme.text.chars().all(token::is_han) {
            1
        } else {
            2
        }
    };
    lexemes
        .iter()
        .filter(|lexeme| lexeme.what == What::Word)
        .map(weight)
        .sum()
}
