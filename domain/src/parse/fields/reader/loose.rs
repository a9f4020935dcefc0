//! Loose prices: what is kept of a number that stands under no role that the lexicon knows, so that
//! the other levels of the trade may tell what it is.

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::Reader;
use super::exit::is_bare;
use super::open::{Name, Open};
use crate::parse::fields::{Goal, Hint, Loose};
use crate::parse::lexicon::Concept;
use crate::parse::number::{Number, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field};

/// What the clause so far says of a price that follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Clause {
    /// Its unknown words.
    words: usize,
    /// The last of them.
    label: SmolStr,
    hint: Hint,
    /// It speaks of what is no level of this trade: a support, a share, the past.
    barred: bool,
    /// Nothing but signs stands behind its last price.
    pub(super) listing: bool,
    /// How many unknown words stand behind its last price, where little else does.
    since: Option<usize>,
    /// Its last price stands under no role.
    kept: bool,
    /// Its last price is one of the entry.
    pub(super) soft: bool,
    /// A comma stands behind its last price, which goes on with a number and ends with anything else.
    comma: bool,
    /// A comma stands right before its last price.
    begun: bool,
}

impl Clause {
    /// A price is read, whatever it turns out to be.
    pub(super) const fn taken(&mut self) {
        self.since = Some(0);
        self.kept = false;
        self.soft = false;
    }
}

impl Reader {
    /// Hears what a lexeme says of the prices behind it.
    pub(super) fn hear(&mut self, lexeme: &Lexeme, next: Option<&Lexeme>) {
        let ends = match &lexeme.what {
            What::Break | What::Tick | What::Sign('!' | '?' | '。') => true,
            What::Sign('.') => next.is_none_or(|next| !next.glued),
            What::Number(_) | What::Index(_) => {
                self.clause.begun = std::mem::take(&mut self.clause.comma);
                false
            }
            What::Sign(',' | '，' | ';' | '|') => {
                self.clause.comma = true;
                false
            }
            What::Sign(_) | What::Part => false,
            What::Is(_) | What::Pair(_) | What::Word | What::Link => self.clause.comma,
        };
        // `stop 4512. 4390 - 4330 - 4240.`: the list is no stop's.
        let stopped = self.in_stop() && self.open.is_some_and(|open| open.numbers > 0);
        if ends && stopped && lexeme.what == What::Sign('.') {
            self.open = None;
        }
        if ends {
            self.clause = Clause::default();
            if lexeme.what == What::Break
                || matches!(lexeme.what, What::Sign('!' | '?' | '。' | '.'))
            {
                self.behind_target = None;
            }
        }
        let clause = &mut self.clause;
        match &lexeme.what {
            What::Word => {
                clause.words += 1;
                clause.since = clause.since.map(|words| words + 1);
                clause.label = letters(&lexeme.text);
                clause.listing = false;
                if let Some(words) = &mut self.behind_target {
                    *words += 1;
                }
            }
            What::Is(concept) => self.said(concept),
            What::Pair(_) => {
                clause.listing = false;
                clause.since = None;
                clause.words = 0;
            }
            What::Number(number) if number.unit == Unit::Percent => {
                if clause.listing
                    && self.sign != Some('+')
                    && let Some(last) = self.fields.loose.last_mut()
                {
                    last.share = last.share.or(number.value);
                }
            }
            What::Number(_)
            | What::Index(_)
            | What::Sign(_)
            | What::Tick
            | What::Link
            | What::Part
            | What::Break => {}
        }
    }

