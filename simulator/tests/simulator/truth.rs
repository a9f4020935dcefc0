//! The truth on disk.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use simulator::Simulator;

use crate::support::{MINUTE, TUESDAY, with};

fn written(dir: &Path) -> Vec<(String, i64)> {
    let text = std::fs::read_to_string(dir.join("truth.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let key = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (
            line["channel"].as_str().unwrap().to_owned(),
            line["id"].as_i64().unwrap(),
        )
    };
    whole.lines().map(key).collect()
}

fn known(simulator: &Simulator, after: i64, until: i64) -> Vec<(String, i64)> {
    let truths = simulator.truth_between(after, until);
    truths
        .into_iter()
        .map(|truth| (truth.channel.to_owned(), truth.id))
        .collect()
}

async fn until_written(dir: &Path, count: usize) {
    while written(dir).len() < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn the_truth_is_written_once_across_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let options = |options: &mut simulator::Options| {
        options.truth_dir = Some(dir.path().to_owned());
    };
    let (first, hand) = with(TUESDAY, options);
    hand.pass(5 * MINUTE);
    let expected = known(&first, TUESDAY - 60 * MINUTE, TUESDAY + 5 * MINUTE);
    until_written(dir.path(), expected.len()).await;
    first.stop();
    // What a crash cuts off in the middle of a line is written again.
    let path = dir.path().join("truth.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let last = text.trim_end().rfind('\n').unwrap();
    std::fs::write(&path, &text[..=last]).unwrap();
    let later = TUESDAY + 20 * MINUTE;
    let (second, _) = with(later, options);
    let expected = known(&second, TUESDAY - 60 * MINUTE, later);
    until_written(dir.path(), expected.len()).await;
    second.stop();
    assert_eq!(written(dir.path()), expected);
}
