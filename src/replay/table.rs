//! The report as a table, for a person at a terminal.

use std::collections::BTreeSet;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::report::{ChannelReport, Report};

/// So many channels stand beside each other.
const BESIDE: usize = 5;

/// What stands where there is nothing to say.
const NOTHING: &str = "–";

/// What came of each channel, a column each.
#[must_use]
pub fn of(report: &Report) -> String {
    let tables = report.channels.chunks(BESIDE).map(beside);
    tables.collect::<Vec<_>>().join("\n\n")
}

fn beside(channels: &[ChannelReport]) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let names = channels
        .iter()
        .map(|channel| right(channel.channel.clone()));
    table.set_header(std::iter::once(Cell::new("")).chain(names));
    let mut row = |name: &str, value: &dyn Fn(&ChannelReport) -> String| {
        let values = channels.iter().map(|channel| right(value(channel)));
        table.add_row(std::iter::once(Cell::new(name)).chain(values));
    };
    row("posts", &|channel| channel.posts.to_string());
    let classes: BTreeSet<&String> = channels
        .iter()
        .flat_map(|channel| channel.classes.keys())
        .collect();
    for class in classes {
        row(&format!("  {class}"), &|channel| {
            count(channel.classes.get(class).copied())
        });
    }
    row("signals", &|channel| channel.signals.to_string());
    row("  without candles", &|channel| channel.unlisted.to_string());
    row("  filled", &|channel| channel.filled.to_string());
    row("  open at the end", &|channel| channel.open.to_string());
    row("judged", &|channel| channel.judged.to_string());
    let endings: BTreeSet<&&str> = channels
        .iter()
        .flat_map(|channel| channel.endings.keys())
        .collect();
    for ending in endings {
        row(&format!("  {ending}"), &|channel| {
            count(channel.endings.get(*ending).copied())
        });
    }
    row("  of these ambiguous", &|channel| {
        channel.ambiguous.to_string()
    });
    row("  of these incomplete", &|channel| {
        channel.incomplete.to_string()
    });
    row("win rate", &win_rate);
    row("E[R] net", &expectation);
    table.trim_fmt()
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn count<N: ToString>(count: Option<N>) -> String {
    count.map_or_else(|| NOTHING.to_owned(), |count| count.to_string())
}

/// A share is nothing without the number that it is a share of.
fn win_rate(channel: &ChannelReport) -> String {
    let (won, n) = (channel.in_r.won, channel.in_r.n);
    if n == 0 {
        return NOTHING.to_owned();
    }
    format!("{:.1} % (n={n})", 100.0 * won as f64 / n as f64)
}

fn expectation(channel: &ChannelReport) -> String {
    channel.in_r.mean.map_or_else(
        || NOTHING.to_owned(),
        |mean| format!("{:+} (n={})", mean.round_dp(3), channel.in_r.n),
    )
}
