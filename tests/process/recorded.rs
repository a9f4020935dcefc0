//! What TradingView really sent.

use std::collections::BTreeMap;
use std::path::Path;

use crate::alerts::{Desk, outcome};
use crate::api::{read, text};

const LOG: &str = "../shared/data/signals/tradingview_alert_log.csv";

/// The column of the body.
const BODY: usize = 3;

#[tokio::test]
async fn every_recorded_alert_is_taken_or_refused_with_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("../shared").exists() {
        println!("left out: ../shared is not here");
        return;
    }
    let log = std::fs::read_to_string(root.join(LOG)).unwrap();
    let rows = rows(&log);
    assert!(rows.len() > 100, "only {} rows", rows.len());
    let desk = Desk::open().await;
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows[1..] {
        let answer = desk.with_key(&row[BODY], "application/json").await;
        let fate = match answer.status.as_u16() {
            200 => outcome(&answer),
            400 => format!("refused: {}", text(&read(&answer), "detail")),
            other => panic!("{other} for {}", row[BODY]),
        };
        *fates.entry(fate).or_default() += 1;
    }
    // Each of them says where it enters and where it is wrong, which is no chat.
    assert_eq!(fates.get("noise"), None, "{fates:?}");
    println!("{} recorded alerts: {fates:?}", rows.len() - 1);
}

/// Rows of a CSV file, in which a field may be quoted and a quote doubled.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    rows
}
