//! Orders: what the author tells his followers to do.

use rust_decimal::Decimal;

use super::Speech;
use crate::market::Price;
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token;
use crate::reading::{MAX_TARGETS, Meaning, Order};

/// The most unknown words of a text that moves a level: `the next target is …` in a sentence about
/// the market moves none.
const MOST_LEVEL_WORDS: usize = 12;

impl Speech<'_> {
    pub(super) fn cancel(&self) -> Option<Meaning> {
        let at = self.meant(&Concept::Cancel)?;
        if self.has(&Concept::Close) {
            return None;
        }
        // A target or a stop that is withdrawn leaves the trade as it is.
        if self.line_has(at, &[Concept::Target]) {
            return Some(Meaning::Updates(
                self.told(at, vec![Order::Retarget(Vec::new())]),
            ));
        }
        if self.line_has(at, &[Concept::Stop]) {
            return Some(Meaning::Updates(self.told(at, vec![Order::WithdrawStop])));
        }
        Some(Meaning::Cancels(self.told(at, vec![Order::Cancel])))
    }

    /// What the author orders: a close, or changes.
    pub(super) fn orders(&self) -> Option<Meaning> {
        let mut orders = Vec::new();
        let mut place = None;
        let unnamed = self.fields.stops.is_empty() && self.fields.targets.is_empty();
        let limit_moved = self.fields.limit && self.fields.moving && unnamed;
        if !self.fields.entry.is_empty() && !self.fields.moving {
            return Some(Meaning::Noise("trade-without-pair"));
        }
        if let Some((at, entry)) = self.entry() {
            place = Some(at);
            orders.push(entry);
        } else if !self.fields.entry.is_empty() || limit_moved {
            return Some(Meaning::Quarantined {
                drafts: Vec::new(),
                reason: "it moves an entry, and not clearly to where".into(),
            });
        }
        let share = self.share();
        if let Some((at, share)) = share {
            place = Some(at);
            if share == Decimal::ONE {
                return Some(Meaning::Closes(self.told(at, vec![Order::Close])));
            }
            orders.push(Order::CloseShare(share));
        } else if let Some(at) = self.close() {
            // One part of the members closes and another stays in: nobody knows who is who.
            if self.has(&Concept::Hold) {
                return Some(Meaning::Noise("closes-and-holds"));
            }
            return Some(Meaning::Closes(self.told(at, vec![Order::Close])));
        }
        if let Some((at, stop)) = self.stop() {
            place = place.or(Some(at));
            orders.push(Order::MoveStop(stop));
        } else if let Some(at) = self
            .breakeven(share.is_some())
            .filter(|_| self.fields.stops.is_empty())
        {
            place = place.or(Some(at));
            orders.push(Order::Breakeven);
        }
        if let Some((at, targets)) = self.targets() {
            place = place.or(Some(at));
            orders.push(Order::Retarget(targets));
        }
        let place = place?;
        if orders.iter().any(is_level) && self.fields.unreadable.is_some() {
            return Some(Meaning::Noise("unclear"));
        }
        let levels = orders.iter().all(is_level);
        if levels && !self.fields.moving && self.opens() {
            return Some(Meaning::Noise("trade-without-entry"));
        }
        Some(Meaning::Updates(self.told(place, orders)))
    }

    /// Does it speak of a trade that begins, though it gives no entry?
    fn opens(&self) -> bool {
        let pair = !self.pairs().is_empty();
        let bought = self.lexemes.iter().any(|lexeme| {
            (lexeme.is(&Concept::Long) || lexeme.is(&Concept::Short)) && lexeme.text.is_ascii()
        });
        self.fields.entry_label
            || pair && (bought || self.fields.near && !self.fields.soft.is_empty())
    }

    /// `move the entry to 459-468`, `limit moved to 1.2`: where it says so, and what it orders.
    fn entry(&self) -> Option<(usize, Order)> {
        let fields = &self.fields;
        let prices = match (fields.entry.as_slice(), fields.soft.as_slice()) {
            ([], soft @ [_]) if fields.limit => soft,
            (entry @ ([_] | [_, _]), _) => entry,
            _ => return None,
        };
        let clear = fields.moving && fields.unreadable.is_none() && !fields.reached;
        let at =
            (self.meant(&Concept::Move)).filter(|_| clear && self.words() <= MOST_LEVEL_WORDS)?;
        // `set up entry 1` counts.
        let counts = |price: &Decimal| price.is_integer() && *price < Decimal::from(MAX_TARGETS);
        let alone = fields.stops.is_empty() && fields.targets.is_empty();
        if alone && prices.iter().all(counts) {
            return None;
        }
        let low = Price::new(*prices.iter().min()?).ok()?;
        let high = Price::new(*prices.iter().max()?).ok()?;
        Some((at, Order::MoveEntry { low, high }))
    }

    fn close(&self) -> Option<usize> {
        self.taken_whole()
            .or_else(|| self.close_word())
            .or_else(|| self.quit())
    }

    /// `多止盈` with no price near it: the profit of the long is taken.
    fn taken_whole(&self) -> Option<usize> {
        let fields = &self.fields;
        let levels = fields.targets.len() + fields.stops.len() + fields.entry.len();
        let pair = |two: &[Lexeme]| {
            two[0].side().is_some()
                && two[0].text.chars().count() == 1
                && two[1].glued
                && two[1].is(&Concept::Target)
                && two[1].text.chars().all(token::is_han)
        };
        let at = self.lexemes.windows(2).position(pair)? + 1;
        (levels == 0 && !self.refused(at) && !self.line_has(at, &[Concept::Hit, Concept::Half]))
            .then_some(at)
    }

    /// `close SOL long now`: the word begins its clause, and what it ends is named right behind it.
    fn quit(&self) -> Option<usize> {
        let at = self.meant(&Concept::Quit)?;
        let line = self.lexemes[at].line;
        let heads = self.lexemes[..at]
            .iter()
            .rev()
            .find(|before| {
                !before.is(&Concept::Take) && !matches!(before.what, What::Sign('#' | '*'))
            })
            .is_none_or(|before| {
                before.line != line
                    || before.is(&Concept::Filler)
                    || matches!(before.what, What::Sign(_) | What::Tick | What::Break)
            });
        let named = self.lexemes[at + 1..]
            .iter()
            .take_while(|next| next.line == line)
            .find(|next| !matches!(next.what, What::Sign(_)) && !next.is(&Concept::Filler))
            .is_some_and(|next| next.side().is_some() || matches!(next.what, What::Pair(_)));
        let level = [Concept::Below, Concept::Above, Concept::Hit, Concept::Half];
        (heads && named && !self.line_has(at, &level) && !self.planned(at)).then_some(at)
    }

    fn close_word(&self) -> Option<usize> {
        self.meant(&Concept::Close).filter(|at| {
            let line = self.lexemes[*at].line;
            let waits = self.lexemes[..*at]
                .iter()
                .rev()
                .take_while(|lexeme| lexeme.line == line)
                .any(|lexeme| lexeme.is(&Concept::Below) || lexeme.is(&Concept::Above));
            !waits && !self.planned(*at) && !self.line_has(*at, &[Concept::Hit, Concept::Half])
        })
    }

    /// `second target 85400, all out there` is a plan: a target's price stands before the word.
    fn planned(&self, at: usize) -> bool {
        let line = self.lexemes[at].line;
        self.lexemes[..at]
            .iter()
            .rev()
            .take_while(|lexeme| lexeme.line == line)
            .skip_while(|lexeme| !matches!(lexeme.what, What::Number(_)))
            .any(|lexeme| lexeme.is(&Concept::Target))
    }

    /// `close 50 %`, `止盈一半`: where, and which share.
    fn share(&self) -> Option<(usize, Decimal)> {
        self.lexemes.iter().enumerate().find_map(|(at, lexeme)| {
            let chinese = lexeme.text.chars().any(token::is_han);
            let acts = lexeme.is(&Concept::Take)
                || lexeme.is(&Concept::Close)
                || lexeme.is(&Concept::Target) && chinese;
            let told = self.line_has(at, &[Concept::Hit]) || self.planned(at);
            if !acts || self.refused(at) || told {
                return None;
            }
            let line = lexeme.line;
            // Where the verb comes last, the half stands right before it.
            let half = at
                .checked_sub(1)
                .map(|before| &self.lexemes[before])
                .filter(|before| before.line == line && before.is(&Concept::Half));
            self.lexemes[at + 1..]
                .iter()
                .take(3)
                // What stands behind a price happens there.
                .take_while(|next| next.line == line && !is_price(next))
                .chain(half)
                .find_map(share_of)
                .map(|share| (at, share))
        })
    }

    /// Where a part is taken, the word for it is none that ends the trade.
    fn breakeven(&self, part: bool) -> Option<usize> {
        let named = self.meant(&Concept::Breakeven).filter(|at| {
            let after_hit = at
                .checked_sub(1)
                .is_some_and(|before| self.lexemes[before].is(&Concept::Hit));
            let ends = !part && self.line_has(*at, &[Concept::Close]) || self.planned(*at);
            !after_hit && !ends && !self.line_has(*at, &[Concept::Talk])
        });
        named.or_else(|| {
            let place = self.meant(&Concept::Cost).or_else(|| {
                let at = self.meant(&Concept::Entry);
                at.filter(|_| self.fields.entry.is_empty() && !self.fields.entry_label)
            });
            place.filter(|at| {
                self.line_has(*at, &[Concept::Stop]) && self.line_has(*at, &[Concept::Move])
            })
        })
    }

    fn stop(&self) -> Option<(usize, Price)> {
        let [stop] = self.fields.stops.as_slice() else {
            return None;
        };
        let at = self.meant(&Concept::Stop)?;
        let told = !self.line_has(at, &[Concept::Hit, Concept::Close])
            && !self.fields.reached
            && self.words() <= MOST_LEVEL_WORDS;
        Price::new(*stop)
            .ok()
            .filter(|_| told)
            .map(|stop| (at, stop))
    }

    fn targets(&self) -> Option<(usize, Vec<Price>)> {
        let at = self.meant(&Concept::Target)?;
        // `目标` is where a market goes in talk about it, `止盈` only where a trade does; and whole
        // numbers like the 2 of `full target 2` may count the targets.
        let talk = self.lexemes[at].text.contains('目') && !self.fields.moving;
        let counts = self
            .fields
            .targets
            .iter()
            .all(|goal| goal.price.is_integer() && goal.price < Decimal::from(MAX_TARGETS));
        if talk || counts {
            return None;
        }
        let told = !self.line_has(at, &[Concept::Hit, Concept::Close])
            && !self.fields.reached
            && self.words() <= MOST_LEVEL_WORDS
            && !self.fields.targets.is_empty()
            && self.fields.unreadable.is_none();
        let prices = self
            .fields
            .targets
            .iter()
            .filter_map(|goal| Price::new(goal.price).ok())
            .collect();
        told.then_some((at, prices))
    }
}

/// Does an order carry a price?
pub(super) const fn is_level(order: &Order) -> bool {
    match order {
        Order::MoveStop(_) | Order::MoveEntry { .. } => true,
        Order::Retarget(prices) => !prices.is_empty(),
        Order::Breakeven
        | Order::CloseShare(_)
        | Order::Close
        | Order::Cancel
        | Order::WithdrawStop => false,
    }
}

fn is_price(lexeme: &Lexeme) -> bool {
    matches!(&lexeme.what, What::Number(number) if number.unit == Unit::None)
}

/// The share that a lexeme names.
fn share_of(lexeme: &Lexeme) -> Option<Decimal> {
    if lexeme.is(&Concept::Half) {
        return Some(Decimal::new(5, 1));
    }
    if lexeme.is(&Concept::All) {
        return Some(Decimal::ONE);
    }
    let What::Number(number) = &lexeme.what else {
        return None;
    };
    number
        .value
        .filter(|_| number.unit == Unit::Percent)
        .filter(|value| *value > Decimal::ZERO && *value <= Decimal::ONE_HUNDRED)
        .map(|value| (value / Decimal::ONE_HUNDRED).normalize())
}