    fn said(&mut self, concept: &Concept) {
        let clause = &mut self.clause;
        match concept {
            Concept::Joint
            | Concept::UpTo
            | Concept::Near
            | Concept::Filler
            | Concept::Currency => {
                return;
            }
            // `4640 above: stop`.
            Concept::Above | Concept::Below => {}
            _ => clause.since = None,
        }
        let clause = &mut self.clause;
        match concept {
            Concept::Joint
            | Concept::UpTo
            | Concept::Near
            | Concept::Filler
            | Concept::Currency => {}
            Concept::Price => clause.hint = Hint::Price,
            Concept::Aim
            | Concept::Result
            | Concept::Take
            | Concept::Half
            | Concept::Share(_)
            | Concept::Hold
            | Concept::Out => clause.hint = Hint::Gain,
            Concept::Above
            | Concept::Below
            | Concept::If
            | Concept::Quit
            | Concept::Close
            | Concept::Hazard => {
                if clause.hint == Hint::None {
                    clause.hint = Hint::Beyond;
                }
            }
            Concept::Entry | Concept::Target | Concept::Stop => {
                *clause = Clause::default();
                self.behind_target = None;
            }
            Concept::Long | Concept::Short | Concept::Takes | Concept::Market | Concept::Limit => {
                clause.words = 0;
                self.behind_target = None;
            }
            Concept::Other => {
                // `24500 support`: some say behind a price what it is.
                if clause.listing {
                    self.fields.bar_last();
                }
                clause.barred = true;
                self.behind_target = None;
            }
            Concept::Not
            | Concept::Nay
            | Concept::Hit
            | Concept::Talk
            | Concept::Again
            | Concept::Move
            | Concept::Breakeven
            | Concept::Cost
            | Concept::Cancel
            | Concept::Drop
            | Concept::Size
            | Concept::Leverage
            | Concept::Timeframe
            | Concept::Validity
            | Concept::Trail
            | Concept::Trigger
            | Concept::Span(_)
            | Concept::Unit
            | Concept::Mock
            | Concept::Recap
            | Concept::Theirs
            | Concept::Idle => {
                clause.barred = true;
                self.behind_target = None;
            }
            Concept::Perpetual
            | Concept::Cross
            | Concept::Isolated
            | Concept::Spot
            | Concept::Breakout
            | Concept::Horizon
            | Concept::All
            | Concept::Trade
            | Concept::Ticket
            | Concept::Reenter
            | Concept::Apart
            | Concept::Open
            | Concept::Satoshi
            | Concept::Pip
            | Concept::Point
            | Concept::Risk
            | Concept::Times
            | Concept::Thousand
            | Concept::Hint
            | Concept::Asset(_)
            | Concept::Venue(_) => {}
        }
        self.clause.listing = false;
    }

    /// Keeps a price that stands under no role.
    pub(super) fn keep(&mut self, number: &Number) {
        let Some(price) = number.value.filter(|price| *price > Decimal::ZERO) else {
            return;
        };
        if is_year(number) {
            self.sentence.year = Some(price);
        }
        // `Fill: at market (ref 0.9124)`.
        if self.remark && self.line.market && self.fields.price.is_none() {
            self.fields.price = Some(price.normalize());
            self.sentence.seen = true;
            self.line.loose.pop();
            return;
        }
        let last = self.fields.loose.last().map_or(0, |loose| loose.group);
        let coloured = self.coloured();
        let clause = &mut self.clause;
        let group = if clause.listing { last } else { last + 1 };
        clause.listing = true;
        clause.kept = true;
        clause.since = Some(0);
        self.fields.loose.push(Loose {
            price: price.normalize(),
            place: self.here,
            group,
            hint: coloured.unwrap_or(clause.hint),
            label: clause.label.clone(),
            words: clause.words,
            barred: clause.barred || number.doubtful || number.glued_to_word || self.remark,
            counts: !number.written.contains(['.', ',']) && !number.scaled && price <= MOST_COUNTED,
            year: is_year(number),
            share: None,
            behind_target: self.behind_target.is_some_and(|words| words <= MOST_BEHIND),
            line: self.lines,
        });
    }

    /// `🔴 1.0543` and `🔵 1.0663`: a dot in the colour of losing or gaining right before a price.
    fn coloured(&self) -> Option<Hint> {
        let mark = self.bullet.filter(|_| self.clause.hint == Hint::None)?;
        if RED.contains(&mark) {
            Some(Hint::Beyond)
        } else {
            GREEN.contains(&mark).then_some(Hint::Gain)
        }
    }

    /// A number that its measure takes back.
    pub(super) fn unkeep(&mut self, many: usize) {
        let kept = self.fields.loose.len().saturating_sub(many);
        self.fields.loose.truncate(kept);
    }

