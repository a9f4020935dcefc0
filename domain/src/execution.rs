//! How a follower trades and what it costs him: execution models as data.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::market::{Instrument, MarketKind};

/// The assets whose pairs with dollars turned over 50 million a day or more on Binance's spot market in the
/// median of January to August 2025, which is where a small order moves nothing.
const DEEP: [&str; 11] = [
    "ADA", "AVAX", "BNB", "BTC", "DOGE", "ETH", "LINK", "LTC", "SOL", "SUI", "XRP",
];

/// Quotes that are dollars.
const DOLLARS: [&str; 4] = ["FDUSD", "USD", "USDC", "USDT"];

/// How much is offered near the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liquidity {
    /// So much that a follower's order fills next to it.
    Deep,
    /// Less, or nobody knows.
    Thin,
}

impl Liquidity {
    /// Of an instrument. A broker has his part in the spread, whatever the symbol.
    #[must_use]
    pub fn of(instrument: &Instrument) -> Self {
        let pair = &instrument.pair;
        let deep = DEEP.contains(&pair.base()) && DOLLARS.contains(&pair.quote());
        if deep || instrument.kind == MarketKind::Cfd {
            Self::Deep
        } else {
            Self::Thin
        }
    }
}

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
    /// perpetuals (Binance's public fee tables, regular user); slippage 0.02 %, which is what deep books
    /// take.
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
    /// How much worse market and stop orders fill at least where [`Liquidity`] is thin. It is not measured
    /// but assumed, on the careful side: half a spread and a step into the book.
    pub thin_slippage: Decimal,
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
        thin_slippage: Decimal::from_parts(1, 0, 0, false, 3),
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

    /// What is paid for this instrument.
    #[must_use]
    pub fn costs(&self, instrument: &Instrument) -> Costs {
        let costs = match instrument.kind {
            MarketKind::Spot => self.spot,
            MarketKind::Perpetual => self.perpetual,
            MarketKind::Cfd => self.cfd,
        };
        match Liquidity::of(instrument) {
            Liquidity::Deep => costs,
            Liquidity::Thin => Costs {
                slippage: costs.slippage.max(self.thin_slippage),
                ..costs
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slippage(instrument: &str) -> String {
        let instrument = Instrument::parse(instrument).unwrap();
        let costs = ExecutionModel::DEFAULT.costs(&instrument);
        (costs.slippage * Decimal::ONE_HUNDRED)
            .normalize()
            .to_string()
    }

    #[test]
    fn orders_at_the_market_slip_farther_where_little_is_offered() {
        assert_eq!(slippage("binance:spot:BTC/USDT"), "0.02");
        assert_eq!(slippage("coinbase:spot:ETH/USD"), "0.02");
        assert_eq!(slippage("binance-usdm:perpetual:SOL/USDC"), "0.02");
        assert_eq!(slippage("binance:spot:ZEC/USDT"), "0.1");
        assert_eq!(slippage("binance-usdm:perpetual:1000PEPE/USDT"), "0.1");
        // A coin that is traded much against dollars is not so against another coin.
        assert_eq!(slippage("binance:spot:ADA/BTC"), "0.1");
        assert_eq!(slippage("broker:cfd:XAU/USD"), "0.005");
    }

    #[test]
    fn whoever_assumes_more_slippage_than_a_thin_book_pays_it_everywhere() {
        let much = Costs {
            slippage: Decimal::new(5, 3),
            ..Costs::usual(MarketKind::Spot)
        };
        let model = ExecutionModel {
            spot: much,
            ..ExecutionModel::DEFAULT
        };
        for pair in ["BTC/USDT", "ZEC/USDT"] {
            let instrument = Instrument::parse(&format!("binance:spot:{pair}")).unwrap();
            assert_eq!(model.costs(&instrument), much);
        }
    }
}
