//! The reader: which label each word and number stands under.

mod values;

use std::time::Duration;

use rust_decimal::Decimal;

use super::{Fields, Found, Refusal, Trigger};
use crate::market::Venue;
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token::{self, Place};
use crate::reading::{Confidence, Field};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Entry,
    Soft,
    Target,
    Stop,
    Leverage,
    Price,
    Timeframe,
    Validity,
    Other,
}

/// The field that is being read.
#[derive(Clone, Copy, Debug)]
struct Open {
    name: Name,
    numbers: usize,
    /// Its items carry list numbers, so a number without one is none of them.
    indexed: bool,
    /// A line ended since; the next lexeme decides whether the field goes on.
    broken: bool,
    /// Unknown words since the label.
    words: usize,
    /// The list number of the target that is being read.
    item: Option<u8>,
}

impl Open {
    const fn new(name: Name) -> Self {
        Self {
            name,
            numbers: 0,
            indexed: false,
            broken: false,
            words: 0,
            item: None,
        }
    }
}

/// The most unknown words between a label and its number: a label in a sentence is none.
const MOST_WORDS: usize = 12;

/// The most unknown words on a line that orders to enter at once, where a Chinese character counts
/// one and a word of letters seven: `who is selling Bitcoin now` is no order.
const MOST_MARKET_WORDS: usize = 6;

/// The most unknown words on a line with the price of an entry, counted alike: a sentence that has
/// one somewhere tells of a plan.
const MOST_ENTRY_WORDS: usize = 56;

/// The most unknown words on a line that names the pair of a trade, counted alike.
const MOST_HEAD_WORDS: usize = 21;

/// Reads the fields of one trade.
pub(in crate::parse) fn read(lexemes: &[Lexeme]) -> Fields {
    let mut reader = Reader {
        fields: Fields::default(),
        open: None,
        chain: Vec::new(),
        last_index: 0,
        line: Line::default(),
        trailing: false,
        shorted: false,
        sign: None,
        here: Place::default(),
    };
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        reader.take(lexeme, lexemes.get(at + 1));
        at += 1;
        if lexeme.what == What::Sign('(')
            && let Some((number, length)) = share_in_words(&lexemes[at..])
        {
            reader.take(number, None);
            at += length;
        }
    }
    reader.end_line();
    reader.fields
}

/// What the line so far has said.
#[derive(Clone, Debug, Default)]
struct Line {
    label: bool,
    /// It names a side or an entry.
    acts: bool,
    pair: bool,
    hit: bool,
    not: bool,
    conditional: bool,
    asked: bool,
    /// Something is moved on it.
    moves: bool,
    past: bool,
    ending: bool,
    number: bool,
    market: bool,
    /// A price of the entry stands on it.
    entry: bool,
    words: usize,
    /// A length of time stands on it.
    span: Option<Duration>,
    loose: Vec<Decimal>,
}

struct Reader {
    fields: Fields,
    open: Option<Open>,
    /// Numbers joined by dashes to the next one, which may say what they all are.
    chain: Vec<Decimal>,
    last_index: u8,
    line: Line,
    /// After `Trigger:`: the next list number says when to move to the entry.
    trailing: bool,
    /// A side was short before the last one was named.
    shorted: bool,
    /// The sign right before the lexeme that is being taken.
    sign: Option<char>,
    /// Where the lexeme stands that is being taken.
    here: Place,
}

impl Reader {
    fn take(&mut self, lexeme: &Lexeme, next: Option<&Lexeme>) {
        self.here = lexeme.place;
        if let Some(open) = &mut self.open
            && open.broken
            && lexeme.what != What::Break
        {
            if goes_on(*open, lexeme) {
                open.broken = matches!(lexeme.what, What::Sign(_));
            } else {
                self.open = None;
            }
        }
        match &lexeme.what {
            What::Break => self.end_line(),
            What::Is(concept) => self.concept(concept, next),
            What::Pair(mention) => {
                self.line.pair = true;
                self.fields.perpetual |= mention.perpetual;
                self.open_softly();
            }
            What::Number(number) => self.number(number, next),
            What::Index(index) => self.index(*index),
            What::Word => self.word(&lexeme.text),
            What::Tick => self.line.hit |= self.line.label && self.line.number,
            What::Sign('?') => {
                self.line.asked = true;
                self.end_sentence();
            }
            What::Sign('!' | '。') => self.end_sentence(),
            What::Sign(sign @ ('-' | '~' | '/')) => {
                self.sign = Some(*sign);
                return;
            }
            What::Sign(_) | What::Link | What::Part => {}
        }
        self.sign = if let What::Sign(sign) = lexeme.what {
            Some(sign)
        } else {
            None
        };
        if !matches!(lexeme.what, What::Number(_) | What::Is(Concept::Joint)) {
            self.chain.clear();
        }
    }

