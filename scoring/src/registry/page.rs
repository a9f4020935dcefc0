//! The page: a card as people read it.

use std::fmt::Write as _;

use super::card::{Card, TrainedOn};
use crate::measure::{Between, Table};
use crate::steps::LADDER;
use crate::training::Shuffled;

/// The page of a card. Writing into a string cannot fail, so what it answers is dropped.
pub(super) fn of(card: &Card) -> String {
    let data = &card.data;
    let whose = match card.trained_on {
        TrainedOn::Real => "real signals",
        TrainedOn::Simulator => "the simulator's signals; it loads for `origin: simulator` alone",
    };
    let mut page = format!(
        "# {}/{}\n\nTrained on {whose}. What speaks for it is **`{}`**: {}.\n\n\
         | | |\n|---|---|\n\
         | signals | {} ({} learned from, {} purged, {} held out) |\n\
         | from | {} |\n\
         | data | SHA-256 `{}` |\n\
         | holdout | the last {:.0} % of each channel by time, laid aside first, used once; SHA-256 `{}` |\n\
         | embargo | {} hours, purged by outcome window |\n\
         | features | schema `{}` |\n\
         | seed | {} |\n",
        card.name,
        card.version,
        card.champion,
        why(card),
        data.rows,
        data.learned_from,
        data.purged,
        data.held_out,
        data.source,
        data.hash,
        data.holdout_share * 100.0,
        data.holdout_hash,
        data.embargo_hours,
        card.schema,
        card.seed,
    );
    page.push_str(&barred(&card.shuffled));
    section(&mut page, "On the holdout", &card.holdout);
    page.push_str("\n![Told and happened](reliability.svg)\n");
    section(
        &mut page,
        "On the walk forward (by this the champion was chosen)",
        &card.walk,
    );
    page.push_str(
        "\n## Everything that was tried\n\n| step | how | log-loss on the walk |\n|---|---|---|\n",
    );
    for tried in &card.tried {
        let _ = writeln!(
            page,
            "| {} | `{}` | {:.5} |",
            tried.step, tried.how, tried.log_loss
        );
    }
    page.push_str(&of_noise(&card.shuffled));
    page.push_str("\n## Channels\n\n");
    for (channel, signals) in &data.channels {
        let _ = writeln!(page, "- {channel}: {signals}");
    }
    page
}

fn why(card: &Card) -> &'static str {
    if card.champion == crate::training::USUAL {
        "no step above it was surely better on the walk forward"
    } else {
        "on the walk forward it had the least log-loss of those surely better than calibrated geometry"
    }
}

/// Which steps may not speak, whatever they win: neither for this model nor beside it.
fn barred(shuffled: &[Shuffled]) -> String {
    let mut named = Vec::new();
    for of_it in shuffled
        .iter()
        .filter(|of_it| !of_it.sees_nothing_in_noise())
    {
        named.push(format!("`{}` (mean AUC {:.3})", of_it.step, of_it.mean_auc));
    }
    if named.is_empty() {
        return String::new();
    }
    format!(
        "\n**May not speak**, because of shuffled outcomes the mean AUC of {} walks is farther than 0.01 from a half: {}. \
         On a few hundred signals that comes by chance, too; more signals tell.\n",
        shuffled[0].times,
        named.join(", ")
    )
}

/// What steps made of shuffled outcomes.
fn of_noise(shuffled: &[Shuffled]) -> String {
    if shuffled.is_empty() {
        return "\nOutcomes were not shuffled.\n".to_owned();
    }
    let mut text = "\n## With outcomes that were shuffled\n\n\
         | step | signals | times | mean AUC | 95th percentile | true AUC | |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for of_it in shuffled {
        let found = match (of_it.sees_nothing_in_noise(), of_it.stands_out()) {
            (true, true) => "finds nothing in noise, and something in the truth",
            (true, false) => "finds nothing in noise, and nothing in the truth",
            (false, _) => "off: its mean is farther than 0.01 from a half, so it may not speak",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.4} | {:.4} | {:.4} | {found} |",
            of_it.step, of_it.rows, of_it.times, of_it.mean_auc, of_it.auc_95, of_it.true_auc
        );
    }
    text
}

fn section(page: &mut String, title: &str, table: &Table) {
    let _ = write!(page, "\n## {title}\n\n{}", markdown(table));
}

/// A table of measures as Markdown.
#[must_use]
pub fn markdown(table: &Table) -> String {
    let mut text = format!(
        "{} signals, {} of them reached the first target; they earned {:+.4} R on average. {} blocks of {:.0} hours.\n\n\
         | step | log-loss | Brier | AUC | ECE (perfect) | calibration: intercept, slope | top tenth: won | top tenth: R |\n\
         |---|---|---|---|---|---|---|---|\n",
        table.rows, table.won, table.mean_r, table.blocks, table.block_hours
    );
    let steps = LADDER
        .iter()
        .filter_map(|name| Some((name, table.steps.get(*name)?)));
    for (name, step) in steps.clone() {
        let _ = writeln!(
            text,
            "| {name} | {:.4} | {:.4} | {:.4} | {:.4} ({:.4}) | {}, {} | {} | {} |",
            step.log_loss,
            step.brier,
            step.auc,
            step.ece,
            step.ece_of_perfect,
            shown(&step.calibration_intercept, 2),
            shown(&step.calibration_slope, 2),
            shown(&step.top_precision, 3),
            shown(&step.top_r, 3),
        );
    }
    text.push_str("\nLess log-loss than each step below (negative is better), with the 95 % interval of the block bootstrap:\n\n| step |");
    for name in &LADDER[..LADDER.len() - 1] {
        let _ = write!(text, " {name} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(LADDER.len() - 1));
    text.push('\n');
    for (name, step) in steps.filter(|(_, step)| !step.against.is_empty()) {
        let _ = write!(text, "| {name} |");
        for below in &LADDER[..LADDER.len() - 1] {
            let difference = step
                .against
                .get(*below)
                .and_then(|against| against.get("log_loss"));
            let _ = match difference {
                Some(difference) => write!(text, " {} |", shown(difference, 4)),
                None => write!(text, " |"),
            };
        }
        text.push('\n');
    }
    text
}

fn shown(between: &Between, digits: usize) -> String {
    match (between.low, between.high) {
        (Some(low), Some(high)) => {
            format!(
                "{:.digits$} [{low:.digits$}, {high:.digits$}]",
                between.value
            )
        }
        _ => format!("{:.digits$} [too few days]", between.value),
    }
}
