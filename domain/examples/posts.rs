//! How many posts a second one core reads, beside a cascade of regexes as other parsers use it:
//! `cargo run --release -p touchstone-domain --example posts [FILE.jsonl…]`. Without files it reads
//! the ones of `../shared/data/signals`. Then the longest texts of awkward shapes, to show that time
//! grows with the length and no faster.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement speaks to a person"
)]

use std::hint::black_box;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::parse::{self, Assets, Context, LONGEST_TEXT};
use regex::Regex;

/// What the usual bot does: one pattern after the other over the whole text.
const CASCADE: [&str; 10] = [
    r"(?i)[#$]?([A-Z0-9]{2,12})\s*[/-]?\s*(USDT|USDC|BUSD|USD|BTC)\b",
    r"(?i)\b(long|short|buy|sell)\b|做多|做空|多单|空单|лонг|шорт",
    r"(?i)(?:entry|entries|buy zone|вход|入场|进场)[^0-9\n]{0,20}([0-9.,]+)(?:\s*[-–/]\s*([0-9.,]+))?",
    r"(?i)(?:tp|target|take[ -]?profit|тейк|止盈|目标)\s*(\d{0,2})[^0-9\n]{0,12}([0-9.,]+)",
    r"(?i)(?:sl|stop[ -]?loss|stop|стоп|止损)[^0-9\n]{0,12}([0-9.,]+)",
    r"(?i)(?:leverage|lev|плечо|杠杆)[^0-9\n]{0,12}(\d{1,3})\s*x?",
    r"(?i)\b(?:cancel|cancelled|closed?)\b|取消|平仓|закр",
    r"(?i)\b(?:hit|reached|done)\b|✅|达到|взят",
    r"(?i)(?:move|moved?)[^\n]{0,30}(?:sl|stop)[^0-9\n]{0,12}([0-9.,]+|entry|be)",
    r"[+-]?\d+(?:\.\d+)?\s*%",
];

fn main() {
    let given: Vec<PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    let files = if given.is_empty() { bundled() } else { given };
    let posts: Vec<String> = files.iter().flat_map(|file| texts(file)).collect();
    if posts.is_empty() {
        println!("no posts: name files of them, as there is no ../shared/data/signals here");
    } else {
        pace(&posts);
    }
    lengths();
}

fn bundled() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/signals");
    [
        "zh_discord_chen_to20250831.jsonl",
        "zh_tg_topic18125.jsonl",
        "en_tg_crypto_ninjas_ids_to5656.jsonl.xz",
        "es_tg_gold_to20250831.jsonl.xz",
    ]
    .iter()
    .map(|file| folder.join(file))
    .filter(|path| path.exists())
    .collect()
}

fn texts(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let text = if path.extension().is_some_and(|end| end == "xz") {
        let mut text = String::new();
        lzma_rust2::XzReader::new(bytes.as_slice(), true)
            .read_to_string(&mut text)
            .unwrap();
        text
    } else {
        String::from_utf8(bytes).unwrap()
    };
    let post = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        record["text"].as_str().unwrap_or_default().to_owned()
    };
    text.lines().map(post).collect()
}

fn read(text: &str) -> bool {
    let context = Context {
        assets: Assets::bundled(),
    };
    parse::read(text, false, context).meaning.label() == "signal"
}

/// The shortest of several rounds: what the machine did besides is not the parser's.
fn best(rounds: usize, mut round: impl FnMut()) -> Duration {
    (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            round();
            begun.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn pace(posts: &[String]) {
    let cascade: Vec<Regex> = CASCADE
        .iter()
        .map(|pattern| Regex::new(pattern).unwrap())
        .collect();
    let signals = posts.iter().filter(|post| read(post)).count();
    let parser = best(5, || {
        for post in posts {
            black_box(read(black_box(post)));
        }
    });
    let regexes = best(5, || {
        for post in posts {
            for pattern in &cascade {
                black_box(pattern.captures_iter(black_box(post)).count());
            }
        }
    });
    let a_second = |spent: Duration| posts.len() as f64 / spent.as_secs_f64();
    let bytes: usize = posts.iter().map(String::len).sum();
    println!(
        "{} posts of {} bytes on average, {signals} of them signals",
        posts.len(),
        bytes / posts.len()
    );
    println!(
        "parser   {:>9.0} posts/s  {:>6.1} MB/s",
        a_second(parser),
        bytes as f64 / parser.as_secs_f64() / 1e6
    );
    println!("regexes  {:>9.0} posts/s", a_second(regexes));
    println!(
        "ratio of times {:.2}",
        parser.as_secs_f64() / regexes.as_secs_f64()
    );
}

fn lengths() {
    let shapes = [
        ("one word", "a"),
        ("words", "profit "),
        ("numbers", "1.5 "),
        ("glued numbers", "1,234.5-"),
        ("pairs", "BTC/USDT "),
        ("labels", "TP1: 5 SL 4 entry 3\n"),
        ("Chinese", "止盈止损"),
        ("signs", "=-=-"),
        ("brackets", "(1("),
        ("capitals", "LONGSHORTLONG"),
        ("accents", "e\u{301}"),
        ("thin spaces", "1\u{00A0}"),
    ];
    println!(
        "\nthe longest text that is read, of one shape: ms, and how often the time of half of it"
    );
    for (name, piece) in shapes {
        let whole = piece.repeat(LONGEST_TEXT / piece.len());
        let mut middle = whole.len() / 2;
        while !whole.is_char_boundary(middle) {
            middle -= 1;
        }
        let time = |text: &str| {
            best(5, || {
                black_box(read(black_box(text)));
            })
        };
        let (half, all) = (time(&whole[..middle]), time(&whole));
        println!(
            "{name:>14} {:>7.2} ms  {:>5.2} times",
            all.as_secs_f64() * 1e3,
            all.as_secs_f64() / half.as_secs_f64()
        );
    }
}
