//! Lines and sentences: what each has said so far, and what its end makes of that.

use std::time::Duration;

use rust_decimal::Decimal;

use super::Reader;
use super::open::Name;
use crate::parse::fields::Refusal;
use crate::parse::number::{Number, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token::Place;

/// The most unknown words on a line that orders to enter at once, where a Chinese character counts
/// one and a word of letters seven: `who is selling Bitcoin now` is no order.
const MOST_MARKET_WORDS: usize = 6;

/// The most behind the label of an entry, counted alike: `Entry: the momentary market price`.
const MOST_LABELLED_WORDS: usize = 7;

/// The most unknown words in a sentence with the price of an entry, counted alike: one that has a
/// price somewhere tells of a plan.
const MOST_ENTRY_WORDS: usize = 56;

/// The most unknown words of a sentence under a trade that takes it back; in more it is advice.
const MOST_ORDER_WORDS: usize = 21;

/// The most unknown words of a question that doubts what stands before it: `what do you think?`
const MOST_ASKED_WORDS: usize = 35;

/// The most unknown words on a line that names the pair of a trade, counted alike.
const MOST_HEAD_WORDS: usize = 21;

/// What leads from what happens to what is done.
const ARROWS: [char; 4] = ['→', '➡', '⇒', '➜'];

/// What the line so far has said.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) label: bool,
    /// It names a stop.
    pub(super) stop: bool,
    /// It names a side or an entry.
    pub(super) acts: bool,
    pub(super) hit: bool,
    /// Something is moved on it.
    pub(super) moves: bool,
    pub(super) past: bool,
    pub(super) ending: bool,
    pub(super) number: bool,
    pub(super) market: bool,
    pub(super) words: usize,
    /// A length of time stands on it.
    pub(super) span: Option<Duration>,
    /// It says to move the stop to the entry.
    pub(super) breakeven: bool,
    /// The first list number of a target.
    pub(super) goal: Option<u8>,
    /// The last percentage, which may be said of the account.
    pub(super) share: Option<Decimal>,
    pub(super) loose: Vec<Decimal>,
    /// It is written like a field, whatever its label means: a word or two, a colon and a number.
    pub(super) field: bool,
    /// A word before its first number.
    pub(super) colon: bool,
    /// It names something whose numbers are no levels.
    pub(super) other: bool,
    /// A tick stands behind a target on it.
    pub(super) ticked: bool,
    /// An arrow says what is done once it has happened.
    pub(super) planned: bool,
    /// The picture at its beginning.
    pub(super) bullet: Option<char>,
    /// The list number of what stands under no label.
    pub(super) item: Option<u8>,
    /// The price in this clause behind a word for below or above, under no label, and where.
    pub(super) beyond: Option<(Decimal, Place)>,
    /// The word before is one for below or above.
    pub(super) past_it: bool,
}

/// What the sentence so far has said. A line has one or more.
#[derive(Clone, Debug, Default)]
pub(super) struct Sentence {
    pub(super) acts: bool,
    /// It names a side or an entry since the last comma.
    pub(super) clause: bool,
    pub(super) pair: bool,
    /// It names a pair since the last comma.
    pub(super) named: bool,
    /// What is said of the pair.
    pub(super) doubted: Option<Refusal>,
    /// What is said of a side or an entry.
    pub(super) refused: Option<Refusal>,
    /// It names a side, or a price.
    pub(super) says: bool,
    pub(super) not: bool,
    pub(super) conditional: bool,
    pub(super) market: bool,
    /// A price of the entry stands in it.
    pub(super) entry: bool,
    /// What follows is said of another order than the entry.
    pub(super) aside: bool,
    /// What the market costs stands in it.
    pub(super) seen: bool,
    /// It has the label of an entry.
    pub(super) labelled: bool,
    /// The year that it names.
    pub(super) year: Option<Decimal>,
    /// It speaks of somebody else's trade.
    pub(super) theirs: bool,
    /// It ends with what introduces a quotation.
    pub(super) opens: bool,
    pub(super) words: usize,
}

