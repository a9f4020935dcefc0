//! What trading costs: fees and slippage, as data.

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
        }
    }

    /// Market in and stop out, as a fraction of the price.
    #[must_use]
    pub fn round_trip(&self) -> Decimal {
        (self.taker + self.slippage) * Decimal::TWO
    }
}
