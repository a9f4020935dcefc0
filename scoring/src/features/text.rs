//! The text: how it is written, and how surely it was read.

use domain::reading::{Confidence, Draft};
use domain::statistics::count;
use sha2::{Digest as _, Sha256};

use super::{Known, flag};

/// How many buckets the words are hashed into.
const BUCKETS: usize = 16;

pub(super) const NAMES: [&str; 7 + BUCKETS] = [
    "text.there",
    "text.length_log",
    "text.lines_log",
    "text.capitals",
    "text.pictures",
    "text.hype",
    "text.confidence",
    "text.words_0",
    "text.words_1",
    "text.words_2",
    "text.words_3",
    "text.words_4",
    "text.words_5",
    "text.words_6",
    "text.words_7",
    "text.words_8",
    "text.words_9",
    "text.words_10",
    "text.words_11",
    "text.words_12",
    "text.words_13",
    "text.words_14",
    "text.words_15",
];

/// Words of those who promise; in lower case.
const HYPE: [&str; 22] = [
    "guaranteed",
    "moon",
    "rocket",
    "100%",
    "sure",
    "easy",
    "profit",
    "vip",
    "premium",
    "insane",
    "huge",
    "massive",
    "pump",
    "bullish",
    "explode",
    "don't miss",
    "hurry",
    "last chance",
    "暴涨",
    "必涨",
    "гарант",
    "ракета",
];

/// The features of the text.
pub(super) fn text(known: &Known<'_>) -> [Option<f64>; 7 + BUCKETS] {
    let mut values = [None; 7 + BUCKETS];
    values[0] = flag(known.text.is_some());
    values[6] = known.confidence;
    let Some(text) = known.text else {
        return values;
    };
    let share = |holds: fn(char) -> bool| {
        let (some, all) = text
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .fold((0.0, 0.0), |(some, all), letter| {
                (some + f64::from(u8::from(holds(letter))), all + 1.0)
            });
        if all > 0.0 { some / all } else { 0.0 }
    };
    let lower = text.to_lowercase();
    let hype: usize = HYPE.iter().map(|word| lower.matches(word).count()).sum();
    values[1] = Some(count(text.chars().count()).ln_1p());
    values[2] = Some(count(text.lines().count()).ln_1p());
    values[3] = Some(share(char::is_uppercase));
    values[4] = Some(share(|letter| {
        u32::from(letter) > 0x2_5FF && !letter.is_alphanumeric()
    }));
    values[5] = Some(count(hype).ln_1p());
    let mut buckets = [0.0_f64; BUCKETS];
    // Words, not numbers: a price would make every text its own.
    let words = lower.split(|letter: char| !letter.is_alphabetic());
    for word in words.filter(|word| word.chars().count() > 1) {
        buckets[usize::from(Sha256::digest(word.as_bytes())[0]) % BUCKETS] += 1.0;
    }
    for (value, bucket) in values[7..].iter_mut().zip(buckets) {
        *value = Some(bucket.ln_1p());
    }
    values
}

/// How surely a trade was read: the share of its fields that stand under their own names.
#[must_use]
pub fn confidence(draft: &Draft) -> Option<f64> {
    let named = draft
        .spans
        .iter()
        .filter(|span| span.confidence == Confidence::Named)
        .count();
    (!draft.spans.is_empty()).then(|| count(named) / count(draft.spans.len()))
}
