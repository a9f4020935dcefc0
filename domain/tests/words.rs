//! Later words as admins write them, in nineteen languages, and posts that must open nothing.
//!
//! `words/xx.txt` holds one wording a line: what it says, ` | `, and the text (`\n` is a line break).
//! `refusals/xx.txt` holds the texts alone, with their kind as a heading; none may become a trade.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

use std::path::{Path, PathBuf};

use domain::parse::{self, Assets, Context};
use domain::reading::{Instruction, Meaning, Order};
use proptest::prelude::*;

fn read(text: &str) -> Meaning {
    let context = Context {
        assets: Assets::bundled(),
    };
    parse::read(text, false, context).meaning
}

/// `take 0.5 BTC`, `close long all`: the order, and what it says of the trades that it means.
fn told(word: &Instruction) -> String {
    let prices = |prices: &[domain::market::Price]| -> String {
        prices.iter().map(|price| format!(" {price}")).collect()
    };
    let mut told = match &word.order {
        Order::MoveStop(price) => format!("stop {price}"),
        Order::Breakeven => "breakeven".to_owned(),
        Order::CloseShare(share) => format!("take {share}"),
        Order::Close => "close".to_owned(),
        Order::Cancel => "cancel".to_owned(),
        Order::Retarget(to) if to.is_empty() => "no targets".to_owned(),
        Order::Retarget(to) => format!("targets{}", prices(to)),
        Order::MoveEntry { low, high } => format!("entry {low} {high}"),
        Order::MoveTarget { k, price } => format!("target {k} {price}"),
        Order::WithdrawStop => "no stop".to_owned(),
        Order::Reenter(None) => "reenter".to_owned(),
        Order::Reenter(Some(price)) => format!("reenter {price}"),
    };
    if let Some(side) = word.about.side {
        told = format!("{told} {side}");
    }
    if word.about.all {
        told.push_str(" all");
    }
    if let Some(pair) = &word.about.pair {
        told = format!("{told} {}", pair.base());
    }
    told
}

fn said(text: &str) -> String {
    let meaning = read(text);
    match &meaning {
        Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words) => {
            words.iter().map(told).collect::<Vec<_>>().join("; ")
        }
        Meaning::Signals(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_)
        | Meaning::Quarantined { .. } => meaning.label().to_owned(),
    }
}

/// The files of a folder beside this one, with their names.
fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (name(path), std::fs::read_to_string(path).unwrap()))
        .collect()
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace("\\n", "\n"))
}

#[test]
fn a_later_word_is_read_as_its_speakers_mean_it() {
    let files = files("words");
    assert_eq!(files.len(), 19, "languages");
    let mut wrong = Vec::new();
    for (language, text) in files {
        let (mut right, mut all) = (0, 0);
        for line in lines(&text) {
            let (expected, text) = line.split_once(" | ").unwrap();
            let said = said(text);
            all += 1;
            if said == expected {
                right += 1;
            } else {
                wrong.push(format!(
                    "{language}: {text}\n  expected {expected}\n  got      {said}"
                ));
            }
        }
        println!("{language}: {right} of {all}");
        assert!(all >= 12, "{language} has {all} wordings");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_orders_nothing_opens_no_trade_and_moves_none() {
    let files = files("refusals");
    assert!(files.len() >= 8, "languages");
    let mut wrong = Vec::new();
    for (language, text) in files {
        let (mut silent, mut held, mut all) = (0, 0, 0);
        for line in lines(&text) {
            all += 1;
            match read(&line) {
                Meaning::Noise(_) | Meaning::Claim { .. } => silent += 1,
                // A person looks at it; nothing is moved.
                Meaning::Quarantined { .. } => held += 1,
                meaning @ (Meaning::Signals(_)
                | Meaning::Updates(_)
                | Meaning::Closes(_)
                | Meaning::Cancels(_)) => {
                    wrong.push(format!(
                        "{language}: {line}\n  is {}: {}",
                        meaning.label(),
                        said(&line)
                    ));
                }
            }
        }
        println!("{language}: {silent} of {all} say nothing, {held} are held");
        assert!(all >= 12, "{language} has {all} texts");
        assert!(held * 5 <= all, "{language}: {held} of {all} are held");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pieces that later words are made of, so that random texts reach their grammar.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "close",
            "half",
            "all",
            "BTC",
            "#ETH",
            "long",
            "short",
            "stop",
            "SL",
            "TP1",
            "target",
            "entry",
            "to",
            "move",
            "breakeven",
            "cancel",
            "delete",
            "order",
            "position",
            "re-enter",
            "hit",
            "if",
            "not",
            "?",
            "!",
            ".",
            ",",
            "\n",
            "✅",
            "+",
            "-",
            "%",
            "1/3",
            "1/0",
            "9/2",
            "the",
            "rest",
            "closed",
            "profit",
            "止盈",
            "减仓",
            "一半",
            "保本",
            "平仓",
            "取消",
            "закрываем",
            "половину",
            "стоп",
            "в бу",
            "kapatın",
            "yarısını",
            "정리합니다",
            "マ",
            "\"",
            "results",
            "now",
        ])
        .prop_map(|word| format!("{word} ")),
        "[0-9]{1,6}([.,][0-9]{1,4})?%? ",
        "\\PC{0,4} ",
    ]
}

proptest! {
    #[test]
    fn a_word_orders_something_and_takes_a_part_of_what_is_open(pieces in prop::collection::vec(piece(), 0..30)) {
        let text = pieces.concat();
        let meaning = read(&text);
        prop_assert_eq!(&meaning, &read(&text));
        let (Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words)) = &meaning else {
            return Ok(());
        };
        prop_assert!(!words.is_empty());
        for word in words {
            if let Order::CloseShare(share) = word.order {
                prop_assert!(share > 0.into() && share < 1.into());
            }
            let ends = matches!(word.order, Order::Close | Order::Cancel);
            prop_assert!(ends || matches!(meaning, Meaning::Updates(_)));
        }
    }

    #[test]
    fn who_only_asks_or_supposes_orders_nothing(pieces in prop::collection::vec(piece(), 0..8)) {
        // One sentence.
        let inside = |c: char| if c.is_alphanumeric() || " %/+-,".contains(c) { c } else { ' ' };
        let text: String = pieces.concat().chars().map(inside).collect();
        let moves = |text: &str| {
            matches!(read(text), Meaning::Updates(_) | Meaning::Closes(_) | Meaning::Cancels(_))
        };
        let (asked, supposed) = (format!("{text}?"), format!("if {text}"));
        prop_assert!(!moves(&asked), "{}", asked);
        prop_assert!(!moves(&supposed), "{}", supposed);
    }
}
