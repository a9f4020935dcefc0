//! Fields: which number belongs to which label, in whatever order they come.

use rust_decimal::Decimal;

use super::lexicon::Concept;
use super::number::{self, Comma, Number, Unit};
use super::phrase::{Lexeme, What};
use super::token;
use crate::market::{Side, Venue};

/// What the labels and numbers of a text say, read literally.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) long: bool,
    pub(super) short: bool,
    /// Prices with the label of an entry.
    pub(super) entry: Vec<Decimal>,
    /// Prices right behind the pair or the side, without a label.
    pub(super) soft: Vec<Decimal>,
    pub(super) targets: Vec<Goal>,
    pub(super) stops: Vec<Decimal>,
    pub(super) leverage: Vec<Decimal>,
    /// The price at the time of writing.
    pub(super) price: Option<Decimal>,
    pub(super) market: bool,
    pub(super) near: bool,
    pub(super) trigger: Option<Trigger>,
    pub(super) spot: bool,
    pub(super) perpetual: bool,
    pub(super) venues: Vec<Venue>,
    /// The stop is given in percent.
    pub(super) percent_stop: bool,
    /// There is a label of a stop, with a number or without.
    pub(super) stop_label: bool,
    pub(super) entry_label: bool,
    pub(super) target_label: bool,
    /// Stop to the entry after this many targets.
    pub(super) breakeven_after: Option<u8>,
    /// A field is reported as reached.
    pub(super) reached: bool,
    /// A negation or condition stands with the side, the entry or the market.
    pub(super) refused: Option<Refusal>,
    /// A number in a field can be read in two ways.
    pub(super) unreadable: Option<String>,
    /// Numbers beside the fields that belong to none.
    pub(super) left_over: Vec<Decimal>,
    /// Lines that speak of closing or cancelling.
    pub(super) ending: bool,
    pub(super) moving: bool,
    pub(super) limit: bool,
}

/// A target and the share of the position that is written behind it, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) price: Decimal,
    pub(super) percent: Option<Decimal>,
}

/// Which way the price must go before the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Above,
    Below,
    Breakout,
}

/// Why a side or an entry does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Negated,
    Conditional,
    Asked,
    Past,
}

impl Refusal {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Negated => "negated",
            Self::Conditional => "conditional",
            Self::Asked => "asked about",
            Self::Past => "past",
        }
    }
}

impl Fields {
    /// The side it names, where it names one only.
    pub(super) const fn side(&self) -> Option<Side> {
        match (self.long, self.short) {
            (true, false) => Some(Side::Long),
            (false, true) => Some(Side::Short),
            _ => None,
        }
    }

