//! Fees: what each venue charges whoever trades little, as data.

use std::fmt;

use rust_decimal::Decimal;

use crate::market::{Instrument, MarketKind};

/// What is charged in one kind of market of one venue, as fractions of the price (0.001 is 0.1 %).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// The venue, by the first word of its name: `binance` of `binance-usdm`.
    pub venue: &'static str,
    /// In which kind of market.
    pub kind: MarketKind,
    /// Of a limit order that waits.
    pub maker: Decimal,
    /// Of an order that takes what is there.
    pub taker: Decimal,
    /// Which of the venue's fees these are.
    pub tier: &'static str,
    /// When they were looked up.
    pub as_of: &'static str,
}

/// The base tier of each venue, without a discount for what is held or turned over. A new figure here is
/// a new version of the rules ([`POLICY`](crate::lifecycle::POLICY)), and the old one goes where old rules
/// stand ([`Costs::by`](super::Costs::by)).
pub const SCHEDULE: [Fees; 8] = [
    Fees {
        venue: "binance",
        kind: MarketKind::Spot,
        maker: share(1, 3),
        taker: share(1, 3),
        tier: "regular user, not paid in BNB",
        as_of: "2026-10",
    },
    Fees {
        venue: "binance",
        kind: MarketKind::Perpetual,
        maker: share(2, 4),
        taker: share(5, 4),
        tier: "USD-M, regular user, not paid in BNB",
        as_of: "2026-10",
    },
    Fees {
        venue: "bittrex",
        kind: MarketKind::Spot,
        maker: share(25, 4),
        taker: share(25, 4),
        tier: "everybody's, in the years of which there are candles; closed in 2023",
        as_of: "2018-04",
    },
    Fees {
        venue: "bybit",
        kind: MarketKind::Perpetual,
        maker: share(2, 4),
        taker: share(55, 5),
        tier: "non-VIP",
        as_of: "2026-10",
    },
    Fees {
        venue: "coinbase",
        kind: MarketKind::Spot,
        maker: share(6, 3),
        taker: share(12, 3),
        tier: "Advanced, Intro 1: less than 1,000 dollars in 30 days",
        as_of: "2026-05",
    },
    Fees {
        venue: "kraken",
        kind: MarketKind::Spot,
        maker: share(25, 4),
        taker: share(4, 3),
        tier: "Kraken Pro, from 0 dollars in 30 days",
        as_of: "2026-05",
    },
    Fees {
        venue: "kraken",
        kind: MarketKind::Perpetual,
        maker: share(2, 4),
        taker: share(5, 4),
        tier: "Kraken Pro, from 0 dollars in 30 days",
        as_of: "2026-10",
    },
    Fees {
        venue: "okx",
        kind: MarketKind::Perpetual,
        maker: share(2, 4),
        taker: share(5, 4),
        tier: "regular user",
        as_of: "2026-10",
    },
];

/// What is charged where [`SCHEDULE`] has no row: what the largest venue takes, and of contracts for
/// difference what brokers take. A broker has his part in the spread: retail accounts without commission
/// are quoted gold at 20 to 30 cents between bid and ask and EUR/USD at about one pip (the brokers' own
/// tables of typical spreads), which at 4,000 and 1.10 is 0.005 % to 0.01 % of the price for both ways.
#[must_use]
pub const fn usual(kind: MarketKind) -> Fees {
    let (maker, taker, tier) = match kind {
        MarketKind::Spot => (
            share(1, 3),
            share(1, 3),
            "assumed: what Binance charges a regular user",
        ),
        MarketKind::Perpetual => (
            share(2, 4),
            share(5, 4),
            "assumed: what Binance charges a regular user",
        ),
        MarketKind::Cfd => (
            share(5, 5),
            share(5, 5),
            "any broker's part in the spread, without commission",
        ),
    };
    Fees {
        venue: "",
        kind,
        maker,
        taker,
        tier,
        as_of: "2026-10",
    }
}

