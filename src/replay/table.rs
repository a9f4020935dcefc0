//! The report as a table, for a person at a terminal.

use std::collections::BTreeSet;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table};

use super::report::{Certainty, ChannelReport, Known, Report};

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
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
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
    row("  95 % between", &win_rate_between);
    row("E[R] net", &expectation);
    row("  95 % between", &expectation_between);
    row("  effective n", &effective_n);
    let remarks = channels.iter().filter_map(remark);
    let told: Vec<_> = std::iter::once(table.trim_fmt()).chain(remarks).collect();
    told.join("\n")
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn count<N: ToString>(count: Option<N>) -> String {
    count.map_or_else(|| NOTHING.to_owned(), |count| count.to_string())
}

/// A share is nothing without the number that it is a share of.
fn win_rate(channel: &ChannelReport) -> String {
    channel.in_r.win_rate().map_or_else(
        || NOTHING.to_owned(),
        |rate| format!("{:.1} % (n={})", 100.0 * rate, channel.in_r.n),
    )
}

fn win_rate_between(channel: &ChannelReport) -> String {
    let between = |known: &Known| {
        let rate = known.win_rate.as_ref()?;
        Some(format!(
            "{:.1} … {:.1} %",
            100.0 * rate.low,
            100.0 * rate.high
        ))
    };
    said(channel, &between)
}

fn expectation(channel: &ChannelReport) -> String {
    channel.in_r.mean.map_or_else(
        || NOTHING.to_owned(),
        // A precision alone cuts a decimal off.
        |mean| format!("{:+.3} (n={})", mean.round_dp(3), channel.in_r.n),
    )
}

fn expectation_between(channel: &ChannelReport) -> String {
    said(channel, &|known| {
        Some(format!("{:+.3} … {:+.3}", known.mean.low, known.mean.high))
    })
}

fn effective_n(channel: &ChannelReport) -> String {
    said(channel, &|known| Some(format!("{:.1}", known.effective_n)))
}

fn said(channel: &ChannelReport, of: &dyn Fn(&Known) -> Option<String>) -> String {
    let told = match &channel.in_r.certainty {
        Certainty::Known(known) => of(known),
        Certainty::Unknown { .. } => None,
    };
    told.unwrap_or_else(|| NOTHING.to_owned())
}

/// Why something is not said, or is not worth much.
fn remark(channel: &ChannelReport) -> Option<String> {
    let name = &channel.channel;
    match &channel.in_r.certainty {
        Certainty::Unknown { unknown } => Some(format!("{name}: {unknown}")),
        Certainty::Known(known) if !known.enough => Some(format!(
            "{name}: an effective n of {:.1} is too little to compare it with others",
            known.effective_n
        )),
        Certainty::Known(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::InR;
    use super::*;

    fn channel(name: &str, n: usize, certainty: Certainty) -> ChannelReport {
        ChannelReport {
            channel: name.to_owned(),
            posts: 9,
            classes: [("signal".to_owned(), 4)].into(),
            signals: 4,
            unlisted: 1,
            filled: n,
            judged: 3,
            open: 0,
            ambiguous: 0,
            incomplete: 0,
            substituted: 0,
            endings: [("stopped-out", 3)].into(),
            in_r: InR {
                n,
                left_out: 0,
                won: n / 2,
                mean: (n > 0).then(|| "-0.249827".parse().unwrap()),
                sum: None,
                mean_optimistic: None,
                certainty,
            },
            list: Vec::new(),
        }
    }

    #[test]
    fn no_figure_stands_without_its_number_and_what_is_not_known_says_why() {
        let report = Report {
            model: "default/1",
            version: 3,
            instruments: Vec::new(),
            channels: vec![
                channel(
                    "one",
                    2,
                    Certainty::Unknown {
                        unknown: "one block",
                    },
                ),
                channel("none", 0, Certainty::Unknown { unknown: "nothing" }),
            ],
        };
        let table = of(&report);
        let row = |name: &str| {
            let line = table
                .lines()
                .find(|line| line.trim_start().starts_with(name));
            let words = line.unwrap().trim_start()[name.len()..].split("  ");
            let words = words.map(str::trim);
            words
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(row("win rate"), "50.0 % (n=2)|–");
        assert_eq!(row("E[R] net"), "-0.250 (n=2)|–");
        assert_eq!(row("effective n"), "–|–");
        assert!(table.ends_with("one: one block\nnone: nothing"), "{table}");
    }
}
