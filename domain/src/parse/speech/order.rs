//! Orders: what the author tells his followers to do, put together.

use rust_decimal::Decimal;

use super::ending::is_price;
use super::{MOST_CLAUSE, MOST_WORDS, Speech, words};
use crate::parse::lexicon::Concept;
use crate::parse::phrase::What;
use crate::reading::{Instruction, Meaning, Order};

/// The most unknown words of an order among many others.
const MOST_BESIDE: usize = 8;

impl Speech<'_> {
    /// The orders of each sentence, one after the other; none where no sentence orders anything, or
    /// where they cannot all be meant.
    pub(super) fn sentence_by_sentence(&self) -> Option<Meaning> {
        let prose = !self.fields.entry.is_empty() && !self.fields.moving;
        let reported = self.has(&Concept::Hit) && !self.fields.moving;
        let levels = !prose && !reported && !self.opens_unmoved();
        let long = self.words() > MOST_WORDS;
        let mut told: Vec<Instruction> = Vec::new();
        for sentence in self.sentences(if long { MOST_BESIDE } else { MOST_CLAUSE }) {
            // In a long text a level without a verb is talk about the market.
            let levels = levels && (!long || sentence.fields.moving);
            match sentence.cancel().or_else(|| sentence.orders()) {
                Some(
                    Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words),
                ) => {
                    for word in words {
                        if (levels || !is_level(&word.order)) && !told.contains(&word) {
                            told.push(word);
                        }
                    }
                }
                // What is unclear by itself may be clear beside the others.
                Some(Meaning::Quarantined { .. }) => return None,
                Some(Meaning::Noise("closes-and-holds")) => {
                    return Some(Meaning::Noise("closes-and-holds"));
                }
                Some(Meaning::Noise(_) | Meaning::Signals(_) | Meaning::Claim { .. }) | None => {}
            }
        }
        let ends = told.iter().any(|word| word.order == Order::Close);
        if ends && self.holds() {
            return Some(Meaning::Noise("closes-and-holds"));
        }
        let mut told = joined(told);
        if !self.all_levels(&told) {
            told.retain(|word| !is_level(&word.order));
        }
        together(told)
    }

    /// Are the levels that the sentences set all that the text names? Else nobody knows which are meant.
    fn all_levels(&self, told: &[Instruction]) -> bool {
        let targets = told.iter().find_map(|word| match &word.order {
            Order::Retarget(prices) => Some(prices.len()).filter(|count| *count > 0),
            Order::MoveStop(_)
            | Order::Breakeven
            | Order::CloseShare(_)
            | Order::Close
            | Order::Cancel
            | Order::MoveEntry { .. }
            | Order::MoveTarget { .. }
            | Order::WithdrawStop
            | Order::Reenter(_) => None,
        });
        let stopped = told
            .iter()
            .any(|word| matches!(word.order, Order::MoveStop(_)));
        targets.is_none_or(|count| count == self.fields.targets.len())
            && !(stopped && targets.is_none() && !self.fields.targets.is_empty())
    }

    /// Is a level told without a verb so barely that it can only be an order: its label heads its clause,
    /// no other price stands in the text, and nothing is negated, supposed or asked?
    fn bare(&self, order: &Order) -> bool {
        let label = if matches!(order, Order::Retarget(_) | Order::MoveTarget { .. }) {
            Concept::Target
        } else {
            Concept::Stop
        };
        let heads = self.all_meant(&label).any(|at| {
            let before = &self.lexemes[self.clause(at).start..at];
            words(before) == 0
        });
        let prices = self.all.iter().filter(|lexeme| is_price(lexeme)).count();
        let told = self.whole_fields();
        let levels = told.targets.len() + told.stops.len() + usize::from(told.price.is_some());
        let doubts = [Concept::Not, Concept::If, Concept::Talk];
        let doubted = self.all.iter().any(|lexeme| {
            // A level with a tick is one that was reached.
            matches!(lexeme.what, What::Sign('?') | What::Tick)
                || doubts.iter().any(|concept| lexeme.is(concept))
        });
        let below =
            label == Concept::Target && (self.has(&Concept::Above) || self.has(&Concept::Below));
        heads && prices <= levels && !doubted && !below
    }

    /// Does it say of a part that it stays, in a clause of its own? `The rest is closed` says no such thing.
    fn holds(&self) -> bool {
        self.all_meant(&Concept::Hold).any(|at| {
            let ends = [Concept::Close, Concept::Quit, Concept::Take, Concept::All];
            !self.clause_has(at, &ends)
        })
    }

    fn opens_unmoved(&self) -> bool {
        !self.fields.moving && self.opens()
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
        if let Some(reentry) = self.reentry() {
            return Some(reentry);
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
            orders.push(targets);
        }
        let place = place?;
        if orders.iter().any(is_level) && self.fields.unreadable.is_some() {
            return Some(Meaning::Noise("unclear"));
        }
        let levels = orders.iter().all(is_level);
        if levels && self.opens_unmoved() {
            return Some(Meaning::Noise("trade-without-entry"));
        }
        if !self.fields.moving && self.led_to().is_none() {
            orders.retain(|order| !is_level(order) || self.bare(order));
            if orders.is_empty() {
                return Some(Meaning::Noise("levels-in-talk"));
            }
        }
        Some(Meaning::Updates(self.told(place, orders)))
    }
}

