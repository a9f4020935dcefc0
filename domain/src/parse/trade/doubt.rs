//! Doubt: what is told of the past, what was withdrawn, and what opens nothing and may yet be a trade.

use rust_decimal::Decimal;

use super::{heads, words};
use crate::parse::fields::{self, Fields};
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::symbol::Sureness;

/// So many prices of one size beside a pair and a side are a trade more often than talk.
const SUSPECT: usize = 3;

/// In more unknown words than these somebody talks about the market.
const MOST_SUSPECT: usize = 36;

/// Why a text that opens nothing is to be looked at by a person: it names a pair, one side and
/// prices of one size, and says nothing that would make it a report, a plan or a later word.
pub(in crate::parse) fn suspect(lexemes: &[Lexeme]) -> Option<String> {
    let heads = heads(lexemes);
    let [head] = heads.as_slice() else {
        return None;
    };
    let talks = lexemes.iter().any(|lexeme| {
        let concepts = [
            Concept::If,
            Concept::Not,
            Concept::Nay,
            Concept::Talk,
            Concept::Hit,
            Concept::Theirs,
        ];
        lexeme.what == What::Sign('?') || concepts.iter().any(|concept| lexeme.is(concept))
    });
    let fields = fields::read(lexemes);
    let told = fields.refused.is_some() || fields.idle || !fields.years.is_empty();
    let open = fields.reached || fields.moving || fields.later || fields.ending;
    let laid_out =
        fields.entry.len() + fields.soft.len() + fields.stops.len() + fields.targets.len() > 0
            || fields.rows >= SUSPECT && !lexemes.iter().any(|lexeme| lexeme.is(&Concept::Other));
    let short = words(lexemes) <= MOST_SUSPECT;
    if head.mention.sure <= Sureness::Sided || talks || told || open || !laid_out || !short {
        return None;
    }
    let side = fields.side()?;
    let goals = fields.targets.iter().map(|goal| goal.price);
    let named = fields.entry.iter().chain(&fields.soft).chain(&fields.stops);
    let loose = fields
        .loose
        .iter()
        .filter(|loose| !(loose.barred || loose.counts || loose.year));
    let loose = loose.map(|loose| loose.price);
    let mut prices: Vec<Decimal> = named.copied().chain(goals).chain(loose).collect();
    prices.sort_unstable();
    prices.dedup();
    // Far from each other they count different things.
    let near = |prices: &&[Decimal]| {
        let (low, high) = (prices.first(), prices.last());
        low.zip(high)
            .is_some_and(|(low, high)| *high <= *low * Decimal::TWO)
    };
    let alike = prices.windows(SUSPECT).any(|prices| near(&prices));
    alike.then(|| {
        format!(
            "it names {} {side} and prices, and not which is which",
            head.mention.base
        )
    })
}

/// The year of which it tells: one that a sentence names, and that can be no price of this trade.
pub(super) fn past_year(fields: &Fields) -> Option<Decimal> {
    let goals = fields.targets.iter().map(|goal| &goal.price);
    let levels = fields.entry.iter().chain(&fields.soft).chain(&fields.stops);
    let near = |year: &Decimal, level: &Decimal| {
        *level * Decimal::TWO >= *year && *level <= *year * Decimal::TWO
    };
    let levels: Vec<&Decimal> = levels.chain(goals).collect();
    let year = fields
        .years
        .iter()
        .find(|year| !levels.iter().any(|level| near(year, level)));
    year.copied()
}

/// `Status: order removed` on the card of an order: neither stop nor target, and what waits is
/// withdrawn.
pub(super) fn withdrawn(lexemes: &[Lexeme], fields: &Fields) -> bool {
    let has = |line: &[Lexeme], concepts: &[Concept]| {
        let is = |lexeme: &Lexeme| concepts.iter().any(|concept| lexeme.is(concept));
        line.iter().any(is)
    };
    let things = [
        Concept::Ticket,
        Concept::Trade,
        Concept::Limit,
        Concept::Entry,
    ];
    // `Cancel it if it is not filled by Friday` withdraws nothing yet.
    let orders = [Concept::Long, Concept::Short, Concept::If];
    let one = fields.stops.is_empty() && fields.targets.is_empty();
    one && lexemes.chunk_by(|a, b| a.line == b.line).any(|line| {
        let dropped = has(line, &[Concept::Drop]) && has(line, &things);
        let cancelled = has(line, &[Concept::Cancel]) && !has(line, &orders);
        dropped || cancelled && line.first().is_some_and(|first| first.line > 0)
    })
}
