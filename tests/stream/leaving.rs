//! A process that stops says so first, to each session at a moment of its own.

use serde_json::json;

use super::client::Client;
use super::scene::{limits, raise};

#[actix_web::test]
async fn a_drain_is_announced_and_then_each_session_is_asked_to_come_back() {
    let scene = raise(limits()).await;
    let (mut client, _) = Client::subscribed(&scene, json!({})).await;
    scene.drain.send_replace(true);
    let drain = client.until(|frame| frame["type"] == "drain").await;
    assert!(drain["reconnect_in_ms"].as_u64().unwrap() <= 20, "{drain}");
    let goodbye = client.goodbye().await;
    assert_eq!(
        (goodbye.code, &goodbye.reason["code"]),
        (4503, &json!("draining"))
    );
    let address = format!("ws://{}/v1/stream", scene.address);
    let refused = tokio_tungstenite::connect_async(address).await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
}
