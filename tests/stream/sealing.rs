//! A day's seal is told like any event, and no filter keeps it away.

use std::time::Duration;

use serde_json::{Value, json};
use touchstone::wire::chain::SealOut;

use super::client::Client;
use super::listener::Listener;
use super::scene::{START, limits, raise};

const DAY: Duration = Duration::from_secs(86_400);

fn seal_in(frame: &Value) -> SealOut {
    assert_eq!(frame["type"], "seal", "{frame}");
    for member in ["signal", "channel", "symbol", "origin"] {
        assert!(frame.get(member).is_none(), "{frame}");
    }
    serde_json::from_value(frame["data"].clone()).unwrap()
}

#[actix_web::test]
async fn every_subscription_is_told_the_seal_whatever_its_filters() {
    let scene = raise(limits()).await;
    let wishes = [
        json!({"channels": ["*"]}),
        json!({"channels": ["b"]}),
        json!({"channels": ["*"], "symbols": ["ETH/USDT"], "filter": {"sides": ["short"], "min_score": 0.9}}),
        json!({"channels": ["b"], "mode": "latest"}),
    ];
    let mut clients = Vec::new();
    for wish in wishes {
        clients.push(Client::subscribed(&scene, wish).await.0);
    }
    let (mut listener, _) = Listener::listen(&scene, "?channels=b").await;
    scene.many(3).await;
    // Read before the day is over: what waits in a queue until then is stale, and told as a gap.
    for _ in 0..3 {
        assert_eq!(clients[0].told().await["type"], "signal");
    }
    scene.set_clock(START + DAY);
    scene.seal().await;
    let wanted = seal_in(&clients[0].told().await);
    let seal = wanted.read().unwrap();
    assert_eq!(seal.sealed.hash(), seal.hash);
    assert_eq!((wanted.after, wanted.through), (0, 3));
    for client in &mut clients[1..] {
        assert_eq!(seal_in(&client.told().await), wanted);
    }
    assert_eq!(seal_in(&listener.told().await), wanted);

    // From the store, too, with what was told before and after it.
    scene.set_clock(START + DAY);
    scene.many(1).await;
    let from = json!({"epoch": scene.epoch().await, "seq": 2});
    let (mut late, answer) =
        Client::subscribed(&scene, json!({"channels": ["b"], "from": from})).await;
    assert_eq!(answer["resumed"], "replay");
    assert_eq!(seal_in(&late.told().await), wanted);
    let (mut late, _) = Client::subscribed(
        &scene,
        json!({"channels": ["*"], "mode": "latest", "from": from}),
    )
    .await;
    late.until(|frame| frame["type"] == "seal").await;
}
