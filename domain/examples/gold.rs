//! What the parser makes of labelled posts:
//! `cargo run -p touchstone-domain --example gold -- FILE.jsonl… [--by KEY] [--all]`.
//!
//! A file, or each `*.jsonl` of a folder, has a post with its label on each line (`id`, `text`,
//! `kind`, `symbol`, `side`, `entry`, `targets`, `stop`, `leverage`, `alts`, `lang`). It prints what
//! became of them by language (or another key of the label), and each post that is not as its label
//! says; `--all` shows the held ones with their texts, too.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement speaks to a person"
)]

#[path = "../tests/gold/compare.rs"]
mod compare;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compare::{Fate, fate};
use domain::parse::{self, Assets, Context};
use serde_json::Value;

/// How many posts of a group ended how.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    signals: usize,
    found: usize,
    held: usize,
    /// Held, where the label's note names a trap: as it should be.
    trapped: usize,
    missed: usize,
    wrong: usize,
    others: usize,
    false_trades: usize,
    told_wrong: usize,
}

impl Tally {
    fn count(&mut self, fate: &Fate, trap: bool) {
        match fate {
            Fate::Found | Fate::Held(_) | Fate::Missed(_) | Fate::Wrong(_) => self.signals += 1,
            Fate::FalseTrade(_) | Fate::Told | Fate::ToldWrong(_) => self.others += 1,
        }
        match fate {
            Fate::Found => self.found += 1,
            Fate::Held(_) if trap => self.trapped += 1,
            Fate::Held(_) => self.held += 1,
            Fate::Missed(_) => self.missed += 1,
            Fate::Wrong(_) => self.wrong += 1,
            Fate::FalseTrade(_) => self.false_trades += 1,
            Fate::ToldWrong(_) => self.told_wrong += 1,
            Fate::Told => {}
        }
    }

    fn line(&self, name: &str) {
        println!(
            "{name:24} signals {:4}: found {:4} + {:3} traps held; held {:3} missed {:3} WRONG {:2} | others {:4}: FALSE TRADES {:2} told wrong {:3}",
            self.signals,
            self.found,
            self.trapped,
            self.held,
            self.missed,
            self.wrong,
            self.others,
            self.false_trades,
            self.told_wrong
        );
    }
}

fn main() {
    let mut files: Vec<PathBuf> = Vec::new();
    let (mut by, mut all) = ("lang".to_owned(), false);
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        match word.as_str() {
            "--by" => by = given.next().unwrap(),
            "--all" => all = true,
            path => files.extend(inside(Path::new(path))),
        }
    }
    let mut whole = Tally::default();
    for file in files {
        look(&file, &by, all, &mut whole);
    }
    whole.line("ALL FILES");
}

/// The file itself, or the files of a folder.
fn inside(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    files
}

fn look(file: &Path, by: &str, all: bool, whole: &mut Tally) {
    let context = Context {
        assets: Assets::bundled(),
    };
    let text = std::fs::read_to_string(file).unwrap();
    let mut groups: BTreeMap<String, Tally> = BTreeMap::new();
    let mut total = Tally::default();
    println!("== {}", file.display());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let label: Value = serde_json::from_str(line).unwrap();
        let post = label["text"].as_str().unwrap();
        let meaning = parse::read(post, false, context).meaning;
        let fate = fate(&label, &meaning);
        let group = label[by].as_str().unwrap_or("?").to_owned();
        let trap = label["note"]
            .as_str()
            .is_some_and(|note| note.contains("trap"));
        groups.entry(group).or_default().count(&fate, trap);
        total.count(&fate, trap);
        whole.count(&fate, trap);
        let nothing = String::new();
        let bad = match &fate {
            Fate::Found if trap => Some(("a trap that was accepted", &nothing)),
            Fate::Held(_) if trap && !all => None,
            Fate::Found | Fate::Told => None,
            Fate::Held(reason) => Some(("held", reason)),
            Fate::Missed(what) => Some(("missed", what)),
            Fate::Wrong(what) => Some(("WRONG", what)),
            Fate::FalseTrade(what) => Some(("FALSE TRADE", what)),
            Fate::ToldWrong(what) => Some(("told wrong", what)),
        };
        if let Some((name, what)) = bad {
            println!("-- {} {} {name}: {what}", label["lang"], label["id"]);
            println!("{post}");
            println!(
                "   label: {} {} {} > {} ! {} x{}; {}",
                label["symbol"],
                label["side"],
                label["entry"],
                label["targets"],
                label["stop"],
                label["leverage"],
                label["note"].as_str().unwrap_or_default()
            );
        }
    }
    for (name, tally) in &groups {
        tally.line(name);
    }
    total.line("all");
}
