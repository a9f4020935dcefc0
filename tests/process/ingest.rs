//! Posts that are brought, well and badly.

use crate::alerts::{Desk, KEY, LARGEST, outcome, stands_in};
use crate::api::problem;

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_a_problem() {
    let desk = Desk::open().await;
    let signal = desk.signal();
    problem(&desk.bring(&signal, &[]).await, 401, "wrong_key");
    let wrong = [("x-touchstone-key", "correct-horse-battery-stable")];
    problem(&desk.bring(&signal, &wrong).await, 401, "wrong_key");
    let elsewhere = desk
        .running
        .api
        .post("/v1/ingest/nobody", &wrong, "x")
        .await;
    problem(&elsewhere, 401, "wrong_key");
    for body in ["BUY QBT", "[1]", "\"buy\""] {
        let refused = desk.with_key(body, "application/json; charset=utf-8").await;
        assert_eq!(problem(&refused, 400, "invalid_request")["field"], "body");
    }
    problem(
        &desk.with_key("  \n", "text/plain").await,
        400,
        "invalid_request",
    );
    let large = "a".repeat(LARGEST + 1);
    problem(&desk.with_key(&large, "text/plain").await, 413, "too_large");
    let largest = "a".repeat(LARGEST);
    outcome(&desk.with_key(&largest, "text/plain").await);
    assert_eq!(
        desk.running.api.json("/v1/signals").await["signals"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn a_signal_is_stored_once_however_often_it_is_brought() {
    let desk = Desk::open().await;
    let signal = desk.signal();
    assert_eq!(
        outcome(&desk.with_key(&signal, "text/plain").await),
        "signal"
    );
    assert_eq!(
        outcome(&desk.with_key(&signal, "text/plain").await),
        "duplicate"
    );
    let story = desk.story().await;
    assert_eq!(story["signal"]["symbol"], "QBT/USDT");
    assert_eq!(story["signal"]["origin"], "live");
    assert_eq!(story["versions"].as_array().unwrap().len(), 1);

    // The same by name, although its words are others: a new version.
    let named = [("x-touchstone-key", KEY), ("idempotency-key", "7")];
    assert_eq!(outcome(&desk.bring("hello", &named).await), "noise");
    assert_eq!(outcome(&desk.bring("hello", &named).await), "duplicate");
    assert_eq!(outcome(&desk.bring("hello there", &named).await), "edited");
}

#[tokio::test]
async fn a_card_that_is_edited_in_place_closes_its_own_trade() {
    let desk = Desk::open().await;
    let card = desk.signal();
    let named = [("x-touchstone-key", KEY), ("idempotency-key", "card")];
    assert_eq!(outcome(&desk.bring(&card, &named).await), "signal");
    // A tick in front of a level is a report, and moves nothing.
    let reached = card.replace("Target", "✅ Target");
    assert_eq!(outcome(&desk.bring(&reached, &named).await), "edited");
    let closed = format!("{reached}\nSTATUS: CLOSED");
    assert_eq!(outcome(&desk.bring(&closed, &named).await), "edited");
    // The same line once more is not said anew.
    let thanks = format!("{closed}\nThank you!");
    assert_eq!(outcome(&desk.bring(&thanks, &named).await), "edited");

    let story = desk.story().await;
    assert_eq!(story["versions"].as_array().unwrap().len(), 4);
    let events = story["events"].as_array().unwrap();
    let orders: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "instruction")
        .map(|event| event["data"]["order"].to_string())
        .collect();
    assert_eq!(orders.len(), 1, "{story:#}");
    assert!(orders[0].contains("close"), "{story:#}");
}

#[tokio::test]
async fn a_reply_completes_the_half_of_a_trade() {
    let desk = Desk::open().await;
    let whole = desk.signal();
    let (pair, rest) = whole.split_once('\n').unwrap();
    let pair = pair.replace("BUY ", "");
    let bring = async |body: serde_json::Value| {
        outcome(&desk.with_key(&body.to_string(), "application/json").await)
    };
    let half = serde_json::json!({"id": 1, "text": format!("{pair} looks good, levels follow")});
    assert_eq!(bring(half).await, "noise");
    let elsewhere = serde_json::json!({"id": 2, "text": format!("BUY {rest}"), "reply_to": 7});
    assert_ne!(bring(elsewhere).await, "signal");
    let reply = serde_json::json!({"id": 3, "text": format!("BUY {rest}"), "reply_to": 1});
    assert_eq!(bring(reply).await, "signal");
    let story = desk.story().await;
    assert_eq!(story["signal"]["symbol"], "QBT/USDT");
    let text = story["versions"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("BUY Entry"), "{text}");
}

#[tokio::test]
async fn two_alerts_of_one_bar_are_two_posts() {
    let desk = Desk::open().await;
    for symbol in ["QBTUSDT", "ZETUSDT"] {
        let body =
            format!(r#"{{"ticker":"{symbol}","note":"hello","time":"2026-04-25T19:33:00Z"}}"#);
        let taken = outcome(&desk.with_key(&body, "application/json").await);
        assert!(
            !["edited", "duplicate"].contains(&taken.as_str()),
            "{taken}"
        );
        assert_eq!(
            outcome(&desk.with_key(&body, "application/json").await),
            "duplicate"
        );
    }
}

#[tokio::test]
async fn a_key_is_taken_wherever_it_stands_and_stored_nowhere() {
    let desk = Desk::open().await;
    let signal = desk.signal();
    assert_eq!(
        outcome(&desk.with_key("hello by header", "text/plain").await),
        "noise"
    );
    let path = format!("/v1/ingest/desk?key={KEY}");
    let by_query = desk.running.api.post(&path, &[], "hello by query").await;
    assert_eq!(outcome(&by_query), "noise");
    let body = serde_json::json!({"secret": KEY, "text": signal}).to_string();
    // TradingView says of JSON that it is text as often as not.
    let by_body = desk.bring(&body, &[("content-type", "text/plain")]).await;
    assert_eq!(outcome(&by_body), "signal");

    let story = desk.story().await;
    assert!(
        story["versions"][0]["text"]
            .as_str()
            .unwrap()
            .contains("QBT")
    );
    assert!(!story.to_string().contains(KEY), "{story}");
    let data = desk.home.path("data");
    assert!(
        stands_in(&data, "hello by query"),
        "the look at the files sees nothing"
    );
    assert!(!stands_in(&data, KEY), "the database has the key");
    assert!(!desk.running.logged().contains(KEY), "the log has the key");
    desk.running.stop().await;
    assert!(!stands_in(&data, KEY), "the database has the key");
}

#[tokio::test]
async fn a_share_that_is_told_twice_is_taken_once() {
    let desk = Desk::open().await;
    outcome(&desk.with_key(&desk.signal(), "text/plain").await);
    for words in [
        "Close half",
        "Close 50% of the position here",
        "Close 25% more",
    ] {
        assert_eq!(
            outcome(&desk.with_key(words, "text/plain").await),
            "update",
            "{words}"
        );
    }
    let story = desk.story().await;
    let events = story["events"].as_array().unwrap();
    let told: Vec<_> = events
        .iter()
        .filter(|event| {
            event["order"] == "close-share" || event.to_string().contains("close_share")
        })
        .collect();
    assert_eq!(told.len(), 2, "{story}");
}
