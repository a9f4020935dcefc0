//! Ladders: limit orders at several prices, each for its share of the position.

use rust_decimal::Decimal;

use crate::market::{Price, Side};

/// The most prices of one ladder.
pub const MAX_RUNGS: usize = 5;

/// One order of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The limit.
    pub price: Price,
    /// The share of the position, above 0; those of a ladder make up 1.
    pub share: Decimal,
}

/// Several limit orders, the lowest first; no two at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    rungs: [Option<Rung>; MAX_RUNGS],
}

/// Orders that are no ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLadder {
    /// Too few or too many.
    #[error("a ladder has 2 to {MAX_RUNGS} prices")]
    Length,
    /// Two orders at one price.
    #[error("two orders of a ladder stand at one price")]
    Twice,
    /// A share of nothing, or shares that are no whole.
    #[error("the shares of a ladder are above 0 and make up 1")]
    Shares,
}

impl Ladder {
    /// Puts orders in their order.
    ///
    /// # Errors
    ///
    /// [`BadLadder`] where they are fewer than two or more than [`MAX_RUNGS`], where two stand at one
    /// price, or where their shares do not make up 1.
    pub fn new(mut rungs: Vec<Rung>) -> Result<Self, BadLadder> {
        if !(2..=MAX_RUNGS).contains(&rungs.len()) {
            return Err(BadLadder::Length);
        }
        rungs.sort_by_key(|rung| rung.price);
        if rungs.windows(2).any(|two| two[0].price == two[1].price) {
            return Err(BadLadder::Twice);
        }
        let sum: Decimal = rungs.iter().map(|rung| rung.share).sum();
        if sum != Decimal::ONE || rungs.iter().any(|rung| rung.share <= Decimal::ZERO) {
            return Err(BadLadder::Shares);
        }
        let mut all = [None; MAX_RUNGS];
        for (place, rung) in all.iter_mut().zip(rungs) {
            *place = Some(rung);
        }
        Ok(Self { rungs: all })
    }

    /// The same share at each price.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn equal(prices: &[Price]) -> Result<Self, BadLadder> {
        let share = Decimal::ONE
            .checked_div(prices.len().into())
            .ok_or(BadLadder::Length)?;
        let others = prices.len().saturating_sub(1);
        let rungs = prices.iter().enumerate().map(|(nth, price)| Rung {
            price: *price,
            // The last takes what rounding left, so that the shares make up one whole.
            share: if nth == others {
                Decimal::ONE - share * Decimal::from(others)
            } else {
                share
            },
        });
        Self::new(rungs.collect())
    }

    /// The same shares at other prices; none where two would stand at one.
    #[must_use]
    pub fn map(&self, price: impl Fn(Price) -> Price) -> Option<Self> {
        let rung = |rung: Rung| Rung {
            price: price(rung.price),
            share: rung.share,
        };
        Self::new(self.rungs().map(rung).collect()).ok()
    }

    /// The orders, the lowest first.
    pub fn rungs(&self) -> impl DoubleEndedIterator<Item = Rung> + '_ {
        self.rungs.iter().copied().flatten()
    }

    /// The orders in the order in which the price meets them.
    #[must_use]
    pub fn met(&self, side: Side) -> Vec<Rung> {
        match side {
            Side::Long => self.rungs().rev().collect(),
            Side::Short => self.rungs().collect(),
        }
    }

    /// The lowest and the highest price.
    #[must_use]
    pub fn bounds(&self) -> Option<(Price, Price)> {
        let low = self.rungs().next()?;
        let high = self.rungs().next_back()?;
        Some((low.price, high.price))
    }

    /// What is paid on average where all are filled.
    #[must_use]
    pub fn average(&self) -> Option<Price> {
        let paid: Decimal = self.rungs().map(|rung| rung.price.get() * rung.share).sum();
        Price::new(paid).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    fn rung(at: &str, share: i64) -> Rung {
        Rung {
            price: price(at),
            share: Decimal::new(share, 2),
        }
    }

    #[test]
    fn a_ladder_is_met_from_its_near_end() {
        let ladder = Ladder::new(vec![rung("9", 30), rung("10", 70)]).unwrap();
        assert_eq!(ladder.bounds(), Some((price("9"), price("10"))));
        assert_eq!(ladder.average(), Some(price("9.7")));
        assert_eq!(ladder.met(Side::Long)[0], rung("10", 70));
        assert_eq!(ladder.met(Side::Short)[0], rung("9", 30));
    }

    #[test]
    fn equal_shares_make_up_one_whole_whatever_rounding_leaves() {
        let ladder = Ladder::equal(&[price("1"), price("2"), price("3")]).unwrap();
        assert_eq!(
            ladder.rungs().map(|rung| rung.share).sum::<Decimal>(),
            Decimal::ONE
        );
    }

    #[test]
    fn what_is_no_ladder_is_refused() {
        assert_eq!(Ladder::new(vec![rung("9", 100)]), Err(BadLadder::Length));
        assert_eq!(Ladder::equal(&[]), Err(BadLadder::Length));
        assert_eq!(Ladder::equal(&[price("1"); 2]), Err(BadLadder::Twice));
        let shares = vec![rung("9", 50), rung("10", 40)];
        assert_eq!(Ladder::new(shares), Err(BadLadder::Shares));
    }
}
