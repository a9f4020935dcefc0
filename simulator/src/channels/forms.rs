//! Forms: how a trade is put into words. Each resembles one that real channels use.

mod chinese;
mod english;
mod machine;
mod russian;

use crate::amount::Amount;
use crate::idea::{Idea, Side};

/// A way to write a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Capitals, one level a line, a colored circle for the side.
    Card,
    /// A square for the side, a symbol before every line.
    Keyed,
    /// Numbered targets with their shares, as trading bots read them.
    Numbered,
    /// A numbered signal between rules, with thousands set apart by commas.
    Ident,
    /// A few short lines, targets in one of them.
    Compact,
    /// Shouting.
    Hype,
    /// A Russian trading idea.
    Russian,
    /// The plain Chinese form between warning signs.
    Chinese,
    /// A strategy's alert as JSON.
    Json,
    /// A strategy's alert as text.
    Alert,
}

impl Form {
    /// Whether a trade at the market is usually told with the price that its author saw.
    pub(crate) const fn names_the_market(self) -> bool {
        match self {
            Self::Card | Self::Hype | Self::Chinese | Self::Json | Self::Alert => true,
            Self::Keyed | Self::Numbered | Self::Ident | Self::Compact | Self::Russian => false,
        }
    }

    /// The text of a trade that is post number `id`.
    pub(crate) fn write(self, idea: &Idea, id: i64) -> String {
        match self {
            Self::Card => english::card(idea),
            Self::Keyed => english::keyed(idea),
            Self::Numbered => english::numbered(idea),
            Self::Ident => english::ident(idea, id),
            Self::Compact => english::compact(idea),
            Self::Hype => english::hype(idea),
            Self::Russian => russian::idea(idea),
            Self::Chinese => chinese::plain(idea),
            Self::Json => machine::json(idea),
            Self::Alert => machine::alert(idea),
        }
    }
}

/// The levels in a row.
fn row(levels: &[Amount], between: &str) -> String {
    let levels: Vec<_> = levels.iter().map(ToString::to_string).collect();
    levels.join(between)
}

/// The levels one a line, each after its name and number.
fn lines(levels: &[Amount], name: impl Fn(usize) -> String) -> String {
    let line = |(at, level)| format!("{}{level}\n", name(at + 1));
    levels.iter().enumerate().map(line).collect()
}

/// A zone as an author of this side names it: the end that is reached first goes first.
fn zone(side: Side, low: Amount, high: Amount) -> (Amount, Amount) {
    match side {
        Side::Long => (high, low),
        Side::Short => (low, high),
    }
}

/// The stop as text; every author here names one.
fn stop(idea: &Idea) -> String {
    idea.stop
        .map_or_else(|| "-".to_owned(), |stop| stop.to_string())
}

fn leverage(idea: &Idea) -> u8 {
    idea.leverage.unwrap_or(1)
}

/// A number with its thousands set apart by commas.
fn grouped(level: Amount) -> String {
    let text = level.to_string();
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}
