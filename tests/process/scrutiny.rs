//! What a channel is held against: its claims, its edits, and who else said the same.

use serde_json::{Value, json};

use crate::alerts::{Desk, outcome};
use crate::api::{number, read, text};

/// Another channel, and the key to it.
async fn echo(desk: &Desk) -> String {
    let channel = json!({"id": "echo", "source": "webhook"});
    let made = desk
        .running
        .api
        .send(reqwest::Method::POST, "/v1/channels", &[], Some(channel))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    text(&read(&made), "key")
}

async fn told(desk: &Desk, channel: &str) -> Value {
    let path = format!("/v1/analytics/channels/{channel}");
    desk.running.api.json(&path).await
}

#[tokio::test]
async fn words_edits_and_copies_are_held_against_a_channel() {
    let desk = Desk::open().await;
    let card = desk.signal();
    let bring = async |id: &str, text: &str| {
        let body = json!({"id": id, "text": text, "reply_to": "card"}).to_string();
        outcome(&desk.with_key(&body, "application/json").await)
    };
    assert_eq!(bring("card", &card).await, "signal");
    let key = echo(&desk).await;
    let headers = [
        ("x-touchstone-key", key.as_str()),
        ("content-type", "text/plain"),
    ];
    let echoed = desk.running.api.post("/v1/ingest/echo", &headers, &card);
    assert_eq!(outcome(&echoed.await), "signal");

    // The stop of the card moves down a little, long before it is touched.
    let stop = card.lines().last().unwrap();
    let lower: f64 = stop.strip_prefix("Stop: ").unwrap().parse().unwrap();
    let moved = card.replace(stop, &format!("Stop: {:.1}", lower * 0.99));
    assert_eq!(bring("card", &moved).await, "edited");
    let claim = "#QBT/USDT TP1 hit, +30% profit (10x)";
    assert_eq!(bring("brag", claim).await, "claim");

    let desk_told = told(&desk, "desk").await;
    let claims = &desk_told["claims"];
    for (member, wanted) in [
        ("claims", 1),
        ("with_percent", 1),
        ("matched", 1),
        ("trades", 1),
    ] {
        assert_eq!(number(claims, member), wanted, "{member}: {claims}");
    }
    // It is open: there is nothing yet to compare with.
    assert_eq!(
        (number(claims, "not_judged"), number(claims, "compared")),
        (1, 0)
    );
    let said = &claims["newest"][0];
    assert_eq!(
        (text(said, "percent"), text(said, "leverage")),
        ("30".into(), "10".into())
    );
    // 3 % of the price, of which 5 % are at risk.
    let in_r = said["claimed_r"].as_f64().unwrap();
    assert!((in_r - 0.6).abs() < 0.02, "{in_r}");

    let revisions = &desk_told["revisions"];
    assert_eq!(
        (number(revisions, "posts"), number(revisions, "left_out")),
        (1, 0)
    );
    let edit = &revisions["newest"][0];
    assert_eq!(
        (text(edit, "action"), text(edit, "post")),
        ("edited".into(), "id:card".into())
    );
    assert_eq!(edit["before"]["text"], Value::String(card));
    assert_eq!(edit["after"]["text"], Value::String(moved));
    assert_ne!(
        edit["before"]["levels"][0]["stop"],
        edit["after"]["levels"][0]["stop"]
    );
    let signal = &edit["signals"][0];
    assert_eq!(
        signal["events"][0]["data"]["order"], "move_stop",
        "{edit:#}"
    );
    assert_eq!(signal["r"], Value::Null);

    let copies = &desk_told["copies"];
    assert_eq!(
        (number(copies, "first"), number(copies, "repeated")),
        (1, 1)
    );
    assert_eq!(copies["with"][0]["channel"], "echo");
    let copies = &told(&desk, "echo").await["copies"];
    assert_eq!((number(copies, "first"), number(copies, "copied")), (0, 1));
    assert_eq!(copies["originality"], 0.0);
    assert!(copies["median_lag_s"].as_f64().unwrap() > 0.0, "{copies}");
}
