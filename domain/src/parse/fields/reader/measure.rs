//! Measures: numbers under a label that are no prices: percentages, distances, lengths of time.

use std::time::Duration;

use rust_decimal::Decimal;

use super::Reader;
use super::open::Name;
use crate::parse::fields::{Away, Measure};
use crate::parse::number::Number;
use crate::reading::{Confidence, Field};
use crate::signal::HELD_AT_MOST;

impl Reader {
    pub(super) fn percent(&mut self, number: &Number) {
        // `SL 142.00 -3%`: a sign right before the number and apart from the price joins nothing.
        if self.sign == Some('-') && self.glued && !self.tight {
            self.chain.clear();
        }
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
                _ => self.fields.unreadable = Some(number.written.to_string()),
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
    pub(super) fn away(&mut self, number: &Number, unit: Measure) {
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
            Name::Stop => fields.unreadable = Some(number.written.to_string()),
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
    pub(super) fn span(&mut self, number: &Number) {
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
