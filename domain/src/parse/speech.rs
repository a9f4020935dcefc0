//! Later words: what a text that opens no trade says about those that are open.

use rust_decimal::Decimal;

use super::fields::{self, Fields};
use super::lexicon::Concept;
use super::number::Unit;
use super::phrase::{Lexeme, What};
use super::symbol::Sureness;
use super::token;
use crate::market::{Pair, Price, Side};
use crate::reading::{About, Instruction, MAX_TARGETS, Meaning, Order};

/// The most unknown words that an order has; a longer text is talk, whatever phrases are in it.
/// A Chinese character counts one, a word of letters two.
const MOST_WORDS: usize = 26;

/// The most lexemes of an order, known or unknown; what is longer is not looked through again and
/// again.
const MOST_LEXEMES: usize = 400;

/// The most unknown words of a text that moves a level: `the next target is …` in a sentence about
/// the market moves none.
const MOST_LEVEL_WORDS: usize = 12;

/// How near a negation stands before what it negates, in lexemes.
const NEAR: usize = 6;

/// Reads a text that opens no trade.
pub(super) fn read(lexemes: &[Lexeme]) -> Meaning {
    let lexemes = without_advertisement(lexemes);
    let speech = Speech {
        lexemes,
        fields: fields::read(lexemes),
    };
    if speech.words() > MOST_WORDS || lexemes.len() > MOST_LEXEMES {
        return speech.claim_of_levels().unwrap_or(Meaning::Noise("chat"));
    }
    speech
        .cancel()
        .or_else(|| speech.orders())
        .or_else(|| speech.claim())
        .unwrap_or_else(|| Meaning::Noise(speech.noise()))
}

/// What stands behind a drawn line is the channel's advertisement.
fn without_advertisement(lexemes: &[Lexeme]) -> &[Lexeme] {
    let line = lexemes
        .windows(4)
        .position(|four| four.iter().all(|lexeme| lexeme.what == What::Sign('=')));
    match line {
        Some(at) if at > 0 => &lexemes[..at],
        _ => lexemes,
    }
}

struct Speech<'a> {
    lexemes: &'a [Lexeme],
    fields: Fields,
}

