//! How a follower trades and what it costs him: execution models as data.

use std::time::Duration;

use crate::market::Instrument;

mod costs;
pub mod fees;

pub use self::costs::{Costs, Liquidity};
pub use self::fees::Fees;

/// Where a follower gets in. What 1 R is stays what was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GettingIn {
    /// As the author says: a zone or ladder by several orders.
    AsPublished,
    /// Wholly at the market as soon as he can, whatever the author says.
    AtMarket,
    /// Of a zone or ladder wholly at the price that the market comes to first.
    FirstTouch,
}

/// How a signal is turned into orders. Data, so that two models can be compared on one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionModel {
    /// Its name and version: an outcome says under which model it came about.
    pub name: &'static str,
    /// What somebody pays who says it himself, wherever he trades; else it is what the venue charges.
    pub own: Option<Costs>,
    /// Where the follower gets in.
    pub getting_in: GettingIn,
    /// In how many equal limit orders a zone is entered.
    pub zone_legs: u8,
    /// Moves the stop to the entry after this many targets, whatever the author says.
    pub breakeven_after: Option<u8>,
    /// From this target on the stop follows to the one before: to target k − 1 after target k.
    pub stop_follows_from: Option<u8>,
    /// Everything is closed at the first target, so that many near targets gain nobody anything.
    pub first_target_only: bool,
    /// How long after receipt the follower acts.
    pub delay: Duration,
}

impl Default for ExecutionModel {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl ExecutionModel {
    /// The model by which channels are ranked: as published, a zone by three equal orders.
    pub const DEFAULT: Self = Self {
        name: "default/1",
        own: None,
        getting_in: GettingIn::AsPublished,
        zone_legs: 3,
        breakeven_after: None,
        stop_follows_from: None,
        first_target_only: false,
        delay: Duration::ZERO,
    };

    /// Every model, the one by which channels are ranked first.
    pub const ALL: [Self; 10] = [
        Self::DEFAULT,
        Self {
            name: "market/1",
            getting_in: GettingIn::AtMarket,
            ..Self::DEFAULT
        },
        Self {
            name: "first-touch/1",
            getting_in: GettingIn::FirstTouch,
            ..Self::DEFAULT
        },
        Self {
            name: "first-target/1",
            first_target_only: true,
            ..Self::DEFAULT
        },
        Self {
            name: "breakeven/1",
            breakeven_after: Some(1),
            ..Self::DEFAULT
        },
        Self {
            name: "moving-stop/1",
            breakeven_after: Some(1),
            stop_follows_from: Some(2),
            ..Self::DEFAULT
        },
        Self::late("default-1m/1", 60),
        Self::late("default-5m/1", 5 * 60),
        Self::late("default-15m/1", 15 * 60),
        Self::late("default-1h/1", 60 * 60),
    ];

    const fn late(name: &'static str, seconds: u64) -> Self {
        Self {
            name,
            delay: Duration::from_secs(seconds),
            ..Self::DEFAULT
        }
    }

    /// The model of this name, for whoever reads one back from a store.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name == name)
    }

    /// The model that people call so: by its name, or without the version.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|model| model.name == name || model.family() == name)
    }

    /// Its name without the version: `default` of `default/1`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.name
            .split_once('/')
            .map_or(self.name, |(family, _)| family)
    }

    /// What is paid for this instrument by today's rules.
    #[must_use]
    pub fn costs(&self, instrument: &Instrument) -> Costs {
        self.own.unwrap_or_else(|| Costs::of(instrument))
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn whoever_says_what_he_pays_pays_that_at_every_venue_and_in_every_book() {
        let own = Costs {
            maker: Decimal::ZERO,
            taker: Decimal::new(1, 4),
            slippage: Decimal::new(5, 5),
        };
        let model = ExecutionModel {
            own: Some(own),
            ..ExecutionModel::DEFAULT
        };
        for name in [
            "binance:spot:BTC/USDT",
            "kraken:spot:ZEC/USD",
            "broker:cfd:XAU/USD",
        ] {
            let instrument = Instrument::parse(name).unwrap();
            assert_eq!(model.costs(&instrument), own);
            let default = ExecutionModel::DEFAULT.costs(&instrument);
            assert_eq!(default, Costs::of(&instrument));
        }
    }
}
