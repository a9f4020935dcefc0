//! Replay turns into live without a hole or a double, whatever dies meanwhile.

use serde_json::json;

use super::client::{Client, from};
use super::scene::{LATER, limits, raise};

#[actix_web::test]
async fn a_client_resumes_without_a_hole_or_a_double_while_events_are_published() {
    let page = 16;
    let scene = raise(touchstone::http::stream::Limits { page, ..limits() }).await;
    let epoch = scene.epoch().await;
    scene.many(100).await;
    let reading = async {
        let (mut client, answer) = Client::subscribed(&scene, from(&epoch, 20)).await;
        assert_eq!(answer["resumed"], "replay");
        client.seqs(280).await
    };
    let ((), seqs) = futures_util::future::join(scene.many(200), reading).await;
    assert_eq!(seqs, (21..=300).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_client_without_a_position_begins_at_the_head() {
    let scene = raise(limits()).await;
    scene.many(3).await;
    let (mut client, answer) = Client::subscribed(&scene, json!({"from": "live"})).await;
    assert_eq!(
        (&answer["head"], &answer["resumed"]),
        (&json!(3), &json!("live"))
    );
    scene.many(2).await;
    assert_eq!(client.seqs(2).await, [4, 5]);
}

#[actix_web::test]
async fn a_position_of_another_history_is_reset_to_the_head() {
    let scene = raise(limits()).await;
    scene.many(3).await;
    let (mut client, answer) = Client::subscribed(&scene, from("another", 1)).await;
    assert_eq!(
        (&answer["head"], &answer["resumed"]),
        (&json!(3), &json!("reset"))
    );
    let epoch = scene.epoch().await;
    let ahead = client.subscribe(from(&epoch, 9)).await;
    assert_eq!(ahead["resumed"], "reset");
    scene.signal().await;
    assert_eq!(client.seqs(2).await, [4, 4]);
}

#[actix_web::test]
async fn what_the_hub_was_not_told_is_read_in_the_store() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    scene.signal().await;
    scene
        .only_store(&[scene.idea("a", "BTC/USDT", LATER)])
        .await;
    scene.signal().await;
    assert_eq!(client.seqs(3).await, [1, 2, 3]);
}

#[actix_web::test]
async fn what_a_hub_was_not_told_before_its_first_event_is_read_in_the_store() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    scene
        .only_store(&[scene.idea("a", "BTC/USDT", LATER)])
        .await;
    scene.signal().await;
    assert_eq!(client.seqs(2).await, [1, 2]);
}

#[actix_web::test]
async fn the_death_of_the_hub_is_not_noticed() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    scene.many(2).await;
    scene.break_the_hub();
    scene.many(4).await;
    assert_eq!(client.seqs(6).await, [1, 2, 3, 4, 5, 6]);
}

#[actix_web::test]
async fn events_that_are_shown_late_are_told_once() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    let late = scene
        .only_store(&[scene.idea("a", "BTC/USDT", LATER)])
        .await;
    scene.signal().await;
    scene.only_show(late).await;
    scene.signal().await;
    assert_eq!(client.seqs(3).await, [1, 2, 3]);
}

#[actix_web::test]
async fn what_is_no_longer_kept_is_a_gap() {
    let scene = raise(limits()).await;
    let epoch = scene.epoch().await;
    scene.many(6).await;
    scene.keep_only_after(4).await;
    let (mut client, answer) = Client::subscribed(&scene, from(&epoch, 1)).await;
    assert_eq!(answer["resumed"], "replay");
    let gap = client.told().await;
    assert_eq!(
        (&gap["from"], &gap["to"], &gap["why"]),
        (&json!(2), &json!(4), &json!("retention"))
    );
    assert_eq!(client.seqs(2).await, [5, 6]);
    scene.keep_only_after(6).await;
    client.subscribe(from(&epoch, 5)).await;
    let gap = client.told().await;
    assert_eq!((&gap["from"], &gap["to"]), (&json!(6), &json!(6)));
    scene.signal().await;
    assert_eq!(client.seqs(2).await, [7, 7]);
}
