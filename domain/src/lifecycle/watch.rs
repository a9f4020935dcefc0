//! The watch: the price band in which a track sleeps.

use rust_decimal::Decimal;

use crate::market::Price;

/// Levels between which a tick changes nothing but the excursions and the last price.
///
/// Where every price matters (an order at the market waits) nothing lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The nearest level below; [`Decimal::MIN`] where there is none.
    pub below: Decimal,
    /// The nearest level above; [`Decimal::MAX`] where there is none.
    pub above: Decimal,
}

impl Watch {
    /// Every price matters.
    pub const ALERT: Self = Self {
        below: Decimal::MAX,
        above: Decimal::MIN,
    };

    /// No price matters.
    pub const ASLEEP: Self = Self {
        below: Decimal::MIN,
        above: Decimal::MAX,
    };

    /// Whether a tick that went from `low` to `high` may be passed over.
    #[must_use]
    pub fn sleeps_through(&self, low: Price, high: Price) -> bool {
        self.below < low.get() && high.get() < self.above
    }
}
