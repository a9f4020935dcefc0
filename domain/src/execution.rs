//! How a follower trades and what it costs him: execution models as data.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::market::MarketKind;

/// What a follower pays, as fractions of the price (0.001 is 0.1 %).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Fee of a limit order.
    pub maker: Decimal,
    /// Fee of a market or stop order.
    pub taker: Decimal,
    /// How much worse than the deciding price a market or stop order fills. Limits do not slip.
    pub slippage: Decimal,
}

impl Costs {
    /// What the largest venue charges without discounts: 0.10 % on spot; 0.02 % and 0.05 % on
    /// perpetuals (Binance's public fee tables, regular user); slippage 0.02 % for liquid pairs.
    /// A broker takes his part in the spread. Retail accounts without commission are quoted gold at
    /// 20 to 30 cents between bid and ask and EUR/USD at about one pip (the brokers' own tables of
    /// typical spreads), which at 4,000 and 1.10 is 0.005 % to 0.01 % of the price for both ways: so
    /// 0.005 % each way, and as much again for a stop that slips.
    #[must_use]
    pub const fn usual(kind: MarketKind) -> Self {
        let slippage = Decimal::from_parts(2, 0, 0, false, 4);
        match kind {
            MarketKind::Spot => Self {
                maker: Decimal::from_parts(1, 0, 0, false, 3),
                taker: Decimal::from_parts(1, 0, 0, false, 3),
                slippage,
            },
            MarketKind::Perpetual => Self {
                maker: Decimal::from_parts(2, 0, 0, false, 4),
                taker: Decimal::from_parts(5, 0, 0, false, 4),
                slippage,
            },
            MarketKind::Cfd => Self {
                maker: Decimal::from_parts(5, 0, 0, false, 5),
                taker: Decimal::from_parts(5, 0, 0, false, 5),
                slippage: Decimal::from_parts(5, 0, 0, false, 5),
            },
        }
    }

    /// Market in and stop out, as a fraction of the price.
    #[must_use]
    pub fn round_trip(&self) -> Decimal {
        (self.taker + self.slippage) * Decimal::TWO
    }
}

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
    /// What is paid on spot.
    pub spot: Costs,
    /// What is paid on perpetuals.
    pub perpetual: Costs,
    /// What is paid on contracts for difference.
    pub cfd: Costs,
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
        spot: Costs::usual(MarketKind::Spot),
        perpetual: Costs::usual(MarketKind::Perpetual),
        cfd: Costs::usual(MarketKind::Cfd),
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

    /// What is paid in this kind of market.
    #[must_use]
    pub const fn costs(&self, kind: MarketKind) -> Costs {
        match kind {
            MarketKind::Spot => self.spot,
            MarketKind::Perpetual => self.perpetual,
            MarketKind::Cfd => self.cfd,
        }
    }
}