/// New targets that stand in several sentences are one list.
fn joined(told: Vec<Instruction>) -> Vec<Instruction> {
    let mut joined: Vec<Instruction> = Vec::new();
    for word in told {
        if let Order::Retarget(more) = &word.order
            && let Some(Order::Retarget(prices)) = joined
                .iter_mut()
                .filter(|other| other.about == word.about)
                .map(|other| &mut other.order)
                .find(|order| matches!(order, Order::Retarget(prices) if !prices.is_empty()))
        {
            prices.extend(more);
        } else {
            joined.push(word);
        }
    }
    joined
}

/// What several sentences order together.
fn together(told: Vec<Instruction>) -> Option<Meaning> {
    let ends = |order: &Order| matches!(order, Order::Close | Order::Cancel);
    let clash = told.iter().enumerate().any(|(at, word)| {
        told[..at].iter().any(|other| {
            other.about.pair == word.about.pair
                && (ends(&word.order) != ends(&other.order)
                    || same_lever(&word.order, &other.order))
        })
    });
    if told.is_empty() {
        None
    } else if clash {
        Some(Meaning::Noise("contradictory"))
    } else if told.iter().all(|word| word.order == Order::Cancel) {
        Some(Meaning::Cancels(told))
    } else if told.iter().all(|word| ends(&word.order)) {
        Some(Meaning::Closes(told))
    } else {
        Some(Meaning::Updates(told))
    }
}

/// Do two orders set the same thing, and differently?
fn same_lever(one: &Order, other: &Order) -> bool {
    let stop = |order: &Order| {
        matches!(
            order,
            Order::MoveStop(_) | Order::Breakeven | Order::WithdrawStop
        )
    };
    let share = |order: &Order| matches!(order, Order::CloseShare(_));
    let targets = |order: &Order| matches!(order, Order::Retarget(_));
    one != other
        && (stop(one) && stop(other)
            || share(one) && share(other)
            || targets(one) && targets(other))
}

/// Does an order carry a price?
pub(super) const fn is_level(order: &Order) -> bool {
    match order {
        Order::MoveStop(_) | Order::MoveEntry { .. } | Order::MoveTarget { .. } => true,
        Order::Retarget(prices) => !prices.is_empty(),
        Order::Breakeven
        | Order::CloseShare(_)
        | Order::Close
        | Order::Cancel
        | Order::WithdrawStop
        | Order::Reenter(_) => false,
    }
}
