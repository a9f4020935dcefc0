//! The Russian form.

use crate::idea::{Entry, Idea, Side};

use super::{leverage, lines, stop, zone};

pub(super) fn idea(idea: &Idea) -> String {
    let (side, arrow) = match idea.side {
        Side::Long => ("ЛОНГ", "📈"),
        Side::Short => ("ШОРТ", "📉"),
    };
    let entry = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("по рынку ({seen})"),
        Entry::Market { seen: None } => "по рынку".to_owned(),
        Entry::Limit { price } => price.to_string(),
        Entry::Zone { low, high } => {
            let (near, far) = zone(idea.side, low, high);
            format!("{near} - {far}")
        }
        Entry::Breakout { level } if idea.side == Side::Long => format!("выше {level}"),
        Entry::Breakout { level } => format!("ниже {level}"),
    };
    format!(
        "#сделка\n\nТорговая идея: {base}/USDT {side} {arrow}\n\nПлечо: {lever}x\nВход: {entry}\nСтоп: {stop}\n\n{targets}\nРиск не больше процента от депозита.",
        base = idea.symbol.base,
        lever = leverage(idea),
        stop = stop(idea),
        targets = lines(&idea.targets, |n| format!("Тейк {n}: ")),
    )
}