impl Reader {
    /// A side or an entry is named.
    pub(super) fn act(&mut self) {
        self.line.acts = true;
        self.sentence.acts = true;
        self.sentence.clause = true;
        if self.sentence.not {
            self.refuse(Refusal::Negated);
        } else if self.sentence.conditional {
            self.refuse(Refusal::Conditional);
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        let first = *self.sentence.refused.get_or_insert(refusal);
        self.fields.refused_twice |= first != refusal;
    }

    /// `long at 60000, if it breaks 61000`: what a condition says of a price it says of the entry,
    /// unless it is said of another order.
    pub(super) fn condition_on(&mut self, number: &Number) {
        let level = number.unit == Unit::None && self.open.is_none_or(|open| open.item.is_none());
        self.sentence.says |= level && self.is_near(number);
        let sentence = &self.sentence;
        if sentence.conditional && sentence.acts && !sentence.aside && level {
            self.refuse(Refusal::Conditional);
        }
    }

    /// Could the number be a price of the trade that has been read so far?
    pub(super) fn is_near(&self, number: &Number) -> bool {
        let fields = &self.fields;
        let first = fields.entry.first().or(fields.soft.first());
        let price = first.or(fields.stops.first()).copied();
        price.zip(number.value).is_none_or(|(price, value)| {
            value * Decimal::TWO >= price && value <= price * Decimal::TWO
        })
    }

    /// A question doubts its own sentence, and a short one what stands before it on its line.
    pub(super) fn asked(&mut self) {
        let sentence = &self.sentence;
        let named = sentence.pair && sentence.words <= MOST_HEAD_WORDS;
        let short = sentence.words <= MOST_ASKED_WORDS && !sentence.pair;
        let laid_out = sentence.pair && self.has_entry();
        if sentence.acts || named || laid_out || sentence.market || short && self.line.acts {
            self.refuse(Refusal::Asked);
        }
    }

    /// `TP1 hit → close half` and `TP1: 5035 → closed in part` under a trade tell what will be done, and
    /// report nothing.
    pub(super) fn plan(&mut self, lexeme: &Lexeme) {
        let drawn = lexeme.what == What::Sign('>') && matches!(self.sign, Some('-' | '='));
        let arrow = drawn || lexeme.mark.is_some_and(|mark| ARROWS.contains(&mark));
        let line = &self.line;
        if arrow && line.label && line.hit != line.number && self.has_entry() {
            self.line.hit = false;
            self.line.planned = true;
        }
    }

    pub(super) fn end_sentence(&mut self) {
        self.line.beyond = None;
        let sentence = std::mem::take(&mut self.sentence);
        // `now` in a sentence is no order to enter at once.
        let most = if sentence.labelled {
            MOST_LABELLED_WORDS
        } else {
            MOST_MARKET_WORDS
        };
        let at_once = sentence.market && (sentence.words <= most || sentence.seen);
        self.fields.market |= at_once;
        // A pair in a sentence is talk about it.
        let named = sentence.pair && sentence.words <= MOST_HEAD_WORDS;
        self.line.acts |= named;
        // `Remember that you may enter again if …`: advice under a trade refuses nothing.
        let labels = self.fields.stop_label || self.fields.target_label;
        let laid_out = self.has_entry() && labels;
        let advice = laid_out && !sentence.says && sentence.words > MOST_ORDER_WORDS;
        let doubted = sentence
            .doubted
            .filter(|_| named && !self.line.ending && !self.line.moves);
        let refused = sentence.refused.filter(|_| !advice).or(doubted).or({
            match (at_once, sentence.not, sentence.conditional) {
                (true, true, _) => Some(Refusal::Negated),
                (true, false, true) => Some(Refusal::Conditional),
                _ => None,
            }
        });
        let talks = sentence.acts || sentence.pair || sentence.entry;
        let year = sentence
            .year
            .filter(|_| talks && sentence.words >= MOST_HEAD_WORDS);
        self.fields.years.extend(year);
        let theirs = sentence.theirs && (talks || sentence.opens);
        let told = theirs || sentence.entry && sentence.words > MOST_ENTRY_WORDS;
        let refused = refused.or(told.then_some(Refusal::Told));
        let twice = self.fields.refused.zip(refused);
        self.fields.refused_twice |= twice.is_some_and(|(first, next)| first != next);
        self.fields.refused = self.fields.refused.or(refused);
    }

    pub(super) fn end_line(&mut self) {
        self.end_sentence();
        let line = std::mem::take(&mut self.line);
        let fields = &mut self.fields;
        if line.label || line.acts {
            fields.left_over.extend(line.loose);
            fields.ending |= line.ending && !line.planned;
        } else if line.field && !line.other {
            fields.stray.extend(line.loose);
        } else if !line.other {
            fields.unnamed.extend(line.loose);
        }
        fields.reached |= (line.label || line.acts) && line.hit || line.ticked;
        let row = line.number && line.words <= super::MOST_LABEL_WORDS;
        fields.rows += usize::from(row);
        self.lines += 1;
        if line.past && (line.acts || line.market) {
            fields.refused.get_or_insert(Refusal::Past);
        }
        // `after TP1 move SL to entry`.
        if line.breakeven && fields.breakeven_after.is_none() {
            fields.breakeven_after = line.goal;
        }
        self.trailing = false;
        self.remark = false;
        if let Some(open) = &mut self.open {
            match open.name {
                Name::Leverage
                | Name::Price
                | Name::Timeframe
                | Name::Validity
                | Name::Size
                | Name::Risk
                | Name::Other => self.open = None,
                Name::Soft if open.numbers > 0 => self.open = None,
                Name::Soft | Name::Entry | Name::Target | Name::Stop => open.broken = true,
            }
        }
    }
}