impl Fees {
    /// What is charged for this instrument.
    #[must_use]
    pub fn of(instrument: &Instrument) -> Self {
        Self::at(instrument.venue.as_str(), instrument.kind)
    }

    /// What a venue of this name charges in a kind of market.
    #[must_use]
    pub fn at(name: &str, kind: MarketKind) -> Self {
        let venue = name.split(['-', '_', '.']).next().unwrap_or(name);
        let row = SCHEDULE
            .into_iter()
            .find(|row| row.venue == venue && row.kind == kind);
        row.unwrap_or_else(|| usual(kind))
    }

    /// The venue is none of the schedule.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.venue.is_empty()
    }
}

impl fmt::Display for Fees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [maker, taker] =
            [self.maker, self.taker].map(|fee| (fee * Decimal::ONE_HUNDRED).normalize());
        let Self { tier, as_of, .. } = self;
        write!(f, "{maker} % maker, {taker} % taker ({tier}; {as_of})")
    }
}

/// So many units of this decimal place.
pub(super) const fn share(units: u32, place: u32) -> Decimal {
    Decimal::from_parts(units, 0, 0, false, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(instrument: &str) -> (String, String, bool) {
        let fees = Fees::of(&Instrument::parse(instrument).unwrap());
        let percent = |fee: Decimal| (fee * Decimal::ONE_HUNDRED).normalize().to_string();
        (percent(fees.maker), percent(fees.taker), fees.is_assumed())
    }

    #[test]
    fn each_venue_charges_its_own_fees_and_one_that_nobody_knows_the_usual_ones() {
        let fees = |maker: &str, taker: &str, assumed| (maker.into(), taker.into(), assumed);
        for (instrument, expected) in [
            ("binance:spot:BTC/USDT", fees("0.1", "0.1", false)),
            (
                "binance-usdm:perpetual:BTC/USDT",
                fees("0.02", "0.05", false),
            ),
            ("kraken:spot:BTC/USD", fees("0.25", "0.4", false)),
            ("kraken-eu:spot:BTC/EUR", fees("0.25", "0.4", false)),
            ("coinbase:spot:BTC/USD", fees("0.6", "1.2", false)),
            ("coinbase:perpetual:BTC/USDC", fees("0.02", "0.05", true)),
            ("krakenish:spot:BTC/USD", fees("0.1", "0.1", true)),
            ("sim:perpetual:BTC/USDT", fees("0.02", "0.05", true)),
            ("broker:cfd:XAU/USD", fees("0.005", "0.005", true)),
        ] {
            assert_eq!(of(instrument), expected, "{instrument}");
        }
    }

    #[test]
    fn the_guide_tells_what_every_venue_charges() {
        let guide = include_str!("../../../docs/guide/judging.md");
        let kinds = [MarketKind::Spot, MarketKind::Perpetual, MarketKind::Cfd];
        for row in SCHEDULE.into_iter().chain(kinds.map(usual)) {
            let percent = |fee: Decimal| (fee * Decimal::ONE_HUNDRED).normalize();
            let venue = if row.is_assumed() {
                "any other".to_owned()
            } else {
                format!("`{}`", row.venue)
            };
            let told = format!(
                "| {venue} | {} | {} % | {} % | {} | {} |",
                row.kind,
                percent(row.maker),
                percent(row.taker),
                row.tier,
                row.as_of
            );
            assert!(guide.lines().any(|line| line == told), "{told}");
        }
    }

    #[test]
    fn no_venue_has_two_rows_and_nobody_is_paid_for_taking() {
        for (nth, row) in SCHEDULE.iter().enumerate() {
            let same = |other: &&Fees| other.venue == row.venue && other.kind == row.kind;
            assert_eq!(SCHEDULE[nth..].iter().filter(same).count(), 1, "{row:?}");
            assert!(row.maker <= row.taker && row.maker >= Decimal::ZERO);
            assert!(row.taker < share(2, 2), "a percent is no fraction: {row:?}");
        }
    }
}
