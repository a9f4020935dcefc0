//! The reader: which label each word and number stands under.

mod values;

use std::time::Duration;

use rust_decimal::Decimal;

use super::{Fields, Found, Refusal, Trigger};
use crate::market::Venue;
use crate::parse::lexicon::Concept;
use crate::parse::number::{Number, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token::{self, Place};
use crate::reading::{Confidence, Field, Margin};

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
    Size,
    Risk,
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
    /// The picture at the beginning of the lines on which it goes on.
    bullet: Option<char>,
    /// `3560 and then the high at 3720`: a word says that another number follows.
    joined: bool,
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
            bullet: None,
            joined: false,
        }
    }
}

/// The most unknown words between a label and its number: a label in a sentence is none.
const MOST_WORDS: usize = 12;

/// The most unknown words on a line that orders to enter at once, where a Chinese character counts
/// one and a word of letters seven: `who is selling Bitcoin now` is no order.
const MOST_MARKET_WORDS: usize = 6;

/// The most unknown words in a sentence with the price of an entry, counted alike: one that has a
/// price somewhere tells of a plan.
const MOST_ENTRY_WORDS: usize = 56;

/// The most unknown words of a label that nobody knows, counted alike.
const MOST_LABEL_WORDS: usize = 21;

/// The most unknown words of a sentence under a trade that takes it back; in more it is advice.
const MOST_ORDER_WORDS: usize = 21;

/// The most unknown words of a question that doubts what stands before it: `what do you think?`
const MOST_ASKED_WORDS: usize = 35;

/// Pictures that stand for a word where a number follows at once.
const GOALS: [char; 2] = ['🎯', '🥅'];
const STOPS: [char; 3] = ['🛑', '⛔', '🚫'];

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
        sentence: Sentence::default(),
        trailing: false,
        shorted: false,
        sign: None,
        linked: false,
        remark: false,
        bullet: None,
        adding: false,
        last: false,
        now: false,
        here: Place::default(),
    };
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        if lexeme.is(&Concept::Again) {
            reader.last = !number_follows(&lexemes[at + 1..]);
        }
        let behind = lexeme.is(&Concept::Stop) && reader.stop_stands_before(&lexemes[at + 1..]);
        if !behind {
            reader.take(lexeme, lexemes.get(at + 1));
        }
        at += 1;
        if lexeme.what != What::Sign('(') {
            continue;
        }
        if let Some((number, length)) = share_in_words(&lexemes[at..]) {
            reader.take(number, None);
            at += length;
        } else if let Some((shares, length)) = shares(&lexemes[at..]) {
            reader.divide(&shares);
            at += length;
        }
    }
    reader.end_line();
    reader.fields.take_triggered();
    reader.fields.take_listed();
    reader.fields
}

/// What the line so far has said.
#[derive(Clone, Debug, Default)]
struct Line {
    label: bool,
    /// It names a stop.
    stop: bool,
    /// It names a side or an entry.
    acts: bool,
    hit: bool,
    /// Something is moved on it.
    moves: bool,
    past: bool,
    ending: bool,
    number: bool,
    market: bool,
    words: usize,
    /// A length of time stands on it.
    span: Option<Duration>,
    /// It says to move the stop to the entry.
    breakeven: bool,
    /// The first list number of a target.
    goal: Option<u8>,
    /// The last percentage, which may be said of the account.
    share: Option<Decimal>,
    loose: Vec<Decimal>,
    /// It is written like a field, whatever its label means: a word or two, a colon and a number.
    field: bool,
    /// A word before its first number.
    colon: bool,
    /// It names something whose numbers are no levels.
    other: bool,
    /// The picture at its beginning.
    bullet: Option<char>,
    /// The list number of what stands under no label.
    item: Option<u8>,
    /// The price in this clause behind a word for below or above, under no label, and where.
    beyond: Option<(Decimal, Place)>,
    /// The word before is one for below or above.
    past_it: bool,
}

