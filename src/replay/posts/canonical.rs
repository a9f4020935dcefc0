//! A call whose parts are known already, written as a plain post: so it goes the way of all posts.

use std::fmt::Write as _;

use domain::market::{MarketKind, Pair, Price, Side};
use domain::parse::{self, Assets};
use domain::reading::{Draft, Entry, Meaning};
use rust_decimal::Decimal;

/// A call as columns say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) pair: Pair,
    pub(super) kind: Option<MarketKind>,
    pub(super) side: Side,
    pub(super) entry: Entry,
    pub(super) stop: Option<Price>,
    pub(super) targets: Vec<Price>,
}

impl Call {
    /// The post.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{} {}", self.pair, self.side);
        let kind = self.kind.map_or("", MarketKind::label);
        let mut line = |label: &str, value: String| {
            // Writing into a text cannot fail.
            let _ = write!(text, "\n{label}{value}");
        };
        if !kind.is_empty() {
            line("", kind.to_owned());
        }
        match self.entry {
            Entry::Market(None) => line("now", String::new()),
            Entry::Market(Some(price)) => line("now ", price.to_string()),
            Entry::Limit(price) => line("entry: ", price.to_string()),
            Entry::Zone { low, high } => line("entry: ", format!("{low} - {high}")),
            Entry::Ladder(ladder) => {
                for (nth, rung) in ladder.rungs().enumerate() {
                    let percent = (rung.share * Decimal::ONE_HUNDRED).normalize();
                    line(
                        &format!("entry {}: ", nth + 1),
                        format!("{} ({percent}%)", rung.price),
                    );
                }
            }
            Entry::Scaled { low, high } if low == high => line("now, add at ", low.to_string()),
            Entry::Scaled { low, high } => line("now, add at ", format!("{low} - {high}")),
            Entry::Breakout(price) => line(
                match self.side {
                    Side::Long => "buy stop: ",
                    Side::Short => "sell stop: ",
                },
                price.to_string(),
            ),
        }
        if let Some(stop) = self.stop {
            line("stop: ", stop.to_string());
        }
        for (nth, target) in self.targets.iter().enumerate() {
            line(&format!("target {}: ", nth + 1), target.to_string());
        }
        text
    }

    /// Checks that the parser reads in the post what the columns say. A call that contradicts
    /// itself is held by the house; here it only has to be the same call.
    ///
    /// # Errors
    ///
    /// What reads otherwise, both ways.
    pub(super) fn check(&self) -> Result<(), String> {
        let context = parse::Context {
            assets: Assets::bundled(),
        };
        match parse::read(&self.text(), false, context).meaning {
            Meaning::Signals(drafts) => self.is_told_by(&drafts, "more than one trade"),
            Meaning::Quarantined { drafts, reason } => self.is_told_by(&drafts, &reason),
            other @ (Meaning::Updates(_)
            | Meaning::Closes(_)
            | Meaning::Cancels(_)
            | Meaning::Claim { .. }
            | Meaning::Noise(_)) => Err(format!("it reads as {}", other.label())),
        }
    }

    fn is_told_by(&self, drafts: &[Draft], reason: &str) -> Result<(), String> {
        let [draft] = drafts else {
            return Err(format!("it is not read as one trade: {reason}"));
        };
        let read = Self {
            pair: draft.pair.clone(),
            kind: draft.kind,
            side: draft.side,
            entry: draft.entry,
            stop: draft.stop,
            targets: draft.targets.iter().map(|target| target.price).collect(),
        };
        if read == *self {
            Ok(())
        } else {
            Err(format!(
                "its columns say `{}`, which reads as `{}`",
                self.text().replace('\n', ", "),
                read.text().replace('\n', ", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    #[test]
    fn a_call_reads_as_what_it_was_written_from() {
        for (side, levels) in [
            (Side::Long, ["95", "101.5", "110", "120.25"]),
            (Side::Short, ["120.25", "101.5", "95", "90"]),
            (
                Side::Long,
                ["0.00000912", "0.00001", "0.0000105", "0.000012"],
            ),
            (Side::Short, ["4.781", "4.574", "4.512", "4.375"]),
        ] {
            let [stop, entry, near, far] = levels.map(price);
            let zone = Entry::Zone {
                low: entry.min(near),
                high: entry.max(near),
            };
            let scaled = Entry::Scaled {
                low: entry,
                high: entry,
            };
            for (entry, targets) in [
                (Entry::Market(None), vec![near, far]),
                (Entry::Market(Some(entry)), vec![near, far]),
                (Entry::Limit(entry), vec![near, far]),
                (Entry::Breakout(entry), vec![far]),
                (zone, vec![far]),
                (scaled, vec![far]),
            ] {
                for kind in [None, Some(MarketKind::Spot), Some(MarketKind::Perpetual)] {
                    let call = Call {
                        pair: Pair::new("LINK", "USDT").unwrap(),
                        kind,
                        side,
                        entry,
                        stop: Some(stop),
                        targets: targets.clone(),
                    };
                    assert_eq!(call.check(), Ok(()), "{}", call.text());
                }
            }
        }
    }

    #[test]
    fn a_call_that_contradicts_itself_is_left_to_the_house() {
        let call = Call {
            pair: Pair::new("LINK", "USDT").unwrap(),
            kind: None,
            side: Side::Long,
            entry: Entry::Limit(price("100")),
            stop: Some(price("105")),
            targets: vec![price("110")],
        };
        assert_eq!(call.check(), Ok(()));
    }
}
