//! Labels: what a phrase of the lexicon opens, says or takes back.

use super::Reader;
use super::exit::is_bare;
use super::open::{Name, Open};
use crate::market::Venue;
use crate::parse::fields::{Refusal, Trigger};
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{Confidence, Field, Margin};

/// Pictures that stand for a word where a number follows at once.
pub(super) const GOALS: [char; 2] = ['🎯', '🥅'];
const STOPS: [char; 4] = ['🛑', '⛔', '🚫', '🧯'];
const DOORS: [char; 2] = ['🚪', '📥'];

impl Reader {
    /// `🎯 63000`: a picture in the place of a label.
    pub(super) fn picture(&mut self, mark: char) {
        if GOALS.contains(&mark) && self.open.is_none_or(|open| open.name != Name::Target) {
            self.concept(&Concept::Target, None);
            if let Some(open) = &mut self.open {
                open.bullet = Some(mark);
            }
        } else if STOPS.contains(&mark) && self.open.is_none_or(|open| open.name != Name::Stop) {
            self.concept(&Concept::Stop, None);
        } else if DOORS.contains(&mark) && self.open.is_none_or(|open| open.name != Name::Entry) {
            self.concept(&Concept::Entry, None);
        }
    }

    pub(super) fn concept(&mut self, concept: &Concept, next: Option<&Lexeme>) {
        match concept {
            // `stop moved to the entry price 118500`: the number is where one is in.
            Concept::Entry if self.stop_goes_there() => {
                self.fields.later = true;
                self.open = Some(Open::new(Name::Other));
            }
            Concept::Entry => {
                self.fields.entry_label = true;
                self.sentence.labelled = true;
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
            Concept::Again if (self.adds() || self.adds_softly()) && self.last => {
                self.add();
                let fields = &mut self.fields;
                if fields.entry.is_empty() {
                    fields.entry = std::mem::take(&mut fields.soft);
                }
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
                self.declare(concept, next);
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
                ) || self
                    .open
                    .is_some_and(|open| open.name == Name::Price && open.numbers == 0)
                {
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
            Concept::Hit => self.line.hit |= !self.line.planned,
            Concept::Not | Concept::Nay => {
                if self.sentence.clause {
                    self.refuse(Refusal::Negated);
                }
                if self.sentence.named {
                    self.sentence.doubted.get_or_insert(Refusal::Negated);
                }
                self.sentence.not = true;
            }
            // `SL (if the candle closes under 1.115)`: it is said of the stop.
            Concept::If if self.stop_lacks_its_price() => {}
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
            Concept::Theirs => self.sentence.theirs = true,
            Concept::Idle => self.fields.idle = true,
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
                self.fields.shifted |= !self.lacks_its_number();
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
                self.fields.in_profit = true;
                self.sentence.aside = true;
            }
            Concept::Cost => {
                self.fields.later = true;
                self.fields.in_profit = true;
                self.sentence.aside = true;
            }
            Concept::Take | Concept::Half | Concept::Share(_) | Concept::Hold => {
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

    /// `SHORT`, and not `Sell: 2700`: a side that is no label of a price.
    fn declare(&mut self, concept: &Concept, next: Option<&Lexeme>) {
        let label = next.is_some_and(|next| {
            matches!(
                next.what,
                What::Sign(':' | '@' | '-' | '=') | What::Number(_) | What::Is(Concept::Filler)
            )
        });
        if !label {
            self.fields.declared_long |= *concept == Concept::Long;
            self.fields.declared_short |= *concept == Concept::Short;
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
}