/// What the sentence so far has said. A line has one or more.
#[derive(Clone, Debug, Default)]
struct Sentence {
    acts: bool,
    /// It names a side or an entry since the last comma.
    clause: bool,
    pair: bool,
    /// It names a pair since the last comma.
    named: bool,
    /// What is said of the pair.
    doubted: Option<Refusal>,
    /// What is said of a side or an entry.
    refused: Option<Refusal>,
    /// It names a side, or a price.
    says: bool,
    not: bool,
    conditional: bool,
    market: bool,
    /// A price of the entry stands in it.
    entry: bool,
    /// What follows is said of another order than the entry.
    aside: bool,
    words: usize,
}

struct Reader {
    fields: Fields,
    open: Option<Open>,
    /// Numbers joined by dashes to the next one, which may say what they all are.
    chain: Vec<Decimal>,
    last_index: u8,
    line: Line,
    sentence: Sentence,
    /// After `Trigger:`: the next list number says when to move to the entry.
    trailing: bool,
    /// A side was short before the last one was named.
    shorted: bool,
    /// The sign right before the lexeme that is being taken.
    sign: Option<char>,
    /// A sign or a word joins the number before to the next one.
    linked: bool,
    /// Where the lexeme stands that is being taken.
    here: Place,
    /// Inside parentheses.
    remark: bool,
    /// The picture before the lexeme that is being taken.
    bullet: Option<char>,
    /// The prices of the entry that follow are where is added.
    adding: bool,
    /// No number follows on the line.
    last: bool,
    /// The lexeme before says that it is entered at once.
    now: bool,
}

