//! Prices and quantities as an exchange counts them: whole hundred-millionths.

use std::fmt;

use serde::{Serialize, Serializer};

/// How many units make one.
pub(crate) const ONE: i64 = 100_000_000;

/// A decimal number with eight places, exact and comparable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// So many hundred-millionths.
    #[must_use]
    pub const fn units(units: i64) -> Self {
        Self(units)
    }

    /// How many hundred-millionths these are.
    #[must_use]
    pub const fn in_units(self) -> i64 {
        self.0
    }

    /// The number as floating point, for arithmetic that rounds anyway.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// The number with all its eight places, as Binance writes prices.
    #[must_use]
    pub fn padded(self) -> String {
        format!("{}.{:08}", self.0 / ONE, (self.0 % ONE).abs())
    }

    /// This much times a share, in the smallest unit.
    pub(crate) fn times(self, factor: f64) -> f64 {
        self.0 as f64 * factor
    }
}

/// Without needless zeros, as people write prices.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let padded = self.padded();
        f.write_str(padded.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A sum of amounts. Of a coin that costs next to nothing an hour's volume is more than an
/// [`Amount`] can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total(i128);

impl Total {
    pub(crate) const fn of(amount: Amount) -> Self {
        Self(amount.0 as i128)
    }

    /// What is paid for a quantity at a price.
    pub(crate) const fn paid(price: Amount, quantity: Amount) -> Self {
        Self(price.0 as i128 * quantity.0 as i128 / ONE as i128)
    }

    /// Both together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// How many hundred-millionths these are.
    #[must_use]
    pub const fn in_units(self) -> i128 {
        self.0
    }

    /// The number with all its eight places, as Binance writes volumes.
    #[must_use]
    pub fn padded(self) -> String {
        let one = i128::from(ONE);
        format!("{}.{:08}", self.0 / one, self.0 % one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_written_as_the_exchange_and_as_people_write_them() {
        assert_eq!(Amount::units(4_217).padded(), "0.00004217");
        assert_eq!(Amount::units(4_812_350_000_000).padded(), "48123.50000000");
        assert_eq!(Amount::units(4_812_350_000_000).to_string(), "48123.5");
        assert_eq!(Amount::units(200 * ONE).to_string(), "200");
    }
}
