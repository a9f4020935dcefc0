//! What a subscription is told: the chain under filters, what expired, and where it stands.

use domain::time::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

use super::client::{Client, from};
use super::scene::{LATER, START, limits, raise};

#[actix_web::test]
async fn an_event_is_what_the_protocol_says() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    scene.signal().await;
    let event = client.told().await;
    let members: Vec<_> = event.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "sub",
        "prev",
        "sent",
        "seq",
        "type",
        "id",
        "signal",
        "channel",
        "symbol",
        "origin",
        "expires_at",
        "at",
        "data",
    ];
    assert_eq!(members, expected);
    assert_eq!(event["sent"], START.as_micros());
    assert_eq!(event["at"]["stored"], START.as_micros());
    assert_eq!(event["data"]["entry"]["low"], "100");
}

#[actix_web::test]
async fn each_frame_names_the_one_before_it_in_its_subscription() {
    let scene = raise(limits()).await;
    let epoch = scene.epoch().await;
    scene.many(2).await;
    scene.signals(&[scene.idea("b", "ETH/USDT", LATER)]).await;
    // The client checks the chains of both.
    let wish = json!({"channels": ["a"], "from": {"epoch": epoch, "seq": 0}});
    let (mut client, _) = Client::subscribed(&scene, wish).await;
    assert_eq!(client.seqs(2).await, [1, 2]);
    let second = client.subscribe(json!({"symbols": ["ETH/USDT"]})).await;
    assert_eq!((&second["sub"], &second["head"]), (&json!(2), &json!(3)));
    scene.signal().await;
    assert_eq!(client.seqs(1).await, [4]);
    scene.signals(&[scene.idea("b", "ETH/USDT", LATER)]).await;
    let other = client.told().await;
    assert_eq!(
        (&other["sub"], &other["prev"], &other["seq"]),
        (&json!(2), &json!(3), &json!(5))
    );
}

#[actix_web::test]
async fn a_changed_filter_does_not_break_the_chain() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({"channels": ["a"]})).await;
    scene.signal().await;
    assert_eq!(client.seqs(1).await, [1]);
    let update = json!({"op": "update", "sub": 1, "channels": ["b"]});
    assert_eq!(client.command(update).await["ok"], true);
    scene.signal().await;
    scene.signals(&[scene.idea("b", "ETH/USDT", LATER)]).await;
    assert_eq!(client.seqs(1).await, [3]);
}

#[actix_web::test]
async fn an_ended_subscription_says_where_it_stood_and_then_nothing() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    client.subscribe(json!({})).await;
    scene.signal().await;
    client.position(1, 1).await;
    let answer = client.command(json!({"op": "unsubscribe", "sub": 1})).await;
    assert_eq!(answer["seq"], 1);
    scene.signal().await;
    let told = client.until(|frame| frame["seq"] == 2).await;
    assert_eq!(told["sub"], 2);
    let again = client.command(json!({"op": "unsubscribe", "sub": 1})).await;
    assert_eq!(again["error"]["code"], "no_such_subscription");
}

#[actix_web::test]
async fn signals_that_expired_are_a_gap_with_their_count() {
    let scene = raise(limits()).await;
    let epoch = scene.epoch().await;
    for expires_at in [LATER, START, START, LATER] {
        scene
            .signals(&[scene.idea("a", "BTC/USDT", expires_at)])
            .await;
    }
    let (mut client, _) = Client::subscribed(&scene, from(&epoch, 0)).await;
    assert_eq!(client.told().await["seq"], 1);
    let gap = client.told().await;
    assert_eq!((&gap["from"], &gap["to"]), (&json!(2), &json!(3)));
    assert_eq!((&gap["why"], &gap["count"]), (&json!("expired"), &json!(2)));
    assert_eq!(client.told().await["seq"], 4);
    client.position(1, 4).await;
    // What was fresh when it was stored may expire before it is replayed.
    scene.set_clock(Timestamp::from_micros(LATER.as_micros()));
    client.subscribe(from(&epoch, 0)).await;
    let gap = client
        .until(|frame| frame["sub"] == 2 && frame["type"] == "gap")
        .await;
    assert_eq!((&gap["to"], &gap["count"]), (&json!(4), &json!(4)));
    // And so may what is shown at once.
    scene.signal().await;
    let gap = client
        .until(|frame| frame["sub"] == 1 && frame["type"] == "gap")
        .await;
    assert_eq!((&gap["to"], &gap["why"]), (&json!(5), &json!("expired")));
}

#[actix_web::test]
async fn a_quiet_subscription_is_told_its_position_behind_every_event() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({"channels": ["b"]})).await;
    let epoch = scene.epoch().await;
    scene.many(3).await;
    let beat = client
        .until(|frame| frame["type"] == "heartbeat" && frame["positions"]["1"] == 3)
        .await;
    assert_eq!(beat["epoch"], epoch);
    client.subscribe(json!({})).await;
    scene.many(20).await;
    let mut seen = 3;
    while seen < 23 {
        let frame = client.next().await.unwrap();
        if frame["type"] == "heartbeat" {
            assert!(frame["positions"]["2"].as_u64().unwrap() <= seen, "{frame}");
        }
        seen = frame["seq"].as_u64().unwrap_or(seen);
    }
    client.position(1, 23).await;
    client.position(2, 23).await;
}

#[actix_web::test]
async fn a_dashboard_is_told_the_newest_of_each_signal_and_how_many_were_folded() {
    let scene = raise(limits()).await;
    let epoch = scene.epoch().await;
    let idea = scene.idea("a", "BTC/USDT", LATER);
    let other = scene.idea("a", "ETH/USDT", LATER);
    scene.only_store(std::slice::from_ref(&idea)).await;
    scene.only_store_edit(&idea, "one").await;
    scene.only_store(&[other]).await;
    scene.only_store_edit(&idea, "two").await;
    let mut wish = from(&epoch, 0);
    wish["mode"] = "latest".into();
    wish["hz"] = 60.into();
    let (mut client, _) = Client::subscribed(&scene, wish).await;
    let (first, second) = (client.told().await, client.told().await);
    assert_eq!((&first["seq"], &first["folded"]), (&json!(3), &Value::Null));
    assert_eq!((&second["seq"], &second["folded"]), (&json!(4), &json!(2)));
}

#[actix_web::test]
async fn a_bot_may_ask_for_more_heartbeats() {
    let hour = Duration::from_secs(3_600);
    let scene = raise(touchstone::http::stream::Limits {
        heartbeat: hour,
        ..limits()
    })
    .await;
    let (mut client, _) = Client::subscribed(&scene, json!({"heartbeat_s": 2})).await;
    client.position(1, 0).await;
}
