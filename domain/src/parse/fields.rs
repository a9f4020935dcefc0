//! Fields: which number belongs to which label, in whatever order they come.

use rust_decimal::Decimal;

use super::lexicon::Concept;
use super::number::{self, Comma, Number, Unit};
use super::phrase::{Lexeme, What};
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
}

impl Refusal {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Negated => "negated",
            Self::Conditional => "conditional",
            Self::Asked => "question",
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

/// Reads the fields of one trade.
pub(super) fn read(lexemes: &[Lexeme]) -> Fields {
    let mut reader = Reader {
        fields: Fields::default(),
        open: None,
        chain: Vec::new(),
        last_index: 0,
        line: Line::default(),
        trailing: false,
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
    acts: bool,
    hit: bool,
    not: bool,
    conditional: bool,
    asked: bool,
    ending: bool,
    number: bool,
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
                self.line.acts = true;
                self.fields.perpetual |= mention.perpetual;
                self.open_softly();
            }
            What::Number(number) => self.number(number, next),
            What::Index(index) => self.index(*index),
            What::Word => self.word(),
            What::Tick => self.line.hit |= self.line.label && self.line.number,
            What::Sign('?') => self.line.asked = true,
            What::Sign('-' | '~' | '/') => return,
            What::Sign(_) | What::Link => {}
        }
        if !matches!(lexeme.what, What::Number(_) | What::Is(Concept::Joint)) {
            self.chain.clear();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let fields = &mut self.fields;
        if line.label || line.acts {
            fields.left_over.extend(line.loose);
            fields.ending |= line.ending;
        }
        fields.reached |= line.label && line.hit;
        if line.acts && fields.refused.is_none() {
            fields.refused = if line.not {
                Some(Refusal::Negated)
            } else if line.conditional {
                Some(Refusal::Conditional)
            } else if line.asked {
                Some(Refusal::Asked)
            } else {
                None
            };
        }
        self.trailing = false;
        match &mut self.open {
            Some(open) => match open.name {
                Name::Leverage | Name::Price | Name::Other => self.open = None,
                Name::Soft if open.numbers > 0 => self.open = None,
                Name::Soft | Name::Entry | Name::Target | Name::Stop => open.broken = true,
            },
            None => {}
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
            Concept::Other => {
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
                    self.fields.market = true;
                    self.line.acts = true;
                    self.open_softly();
                }
            }
            Concept::Near => self.fields.near |= self.in_entry(),
            Concept::Above | Concept::Below | Concept::Breakout => {
                if self.in_entry() {
                    self.fields.trigger = Some(match concept {
                        Concept::Above => Trigger::Above,
                        Concept::Below => Trigger::Below,
                        _ => Trigger::Breakout,
                    });
                }
            }
            Concept::Spot => self.fields.spot = true,
            Concept::Perpetual => self.fields.perpetual = true,
            Concept::Venue(name) => self.fields.venues.push(Venue::new(name.clone())),
            Concept::Trigger => self.trailing = true,
            Concept::Hit => self.line.hit = true,
            Concept::Not => self.line.not = true,
            Concept::If => self.line.conditional = true,
            Concept::Close | Concept::Cancel => self.line.ending = true,
            Concept::Move => self.fields.moving = true,
            Concept::Limit
            | Concept::Horizon
            | Concept::Filler
            | Concept::Joint
            | Concept::Breakeven
            | Concept::Cost
            | Concept::Take
            | Concept::Half
            | Concept::All
            | Concept::Result
            | Concept::Open
            | Concept::Unit
            | Concept::Currency
            | Concept::Talk
            | Concept::Asset(_) => {}
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

    fn word(&mut self) {
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
                self.fields.leverage.extend(number.value);
                return;
            }
            Unit::Percent => return self.percent(number),
            Unit::Other => return self.unchain(),
            Unit::None => {}
        }
        let starts_line = !self.line.number;
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
            Name::Target if !chained && open.numbers > 0 => {
                if let Some(goal) = self.fields.targets.last_mut()
                    && goal.percent.is_none()
                {
                    goal.percent = number.value;
                }
            }
            Name::Stop if open.numbers == 0 => self.fields.percent_stop = true,
            _ => {}
        }
    }
}

/// Does a field go on with the first lexeme of a later line?
fn goes_on(open: Open, lexeme: &Lexeme) -> bool {
    match &lexeme.what {
        What::Index(_) => open.name != Name::Soft,
        What::Number(_) => !(open.indexed && open.numbers > 0) || open.item.is_some(),
        What::Sign('-' | '*' | '.') => open.name != Name::Soft,
        What::Is(Concept::Horizon) => open.name == Name::Target,
        What::Is(
            Concept::Near
            | Concept::Market
            | Concept::Filler
            | Concept::Above
            | Concept::Below
            | Concept::Breakout
            | Concept::Limit,
        ) => open.numbers == 0 && open.name != Name::Target,
        _ => false,
    }
}
