//! The parser on real posts, where the data is to be had: figures with floors, and what must not be.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects by panicking, and shows its figures"
)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Meaning};
use rust_decimal::Decimal;
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

fn decimal(value: &Value) -> Decimal {
    let text = value.to_string();
    Decimal::from_str_exact(&text)
        .or_else(|_| Decimal::from_scientific(&text))
        .unwrap()
        .normalize()
}

/// Equal but for the last digits of a binary floating point number.
fn near(gold: Decimal, read: Decimal) -> bool {
    (gold - read).abs() <= gold * Decimal::new(1, 14)
}

fn decimals(value: &Value) -> Vec<Decimal> {
    value
        .as_array()
        .map(|values| values.iter().map(decimal).collect())
        .unwrap_or_default()
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

fn wrong(gold: &Value, draft: &Draft) -> Option<String> {
    let alternatives =
        |key: &str| -> Vec<Value> { gold["alts"][key].as_array().cloned().unwrap_or_default() };
    let written = format!("{}{}", draft.pair.base(), draft.pair.quote());
    let mut symbols = alternatives("symbol");
    symbols.push(gold["symbol"].clone());
    let bare = draft.quote_implied && symbols.iter().any(|symbol| symbol == draft.pair.base());
    if !bare && !symbols.iter().any(|symbol| *symbol == written) {
        return Some(format!("symbol {written}"));
    }
    if gold["side"].as_str() != Some(draft.side.label()) {
        return Some(format!("side {}", draft.side));
    }
    let mut entries = alternatives("entry");
    entries.push(gold["entry"].clone());
    let entry_fits = entries.iter().any(|entry| match draft.entry.bounds() {
        None => entry == "market" || entry.is_null(),
        Some((low, high)) => match decimals(entry).as_slice() {
            [first, last] => near(*first, low.get()) && near(*last, high.get()),
            _ => false,
        },
    });
    if !entry_fits {
        return Some(format!("entry {:?}", draft.entry));
    }
    let mut targets: Vec<Vec<Decimal>> = alternatives("targets").iter().map(decimals).collect();
    targets.push(decimals(&gold["targets"]));
    let read: Vec<Decimal> = draft
        .targets
        .iter()
        .map(|target| target.price.get())
        .collect();
    if !targets.contains(&read) {
        return Some(format!("targets {read:?}"));
    }
    let stop = (!gold["stop"].is_null()).then(|| decimal(&gold["stop"]));
    if stop != draft.stop.map(domain::market::Price::get) {
        return Some(format!("stop {:?}", draft.stop));
    }
    let leverage = match &gold["leverage"] {
        Value::Null => None,
        Value::Array(range) => range.first().map(decimal),
        number => Some(decimal(number)),
    };
    if leverage != draft.leverage {
        return Some(format!("leverage {:?}", draft.leverage));
    }
    None
}

#[test]
fn no_number_of_a_gold_trade_is_wrong_and_no_other_post_becomes_one() {
    let Some(gold) = records("gold.jsonl") else {
        return;
    };
    let (mut accepted, mut held, mut missed) = (0, Vec::new(), Vec::new());
    let mut faults = Vec::new();
    for record in &gold {
        let id = record["id"].as_str().unwrap();
        let signal = record["kind"] == "signal";
        match (read(record), signal) {
            (Meaning::Signals(drafts), true) => {
                accepted += 1;
                if drafts.len() != 1 {
                    faults.push(format!("{id}: {} drafts", drafts.len()));
                }
                faults.extend(
                    drafts
                        .iter()
                        .filter_map(|draft| wrong(record, draft))
                        .map(|fault| format!("{id}: {fault}")),
                );
            }
            (Meaning::Signals(_), false) => faults.push(format!("{id}: no signal")),
            (Meaning::Quarantined { reason, .. }, true) => held.push(format!("{id}: {reason}")),
            (other, true) => missed.push(format!("{id}: {other:?}")),
            (other, false) => println!("{id} {} as {}", record["kind"], other.label()),
        }
    }
    println!(
        "accepted {accepted}\nheld {}: {held:#?}\nmissed {}: {missed:#?}",
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
