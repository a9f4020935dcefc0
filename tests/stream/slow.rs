//! A client that does not keep pace is told so, and the house does not wait for it.

use std::time::Duration;

use actors::hub::Room;
use serde_json::json;
use touchstone::http::stream::Limits;

use super::client::{Client, from};
use super::scene::{limits, raise, raise_and_cut};

fn narrow() -> Limits {
    let outbox = Room {
        frames: 8,
        ..Room::default()
    };
    Limits { outbox, ..limits() }
}

#[actix_web::test]
async fn what_does_not_fit_into_an_outbox_is_a_gap_and_can_be_resumed() {
    let scene = raise(narrow()).await;
    let epoch = scene.epoch().await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    client.position(1, 0).await;
    scene.burst(12).await;
    let gap = client.told().await;
    assert_eq!(
        (&gap["from"], &gap["to"], &gap["why"]),
        (&json!(1), &json!(9), &json!("slow"))
    );
    assert_eq!(client.seqs(3).await, [10, 11, 12]);
    client.position(1, 12).await;
    let again = client.subscribe(from(&epoch, 0)).await;
    assert_eq!(again["sub"], 2);
    assert_eq!(client.seqs(12).await, (1..=12).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_second_overflow_closes_with_the_place_to_resume_from() {
    let scene = raise(narrow()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    scene.signal().await;
    assert_eq!(client.seqs(1).await, [1]);
    client.position(1, 1).await;
    scene.burst(20).await;
    let goodbye = client.goodbye().await;
    assert_eq!((goodbye.code, &goodbye.reason["seq"]), (4504, &json!(1)));
    let resumed = from(goodbye.reason["epoch"].as_str().unwrap(), 1);
    let (mut client, _) = Client::subscribed(&scene, resumed).await;
    assert_eq!(client.seqs(20).await, (2..=21).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_replay_loses_nothing_however_narrow_the_outbox() {
    let scene = raise(Limits {
        page: 4,
        ..narrow()
    })
    .await;
    let epoch = scene.epoch().await;
    scene.burst(100).await;
    let reading = async {
        let (mut client, _) = Client::subscribed(&scene, from(&epoch, 0)).await;
        client.seqs(100).await
    };
    assert_eq!(reading.await, (1..=100).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_client_that_reads_nothing_holds_up_nobody_and_loses_its_place() {
    let scene = raise(limits()).await;
    let (mut idle, _) = Client::subscribed(&scene, json!({})).await;
    let (mut keen, _) = Client::subscribed(&scene, json!({})).await;
    // More than both ends of a socket keep: it is the outbox that overflows, more than once.
    for idea in scene.large(400, 100_000) {
        let events = scene.only_store(&[idea]).await;
        let seq = events[0].seq.get();
        scene.only_show(events).await;
        assert_eq!(keen.seqs(1).await, [seq]);
    }
    let mut last = 0;
    let goodbye = loop {
        match idle.next().await {
            Ok(frame) => last = frame["seq"].as_u64().unwrap_or(last),
            Err(goodbye) => break goodbye,
        }
    };
    assert!(last < 400);
    assert_eq!((goodbye.code, &goodbye.reason["seq"]), (4504, &json!(last)));
}

#[actix_web::test]
async fn a_client_that_takes_nothing_any_more_is_cut_off() {
    let scene = raise_and_cut(limits(), Duration::from_millis(300)).await;
    let (_idle, _) = Client::subscribed(&scene, json!({})).await;
    assert_eq!(scene.state.connected(), 1);
    for idea in scene.large(300, 100_000) {
        let events = scene.only_store(&[idea]).await;
        scene.only_show(events).await;
    }
    while scene.state.connected() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
