//! Plans: which signals there are, spread evenly over a market, each made when its minute comes.

use std::time::Duration;

use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Instrument, Price, Side, Tick};
use domain::post::Origin;
use domain::reading::{Entry, Target};
use domain::signal::{ENTRY_VALID_FOR, Signal};
use rust_decimal::Decimal;

use super::market::{Dice, Market};

/// The longest time in a trade.
pub(super) const HELD: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Which signals.
pub struct Plan {
    count: u64,
    kind: Kind,
}

/// What they are like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// In at the market, one target and one stop, which the price never comes to.
    Standing,
    /// In at the market, one target and one stop.
    Simple,
    /// A zone in three parts, three targets, the stop to the entry after the first.
    Rich,
}

impl Plan {
    /// So many that are opened at once and outlive the market.
    #[must_use]
    pub const fn standing(count: u64) -> Self {
        let kind = Kind::Standing;
        Self { count, kind }
    }

    /// So many of one target and one stop.
    #[must_use]
    pub const fn simple(count: u64) -> Self {
        let kind = Kind::Simple;
        Self { count, kind }
    }

    /// So many of zones and several targets.
    #[must_use]
    pub const fn rich(count: u64) -> Self {
        let kind = Kind::Rich;
        Self { count, kind }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn signals(&self, market: &Market) -> Signals {
        Signals {
            kind: self.kind,
            count: self.count,
            ticks: match self.kind {
                Kind::Standing => 2,
                Kind::Simple | Kind::Rich => market.len(),
            },
            tick: 0,
            made: 0,
            last: None,
            dice: Dice::new(11),
        }
    }
}

/// The signals of a plan, as the market goes on.
pub(super) struct Signals {
    kind: Kind,
    count: u64,
    ticks: u64,
    tick: u64,
    made: u64,
    /// The price before the tick at hand.
    last: Option<Price>,
    dice: Dice,
}

impl Signals {
    /// The next instrument begins.
    pub(super) const fn turn(&mut self) {
        self.last = None;
    }

    /// Those that are received as this tick begins.
    pub(super) fn before(&mut self, tick: &Tick) -> anyhow::Result<Vec<(u64, Signal)>> {
        let mut signals = Vec::new();
        self.tick += 1;
        let due = (self.count * self.tick / self.ticks).min(self.count);
        if let (Some(last), Tick::Candle(candle)) = (self.last, tick) {
            while self.made < due {
                let signal = self.signal(last, candle.open_time)?;
                signals.push((self.made, signal));
                self.made += 1;
            }
        }
        self.last = tick.last_price();
        Ok(signals)
    }

    /// A level so many ten-thousandths of a price away from it.
    fn level(last: Price, away: i64) -> anyhow::Result<Price> {
        let level = last.get() * (Decimal::ONE + Decimal::new(away, 4));
        let level = level.round_sf(7).unwrap_or(level);
        Ok(Price::new(level)?)
    }

    fn signal(&mut self, last: Price, received: domain::time::Timestamp) -> anyhow::Result<Signal> {
        let side = if self.dice.roll(2) == 0 {
            Side::Long
        } else {
            Side::Short
        };
        let sign = if side == Side::Long { 1 } else { -1 };
        let mut away = |from: i64, to: i64| from + self.dice.roll(to - from);
        let at = |away: i64| Self::level(last, sign * away);
        let (entry, stop, targets) = match self.kind {
            Kind::Standing => (Entry::Market(Some(last)), at(-9_000)?, vec![at(9_000)?]),
            Kind::Simple => {
                let entry = Entry::Market(Some(last));
                (entry, at(-away(100, 1_000))?, vec![at(away(100, 1_000))?])
            }
            Kind::Rich => {
                let (near, far) = (at(-away(5, 50))?, at(-away(60, 200))?);
                let entry = Entry::Zone {
                    low: near.min(far),
                    high: near.max(far),
                };
                let targets = [(50, 200), (250, 500), (550, 900)];
                let targets: anyhow::Result<_> = targets
                    .into_iter()
                    .map(|(from, to)| at(away(from, to)))
                    .collect();
                (entry, at(-away(300, 1_000))?, targets?)
            }
        };
        let channel = ChannelId::parse("bench")?;
        let post = PostKey::new(self.made.to_string());
        Ok(Signal {
            id: SignalId::of(&channel, &post, 0),
            channel,
            post,
            origin: Origin::Live,
            instrument: Instrument::parse("bench:spot:BTC/USDT")?,
            substituted: false,
            side,
            entry,
            targets: targets
                .into_iter()
                .map(|price| Target {
                    price,
                    weight: None,
                })
                .collect(),
            stop: Some(stop),
            leverage: None,
            breakeven_after: (self.kind == Kind::Rich).then_some(1),
            posted: received,
            received,
            expires_at: received + ENTRY_VALID_FOR,
            held_at_most: HELD,
            price_at_receipt: None,
            ambiguous: false,
        })
    }
}
