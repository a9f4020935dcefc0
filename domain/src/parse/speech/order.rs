//! Orders: what the author tells his followers to do, put together.

use rust_decimal::Decimal;

use super::{MOST_CLAUSE, Speech};
use crate::parse::lexicon::Concept;
use crate::reading::{Instruction, Meaning, Order};

impl Speech<'_> {
    /// The orders of each sentence, one after the other; none where no sentence orders anything, or
    /// where they cannot all be meant.
    pub(super) fn sentence_by_sentence(&self) -> Option<Meaning> {
        let prose = !self.fields.entry.is_empty() && !self.fields.moving;
        let mut told: Vec<Instruction> = Vec::new();
        for sentence in self.sentences() {
            if sentence.words() > MOST_CLAUSE {
                continue;
            }
            match sentence.cancel().or_else(|| sentence.orders()) {
                Some(Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words)) => {
                    for word in words {
                        let levels = is_level(&word.order) && (prose || self.opens_unmoved());
                        if !levels && !told.contains(&word) {
                            told.push(word);
                        }
                    }
                }
                Some(held @ Meaning::Quarantined { .. }) => return Some(held),
                Some(Meaning::Noise("closes-and-holds")) => {
                    return Some(Meaning::Noise("closes-and-holds"));
                }
                Some(Meaning::Noise(_) | Meaning::Signals(_) | Meaning::Claim { .. }) | None => {}
            }
        }
        together(told)
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
            orders.push(Order::Retarget(targets));
        }
        let place = place?;
        if orders.iter().any(is_level) && self.fields.unreadable.is_some() {
            return Some(Meaning::Noise("unclear"));
        }
        let levels = orders.iter().all(is_level);
        if levels && self.opens_unmoved() {
            return Some(Meaning::Noise("trade-without-entry"));
        }
        Some(Meaning::Updates(self.told(place, orders)))
    }
}

/// What several sentences order together.
fn together(told: Vec<Instruction>) -> Option<Meaning> {
    let ends = |order: &Order| matches!(order, Order::Close | Order::Cancel);
    let clash = told.iter().enumerate().any(|(at, word)| {
        told[..at].iter().any(|other| {
            other.about.pair == word.about.pair
                && (ends(&word.order) != ends(&other.order) || same_lever(&word.order, &other.order))
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
        Order::MoveStop(_) | Order::MoveEntry { .. } => true,
        Order::Retarget(prices) => !prices.is_empty(),
        Order::Breakeven
        | Order::CloseShare(_)
        | Order::Close
        | Order::Cancel
        | Order::WithdrawStop
        | Order::Reenter(_) => false,
    }
}
