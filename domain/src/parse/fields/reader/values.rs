//! Values: what a number under a label is, and what it makes of those before it.

use rust_decimal::Decimal;

use super::Reader;
use super::index::list_number;
use super::open::Name;
use crate::parse::fields::{Goal, Measure};
use crate::parse::lexicon::Concept;
use crate::parse::number::{self, Comma, Number, Style, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field};

impl Reader {
    pub(super) fn number(&mut self, number: &Number, next: Option<&Lexeme>) {
        match number.unit {
            Unit::Times if self.measures(number) => return,
            Unit::Times => {
                // `3180/3260 10x`: what no sign joins to it is none.
                // Nor is what nobody lends: `0.62 / 0.588 // 10x`.
                let lent = |value: &Decimal| value.is_integer() && *value >= Decimal::ONE;
                if !std::mem::take(&mut self.linked) || !self.chain.iter().all(lent) {
                    self.chain.clear();
                }
                // `3-5x` is a leverage of three to five.
                let chain = self.chain.clone();
                self.unchain();
                self.fields.leverage.extend(chain);
                self.fields.leverage.extend(number.value);
                self.found(Field::Leverage, None, Confidence::Named);
                return;
            }
            Unit::Percent => return self.percent(number),
            Unit::Pips => return self.away(number, Measure::Pips),
            Unit::Points => return self.away(number, Measure::Points),
            Unit::Risk => return self.away(number, Measure::Risk),
            Unit::Other => {
                self.span(number);
                return self.unchain();
            }
            // `3er Hebel`, `10-ka lev`: whatever ending the language gives it.
            Unit::Unknown if next.is_some_and(|next| next.is(&Concept::Leverage)) => {
                let digits = number.written.trim_matches(|c: char| !c.is_ascii_digit());
                match digits.parse() {
                    Ok(lent) => self.lent(lent),
                    Err(_) => self.fields.unreadable = Some(number.written.to_string()),
                }
                return;
            }
            Unit::Unknown => {
                let size = next.is_some_and(|next| {
                    next.is(&Concept::Other) || next.is(&Concept::Size) || next.is(&Concept::Hazard)
                });
                let name = self.open.map(|open| open.name);
                let read = [Name::Entry, Name::Target, Name::Stop, Name::Leverage];
                if !size && name.is_some_and(|name| read.contains(&name)) {
                    self.fields.unreadable = Some(number.written.to_string());
                }
                return;
            }
            Unit::None => {}
        }
        let index = list_number(number, self.open, &self.line, next);
        if let Some(index) = index.or_else(|| self.dashed_index(number, next)) {
            self.index(index);
            return;
        }
        if self.is_earned(number) {
            return;
        }
        let starts_line = !self.line.number && !self.line.label;
        self.line.number = true;
        // `leverage 3:1`: the one is no second leverage.
        let ratio = self.sign == Some(':') && number.value == Some(Decimal::ONE);
        if ratio
            && self
                .open
                .is_some_and(|open| open.name == Name::Leverage && open.numbers == 1)
        {
            return;
        }
        self.clause.taken();
        if let Some(open) = self.open {
            self.clause.listing &= self.is_loose_under(open);
            if self.is_loose_under(open) {
                self.keep(number);
            }
        }
        let Some(open) = &mut self.open else {
            self.line.loose.extend(number.value);
            self.keep(number);
            if self.trailing && self.fields.triggered.is_none() {
                let price = number.value.map(|price| (price.normalize(), self.here));
                self.fields.triggered = price;
            }
            let beyond = number.value.filter(|_| self.line.past_it);
            self.line.beyond = beyond.map(|price| (price.normalize(), self.here));
            let next = self.fields.listed.len() + 1;
            let counted = self
                .line
                .item
                .take()
                .is_some_and(|item| usize::from(item) == next);
            if let Some(value) = number.value.filter(|_| counted) {
                self.fields.listed.push((value.normalize(), self.here));
            }
            // `small, 5-10x`: the next one may say what it is.
            self.chain.extend(number.value);
            return;
        };
        if matches!(open.name, Name::Size | Name::Risk) {
            self.chain.extend(number.value);
            return;
        }
        if matches!(open.name, Name::Other | Name::Timeframe | Name::Validity) {
            // `stop of my losses 0.698`: whatever the word between them means.
            if self.line.stop {
                self.fields.lost.extend(number.value);
            }
            return;
        }
        let value = if number.glued_to_word {
            // `TP41.3100` after TP3 is target 4 at 1.3100; nothing else tells the two apart.
            let index = (self.last_index + 1).to_string();
            let glued = self.last_index > 0;
            let price = number.written.strip_prefix(&index).filter(|_| glued);
            self.last_index += 1;
            price.and_then(|price| number::value(price, Style::with(Comma::Doubtful)))
        } else {
            number.value
        };
        let Some(mut value) = value.filter(|value| *value > Decimal::ZERO) else {
            self.fields.unreadable = Some(number.written.to_string());
            return;
        };
        if number.doubtful {
            self.fields
                .unreadable
                .get_or_insert_with(|| number.written.to_string());
        }
        if open.numbers > 0
            && (self.glued && self.tight)
            && matches!(self.sign, Some('/' | '-'))
            && let Some(whole) = number::completed(&self.spelt, number)
        {
            value = whole;
        }
        self.spelt = number.written.clone();
        open.numbers += 1;
        open.joined = false;
        // `1) 12.5%` gives no price, and `1) 480 - 16.667%` one: the item is done with its price.
        let lists = starts_line || open.item.is_some();
        open.item = None;
        if number.scaled {
            self.scale_chain();
        }
        let Some(open) = &self.open else { return };
        value = value.normalize();
        let field = match open.name {
            Name::Entry => Some((Field::Entry, Confidence::Named)),
            Name::Soft => Some((Field::Entry, Confidence::Placed)),
            Name::Target => Some((Field::Target, Confidence::Named)),
            Name::Stop => Some((Field::Stop, Confidence::Named)),
            Name::Leverage => Some((Field::Leverage, Confidence::Named)),
            Name::Price
            | Name::Timeframe
            | Name::Validity
            | Name::Size
            | Name::Risk
            | Name::Other => None,
        };
        let name = open.name;
        if let Some((field, confidence)) = field {
            self.found(field, Some(value), confidence);
        }
        match name {
            // `Entry: market (61200)`: what it costs as the author writes.
            Name::Entry if self.line.market && self.remark && !self.adding => {
                self.sentence.seen = true;
                self.fields.price = Some(value);
            }
            Name::Entry => {
                self.clause.soft = true;
                self.sentence.entry = true;
                self.fields.entry.push(value);
                if self.adding {
                    self.fields.added.push(value);
                } else if self.now {
                    self.fields.seen.push(value);
                }
            }
            Name::Soft => {
                self.clause.soft = true;
                self.fields.soft.push(value);
            }
            Name::Target => {
                self.behind_target = Some(0);
                self.fields.targets.push(Goal {
                    price: value,
                    percent: None,
                });
            }
            Name::Stop => self.fields.stops.push(value),
            Name::Leverage => self.fields.leverage.push(value),
            Name::Price => {
                self.sentence.seen |= self.remark && self.line.market;
                self.fields.price = Some(value);
            }
            Name::Timeframe | Name::Validity | Name::Size | Name::Risk | Name::Other => {}
        }
        // A number that heads its line or item is a price whatever percentage follows it.
        let weighed = lists && next.is_some_and(|next| next.what == What::Sign('-') && !next.glued);
        if weighed {
            self.chain.clear();
        } else {
            self.chain.push(value);
        }
    }

