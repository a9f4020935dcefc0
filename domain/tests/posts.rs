//! The parser on real posts, where the data is to be had: figures with floors, and what must not be.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects by panicking, and shows its figures"
)]

#[path = "gold/compare.rs"]
mod compare;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use compare::{Fate, fate};
use domain::parse::{self, Assets, Context};
use domain::reading::Meaning;
use serde_json::Value;

/// The text of a data file. None where there is no data at all; a file that is missing from the
/// data is a failure.
fn text(file: &str) -> Option<String> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if !shared.exists() {
        println!("left out: there is no {}", shared.display());
        return None;
    }
    let path = shared.join("data").join(file);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()));
    Some(if file.ends_with(".xz") {
        let mut text = String::new();
        lzma_rust2::XzReader::new(bytes.as_slice(), true)
            .read_to_string(&mut text)
            .unwrap();
        text
    } else {
        String::from_utf8(bytes).unwrap()
    })
}

/// The records of a data file, one on each line.
fn records(file: &str) -> Option<Vec<Value>> {
    let text = text(file)?;
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

fn document(file: &str) -> Option<Value> {
    Some(serde_json::from_str(&text(file)?).unwrap())
}

fn context() -> Context<'static> {
    Context {
        assets: Assets::bundled(),
    }
}

fn read(record: &Value) -> Meaning {
    let media = record["media"].as_bool().unwrap_or_default();
    parse::read(
        record["text"].as_str().unwrap_or_default(),
        media,
        context(),
    )
    .meaning
}

/// How many posts of each class, with the reason where there is one.
fn classes(records: &[Value]) -> BTreeMap<String, usize> {
    let mut classes = BTreeMap::new();
    for record in records {
        let meaning = read(record);
        let name = match &meaning {
            Meaning::Noise(reason) => format!("noise ({reason})"),
            other => other.label().to_owned(),
        };
        *classes.entry(name).or_default() += 1;
    }
    classes
}

#[test]
fn no_number_of_a_gold_trade_is_wrong_and_no_other_post_becomes_one() {
    let Some(gold) = records("gold.jsonl") else {
        return;
    };
    let (mut accepted, mut held, mut missed) = (0, Vec::new(), Vec::new());
    let (mut faults, mut told_wrong) = (Vec::new(), Vec::new());
    for record in &gold {
        let id = record["id"].as_str().unwrap();
        match fate(record, &read(record)) {
            Fate::Found => accepted += 1,
            Fate::Held(reason) => held.push(format!("{id}: {reason}")),
            Fate::Missed(what) => missed.push(format!("{id}: {what}")),
            Fate::Wrong(fault) | Fate::FalseTrade(fault) => faults.push(format!("{id}: {fault}")),
            Fate::ToldWrong(what) => told_wrong.push(format!("{id}: {what}")),
            Fate::Told => {}
        }
    }
    println!(
        "accepted {accepted}\nheld {}: {held:#?}\nmissed {}: {missed:#?}\ntold wrong: {told_wrong:#?}",
        held.len(),
        missed.len()
    );
    assert_eq!(faults, Vec::<String>::new());
    assert!(accepted >= 43, "accepted {accepted}");
    assert!(
        accepted + held.len() >= 48,
        "found {}",
        accepted + held.len()
    );
}

#[test]
fn formats_kept_by_other_projects_are_read() {
    let Some(formats) = records("signals/formats_open.jsonl") else {
        return;
    };
    let mut signals = 0;
    for record in &formats {
        match read(record) {
            Meaning::Signals(_) => signals += 1,
            other => println!("{} {other:?}", record["id"]),
        }
    }
    println!("{signals} of {} are signals", formats.len());
    assert!(signals >= 68, "{signals} signals");
}

#[test]
fn a_year_of_a_chinese_room_is_read() {
    let Some(posts) = records("signals/zh_discord_chen_to20250831.jsonl") else {
        return;
    };
    let classes = classes(&posts);
    println!("{classes:#?}");
    assert!(classes["signal"] >= 778, "{} signals", classes["signal"]);
}

#[test]
fn other_channels_are_read() {
    for file in [
        "signals/zh_tg_topic18125.jsonl",
        "signals/en_tg_crypto_ninjas_ids_to5656.jsonl.xz",
        "signals/es_tg_gold_to20250831.jsonl.xz",
    ] {
        let Some(posts) = records(file) else {
            return;
        };
        println!("{file} {:#?}", classes(&posts));
    }
}

#[test]
fn russian_ideas_are_read() {
    let Some(export) = document("signals/ru_tg_ideas.json") else {
        return;
    };
    let ideas = export["signals"].as_array().unwrap();
    let (mut signals, mut held) = (0, 0);
    for idea in ideas {
        match parse::read(idea["original_text"].as_str().unwrap(), true, context()).meaning {
            Meaning::Signals(_) => signals += 1,
            Meaning::Quarantined { .. } => held += 1,
            _ => {}
        }
    }
    println!(
        "{signals} of {} ideas are signals, {held} are held",
        ideas.len()
    );
    assert!(signals >= 14, "{signals} signals");
    for reply in export["signal_updates"].as_array().unwrap() {
        let text = reply["original_text"].as_str().unwrap_or_default();
        let meaning = parse::read(text, false, context()).meaning;
        assert!(!matches!(meaning, Meaning::Signals(_)), "{text}");
    }
}

/// Labels without texts: posts that a person read before he saw what the parser makes of them.
#[test]
fn looks_at_a_channel_before_its_words_were_learnt_are_not_forgotten() {
    let looks = [
        (include_str!("looks/en_tg_crypto_ninjas.jsonl"), 39),
        (include_str!("looks/zh_tg_topic18125.jsonl"), 29),
        (include_str!("looks/es_tg_gold.jsonl"), 29),
        (include_str!("looks/zh_discord_chen.jsonl"), 38),
    ];
    for (look, floor) in looks {
        let mut lines = look.lines().map(|line| {
            let label: Value = serde_json::from_str(line).unwrap();
            label
        });
        let head = lines.next().unwrap();
        let file = head["posts"].as_str().unwrap();
        let Some(posts) = records(file) else { return };
        let labels: Vec<Value> = lines.collect();
        let (mut agreed, mut signals, mut found) = (0, 0, 0);
        for label in &labels {
            let post = posts.iter().find(|post| {
                post["channel"] == label["channel"] && post["msg_id"] == label["msg_id"]
            });
            let meaning = read(post.unwrap_or_else(|| panic!("{file} has no {label}")));
            let wanted = label["class"].as_str().unwrap();
            agreed += usize::from(meaning.label() == wanted);
            signals += usize::from(wanted == "signal");
            found += usize::from(wanted == "signal" && meaning.label() == "signal");
            if meaning.label() != wanted {
                println!(
                    "{} is {wanted}, read as {}",
                    label["msg_id"],
                    meaning.label()
                );
            }
            assert!(
                meaning.label() != "signal" || ["signal", "quarantined"].contains(&wanted),
                "{label} became a trade"
            );
        }
        println!(
            "{file}: {agreed} of {} as labelled ({} at the first look), {found} of {signals} signals",
            labels.len(),
            head["agreed_at_first"]
        );
        assert!(agreed >= floor, "{file}: {agreed} of {}", labels.len());
    }
}
