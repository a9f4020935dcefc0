//! A person looks at what is held, and what he says becomes an example.

use serde_json::{Value, json};

use crate::alerts::{Desk, outcome};
use crate::api::{problem, read, text};

async fn review(desk: &Desk, id: &str, said: &Value) -> touchstone::outbound::Answer {
    let path = format!("/v1/reviews/{id}");
    let headers = [("content-type", "application/json")];
    let api = &desk.running.api;
    api.post(&path, &headers, &said.to_string()).await
}

#[tokio::test]
async fn what_is_held_is_reviewed_once_and_exported_as_a_label() {
    let desk = Desk::open().await;
    let call = desk.signal();
    // The stop above the entry of a long: held, with both numbers.
    let entry = call.lines().nth(1).unwrap().replace("Entry: ", "");
    let above = format!("Stop: {}", entry.parse::<f64>().unwrap() * 1.02);
    let bad = call.replace(call.lines().last().unwrap(), &above);
    assert_eq!(
        outcome(&desk.with_key(&bad, "text/plain").await),
        "quarantined"
    );
    let api = &desk.running.api;
    let open = api.json("/v1/reviews").await;
    let held = &open["readings"][0];
    assert_eq!(held["text"], bad.as_str());
    assert!(!text(held, "reason").is_empty());
    assert_eq!(held["signals"][0]["side"], "long");
    let id = text(held, "id");

    for (said, field) in [
        (json!({"verdict": "fine"}), "verdict"),
        (json!({"verdict": "corrected"}), "class"),
        (
            json!({"verdict": "corrected", "class": "signal"}),
            "signals",
        ),
        (json!({"verdict": "confirmed", "class": "noise"}), "class"),
        (
            json!({"verdict": "corrected", "class": "signal", "signals": [
                {"symbol": "QBT/USDT", "side": "up", "entry": {"kind": "market"}}]}),
            "signals[0].side",
        ),
        (
            json!({"verdict": "corrected", "class": "signal", "signals": [
                {"symbol": "QBT/USDT", "side": "long", "entry": {"kind": "zone", "low": "2", "high": "1"}}]}),
            "signals[0].entry",
        ),
    ] {
        let refused = problem(&review(&desk, &id, &said).await, 400, "invalid_request");
        assert_eq!(refused["field"], field, "{refused}");
    }
    let nobody = review(&desk, "999999.1", &json!({"verdict": "confirmed"})).await;
    problem(&nobody, 404, "not_found");

    let right = json!({"verdict": "corrected", "class": "signal", "note": "he wrote the stop wrong",
        "signals": [{"symbol": "QBT/USDT", "side": "long", "entry": {"kind": "limit", "low": entry},
                     "targets": [], "stop": "1.5"}]});
    let done = review(&desk, &id, &right).await;
    assert_eq!(done.status, 200, "{:?}", done.body);
    assert_eq!(read(&done)["review"]["signals"][0]["stop"], "1.5");
    assert_eq!(api.json("/v1/reviews").await["readings"], json!([]));
    // It taught something, and traded nothing.
    assert_eq!(api.json("/v1/signals").await["signals"], json!([]));

    let Desk { home, running, .. } = desk;
    running.stop().await;
    let exported = home.run(&["export", "labels"], "");
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    let lines: Vec<Value> = exported
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["review"]["verdict"], "corrected");
    assert_eq!(lines[0]["text"], bad.as_str());

    // The same parser comes to the same, once; nothing that was read is touched.
    for new in ["1 of these", "0 of these"] {
        let reread = home.run(&["reread", "--channel", "desk"], "");
        assert_eq!(reread.code, Some(0), "{}", reread.err);
        assert!(!reread.out.contains("->"), "{}", reread.out);
        let versions = reread.out.split(' ').next().unwrap();
        let new = new.replace('1', versions);
        assert!(reread.out.contains(&new), "{}", reread.out);
    }
}