    /// How many of entry, target and stop have a number and a label.
    pub(super) fn labelled(&self) -> usize {
        usize::from(!self.entry.is_empty())
            + usize::from(!self.targets.is_empty())
            + usize::from(!self.stops.is_empty())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Entry,
    Soft,
    Target,
    Stop,
    Leverage,
    Price,
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

/// The most unknown words on a line that names the pair of a trade, counted alike.
const MOST_HEAD_WORDS: usize = 21;

/// Reads the fields of one trade.
pub(super) fn read(lexemes: &[Lexeme]) -> Fields {
    let mut reader = Reader {
        fields: Fields::default(),
        open: None,
        chain: Vec::new(),
        last_index: 0,
        line: Line::default(),
        trailing: false,
        sign: None,
    };
    for (at, lexeme) in lexemes.iter().enumerate() {
        reader.take(lexeme, lexemes.get(at + 1));
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
    past: bool,
    ending: bool,
    number: bool,
    market: bool,
    words: usize,
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
    /// The sign right before the lexeme that is being taken.
    sign: Option<char>,
}

impl Reader {
    fn take(&mut self, lexeme: &Lexeme, next: Option<&Lexeme>) {
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
            What::Is(concept) => self.concept(concept),
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
            What::Sign(_) | What::Link => {}
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
            } else {
                None
            };
        }
        self.trailing = false;
        if let Some(open) = &mut self.open {
            match open.name {
                Name::Leverage | Name::Price | Name::Other => self.open = None,
                Name::Soft if open.numbers > 0 => self.open = None,
                Name::Soft | Name::Entry | Name::Target | Name::Stop => open.broken = true,
            }
        }
    }

    fn concept(&mut self, concept: &Concept) {
        match concept {
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
            Concept::Price => self.open = Some(Open::new(Name::Price)),
            Concept::Other | Concept::Result => {
                // `Entry Volume 0.5` would be no entry, so the field ends whatever it is.
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Long | Concept::Short => {
                self.fields.long |= *concept == Concept::Long;
                self.fields.short |= *concept == Concept::Short;
                self.line.acts = true;
                self.open_softly();
            }
            Concept::Market => {
                if matches!(
                    self.open.map(|open| open.name),
                    None | Some(Name::Entry | Name::Soft)
                ) {
                    self.line.market = true;
                    self.open_softly();
                }
            }
            Concept::Near => self.fields.near |= self.in_entry(),
            Concept::Above => self.trigger(Trigger::Above),
            Concept::Below => self.trigger(Trigger::Below),
            Concept::Breakout => self.trigger(Trigger::Breakout),
            Concept::Spot => self.fields.spot = true,
            Concept::Perpetual => self.fields.perpetual = true,
            Concept::Venue(name) => self.fields.venues.push(Venue::new(name.clone())),
            Concept::Trigger => self.trailing = true,
            Concept::Hit => self.line.hit = true,
            Concept::Not => self.line.not = true,
            Concept::If => self.line.conditional = true,
            Concept::Talk => self.line.past = true,
            Concept::Close | Concept::Cancel => self.line.ending = true,
            Concept::Move => self.fields.moving = true,
            Concept::Limit => self.fields.limit = true,
            Concept::Horizon
            | Concept::Filler
            | Concept::Joint
            | Concept::Breakeven
            | Concept::Cost
            | Concept::Take
            | Concept::Half
            | Concept::All
            | Concept::Open
            | Concept::Hold
            | Concept::Unit
            | Concept::Currency
            | Concept::Asset(_) => {}
        }
    }

    fn trigger(&mut self, trigger: Trigger) {
        if self.in_entry() {
            self.fields.trigger = Some(trigger);
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
            Some(open) if matches!(open.name, Name::Leverage | Name::Price | Name::Other) => {
                self.open = Some(Open::new(Name::Soft));
            }
            Some(_) => {}
        }
    }

    fn index(&mut self, index: u8) {
        if self.trailing {
            self.fields.breakeven_after = Some(index);
            self.open = None;
            return;
        }
        if let Some(open) = &mut self.open {
            open.indexed = true;
            open.item = Some(index);
            open.words = 0;
            if open.name == Name::Target {
                self.last_index = index;
            }
            if open.name == Name::Soft {
                self.open = None;
            }
        }
    }

    fn word(&mut self, text: &str) {
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

    fn number(&mut self, number: &Number, next: Option<&Lexeme>) {
        match number.unit {
            Unit::Times => {
                // `3-5x` is a leverage of three to five.
                let chain = self.chain.clone();
                self.unchain();
                self.fields.leverage.extend(chain);
                self.fields.leverage.extend(number.value);
                return;
            }
            Unit::Percent => return self.percent(number),
            Unit::Other => return self.unchain(),
            Unit::Unknown => {
                let size = next.is_some_and(|next| next.is(&Concept::Other));
                let name = self.open.map(|open| open.name);
                if !size && matches!(name, Some(Name::Entry | Name::Target | Name::Stop)) {
                    self.fields.unreadable = Some(number.written.clone());
                }
                return;
            }
            Unit::None => {}
        }
        if let Some(index) = list_number(number, self.open, &self.line, next) {
            self.index(index);
            return;
        }
        let starts_line = !self.line.number && !self.line.label;
        self.line.number = true;
        let Some(open) = &mut self.open else {
            self.line.loose.extend(number.value);
            return;
        };
        if matches!(open.name, Name::Other) {
            return;
        }
        let value = if number.glued_to_word {
            // `TP41.3100` after TP3 is target 4 at 1.3100; nothing else tells the two apart.
            let index = (self.last_index + 1).to_string();
            let glued = self.last_index > 0;
            let price = number.written.strip_prefix(&index).filter(|_| glued);
            self.last_index += 1;
            price.and_then(|price| number::value(price, Comma::Doubtful))
        } else {
            number.value
        };
        let Some(mut value) = value.filter(|value| *value > Decimal::ZERO) else {
            self.fields.unreadable = Some(number.written.clone());
            return;
        };
        open.numbers += 1;
        // `1) 12.5%` gives no price, and `1) 480 - 16.667%` one: the item is done with its price.
        let lists = starts_line || open.item.is_some();
        open.item = None;
        if number.scaled {
            self.scale_chain();
        }
        let Some(open) = &self.open else { return };
        value = value.normalize();
        match open.name {
            Name::Entry => self.fields.entry.push(value),
            Name::Soft => self.fields.soft.push(value),
            Name::Target => self.fields.targets.push(Goal {
                price: value,
                percent: None,
            }),
            Name::Stop => self.fields.stops.push(value),
            Name::Leverage => self.fields.leverage.push(value),
            Name::Price => self.fields.price = Some(value),
            Name::Other => {}
        }
        // A number that heads its line or item is a price whatever percentage follows it.
        let weighed = lists && next.is_some_and(|next| next.what == What::Sign('-') && !next.glued);
        if weighed {
            self.chain.clear();
        } else {
            self.chain.push(value);
        }
    }

    /// `60-61k` is sixty to sixty-one thousand.
    fn scale_chain(&mut self) {
        let joined = std::mem::take(&mut self.chain).len();
        let scale = |value: &mut Decimal| {
            if *value < Decimal::ONE_THOUSAND {
                *value *= Decimal::ONE_THOUSAND;
            }
        };
        let fields = &mut self.fields;
        let list = match self.open.map(|open| open.name) {
            Some(Name::Entry) => &mut fields.entry,
            Some(Name::Soft) => &mut fields.soft,
            Some(Name::Stop) => &mut fields.stops,
            Some(Name::Target) => {
                let goals = fields.targets.iter_mut().rev().take(joined);
                goals.for_each(|goal| scale(&mut goal.price));
                return;
            }
            Some(Name::Leverage | Name::Price | Name::Other) | None => return,
        };
        list.iter_mut().rev().take(joined).for_each(scale);
    }

    /// `40-60%`, `20-30-50pips`: what stands before the dash is no price either.
    fn unchain(&mut self) {
        for _ in 0..std::mem::take(&mut self.chain).len() {
            match self.open.map(|open| open.name) {
                Some(Name::Entry) => drop(self.fields.entry.pop()),
                Some(Name::Soft) => drop(self.fields.soft.pop()),
                Some(Name::Target) => drop(self.fields.targets.pop()),
                Some(Name::Stop) => drop(self.fields.stops.pop()),
                Some(Name::Leverage) => drop(self.fields.leverage.pop()),
                Some(Name::Price | Name::Other) => {}
                None => drop(self.line.loose.pop()),
            }
        }
    }

    fn percent(&mut self, number: &Number) {
        let chained = !self.chain.is_empty();
        self.unchain();
        let Some(open) = &mut self.open else { return };
        match open.name {
            // `(+20 %)` is what the target would earn and no share of the position.
            Name::Target
                if !chained && open.numbers > 0 && !matches!(self.sign, Some('+' | '(')) =>
            {
                if let Some(goal) = self.fields.targets.last_mut()
                    && goal.percent.is_none()
                {
                    goal.percent = number.value;
                }
            }
            Name::Stop => self.fields.percent_stop |= open.numbers == 0,
            Name::Target
            | Name::Entry
            | Name::Soft
            | Name::Leverage
            | Name::Price
            | Name::Other => {}
        }
    }
}

/// The 1 of `Target 1: 0.5` and of `1 Entrada 2659`.
fn list_number(
    number: &Number,
    open: Option<Open>,
    line: &Line,
    next: Option<&Lexeme>,
) -> Option<u8> {
    let index: u8 = number
        .written
        .parse()
        .ok()
        .filter(|index| (1..=20).contains(index))?;
    let next = &next?.what;
    let heads =
        !line.label && !line.number && matches!(next, What::Is(concept) if concept.is_label());
    let fresh = open.is_some_and(|open| {
        open.numbers == 0 && matches!(open.name, Name::Entry | Name::Target | Name::Stop)
    });
    let divides = matches!(
        next,
        What::Sign(':') | What::Number(_) | What::Tick | What::Is(Concept::Hit)
    );
    (heads || fresh && divides).then_some(index)
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
                    | Concept::Above
                    | Concept::Below
                    | Concept::Breakout
                    | Concept::Limit
            );
            leads && open.numbers == 0 && open.name != Name::Target
        }
        What::Pair(_) | What::Word | What::Sign(_) | What::Tick | What::Link | What::Break => false,
    }
}