    /// A label's number does not stand in the next sentence.
    fn end_sentence(&mut self) {
        if self.open.is_some_and(|open| open.numbers == 0) {
            self.open = None;
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let fields = &mut self.fields;
        // A pair in a sentence is talk about it.
        let acts = line.acts || line.pair && line.words <= MOST_HEAD_WORDS;
        if line.label || acts {
            fields.left_over.extend(line.loose);
            fields.ending |= line.ending;
        }
        fields.reached |= line.label && line.hit;
        // `now` in a sentence is no order to enter at once.
        let at_once = line.market && line.words <= MOST_MARKET_WORDS;
        fields.market |= at_once;
        if (acts || at_once) && fields.refused.is_none() {
            fields.refused = if line.not {
                Some(Refusal::Negated)
            } else if line.conditional {
                Some(Refusal::Conditional)
            } else if line.asked {
                Some(Refusal::Asked)
            } else if line.past {
                Some(Refusal::Past)
            } else if line.entry && line.words > MOST_ENTRY_WORDS {
                Some(Refusal::Told)
            } else {
                None
            };
        }
        self.trailing = false;
        if let Some(open) = &mut self.open {
            match open.name {
                Name::Leverage | Name::Price | Name::Timeframe | Name::Validity | Name::Other => {
                    self.open = None
                }
                Name::Soft if open.numbers > 0 => self.open = None,
                Name::Soft | Name::Entry | Name::Target | Name::Stop => open.broken = true,
            }
        }
    }

    fn concept(&mut self, concept: &Concept, next: Option<&Lexeme>) {
        match concept {
            // `stop moved to the entry price 118500`: the number is where one is in.
            Concept::Entry if self.stop_goes_there() => {
                self.fields.later = true;
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Entry => {
                self.fields.entry_label = true;
                self.line.label = true;
                self.line.acts = true;
                self.open = Some(Open::new(Name::Entry));
            }
            Concept::Target => {
                self.fields.target_label = true;
                self.line.label = true;
                self.open = Some(Open::new(Name::Target));
            }
            Concept::Stop => {
                self.fields.stop_label = true;
                self.line.label = true;
                self.open = Some(Open::new(Name::Stop));
            }
            Concept::Leverage => self.open = Some(Open::new(Name::Leverage)),
            Concept::Timeframe => {
                // `4h timeframe`.
                if let Some(span) = self.line.span {
                    self.fields.timeframe = Some(span);
                }
                self.open = Some(Open::new(Name::Timeframe));
            }
            Concept::Validity => self.open = Some(Open::new(Name::Validity)),
            Concept::Price => self.open = Some(Open::new(Name::Price)),
            Concept::Again if self.adds() => self.fields.again = true,
            // `Entry 1.79, DCA 1.85`: it goes on with the entry.
            Concept::Again if self.entered() => {
                self.fields.again = true;
                self.open = Some(Open::new(Name::Entry));
            }
            Concept::Again => {
                self.fields.later = true;
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Other | Concept::Result => {
                // `Entry Volume 0.5` would be no entry, so the field ends whatever it is.
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Out => self.sold(next),
            Concept::Long | Concept::Short => {
                self.shorted = self.fields.short;
                self.fields.long |= *concept == Concept::Long;
                self.fields.short |= *concept == Concept::Short;
                self.line.acts = true;
                self.found(Field::Side, None, Confidence::Named);
                self.open_softly();
            }
            Concept::Market => {
                if matches!(
                    self.open.map(|open| open.name),
                    None | Some(Name::Entry | Name::Soft)
                ) {
                    self.line.market = true;
                    self.found(Field::Entry, None, Confidence::Named);
                    self.open_softly();
                }
            }
            Concept::Near => self.fields.near |= self.in_entry(),
            Concept::Above => self.trigger(Trigger::Above),
            Concept::Below => self.trigger(Trigger::Below),
            Concept::Breakout => self.trigger(Trigger::Breakout),
            Concept::Satoshi => self.fields.satoshi = true,
            Concept::Spot => self.fields.spot = true,
            Concept::Perpetual => self.fields.perpetual = true,
            Concept::Venue(name) => self.fields.venues.push(Venue::new(name.clone())),
            Concept::Trigger => self.trailing = true,
            Concept::Hit => self.line.hit = true,
            Concept::Not | Concept::Nay => self.line.not = true,
            Concept::If => self.line.conditional = true,
            Concept::Talk => self.line.past = true,
            Concept::Close | Concept::Cancel => self.line.ending = true,
            Concept::Move => {
                self.fields.moving = true;
                self.line.moves = true;
            }
            Concept::Limit => {
                self.fields.limit = true;
                // `move the limit to 1.2`.
                if self.line.moves && self.open.is_none() {
                    self.open = Some(Open::new(Name::Entry));
                }
            }
            Concept::Quit | Concept::Drop => {}
            Concept::Breakeven
            | Concept::Cost
            | Concept::Take
            | Concept::Half
            | Concept::Share(_)
            | Concept::Hold => {
                self.fields.later = true;
            }
            Concept::Horizon
            | Concept::Filler
            | Concept::Trade
            | Concept::Ticket
            | Concept::Reenter
            | Concept::Recap
            | Concept::Apart
            | Concept::Joint
            | Concept::All
            | Concept::Open
            | Concept::Unit
            | Concept::Pip
            | Concept::Point
            | Concept::Risk
            | Concept::Span(_)
            | Concept::Currency
            | Concept::Asset(_) => {}
        }
    }

    /// `buy 182-178 sell 191, 200 stop 170`: who bought sells at his targets.
    fn sold(&mut self, next: Option<&Lexeme>) {
        let fields = &mut self.fields;
        let bought = fields.long && !self.shorted && !fields.market;
        let entered = !(fields.entry.is_empty() && fields.soft.is_empty());
        let priced = next.is_some_and(|next| {
            matches!(
                next.what,
                What::Number(_)
                    | What::Sign(':')
                    | What::Is(Concept::Filler | Concept::Trade | Concept::Ticket)
            )
        });
        if bought && entered && priced && !fields.target_label {
            fields.short = false;
            fields.sold = true;
            fields
                .found
                .retain(|found| found.field != Field::Side || found.place != self.here);
            fields.target_label = true;
            self.line.label = true;
            self.open = Some(Open::new(Name::Target));
        }
    }

    fn found(&mut self, field: Field, value: Option<Decimal>, confidence: Confidence) {
        self.fields.found.push(Found {
            field,
            place: self.here,
            value,
            confidence,
        });
    }

    fn trigger(&mut self, trigger: Trigger) {
        if self.in_entry() {
            self.fields.trigger = Some(trigger);
        }
    }

    /// Are the prices of an entry being read, so that adding is a part of it? Elsewhere it speaks of
    /// an open trade.
    fn adds(&self) -> bool {
        self.line.market && self.open.is_some_and(|open| open.name == Name::Entry)
    }

    /// Is a stop being moved, and not yet to anywhere?
    fn stop_goes_there(&self) -> bool {
        let open = self.open.filter(|open| open.name == Name::Stop);
        self.line.moves && open.is_some_and(|open| open.numbers == 0 && !open.broken)
    }

    /// Did an entry stand before, with a price or at the market?
    fn entered(&self) -> bool {
        !self.fields.entry.is_empty() || self.fields.market || self.line.market
    }

    fn in_entry(&self) -> bool {
        matches!(
            self.open.map(|open| open.name),
            Some(Name::Entry | Name::Soft)
        )
    }

    /// A pair or a side may be followed by its price without a label.
    fn open_softly(&mut self) {
        match self.open {
            None => self.open = Some(Open::new(Name::Soft)),
            Some(open)
                if matches!(
                    open.name,
                    Name::Leverage | Name::Price | Name::Timeframe | Name::Validity | Name::Other
                ) =>
            {
                self.open = Some(Open::new(Name::Soft));
            }
            Some(_) => {}
        }
    }

    fn word(&mut self, text: &str) {
        if self.open.is_some_and(|open| open.name == Name::Timeframe)
            && let Some(span) = values::charted(text)
        {
            self.fields.timeframe = Some(span);
            return;
        }
        // A Chinese character is a part of a word.
        self.line.words += if text.chars().all(token::is_han) {
            1
        } else {
            7
        };
        if let Some(open) = &mut self.open {
            open.words += 1;
            let prose = open.numbers > 0 && !(open.indexed && open.item.is_some());
            if prose || open.name == Name::Soft || open.words > MOST_WORDS {
                self.open = None;
            }
        }
    }
}

/// The most lexemes of a remark in parentheses.
const LONGEST_REMARK: usize = 8;

/// `(40% of profit)`: the percentage of a remark that holds words beside it, and how many lexemes
/// the remark takes up to its end. The words belong to the percentage and not to the field.
fn share_in_words(lexemes: &[Lexeme]) -> Option<(&Lexeme, usize)> {
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

/// Does a field go on with the first lexeme of a later line?
fn goes_on(open: Open, lexeme: &Lexeme) -> bool {
    match &lexeme.what {
        What::Index(_) => open.name != Name::Soft,
        What::Number(_) => !(open.indexed && open.numbers > 0) || open.item.is_some(),
        What::Sign('-' | '*' | '.') => open.name != Name::Soft,
        What::Is(Concept::Horizon) => open.name == Name::Target,
        What::Is(concept) => {
            let leads = matches!(
                concept,
                Concept::Near
                    | Concept::Market
                    | Concept::Filler
                    | Concept::Trade
                    | Concept::Ticket
                    | Concept::Above
                    | Concept::Below
                    | Concept::Breakout
                    | Concept::Limit
            );
            leads && open.numbers == 0 && open.name != Name::Target
        }
        What::Pair(_)
        | What::Part
        | What::Word
        | What::Sign(_)
        | What::Tick
        | What::Link
        | What::Break => false,
    }
}