impl Reader {
    fn take(&mut self, lexeme: &Lexeme, next: Option<&Lexeme>) {
        self.here = lexeme.place;
        self.bullet = lexeme.mark;
        let starts = self.line.bullet.is_none() && self.line.words == 0 && !self.line.number;
        if starts && !self.line.label {
            self.line.bullet = lexeme.mark;
        }
        if let Some(open) = &mut self.open
            && open.broken
            && lexeme.what != What::Break
        {
            if goes_on(*open, lexeme) {
                open.broken = matches!(lexeme.what, What::Sign(_) | What::Tick);
                open.bullet = open.bullet.or(lexeme.mark);
            } else {
                self.open = None;
            }
        }
        if let (Some(mark), What::Number(_) | What::Index(_)) = (lexeme.mark, &lexeme.what) {
            self.picture(mark);
        }
        match &lexeme.what {
            What::Break => self.end_line(),
            What::Is(concept) => self.concept(concept, next),
            What::Pair(mention) => {
                self.sentence.pair = true;
                self.sentence.named = true;
                if self.sentence.not {
                    self.sentence.doubted.get_or_insert(Refusal::Negated);
                } else if self.sentence.conditional {
                    self.sentence.doubted.get_or_insert(Refusal::Conditional);
                }
                self.fields.perpetual |= mention.perpetual;
                self.open_softly();
            }
            What::Number(number) => {
                self.condition_on(number);
                if !self.remark {
                    let short = self.line.words <= MOST_LABEL_WORDS;
                    let first = !self.line.number && self.line.words == 0;
                    self.line.field |= short && (self.line.colon || first);
                }
                self.number(number, next);
            }
            // `3er Hebel`: no list goes on with a leverage.
            What::Index(index) if next.is_some_and(|next| next.is(&Concept::Leverage)) => {
                self.lent((*index).into());
            }
            What::Index(index) => self.index(*index),
            What::Word => self.word(&lexeme.text),
            What::Tick => {
                self.line.hit |= (self.line.label || self.line.acts) && self.line.number;
            }
            What::Sign('?') => {
                self.asked();
                self.close_label();
                self.end_sentence();
            }
            What::Sign('!' | '。') => {
                self.close_label();
                self.end_sentence();
            }
            What::Sign('.' | ';') if next.is_none_or(|next| !next.glued) => self.end_sentence(),
            What::Sign(',' | '，') => {
                self.line.beyond = None;
                self.sentence.clause = false;
                self.sentence.named = false;
                self.sentence.aside = false;
            }
            What::Sign('+') if self.line.market && self.in_entry() => self.add(),
            What::Sign(':') => self.line.colon = true,
            What::Sign('(') => self.remark = true,
            What::Sign(')') => self.remark = false,
            What::Sign(sign @ ('-' | '~' | '/')) => {
                self.now = false;
                self.linked = true;
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
        self.now = lexeme.is(&Concept::Market);
        self.line.past_it = lexeme.is(&Concept::Below) || lexeme.is(&Concept::Above);
        self.linked = lexeme.is(&Concept::Joint) || lexeme.is(&Concept::UpTo);
        if !matches!(
            lexeme.what,
            What::Number(_) | What::Is(Concept::Joint | Concept::UpTo)
        ) {
            self.chain.clear();
        }
    }

    /// `🎯 63000`: a picture in the place of a label.
    fn picture(&mut self, mark: char) {
        if GOALS.contains(&mark) && self.open.is_none_or(|open| open.name != Name::Target) {
            self.concept(&Concept::Target, None);
        } else if STOPS.contains(&mark) && self.open.is_none_or(|open| open.name != Name::Stop) {
            self.concept(&Concept::Stop, None);
        }
    }

    /// A label's number does not stand behind a shout or a question.
    fn close_label(&mut self) {
        if self.open.is_some_and(|open| open.numbers == 0) {
            self.open = None;
        }
    }

    /// A side or an entry is named.
    fn act(&mut self) {
        self.line.acts = true;
        self.sentence.acts = true;
        self.sentence.clause = true;
        if self.sentence.not {
            self.refuse(Refusal::Negated);
        } else if self.sentence.conditional {
            self.refuse(Refusal::Conditional);
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.sentence.refused.get_or_insert(refusal);
    }

    /// `long at 60000, if it breaks 61000`: what a condition says of a price it says of the entry,
    /// unless it is said of another order.
    fn condition_on(&mut self, number: &Number) {
        let level = number.unit == Unit::None && self.open.is_none_or(|open| open.item.is_none());
        self.sentence.says |= level && self.is_near(number);
        let sentence = &self.sentence;
        if sentence.conditional && sentence.acts && !sentence.aside && level {
            self.refuse(Refusal::Conditional);
        }
    }

    /// Could the number be a price of the trade that has been read so far?
    fn is_near(&self, number: &Number) -> bool {
        let fields = &self.fields;
        let first = fields.entry.first().or(fields.soft.first());
        let price = first.or(fields.stops.first()).copied();
        price.zip(number.value).is_none_or(|(price, value)| {
            value * Decimal::TWO >= price && value <= price * Decimal::TWO
        })
    }

    /// A question doubts its own sentence, and a short one what stands before it on its line.
    fn asked(&mut self) {
        let sentence = &self.sentence;
        let named = sentence.pair && sentence.words <= MOST_HEAD_WORDS;
        let short = sentence.words <= MOST_ASKED_WORDS && !sentence.pair;
        if sentence.acts || named || sentence.market || short && self.line.acts {
            self.refuse(Refusal::Asked);
        }
    }

    fn end_sentence(&mut self) {
        self.line.beyond = None;
        let sentence = std::mem::take(&mut self.sentence);
        // `now` in a sentence is no order to enter at once.
        let at_once = sentence.market && sentence.words <= MOST_MARKET_WORDS;
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
        let told = sentence.entry && sentence.words > MOST_ENTRY_WORDS;
        let refused = refused.or(told.then_some(Refusal::Told));
        self.fields.refused = self.fields.refused.or(refused);
    }

    fn end_line(&mut self) {
        self.end_sentence();
        let line = std::mem::take(&mut self.line);
        let fields = &mut self.fields;
        if line.label || line.acts {
            fields.left_over.extend(line.loose);
            fields.ending |= line.ending;
        } else if line.field && !line.other {
            fields.stray.extend(line.loose);
        } else if !line.other {
            fields.unnamed.extend(line.loose);
        }
        fields.reached |= (line.label || line.acts) && line.hit;
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
                self.adding = false;
                self.act();
                self.open = Some(Open::new(Name::Entry));
            }
            Concept::Aim if !self.entered() => {}
            Concept::Target | Concept::Aim => {
                self.fields.target_label = true;
                self.line.label = true;
                self.open = Some(Open::new(Name::Target));
            }
            Concept::Stop => {
                self.fields.stop_label = true;
                self.line.label = true;
                self.line.stop = true;
                self.open = Some(Open::new(Name::Stop));
            }
            Concept::Leverage => self.open = Some(Open::new(Name::Leverage)),
            Concept::Lever(times) => self.lent((*times).into()),
            Concept::Timeframe => {
                // `4h timeframe`.
                if let Some(span) = self.line.span {
                    self.fields.timeframe = Some(span);
                }
                self.open = Some(Open::new(Name::Timeframe));
            }
            Concept::Size => self.share_of_account(),
            Concept::Hazard => self.open = Some(Open::new(Name::Risk)),
            Concept::Trail => {
                self.fields.trailing = true;
                self.found(Field::Trailing, None, Confidence::Named);
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Validity => self.open = Some(Open::new(Name::Validity)),
            Concept::Price => self.open = Some(Open::new(Name::Price)),
            // `now, 0.30 add`: some languages say so behind the price.
            Concept::Again if self.adds() && self.last => {
                self.add();
                let fields = &mut self.fields;
                let seen = &fields.seen;
                let added = fields.entry.iter().filter(|price| !seen.contains(price));
                fields.added.extend(added);
            }
            Concept::Again if self.adds() => self.add(),
            // `Entry 1.79, DCA 1.85`: it goes on with the entry.
            Concept::Again if self.entered() && !self.last => {
                self.add();
                // `94800-95300 short, add 96200`.
                if self.fields.entry.is_empty() {
                    self.fields.entry = std::mem::take(&mut self.fields.soft);
                }
                self.open = Some(Open::new(Name::Entry));
            }
            Concept::Again => {
                self.fields.later = true;
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Other | Concept::Result => {
                // `Entry Volume 0.5` would be no entry, so the field ends whatever it is.
                self.line.other = true;
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Out => self.sold(next),
            Concept::Long | Concept::Short => {
                self.shorted = self.fields.short;
                self.fields.long |= *concept == Concept::Long;
                self.fields.short |= *concept == Concept::Short;
                self.act();
                self.sentence.says = true;
                self.found(Field::Side, None, Confidence::Named);
                self.open_softly();
            }
            Concept::Takes => {
                self.fields.takes = true;
                self.act();
                self.found(Field::Side, None, Confidence::Named);
                self.open_softly();
            }
            // `from 0.2145 (now 0.2098)`: what it costs as the author writes.
            Concept::Market if self.remark && self.has_entry() => {
                self.open = Some(Open::new(Name::Price));
            }
            Concept::Market => {
                if matches!(
                    self.open.map(|open| open.name),
                    None | Some(Name::Entry | Name::Soft)
                ) {
                    self.line.market = true;
                    self.sentence.market = true;
                    self.found(Field::Entry, None, Confidence::Named);
                    self.open_softly();
                }
            }
            Concept::Open => {
                self.fields.open_target |= self.open.is_some_and(|open| open.name == Name::Target);
            }
            Concept::Joint => self.join(),
            Concept::Near => self.fields.near |= self.in_entry(),
            Concept::Above => self.trigger(Trigger::Above),
            Concept::Below => self.trigger(Trigger::Below),
            Concept::Breakout => self.trigger(Trigger::Breakout),
            Concept::Satoshi => self.fields.satoshi = true,
            Concept::Spot => self.fields.spot = true,
            Concept::Perpetual => self.fields.perpetual = true,
            Concept::Cross => self.margin(Margin::Cross),
            Concept::Isolated => self.margin(Margin::Isolated),
            Concept::Venue(name) => self.fields.venues.push(Venue::new(name.clone())),
            // `TP2: 0.2086 (+5.1%) R 2.0`: the number behind it counts risks.
            Concept::Risk if next.is_some_and(is_bare) => {
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Trigger => self.trailing = true,
            Concept::Hit => self.line.hit = true,
            Concept::Not | Concept::Nay => {
                if self.sentence.clause {
                    self.refuse(Refusal::Negated);
                }
                if self.sentence.named {
                    self.sentence.doubted.get_or_insert(Refusal::Negated);
                }
                self.sentence.not = true;
            }
            Concept::If => {
                if self.sentence.clause && !self.sentence.aside {
                    self.refuse(Refusal::Conditional);
                }
                if self.sentence.named && !self.sentence.aside {
                    self.sentence.doubted.get_or_insert(Refusal::Conditional);
                }
                // `add 155 if it dips, stop 149`: what is said of another order is not said of what follows.
                self.sentence.conditional |= !self.sentence.aside;
            }
            Concept::Talk => self.line.past = true,
            // `SL 0.438 (daily close)`, `invalidation: a close below 308`: of a candle.
            // `stop 139, out at 157`: behind a stop that has its price it is where the profit is taken.
            Concept::Quit | Concept::Take if self.leaves_at(next) => {
                self.fields.target_label = true;
                self.line.label = true;
                self.open = Some(Open::new(Name::Target));
            }
            Concept::Close | Concept::Quit | Concept::Take if self.in_stop() => {}
            Concept::Close | Concept::Cancel => {
                self.line.ending = true;
                self.sentence.aside = true;
            }
            Concept::Move => {
                self.fields.moving = true;
                self.line.moves = true;
                self.sentence.aside = true;
            }
            // `market (61200) + limit 60500`.
            Concept::Limit if self.line.market && self.in_entry() => self.add(),
            Concept::Limit => {
                self.fields.limit = true;
                // `move the limit to 1.2`.
                if self.line.moves && self.open.is_none() {
                    self.open = Some(Open::new(Name::Entry));
                }
            }
            Concept::Quit | Concept::Drop => {}
            Concept::Breakeven => {
                self.line.breakeven = true;
                self.fields.later = true;
                self.sentence.aside = true;
            }
            Concept::Cost | Concept::Take | Concept::Half | Concept::Share(_) | Concept::Hold => {
                self.fields.later = true;
                self.sentence.aside = true;
            }
            Concept::Horizon
            | Concept::Filler
            | Concept::Trade
            | Concept::Ticket
            | Concept::Reenter
            | Concept::Apart
            | Concept::All
            | Concept::Unit
            | Concept::Pip
            | Concept::Point
            | Concept::Risk
            | Concept::Span(_)
            | Concept::Currency
            | Concept::Times
            | Concept::Thousand
            | Concept::Hint
            | Concept::UpTo
            | Concept::Mock
            | Concept::Recap
            | Concept::Asset(_) => {}
        }
    }

    fn margin(&mut self, margin: Margin) {
        self.fields.perpetual = true;
        self.fields.margin = Some(margin);
        self.found(Field::Margin, None, Confidence::Named);
    }

    /// `with 4% of the deposit`, `deposit: 4%`.
    fn share_of_account(&mut self) {
        if let Some(share) = self.line.share.take() {
            self.fields.size.get_or_insert(share);
        }
        self.open = Some(Open::new(Name::Size));
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
        self.has_entry() || self.fields.market || self.line.market
    }

    /// Does a price of the entry stand before?
    fn has_entry(&self) -> bool {
        !(self.fields.entry.is_empty() && self.fields.soft.is_empty())
    }

    /// The prices of the entry that follow are where is added.
    fn add(&mut self) {
        self.fields.again = true;
        self.adding = true;
        self.sentence.aside = true;
    }

    /// `now or 60000`, `market + 0.0116`: the price that follows is another order than the market's.
    fn join(&mut self) {
        let first = self.open.is_some_and(|open| open.numbers == 0);
        self.fields.joined |= self.line.market && self.in_entry() && first;
        if let Some(open) = &mut self.open {
            open.joined = open.numbers > 0;
        }
    }

    /// Is what follows the price at which a trade that is laid out up to its stop is left?
    fn leaves_at(&self, next: Option<&Lexeme>) -> bool {
        let fields = &self.fields;
        let laid_out = self.entered() && !fields.stops.is_empty() && !fields.target_label;
        let priced = next.is_some_and(|next| is_bare(next) || next.is(&Concept::Filler));
        laid_out && self.line.stop && priced
    }

    /// `below 7.25 I cut it`: a stop whose price stands before it in its clause, and none behind it.
    fn stop_stands_before(&mut self, rest: &[Lexeme]) -> bool {
        let ends = |lexeme: &Lexeme| {
            matches!(
                lexeme.what,
                What::Break | What::Sign('.' | ',' | '，' | '。' | ';' | '!')
            )
        };
        let mut clause = rest.iter().take(FAR).take_while(|lexeme| !ends(lexeme));
        let Some((price, place)) = self.line.beyond.take() else {
            return false;
        };
        if clause.any(is_bare) || self.fields.stop_label || !self.entered() {
            return false;
        }
        self.line.loose.retain(|number| number.normalize() != price);
        self.fields.stop_label = true;
        self.fields.stops.push(price);
        self.line.label = true;
        self.line.stop = true;
        self.here = place;
        self.found(Field::Stop, Some(price), Confidence::Placed);
        true
    }

    /// Is a stop being read?
    fn in_stop(&self) -> bool {
        self.open
            .is_some_and(|open| open.name == Name::Stop && !open.broken)
    }

    /// `(50/50)`: the shares of the prices before, where there are as many.
    fn divide(&mut self, shares: &[Decimal]) {
        let fields = &mut self.fields;
        if self.open.is_some_and(|open| open.name == Name::Entry)
            && fields.entry.len() == shares.len()
            && fields.shares.is_empty()
        {
            let prices = fields.entry.iter().copied();
            fields.shares = prices.zip(shares.iter().copied()).collect();
        }
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
                    Name::Leverage
                        | Name::Price
                        | Name::Timeframe
                        | Name::Validity
                        | Name::Size
                        | Name::Risk
                        | Name::Other
                ) =>
            {
                self.open = Some(Open::new(Name::Soft));
            }
            Some(_) => {}
        }
    }

    fn word(&mut self, text: &str) {
        // `SL → 0.1984 (BE)`.
        self.fields.later |= self.remark && text == "BE" && self.in_stop();
        if self.open.is_some_and(|open| open.name == Name::Timeframe)
            && let Some(span) = values::charted(text)
        {
            self.fields.timeframe = Some(span);
            self.found(Field::Timeframe, None, Confidence::Named);
            return;
        }
        // A Chinese character is a part of a word.
        let weight = if text.chars().all(token::is_han) {
            1
        } else {
            7
        };
        self.line.words += weight;
        self.sentence.words += weight;
        if let Some(open) = &mut self.open {
            open.words += 1;
            let prose = open.numbers > 0 && !(open.indexed && open.item.is_some() || open.joined);
            if prose || open.name == Name::Soft || open.words > MOST_WORDS {
                self.open = None;
            }
        }
    }
}

/// Is it a number without a unit?
fn is_bare(lexeme: &Lexeme) -> bool {
    matches!(&lexeme.what, What::Number(number) if number.unit == Unit::None)
}

/// So far a number is looked for behind a word that it may belong to.
const FAR: usize = 12;

/// Does a number follow on the line?
fn number_follows(lexemes: &[Lexeme]) -> bool {
    lexemes
        .iter()
        .take(FAR)
        .take_while(|lexeme| lexeme.what != What::Break)
        .any(is_bare)
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

/// `(50/50)`, `(in steps of 40% - 30% - 30%)`: numbers that make up a hundred are shares, and how many
/// lexemes they take up to the end of their parentheses.
fn shares(lexemes: &[Lexeme]) -> Option<(Vec<Decimal>, usize)> {
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

/// Does a field go on with the first lexeme of a later line?
fn goes_on(open: Open, lexeme: &Lexeme) -> bool {
    // `Entry: 104-105` and under it `🎯 103`: a picture that did not head its other lines ends it.
    let other = lexeme.mark.is_some() && open.bullet != lexeme.mark;
    if other && open.numbers > 0 && open.name != Name::Target {
        return false;
    }
    match &lexeme.what {
        // A list that begins under prices without list numbers is another field's.
        What::Index(1) if open.numbers > 0 && !open.indexed => open.name == Name::Target,
        What::Index(_) => open.name != Name::Soft,
        What::Number(_) => !(open.indexed && open.numbers > 0) || open.item.is_some(),
        What::Sign('-' | '*' | '.') => open.name != Name::Soft,
        What::Is(Concept::Horizon) => open.name == Name::Target,
        // A tick before its price is the bullet of a list.
        What::Tick => open.name == Name::Target && !open.indexed,
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
        What::Pair(_) | What::Part | What::Word | What::Sign(_) | What::Link | What::Break => false,
    }
}
