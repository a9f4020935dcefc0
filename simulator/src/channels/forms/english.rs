//! English forms, six of them.

use crate::idea::{Entry, Idea, Side};

use super::{grouped, leverage, lines, row, stop, zone};

const fn word(side: Side) -> &'static str {
    match side {
        Side::Long => "LONG",
        Side::Short => "SHORT",
    }
}

/// A level through which a breakout gets in: above for long, below for short.
const fn through(side: Side) -> &'static str {
    match side {
        Side::Long => "above",
        Side::Short => "below",
    }
}

pub(super) fn card(idea: &Idea) -> String {
    let entry = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("ENTRY NOW at market (price {seen})"),
        Entry::Market { seen: None } => "ENTRY NOW at market".to_owned(),
        Entry::Limit { price } => format!("ENTRY LIMIT {price}"),
        Entry::Zone { low, high } => {
            let (near, far) = zone(idea.side, low, high);
            format!("ENTRY ZONE {near} - {far}")
        }
        Entry::Breakout { level } => format!("ENTRY {} {level}", through(idea.side)),
    };
    let dot = if idea.side == Side::Long {
        "🟢"
    } else {
        "🔴"
    };
    format!(
        "💠 STEADY SIGNAL 💠\n\n{dot} {side} : {base}/USDT\n\nLEVERAGE Isolated {lever}X\n\n{entry}\n{targets}❌ STOP {stop}\n\nRisk 1% of your account.",
        side = word(idea.side),
        base = idea.symbol.base,
        lever = leverage(idea),
        targets = lines(&idea.targets, |n| format!("TP{n} ")),
        stop = stop(idea),
    )
}

pub(super) fn keyed(idea: &Idea) -> String {
    let entry = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("market now ({seen})"),
        Entry::Market { seen: None } => "market now".to_owned(),
        Entry::Limit { price } => price.to_string(),
        Entry::Zone { low, high } => format!("{low} - {high}"),
        Entry::Breakout { level } => format!("{} {level}", through(idea.side)),
    };
    let square = if idea.side == Side::Long {
        "🟩"
    } else {
        "🟥"
    };
    format!(
        "{square} {base}/USDT {side}\n⏱ 1m Scalp\n👉 Entry : {entry}\n\n⏳ Details:\n{targets}_____\n❌ Stoploss : {stop}\n💡 Leverage : {lever}x cross",
        base = idea.symbol.base,
        side = word(idea.side),
        targets = lines(&idea.targets, |n| format!("🎯 Target {n} : ")),
        stop = stop(idea),
        lever = leverage(idea),
    )
}

pub(super) fn numbered(idea: &Idea) -> String {
    let entry = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("Entry: Market price ({seen})"),
        Entry::Market { seen: None } => "Entry: Market price".to_owned(),
        Entry::Limit { price } => format!("Entry Targets:\n1) {price}"),
        Entry::Zone { low, high } => {
            let (near, far) = zone(idea.side, low, high);
            format!("Entry Zone:\n{near} - {far}")
        }
        Entry::Breakout { level } => format!("Entry: {} {level}", through(idea.side)),
    };
    let share = 100.0 / idea.targets.len().max(1) as f64;
    let targets: String = idea
        .targets
        .iter()
        .enumerate()
        .fold(String::new(), |so_far, (at, target)| {
            format!("{so_far}{}) {target} - {share:.1}%\n", at + 1)
        });
    format!(
        "⚡ #{base}/USDT ⚡\nTrade Type: Regular ({side})\nLeverage: Cross ({lever}.0X)\n\n{entry}\n\nTake-Profit Targets:\n{targets}\nStop Targets:\n1) {stop}",
        base = idea.symbol.base,
        side = word(idea.side),
        lever = leverage(idea),
        stop = stop(idea),
    )
}

pub(super) fn ident(idea: &Idea, id: i64) -> String {
    let entry = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("market (now {})", grouped(seen)),
        Entry::Market { seen: None } => "market".to_owned(),
        Entry::Limit { price } => grouped(price),
        Entry::Zone { low, high } => format!("{} - {}", grouped(low), grouped(high)),
        Entry::Breakout { level } => format!("{} {}", through(idea.side), grouped(level)),
    };
    let targets: Vec<_> = idea.targets.iter().map(|target| grouped(*target)).collect();
    let rule = "➖➖➖➖➖➖";
    format!(
        "📌 SIGNAL ID: #{number:04} 📌\nCOIN: ${base}/USDT ({lever}x)\nDirection: {side}\n{rule}\nENTRY: {entry}\n\nTARGETS\nShort Term: {targets}\n\nSTOP LOSS: {stop}\n{rule}\nDo not share outside the room",
        number = id % 10_000,
        base = idea.symbol.base,
        lever = leverage(idea),
        side = word(idea.side),
        targets = targets.join(" - "),
        stop = idea.stop.map_or_else(|| "-".to_owned(), grouped),
    )
}

pub(super) fn compact(idea: &Idea) -> String {
    let entry = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("market, {seen}"),
        Entry::Market { seen: None } => "market".to_owned(),
        Entry::Limit { price } => price.to_string(),
        Entry::Zone { low, high } => {
            let (near, far) = zone(idea.side, low, high);
            format!("{near} – {far}")
        }
        Entry::Breakout { level } => format!("{} {level}", through(idea.side)),
    };
    format!(
        "{pair} {side}\nLeverage: {lever}x\nEntry: {entry}\nTargets: {targets}\nSL: {stop}",
        pair = idea.symbol.name,
        side = word(idea.side),
        lever = leverage(idea),
        targets = row(&idea.targets, " - "),
        stop = stop(idea),
    )
}

pub(super) fn hype(idea: &Idea) -> String {
    let base = idea.symbol.base;
    let call = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("Buy #{base} NOW at market, {seen}$"),
        Entry::Market { seen: None } => format!("Buy #{base} NOW at market"),
        Entry::Limit { price } => format!("Buy #{base} at {price}$"),
        Entry::Zone { low, high } => format!("Buy #{base} between {low}$ - {high}$"),
        Entry::Breakout { level } => format!("Buy #{base} above {level}$"),
    };
    format!(
        "🚀🚀 #{base} IS FLYING, LAST CHANCE 🚀🚀\n\n{call}\n\nTargets: {targets}$\n\nStoploss: {stop}$\n\nLeverage: {lever}x\n\nThis one goes to the moon 🌕",
        targets = row(&idea.targets, "$, "),
        stop = stop(idea),
        lever = leverage(idea),
    )
}
