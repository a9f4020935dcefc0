//! What machines write. The secret and the number that makes a request repeatable are put in
//! where it is sent, for they belong to the way and not to the trade.

use serde_json::json;

use crate::amount::Amount;
use crate::idea::{Entry, Idea, Side};

use super::{row, stop};

/// A number of JSON as a strategy would print it.
fn number(level: Amount) -> serde_json::Value {
    json!(level.as_f64())
}

fn seen(idea: &Idea) -> Option<Amount> {
    match idea.entry {
        Entry::Market { seen } => seen,
        Entry::Limit { price } => Some(price),
        Entry::Zone { low, .. } => Some(low),
        Entry::Breakout { level } => Some(level),
    }
}

pub(super) fn json(idea: &Idea) -> String {
    let action = match idea.side {
        Side::Long => "buy",
        Side::Short => "sell",
    };
    json!({
        "action": action,
        "ticker": idea.symbol.name,
        "exchange": "SIM",
        "interval": "1",
        "order_type": "market",
        "price": seen(idea).map(number),
        "sl": idea.stop.map(number),
        "tp": idea.targets.first().copied().map(number),
        "leverage": idea.leverage,
        "strategy": "KELTNER_FADE",
    })
    .to_string()
}

pub(super) fn alert(idea: &Idea) -> String {
    let action = match idea.side {
        Side::Long => "LONG",
        Side::Short => "SHORT",
    };
    let price = seen(idea).map_or_else(String::new, |price| format!(" @ {price}"));
    format!(
        "{action} {pair} market{price}\nSL {stop}\nTP {targets}",
        pair = idea.symbol.name,
        stop = stop(idea),
        targets = row(&idea.targets, " / "),
    )
}
