//! Values: what a number under a label is, and what it makes of those before it.

use std::time::Duration;

use rust_decimal::Decimal;

use super::{Line, Name, Open, Reader};
use crate::parse::fields::{Away, Goal, Measure};
use crate::parse::lexicon::Concept;
use crate::parse::number::{self, Comma, Number, Style, Unit};
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field};
use crate::signal::HELD_AT_MOST;

impl Reader {
    /// The 1 of `Take profit 1 - 197.20`, which is no price of this trade.
    fn dashed_index(&self, number: &Number, next: Option<&Lexeme>) -> Option<u8> {
        let fresh = (self.open).is_some_and(|open| open.name == Name::Target && open.numbers == 0);
        let dashed = next.is_some_and(|next| next.what == What::Sign('-') && !next.glued);
        let index: u8 = number.written.parse().ok()?;
        (fresh && dashed && (1..=20).contains(&index) && self.has_entry() && !self.is_near(number))
            .then_some(index)
    }

    /// `Vol: 1.8x`: no leverage has a fraction where something else is named.
    fn measures(&self, number: &Number) -> bool {
        let other = self
            .open
            .is_some_and(|open| matches!(open.name, Name::Size | Name::Other));
        other && number.value.is_some_and(|value| !value.is_integer())
    }

    /// `3er Hebel`: the number before the word.
    pub(super) fn lent(&mut self, leverage: Decimal) {
        self.fields.leverage.push(leverage);
        self.found(Field::Leverage, None, Confidence::Named);
    }

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
                    Err(_) => self.fields.unreadable = Some(number.written.clone()),
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
                    self.fields.unreadable = Some(number.written.clone());
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
        let Some(open) = &mut self.open else {
            self.line.loose.extend(number.value);
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
            self.fields.unreadable = Some(number.written.clone());
            return;
        };
        if number.doubtful {
            self.fields
                .unreadable
                .get_or_insert_with(|| number.written.clone());
        }
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
                self.fields.price = Some(value);
            }
            Name::Entry => {
                self.sentence.entry = true;
                self.fields.entry.push(value);
                if self.adding {
                    self.fields.added.push(value);
                } else if self.now {
                    self.fields.seen.push(value);
                }
            }
            Name::Soft => self.fields.soft.push(value),
            Name::Target => self.fields.targets.push(Goal {
                price: value,
                percent: None,
            }),
            Name::Stop => self.fields.stops.push(value),
            Name::Leverage => self.fields.leverage.push(value),
            Name::Price => self.fields.price = Some(value),
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
    fn unchain(&mut self) {
        for _ in 0..std::mem::take(&mut self.chain).len() {
            match self.open.map(|open| open.name) {
                Some(Name::Entry) => drop(self.fields.entry.pop()),
                Some(Name::Soft) => drop(self.fields.soft.pop()),
                Some(Name::Target) => drop(self.fields.targets.pop()),
                Some(Name::Stop) => drop(self.fields.stops.pop()),
                Some(Name::Leverage) => drop(self.fields.leverage.pop()),
                Some(
                    Name::Price
                    | Name::Timeframe
                    | Name::Validity
                    | Name::Size
                    | Name::Risk
                    | Name::Other,
                ) => {}
                None => drop(self.line.loose.pop()),
            }
        }
    }

    fn percent(&mut self, number: &Number) {
        let chained = !self.chain.is_empty();
        // `2-3%` of the account: at least two.
        let least = self.chain.first().copied().or(number.value);
        self.line.share = least;
        self.unchain();
        let Some(open) = &mut self.open else { return };
        match open.name {
            Name::Size => {
                self.line.share = None;
                if self.fields.size.is_none() {
                    self.fields.size = least;
                    self.found(Field::Size, None, Confidence::Named);
                }
            }
            Name::Risk => {
                self.line.share = None;
                if self.fields.risk.is_none() {
                    self.fields.risk = least;
                    self.found(Field::Risk, None, Confidence::Named);
                }
            }
            // `(+20 %)` is what the target would earn and no share of the position.
            // `TP: 5 %`, `TP 3 % / 5 %`: so far away, as long as no target has a price.
            Name::Target if !chained && open.numbers == 0 && self.fields.targets.is_empty() => {
                if let Some(far) = number.value.filter(|_| self.sign != Some('(')) {
                    self.fields.targets_away.push(Away {
                        far,
                        unit: Measure::Percent,
                    });
                    self.found(Field::Target, None, Confidence::Named);
                }
            }
            Name::Target
                if !chained && open.numbers > 0 && !matches!(self.sign, Some('+' | '(')) =>
            {
                if let Some(goal) = self.fields.targets.last_mut()
                    && goal.percent.is_none()
                {
                    goal.percent = number.value;
                }
            }
            // `Entry 1: 0.0245 (50%)`: its share of the position.
            Name::Entry if !chained && open.numbers > 0 && self.sign != Some('+') => {
                let last = self.fields.entry.last().copied();
                self.fields.shares.extend(last.zip(number.value));
            }
            // `3-5 %` is no one distance, and the percentage behind a price says what it would cost.
            Name::Stop if open.numbers == 0 => match (chained, number.value) {
                (false, Some(percent)) => {
                    self.fields.percent_stop = Some(percent.abs());
                    self.found(Field::Stop, None, Confidence::Named);
                }
                _ => self.fields.unreadable = Some(number.written.clone()),
            },
            Name::Target
            | Name::Stop
            | Name::Entry
            | Name::Soft
            | Name::Leverage
            | Name::Price
            | Name::Timeframe
            | Name::Validity
            | Name::Other => {}
        }
    }

    /// `SL 50 pips`, `TP 1R`: how far a level is away, where it has no price. `20-30-50 pips` are three.
    fn away(&mut self, number: &Number, unit: Measure) {
        let before = self.chain.clone();
        self.unchain();
        let Some(open) = self.open else { return };
        let told = open.numbers > before.len() && open.item.is_none();
        let Some(far) = number.value.filter(|far| *far > Decimal::ZERO && !told) else {
            return;
        };
        let fields = &mut self.fields;
        match open.name {
            Name::Target => {
                let all = before.into_iter().chain([far]);
                fields
                    .targets_away
                    .extend(all.map(|far| Away { far, unit }));
                self.found(Field::Target, None, Confidence::Named);
            }
            Name::Stop if before.is_empty() && fields.stop_away.is_none() => {
                fields.stop_away = Some(Away { far, unit });
                self.found(Field::Stop, None, Confidence::Named);
            }
            Name::Stop => fields.unreadable = Some(number.written.clone()),
            Name::Entry
            | Name::Soft
            | Name::Leverage
            | Name::Price
            | Name::Timeframe
            | Name::Validity
            | Name::Size
            | Name::Risk
            | Name::Other => {}
        }
    }

    /// A length of time, where it is said of what.
    fn span(&mut self, number: &Number) {
        let Some(span) = length(number) else { return };
        self.line.span = Some(span);
        match self.open.map(|open| open.name) {
            Some(Name::Timeframe) => {
                self.fields.timeframe = Some(span);
                self.found(Field::Timeframe, None, Confidence::Named);
            }
            Some(Name::Validity) => self.fields.valid = Some(span),
            _ => {}
        }
    }

    pub(super) fn index(&mut self, index: u8) {
        if self.trailing {
            self.fields.breakeven_after = Some(index);
            self.open = None;
            return;
        }
        // `leverage 4th` is a leverage of four in some languages.
        if self
            .open
            .is_some_and(|open| open.name == Name::Leverage && open.numbers == 0)
        {
            self.fields.leverage.push(index.into());
            self.found(Field::Leverage, Some(index.into()), Confidence::Named);
            self.open = None;
            return;
        }
        self.line.item = Some(index).filter(|_| self.open.is_none());
        if let Some(open) = &mut self.open {
            open.indexed = true;
            open.item = Some(index);
            open.words = 0;
            if open.name == Name::Target {
                self.last_index = index;
                self.line.goal.get_or_insert(index);
            }
            if open.name == Name::Soft {
                self.open = None;
            }
        }
    }
}

