//! What a change in the middle of a period costs, by the second.

use super::Ledger;
use crate::payments::calendar;
use crate::payments::form::Metadata;
use crate::payments::objects::{Id, Item, Subscription, Time};
use crate::payments::papers::Aside;

impl Ledger {
    /// A credit for the rest of what was paid, and the price of the rest of what is wanted now.
    pub(super) fn prorations(
        &self,
        was: &Subscription,
        kept: &Subscription,
        now: Time,
        anew: bool,
    ) -> Vec<Aside> {
        let (left, whole) = (was.end - now, was.end - was.start);
        let mut asides = Vec::new();
        let mut part = |item: &Item, sign: i64, words: &str| {
            let price = self.prices.get(&item.price);
            let full = price.map_or(0, |price| price.amount) * item.quantity;
            asides.push(Aside {
                id: Id::new(),
                created: now,
                customer: was.customer.clone(),
                subscription: Some(was.id.clone()),
                item: Some(item.id.clone()),
                amount: sign * share(full, left, whole),
                currency: price.map_or(String::new(), |price| price.currency.clone()),
                quantity: item.quantity,
                description: format!(
                    "{words} time on {} after {}",
                    self.product_name(&item.price),
                    calendar::day(now)
                ),
                start: now,
                end: was.end,
                price: Some(item.price.clone()),
                proration: true,
                invoice: None,
                metadata: Metadata::new(),
            });
        };
        let same = |one: &Item, other: &Item| {
            one.id == other.id && one.price == other.price && one.quantity == other.quantity
        };
        for old in &was.items {
            if anew || !kept.items.iter().any(|new| same(old, new)) {
                part(old, -1, "Unused");
            }
        }
        for new in kept.items.iter().filter(|_| !anew) {
            if !was.items.iter().any(|old| same(old, new)) {
                part(new, 1, "Remaining");
            }
        }
        asides
    }
}

/// The part of an amount that belongs to the seconds that are left, to the nearest cent.
fn share(amount: i64, left: Time, whole: Time) -> i64 {
    let (amount, left, whole) = (
        i128::from(amount),
        i128::from(left),
        i128::from(whole.max(1)),
    );
    let nearest = (amount * left * 2 + whole) / (whole * 2);
    i64::try_from(nearest).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_to_the_nearest_cent() {
        assert_eq!(share(1900, 1, 3), 633);
        assert_eq!(share(1900, 2, 3), 1267);
        assert_eq!(share(1, 1, 2), 1);
        assert_eq!(share(99_999_999, 31_622_400, 31_622_400), 99_999_999);
    }
}
