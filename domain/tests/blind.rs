//! The parser on rooms that were written down and labelled by people who had not seen it: what it
//! once read right it reads right, and nothing of it wrongly.
//!
//! The sets and what became of each at first sight stand in `docs/guide/reading.md`. They are learnt
//! from by now, so their figures say that nothing is lost, and nothing about what is new.

#[path = "gold/compare.rs"]
mod compare;

use compare::{Fate, fate};
use domain::parse::{self, Assets, Context};
use serde_json::Value;

/// A set, its posts, and of how many trades and other posts it must say what the label says.
const SETS: [(&str, &str, usize, usize); 6] = [
    ("one", include_str!("blind/one.jsonl"), 149, 207),
    ("two", include_str!("blind/two.jsonl"), 132, 212),
    ("three", include_str!("blind/three.jsonl"), 156, 108),
    ("four", include_str!("blind/four.jsonl"), 46, 68),
    ("five", include_str!("blind/five.jsonl"), 45, 67),
    ("six", include_str!("blind/six.jsonl"), 58, 85),
];

#[test]
fn no_room_is_read_wrongly_and_what_was_learnt_stays() {
    let context = Context {
        assets: Assets::bundled(),
    };
    let mut faults = Vec::new();
    for (set, posts, trades_at_least, others_at_least) in SETS {
        let (mut trades, mut right, mut others, mut told) = (0, 0, 0, 0);
        for line in posts.lines() {
            let label: Value = serde_json::from_str(line).unwrap();
            let meaning = parse::read(label["text"].as_str().unwrap(), false, context).meaning;
            let note = label["note"].as_str().unwrap_or_default();
            let trap = note.contains("trap");
            match fate(&label, &meaning) {
                Fate::Found if trap => faults.push(format!("{}: a trap is taken", label["id"])),
                Fate::Found => (trades, right) = (trades + 1, right + 1),
                Fate::Held(_) => (trades, right) = (trades + 1, right + usize::from(trap)),
                Fate::Missed(_) => trades += 1,
                Fate::Told => (others, told) = (others + 1, told + 1),
                Fate::ToldWrong(_) => others += 1,
                Fate::Wrong(what) => faults.push(format!("{}: {what}", label["id"])),
                Fate::FalseTrade(what) => faults.push(format!("{}: {what}", label["id"])),
            }
        }
        println!("{set}: {right} of {trades} trades as labelled, {told} of {others} others");
        if right < trades_at_least || told < others_at_least {
            faults.push(format!(
                "{set}: {right} of {trades} trades and {told} of {others} others, \
                 where {trades_at_least} and {others_at_least} were known"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
