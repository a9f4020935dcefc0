//! The plain Chinese form.

use crate::idea::{Entry, Idea, Side};

use super::{row, stop};

pub(super) fn plain(idea: &Idea) -> String {
    let side = match idea.side {
        Side::Long => "做多",
        Side::Short => "做空",
    };
    let base = idea.symbol.base;
    let first = match idea.entry {
        Entry::Market { seen: Some(seen) } => format!("{base}，现价{seen}，{side}"),
        Entry::Market { seen: None } => format!("{base}，现价{side}"),
        Entry::Limit { price } => format!("{base}，{price}附近，{side}"),
        Entry::Zone { low, high } => format!("{base}，{low}-{high}，{side}"),
        Entry::Breakout { level } if idea.side == Side::Long => {
            format!("{base}，突破{level}，{side}")
        }
        Entry::Breakout { level } => format!("{base}，跌破{level}，{side}"),
    };
    let warning = "⚠️⚠️⚠️";
    format!(
        "{warning}\n{first}\n止损预计：{stop}\n止盈预计：{targets}\n{warning}",
        stop = stop(idea),
        targets = row(&idea.targets, "，"),
    )
}