/// How long `24 h` is; none for what is no time, or longer than anybody waits.
fn length(number: &Number) -> Option<Duration> {
    let seconds = number.value?.checked_mul(number.span?.into())?;
    let seconds = u64::try_from(seconds.trunc()).ok()?;
    let longest = HELD_AT_MOST.as_secs() * 2;
    (1..=longest)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

/// A timeframe as charts name it: `M15`, `H4`, `D1`.
pub(super) fn charted(text: &str) -> Option<Duration> {
    let unit = match text.as_bytes().first()? {
        b'M' => 60,
        b'H' => 3_600,
        b'D' => 86_400,
        b'W' => 604_800,
        _ => return None,
    };
    let number: u64 = text.get(1..)?.parse().ok()?;
    (1..=60)
        .contains(&number)
        .then(|| Duration::from_secs(unit * number))
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
    let lent = open.is_some_and(|open| open.name == Name::Leverage && open.numbers == 0);
    let heads = !lent
        && !line.label
        && !line.number
        && matches!(next, What::Is(concept) if concept.is_label());
    let fresh = open.is_some_and(|open| {
        open.numbers == 0 && matches!(open.name, Name::Entry | Name::Target | Name::Stop)
    });
    let divides = matches!(
        next,
        What::Sign(':') | What::Number(_) | What::Tick | What::Is(Concept::Hit)
    );
    (heads || fresh && divides).then_some(index)
}