    /// `4640 above stop, targets …`, `9.82万止损,`: some say behind the price what it is, and then the
    /// clause ends.
    pub(super) fn label_stands_behind(&mut self, concept: &Concept, rest: &[Lexeme]) -> bool {
        let ends = match rest.first().map(|lexeme| &lexeme.what) {
            None | Some(What::Sign(',' | '，' | '.' | '。' | ';' | '!')) => true,
            Some(What::Break) => rest.get(1).is_none_or(|next| {
                !(is_bare(next) || matches!(next.what, What::Index(_) | What::Sign(_)))
            }),
            Some(_) => false,
        };
        let beside = self.clause.listing || self.entered() && self.follows_a_price();
        let kept = beside && self.clause.kept;
        if !ends || !(kept || self.harden()) {
            return false;
        }
        let Some(last) = self.fields.loose.last() else {
            return false;
        };
        let group = last.group;
        let taken: Vec<Loose> = self
            .fields
            .loose
            .iter()
            .filter(|loose| loose.group == group)
            .cloned()
            .collect();
        let barred = taken.iter().any(|loose| loose.barred || loose.counts);
        let fields = &mut self.fields;
        let fits = match concept {
            Concept::Stop => taken.len() == 1 && fields.stops.is_empty() && !fields.stop_label,
            Concept::Target => fields.targets.is_empty() && !fields.target_label,
            _ => false,
        };
        if barred || !fits {
            return false;
        }
        fields.loose.retain(|loose| loose.group != group);
        self.line.label = true;
        self.line
            .loose
            .retain(|number| !taken.iter().any(|loose| loose.price == number.normalize()));
        for loose in taken {
            self.here = loose.place;
            if *concept == Concept::Stop {
                self.line.stop = true;
                self.fields.stop_label = true;
                self.fields.stops.push(loose.price);
                self.found(Field::Stop, Some(loose.price), Confidence::Named);
            } else {
                self.fields.target_label = true;
                self.fields.targets.push(Goal {
                    price: loose.price,
                    percent: None,
                });
                self.found(Field::Target, Some(loose.price), Confidence::Named);
            }
        }
        self.clause = Clause::default();
        self.open = None;
        true
    }

    /// Do few words stand between the last price of the clause and what is being heard?
    fn follows_a_price(&self) -> bool {
        self.clause.since.is_some_and(|words| words <= MOST_BEHIND)
    }

    /// `9.72万 short, 9.82万 stop,`: takes back the price before, which was taken for the entry as it
    /// stands behind the side, where the entry has another one.
    fn harden(&mut self) -> bool {
        let beside = self.follows_a_price();
        let fields = &mut self.fields;
        let entries = if fields.soft.is_empty() {
            &fields.entry
        } else {
            &fields.soft
        };
        let [before @ .., price] = entries.as_slice() else {
            return false;
        };
        let entered = !before.is_empty() || fields.loose.last().is_some_and(|loose| !loose.barred);
        if !(entered && beside && self.clause.soft && self.clause.begun) {
            return false;
        }
        let price = *price;
        let Some(place) = fields
            .found
            .iter()
            .rposition(|found| found.field == Field::Entry && found.value == Some(price))
        else {
            return false;
        };
        self.here = fields.found.remove(place).place;
        if fields.soft.pop().is_none() {
            fields.entry.pop();
        }
        self.clause = Clause::default();
        self.keep(&Number {
            value: Some(price),
            written: price.to_string().into(),
            ..Number::default()
        });
        true
    }

    /// Does a price under the open label belong to no role, so that it is kept as a loose one?
    pub(super) fn is_loose_under(&self, open: Open) -> bool {
        match open.name {
            Name::Price | Name::Risk => !self.remark,
            Name::Other => self.clause.hint == Hint::Gain && !self.clause.barred,
            Name::Entry
            | Name::Soft
            | Name::Target
            | Name::Stop
            | Name::Leverage
            | Name::Timeframe
            | Name::Validity
            | Name::Size => false,
        }
    }
}

/// Pictures in the colour of losing, and in those of gaining.
const RED: [char; 4] = ['🔴', '🟥', '❌', '🔻'];
const GREEN: [char; 5] = ['🟢', '🟩', '🔵', '🟦', '🔺'];

/// Whole numbers up to here count hours, days, coins and percent as often as they are prices.
const MOST_COUNTED: Decimal = Decimal::from_parts(60, 0, 0, false, 0);

/// So many unknown words stand between a target and the next one: `tp 1.10, danach 1.15`.
const MOST_BEHIND: usize = 2;

/// The letters of a word: `E1` and `E2` are one label.
fn letters(word: &str) -> SmolStr {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
        .to_lowercase()
        .into()
}

/// Is it written as a year is?
fn is_year(number: &Number) -> bool {
    let year: Option<u16> = number.written.parse().ok();
    !number.scaled && year.is_some_and(|year| (1990..2040).contains(&year))
}
