//! The page: a card as people read it.

use std::fmt::Write as _;

use super::card::{Card, TrainedOn};
use crate::measure::{Between, Standing, Table};
use crate::steps::LADDER;
use crate::training::{Alarm, Shuffled, Suspect};

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
         | lessons after the holdout | {} |\n\
         | alarm | {} |\n\
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
        later_lessons(card),
        alarm(&card.alarm),
        card.schema,
        card.seed,
    );
    page.push_str(&barred(&card.shuffled));
    section(&mut page, "On the holdout", &card.holdout);
    page.push_str("\n![Told and happened](reliability.svg)\n");
    if let Some(after) = &card.holdout_after {
        section(
            &mut page,
            "On those of the holdout that were received after every lesson",
            after,
        );
    }
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
        "no other step that may speak was surely better on the walk forward"
    } else {
        "on the walk forward it had the least log-loss of those that may speak and were surely better than calibrated geometry"
    }
}

/// How much of the holdout was told by steps that had learned from a later time.
fn later_lessons(card: &Card) -> String {
    let data = &card.data;
    if data.held_before_lessons == 0 {
        return "none: all of it was received after every lesson".to_owned();
    }
    let rest = if card.holdout_after.is_some() {
        "the rest is measured by itself below".to_owned()
    } else {
        let rest = data.held_out - data.held_before_lessons;
        format!("the rest, {rest}, is too little to be measured by itself")
    };
    format!(
        "{} of the {} held out were received before a lesson of another channel, so what is said of them was learned from a later time, too; {rest}",
        data.held_before_lessons, data.held_out
    )
}

/// What was found of features that know too much.
fn alarm(alarm: &Alarm) -> String {
    if !alarm.checked {
        return format!(
            "not checked: {} winners and {} losers, {} of each are needed",
            alarm.winners, alarm.losers, alarm.needed
        );
    }
    let shown = |suspect: &Suspect| format!("`{}` (AUC {:.3})", suspect.feature, suspect.auc);
    let mut text = format!(
        "no feature but those that were accepted tells winners from losers of one channel and of like levels with an AUC of {:.2}",
        alarm.too_good
    );
    if let Some(most) = &alarm.most_telling {
        let _ = write!(text, "; the most telling is {}", shown(most));
    }
    let accepted: Vec<String> = alarm.accepted.iter().map(shown).collect();
    if accepted.is_empty() {
        text = text.replacen(" but those that were accepted", "", 1);
    } else {
        let _ = write!(text, "; **accepted**: {}", accepted.join(", "));
    }
    text
}

/// Which steps may not speak, whatever they win: neither for this model nor beside it.
fn barred(shuffled: &[Shuffled]) -> String {
    let named: Vec<String> = shuffled
        .iter()
        .filter(|of_it| !of_it.may_speak())
        .map(|of_it| {
            if of_it.sees_nothing_in_noise() {
                format!(
                    "`{}` (true AUC {:.3}, not above the 95th percentile of the shuffled, {:.3})",
                    of_it.step, of_it.true_auc, of_it.auc_95
                )
            } else {
                format!(
                    "`{}` (mean AUC of {} walks with shuffled outcomes {:.3}, farther than 0.01 from a half)",
                    of_it.step, of_it.times, of_it.mean_auc
                )
            }
        })
        .collect();
    if named.is_empty() {
        return String::new();
    }
    format!(
        "\n**May not speak**: {}. On a few hundred signals that comes by chance, too; more signals tell.\n",
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
            (true, false) => {
                "finds nothing in noise, and nothing in the truth, so it may not speak"
            }
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
    for (name, step) in steps {
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} ({:.4}) | {}, {} | {} | {} |",
            told(step, "log_loss", 4),
            told(step, "brier", 4),
            told(step, "auc", 4),
            told(step, "ece", 4),
            step.ece_of_perfect,
            shown(&step.calibration_intercept, 2),
            shown(&step.calibration_slope, 2),
            shown(&step.top_precision, 3),
            shown(&step.top_r, 3),
        );
    }
    text.push_str("\nBrackets hold the 95 % interval of the block bootstrap.\n");
    for (figure, title, digits) in DIFFERENCES {
        text.push_str(&differences(table, figure, title, digits));
    }
    text
}

/// The figures of which differences are shown, what is said of each, and with how many digits.
const DIFFERENCES: [(&str, &str, usize); 8] = [
    ("log_loss", "Log-loss (negative is better)", 4),
    ("brier", "Brier (negative is better)", 4),
    ("auc", "AUC (positive is better)", 4),
    ("ece", "ECE (negative is better)", 4),
    ("calibration_intercept", "Calibration: intercept", 2),
    ("calibration_slope", "Calibration: slope", 2),
    ("top_precision", "Top tenth: won (positive is better)", 3),
    ("top_r", "Top tenth: R (positive is better)", 3),
];

/// How much more of a figure each step has than each below it and than calibrated geometry.
fn differences(table: &Table, figure: &str, title: &str, digits: usize) -> String {
    let others = &LADDER[..LADDER.len() - 1];
    let mut text = format!("\n{title}, of the step less that of the other:\n\n| step |");
    for name in others {
        let _ = write!(text, " {name} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(others.len()));
    text.push('\n');
    let steps = LADDER
        .iter()
        .filter_map(|name| table.steps.get_key_value(*name));
    for (name, step) in steps.filter(|(_, step)| !step.against.is_empty()) {
        let _ = write!(text, "| {name} |");
        for other in others {
            let against = step.against.get(*other);
            let _ = match against.and_then(|against| against.get(figure)) {
                Some(difference) => write!(text, " {} |", shown(difference, digits)),
                None => write!(text, " |"),
            };
        }
        text.push('\n');
    }
    text
}

/// A figure of a step with its interval.
fn told(step: &Standing, figure: &str, digits: usize) -> String {
    let between = step.between.get(figure);
    between.map_or_else(String::new, |between| shown(between, digits))
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