impl Speech<'_> {
    fn words(&self) -> usize {
        let weight = |lexeme: &Lexeme| {
            if lexeme.text.chars().all(token::is_han) {
                1
            } else {
                2
            }
        };
        self.lexemes
            .iter()
            .filter(|lexeme| lexeme.what == What::Word)
            .map(weight)
            .sum()
    }

    fn has(&self, concept: &Concept) -> bool {
        self.lexemes.iter().any(|lexeme| lexeme.is(concept))
    }

    /// Where a concept stands that is neither negated nor under a condition.
    fn meant(&self, concept: &Concept) -> Option<usize> {
        self.lexemes
            .iter()
            .enumerate()
            .position(|(at, lexeme)| lexeme.is(concept) && !self.refused(at))
    }

    /// Is what stands at `at` negated right before it, or under a condition on its line?
    fn refused(&self, at: usize) -> bool {
        let line = self.lexemes[at].line;
        let before = self.lexemes[..at]
            .iter()
            .rev()
            .take_while(|lexeme| lexeme.line == line);
        let told = before.clone().any(|lexeme| lexeme.is(&Concept::Talk));
        let negated = before
            .clone()
            .take(NEAR)
            .any(|lexeme| lexeme.is(&Concept::Not));
        let conditional = before.clone().any(|lexeme| lexeme.is(&Concept::If));
        let asked = self.lexemes[at..]
            .iter()
            .take_while(|lexeme| lexeme.line == line)
            .any(|lexeme| lexeme.what == What::Sign('?'));
        negated || conditional || asked || told
    }

    /// Does a line speak of this, too?
    fn line_has(&self, at: usize, concepts: &[Concept]) -> bool {
        let line = self.lexemes[at].line;
        let from = self.lexemes.partition_point(|lexeme| lexeme.line < line);
        self.lexemes[from..]
            .iter()
            .take_while(|lexeme| lexeme.line == line)
            .any(|lexeme| concepts.iter().any(|concept| lexeme.is(concept)))
    }

    fn cancel(&self) -> Option<Meaning> {
        let at = self.meant(&Concept::Cancel)?;
        if self.has(&Concept::Close) {
            return None;
        }
        // A target or a stop that is withdrawn leaves the trade as it is.
        if self.line_has(at, &[Concept::Target, Concept::Stop]) {
            return Some(Meaning::Noise("withdraws-a-level"));
        }
        Some(Meaning::Cancels(self.told(at, vec![Order::Cancel])))
    }

    /// What the author orders: a close, or changes.
    fn orders(&self) -> Option<Meaning> {
        let limit_moved = self.fields.limit && self.fields.moving;
        if !self.fields.entry.is_empty() || limit_moved {
            return Some(if self.fields.moving {
                Meaning::Quarantined {
                    drafts: Vec::new(),
                    reason: "it changes an entry, which no order can".into(),
                }
            } else {
                Meaning::Noise("trade-without-pair")
            });
        }
        let mut orders = Vec::new();
        let mut place = None;
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
        } else if let Some(at) = self.breakeven().filter(|_| self.fields.stops.is_empty()) {
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

    fn close(&self) -> Option<usize> {
        self.meant(&Concept::Close).filter(|at| {
            let line = self.lexemes[*at].line;
            let waits = self.lexemes[..*at]
                .iter()
                .rev()
                .take_while(|lexeme| lexeme.line == line)
                .any(|lexeme| lexeme.is(&Concept::Below) || lexeme.is(&Concept::Above));
            !waits && !self.line_has(*at, &[Concept::Hit, Concept::Half])
        })
    }

    /// `close 50 %`, `止盈一半`: where, and which share.
    fn share(&self) -> Option<(usize, Decimal)> {
        self.lexemes.iter().enumerate().find_map(|(at, lexeme)| {
            let chinese = lexeme.text.chars().any(token::is_han);
            let acts = lexeme.is(&Concept::Take)
                || lexeme.is(&Concept::Close)
                || lexeme.is(&Concept::Target) && chinese;
            if !acts || self.refused(at) || self.line_has(at, &[Concept::Hit]) {
                return None;
            }
            let line = lexeme.line;
            self.lexemes[at + 1..]
                .iter()
                .take(3)
                .take_while(|next| next.line == line)
                .find_map(share_of)
                .map(|share| (at, share))
        })
    }

    fn breakeven(&self) -> Option<usize> {
        let named = self.meant(&Concept::Breakeven).filter(|at| {
            let after_hit = at
                .checked_sub(1)
                .is_some_and(|before| self.lexemes[before].is(&Concept::Hit));
            !after_hit && !self.line_has(*at, &[Concept::Close, Concept::Talk])
        });
        named.or_else(|| {
            self.meant(&Concept::Cost).filter(|at| {
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

    /// A report of what was reached or earned.
    fn claim(&self) -> Option<Meaning> {
        let level = [
            Concept::Stop,
            Concept::Target,
            Concept::Breakeven,
            Concept::Cost,
            Concept::Entry,
            Concept::Close,
        ];
        let reached = self
            .lexemes
            .iter()
            .enumerate()
            .any(|(at, lexeme)| lexeme.is(&Concept::Hit) && self.line_has(at, &level));
        let percent = self.percent();
        let ticked = self.lexemes.iter().any(|lexeme| lexeme.what == What::Tick)
            && (percent.is_some() || self.fields.target_label || self.fields.stop_label);
        let earned = percent.is_some()
            && self
                .lexemes
                .iter()
                .any(|lexeme| lexeme.is(&Concept::Result));
        let pips = self.lexemes.windows(2).any(|two| {
            two[0].what == What::Sign('+')
                && matches!(&two[1].what, What::Number(number) if number.unit != Unit::None)
        });
        (self.fields.reached || reached || ticked || earned || pips).then(|| Meaning::Claim {
            pair: self.pairs().into_iter().next().map(|(pair, _)| pair),
            percent,
        })
    }

    /// A long text that repeats a trade's levels with ticks is still a report of them.
    fn claim_of_levels(&self) -> Option<Meaning> {
        let ticked = self.lexemes.iter().any(|lexeme| lexeme.what == What::Tick);
        (ticked && self.fields.reached && !self.fields.targets.is_empty()).then(|| Meaning::Claim {
            pair: self.pairs().into_iter().next().map(|(pair, _)| pair),
            percent: self.percent(),
        })
    }

    /// The first percentage, negative where it says so.
    fn percent(&self) -> Option<Decimal> {
        self.lexemes.iter().enumerate().find_map(|(at, lexeme)| {
            let What::Number(number) = &lexeme.what else {
                return None;
            };
            let value = number.value.filter(|_| number.unit == Unit::Percent)?;
            // The dash in `40-45%` is no minus.
            let minus = at
                .checked_sub(1)
                .is_some_and(|before| self.lexemes[before].what == What::Sign('-'))
                && !at
                    .checked_sub(2)
                    .is_some_and(|before| matches!(self.lexemes[before].what, What::Number(_)));
            Some(if minus { -value } else { value })
        })
    }

    /// Why it is none of the others.
    fn noise(&self) -> &'static str {
        let price = self.fields.price.is_some()
            && !self.lexemes.iter().any(|lexeme| lexeme.what == What::Word);
        if price {
            "price-only"
        } else if self.has(&Concept::If) {
            "conditional"
        } else if self.lexemes.iter().any(|lexeme| lexeme.what == What::Link) {
            "link"
        } else {
            "chat"
        }
    }

    /// The orders, for each trade that they may be about.
    fn told(&self, at: usize, orders: Vec<Order>) -> Vec<Instruction> {
        let mut pairs = self.pairs();
        let levels = orders.iter().any(is_level);
        // A price fits one pair only.
        if levels && pairs.len() > 1 {
            pairs.clear();
        }
        let about = |pair: Option<(Pair, bool)>| About {
            quote_implied: pair.as_ref().is_some_and(|(_, implied)| *implied),
            pair: pair.map(|(pair, _)| pair),
            side: self.side_before(at).or_else(|| self.side_after(at)),
            all: self.has(&Concept::All),
        };
        let abouts: Vec<About> = if pairs.is_empty() {
            vec![about(None)]
        } else {
            pairs.into_iter().map(|pair| about(Some(pair))).collect()
        };
        abouts
            .into_iter()
            .flat_map(|about| {
                orders.iter().map(move |order| Instruction {
                    about: about.clone(),
                    order: order.clone(),
                })
            })
            .collect()
    }

    /// The pairs it names, each once, and whether their quote is implied.
    fn pairs(&self) -> Vec<(Pair, bool)> {
        let mut pairs: Vec<(Pair, bool)> = Vec::new();
        let mentions = self.lexemes.iter().filter_map(Lexeme::mention);
        for mention in mentions.filter(|mention| mention.sure > Sureness::Sided) {
            if let Some(pair) = mention.pair()
                && !pairs.iter().any(|(known, _)| known.base() == pair.base())
                && pairs.len() < usize::from(u8::MAX)
            {
                pairs.push((pair, mention.quote.is_none()));
            }
        }
        pairs
    }

    /// The side that an order names right behind it: `close all long positions`.
    fn side_after(&self, at: usize) -> Option<Side> {
        let line = self.lexemes[at].line;
        self.lexemes[at + 1..]
            .iter()
            .take(4)
            .take_while(|next| {
                next.line == line && !matches!(next.what, What::Word | What::Sign(_))
            })
            .find_map(Lexeme::side)
    }

    /// The side that is named before an order: what follows may be the next trade
    /// (`close, then go short`).
    fn side_before(&self, at: usize) -> Option<Side> {
        let sides = |concept| self.lexemes[..at].iter().any(|lexeme| lexeme.is(&concept));
        match (sides(Concept::Long), sides(Concept::Short)) {
            (true, false) => Some(Side::Long),
            (false, true) => Some(Side::Short),
            _ => None,
        }
    }
}

/// Does an order carry a price?
const fn is_level(order: &Order) -> bool {
    matches!(order, Order::MoveStop(_) | Order::Retarget(_))
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
