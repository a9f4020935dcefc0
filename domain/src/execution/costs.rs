//! Costs: what a follower pays, fees and slippage, by the rules of a version.

use rust_decimal::Decimal;

use super::fees::{self, Fees, share};
use crate::market::{Instrument, MarketKind};

/// The assets whose pairs with dollars turned over 50 million a day or more on Binance's spot market in the
/// median of January to August 2025, which is where a small order moves nothing.
const DEEP: [&str; 11] = [
    "ADA", "AVAX", "BNB", "BTC", "DOGE", "ETH", "LINK", "LTC", "SOL", "SUI", "XRP",
];

/// Quotes that are dollars.
const DOLLARS: [&str; 4] = ["FDUSD", "USD", "USDC", "USDT"];

/// What deep books take of an order at the market.
const SLIPPAGE: Decimal = share(2, 4);

/// How much worse market and stop orders fill where [`Liquidity`] is thin. It is not measured but
/// assumed, on the careful side: half a spread and a step into the book.
const THIN_SLIPPAGE: Decimal = share(1, 3);

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
    /// What is paid in this kind of market where nothing is known of the venue and much is offered.
    /// A stop at a broker's slips by as much again as his part in the spread.
    #[must_use]
    pub const fn usual(kind: MarketKind) -> Self {
        let fees = fees::usual(kind);
        Self {
            maker: fees.maker,
            taker: fees.taker,
            slippage: match kind {
                MarketKind::Spot | MarketKind::Perpetual => SLIPPAGE,
                MarketKind::Cfd => share(5, 5),
            },
        }
    }

    /// What is paid for this instrument by today's rules: the fees of its venue, and more slippage where
    /// the book is thin.
    #[must_use]
    pub fn of(instrument: &Instrument) -> Self {
        let Fees { maker, taker, .. } = Fees::of(instrument);
        Self {
            maker,
            taker,
            ..Self::anywhere(instrument)
        }
    }

    /// What is paid for something like this where nothing is known of the venue.
    #[must_use]
    pub fn anywhere(instrument: &Instrument) -> Self {
        let usual = Self::usual(instrument.kind);
        match Liquidity::of(instrument) {
            Liquidity::Deep => usual,
            Liquidity::Thin => Self {
                slippage: THIN_SLIPPAGE,
                ..usual
            },
        }
    }

    /// What was paid for this instrument by the rules of a version
    /// ([`POLICY`](crate::lifecycle::POLICY) is today's); none where there are no such rules.
    #[must_use]
    pub fn by(policy: u32, instrument: &Instrument) -> Option<Self> {
        match policy {
            1 => Some(match instrument.kind {
                kind @ (MarketKind::Spot | MarketKind::Perpetual) => Self::usual(kind),
                MarketKind::Cfd => Self {
                    maker: share(1, 4),
                    taker: share(1, 4),
                    slippage: share(1, 4),
                },
            }),
            2 => Some(Self::anywhere(instrument)),
            3 => Some(Self::of(instrument)),
            _ => None,
        }
    }

    /// Market in and stop out, as a fraction of the price.
    #[must_use]
    pub fn round_trip(&self) -> Decimal {
        (self.taker + self.slippage) * Decimal::TWO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::POLICY;

    fn instrument(text: &str) -> Instrument {
        Instrument::parse(text).unwrap()
    }

    fn slippage(text: &str) -> String {
        let costs = Costs::of(&instrument(text));
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
    fn old_rules_charge_what_they_charged_and_todays_are_the_last_that_there_are() {
        let by = |policy, text| Costs::by(policy, &instrument(text));
        for text in ["kraken:spot:ZEC/USD", "broker:cfd:XAU/USD"] {
            assert_eq!(by(POLICY, text), Some(Costs::of(&instrument(text))));
            assert_eq!(by(POLICY + 1, text), None);
            assert_eq!(by(0, text), None);
        }
        let paid = |policy, text| {
            let costs = by(policy, text).unwrap();
            [costs.maker, costs.taker, costs.slippage]
        };
        let thin = "kraken:spot:ZEC/USD";
        assert_eq!(paid(1, thin), [share(1, 3), share(1, 3), share(2, 4)]);
        assert_eq!(paid(2, thin), [share(1, 3), share(1, 3), share(1, 3)]);
        assert_eq!(paid(3, thin), [share(25, 4), share(4, 3), share(1, 3)]);
        let gold = "broker:cfd:XAU/USD";
        assert_eq!(paid(1, gold), [share(1, 4); 3]);
        assert_eq!(paid(2, gold), [share(5, 5); 3]);
        assert_eq!(paid(2, gold), paid(3, gold));
    }
}