    /// `3er Hebel`: the number before the word.
    pub(super) fn lent(&mut self, leverage: Decimal) {
        self.fields.leverage.push(leverage);
        self.found(Field::Leverage, None, Confidence::Named);
    }

    /// `TP 146.50 +300`, `SL 142.00 -150`: so many pips are gained or lost there. The sign stands apart
    /// from the price and right before the number, which is none.
    fn is_earned(&self, number: &Number) -> bool {
        let priced = self
            .open
            .is_some_and(|open| open.numbers > 0 && matches!(open.name, Name::Target | Name::Stop));
        let apart = self.glued && !self.tight;
        let whole = number.value.is_some_and(|value| value.is_integer());
        match self.sign {
            Some('+') => priced && apart,
            Some('-') => priced && apart && whole && !self.is_near(number),
            _ => false,
        }
    }

    /// `Vol: 1.8x`: no leverage has a fraction where something else is named.
    fn measures(&self, number: &Number) -> bool {
        let other = self
            .open
            .is_some_and(|open| matches!(open.name, Name::Size | Name::Other));
        other && number.value.is_some_and(|value| !value.is_integer())
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
            Some(
                Name::Leverage
                | Name::Price
                | Name::Timeframe
                | Name::Validity
                | Name::Size
                | Name::Risk
                | Name::Other,
            )
            | None => return,
        };
        list.iter_mut().rev().take(joined).for_each(scale);
    }

    /// `40-60%`, `20-30-50pips`: what stands before the dash is no price either.
    pub(super) fn unchain(&mut self) {
        for _ in 0..std::mem::take(&mut self.chain).len() {
            match self.open.map(|open| open.name) {
                Some(Name::Entry) => drop(self.fields.entry.pop()),
                Some(Name::Soft) => drop(self.fields.soft.pop()),
                Some(Name::Target) => drop(self.fields.targets.pop()),
                Some(Name::Stop) => drop(self.fields.stops.pop()),
                Some(Name::Leverage) => drop(self.fields.leverage.pop()),
                Some(Name::Price | Name::Risk) => self.unkeep(1),
                Some(Name::Timeframe | Name::Validity | Name::Size | Name::Other) => {}
                None => {
                    self.unkeep(1);
                    self.line.loose.pop();
                }
            }
        }
    }
}
