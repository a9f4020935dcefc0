//! A call in plain words: the post that everybody reads, this platform's parser included.

use std::fmt::Write as _;

use super::{Call, Rule, Strategy};
use crate::ids::PostKey;
use crate::market::{Instrument, Interval, MarketKind};

impl Call {
    /// The text of its post.
    #[must_use]
    pub fn words(&self, strategy: &Strategy, on: &Instrument, interval: Interval) -> String {
        let side = self.side.label().to_uppercase();
        let kind = match on.kind {
            MarketKind::Perpetual => " perpetual",
            MarketKind::Spot | MarketKind::Cfd => "",
        };
        // "Cross" would be read as a kind of margin.
        let name = match strategy.rule {
            Rule::Breakout { .. } => "breakout",
            Rule::MovingAverageCross { .. } => "moving averages",
            Rule::RsiReversal { .. } => "RSI reversal",
            Rule::BollingerReversion { .. } => "Bollinger reversion",
            Rule::Momentum { .. } => "momentum",
            Rule::Pullback { .. } => "pullback",
        };
        let mut text = format!(
            "{side} {pair}{kind}\nEntry: market price ({price})\nStop: {stop}\n",
            pair = on.pair,
            price = self.price,
            stop = self.stop,
        );
        for (nth, target) in (1..).zip(&self.targets) {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "TP{nth}: {target}");
        }
        let _ = write!(text, "Strategy: {name}, {}", interval.label());
        text
    }

    /// The name of its post: the same candle of the same market calls once, however often it is
    /// looked at.
    #[must_use]
    pub fn key(&self, strategy: &Strategy, on: &Instrument, interval: Interval) -> PostKey {
        PostKey::new(format!(
            "{}/{on}/{}/{}",
            strategy.name(),
            interval.label(),
            self.at.as_millis() / 1_000
        ))
    }
}
