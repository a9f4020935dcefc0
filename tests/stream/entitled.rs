//! What a plan lets somebody hear, and how he is told of what it withholds.

use std::time::Duration;

use domain::account::SessionId;
use domain::plan::{Allowance, Feature};
use domain::ports::accounts::{Accounts as _, Ending};
use serde_json::{Value, json};

use super::client::Client;
use super::scene::{LATER, START, Scene, limits, raise_closed};

/// After this, the rest of the stream is told as history.
const DELAY: Duration = Duration::from_secs(300);

fn delayed() -> Allowance {
    Allowance {
        delay: DELAY,
        ..Allowance::everything()
    }
}

/// A client of somebody with an account whose plan is this one.
async fn known(scene: &Scene, allows: Allowance) -> (Client, SessionId) {
    scene.plan(allows).await;
    let (session, token) = scene.somebody().await;
    let mut client = Client::connect(scene, "").await;
    let answer = client.command(json!({"op": "auth", "token": token})).await;
    assert_eq!(answer["plan"], "free", "{answer}");
    (client, session.id)
}

async fn entitlement(client: &mut Client) -> Value {
    client.until(|frame| frame["type"] == "entitlement").await
}

#[actix_web::test]
async fn whoever_does_not_say_who_he_is_hears_nothing() {
    let scene = raise_closed(limits()).await;
    let mut client = Client::connect(&scene, "").await;
    let refused = client.subscribe(json!({"channels": ["*"]})).await;
    assert_eq!(refused["error"]["code"], "unauthenticated", "{refused}");
    let wrong = client
        .command(json!({"op": "auth", "token": "nonsense"}))
        .await;
    assert_eq!(wrong["error"]["code"], "unauthenticated", "{wrong}");
}

#[actix_web::test]
async fn a_delayed_subscription_is_told_history_and_nothing_younger() {
    let scene = raise_closed(limits()).await;
    scene.many(2).await;
    scene.set_clock(START + DELAY);
    scene.signal().await;
    let (mut client, _) = known(&scene, delayed()).await;
    let from = json!({"epoch": scene.epoch().await, "seq": 0});
    let answer = client.subscribe(json!({"from": from})).await;
    assert_eq!(answer["delayed"]["seconds"], DELAY.as_secs());
    assert_eq!(
        (&answer["head"], &answer["resumed"]),
        (&json!(2), &json!("replay"))
    );
    for seq in [1, 2] {
        let event = client.told().await;
        // They had expired for whoever trades; as history they are told.
        assert_eq!(
            (&event["seq"], &event["delayed"]),
            (&json!(seq), &json!(true))
        );
    }
    let beat = client.until(|frame| frame["type"] == "heartbeat").await;
    assert_eq!(beat["positions"]["1"], 2);
}

#[actix_web::test]
async fn another_plan_holds_on_a_live_connection_without_a_hole_or_a_double() {
    let scene = raise_closed(limits()).await;
    let (mut client, _) = known(&scene, delayed()).await;
    let answer = client.subscribe(json!({})).await;
    assert_eq!((&answer["head"], &answer["sub"]), (&json!(0), &json!(1)));
    scene.many(3).await;
    scene.plan(Allowance::everything()).await;
    let told = entitlement(&mut client).await;
    assert!(told.get("delayed").is_none(), "{told}");
    assert_eq!(client.seqs(3).await, [1, 2, 3]);
    scene.signal().await;
    assert_eq!(client.seqs(1).await, [4]);

    scene.plan(delayed()).await;
    let told = entitlement(&mut client).await;
    assert_eq!(told["delayed"]["seconds"], DELAY.as_secs());
    scene.signal().await;
    scene.plan(Allowance::everything()).await;
    entitlement(&mut client).await;
    assert_eq!(client.seqs(1).await, [5]);
}

#[actix_web::test]
async fn a_plan_of_few_channels_shows_the_chosen_ones_whatever_is_wanted() {
    let scene = raise_closed(limits()).await;
    let few = Allowance {
        channels: Some(1),
        ..Allowance::everything()
    };
    let (mut client, _) = known(&scene, few).await;
    let answer = client.subscribe(json!({"channels": ["a", "b"]})).await;
    assert_eq!(answer["limited"]["channels"], json!(["a"]));
    scene.signals(&[scene.idea("b", "ETH/USDT", LATER)]).await;
    scene.signal().await;
    assert_eq!(client.seqs(1).await, [2]);
}

#[actix_web::test]
async fn a_plan_does_not_go_back_further_than_it_says() {
    let scene = raise_closed(limits()).await;
    scene.many(2).await;
    scene.set_clock(START + Duration::from_secs(100));
    scene.signal().await;
    let short = Allowance {
        history: Some(Duration::from_secs(50)),
        ..Allowance::everything()
    };
    let (mut client, _) = known(&scene, short).await;
    let from = json!({"epoch": scene.epoch().await, "seq": 0});
    client.subscribe(json!({"from": from})).await;
    let gap = client.until(|frame| frame["type"] == "gap").await;
    assert_eq!((&gap["to"], &gap["why"]), (&json!(2), &json!("plan")));
    assert_eq!(client.told().await["seq"], 3);
}

#[actix_web::test]
async fn a_plan_without_scores_filters_by_none() {
    let scene = raise_closed(limits()).await;
    let mut plain = Allowance::everything();
    plain.features.remove(&Feature::Scores);
    let (mut client, _) = known(&scene, plain).await;
    let refused = client
        .subscribe(json!({"filter": {"min_score": 0.5}}))
        .await;
    assert_eq!(refused["error"]["code"], "plan_required", "{refused}");
    let answer = client.subscribe(json!({})).await;
    assert!(answer["scores"].is_object(), "{answer}");
}

#[actix_web::test]
async fn a_device_that_is_logged_out_is_told_so_and_closed() {
    let scene = raise_closed(limits()).await;
    let (mut client, session) = known(&scene, Allowance::everything()).await;
    client.subscribe(json!({})).await;
    let account = scene.store.accounts(None, 1).await.unwrap().remove(0).id;
    scene
        .store
        .end(account, Ending::One(session))
        .await
        .unwrap();
    let goodbye = loop {
        if let Err(goodbye) = client.next().await {
            break goodbye;
        }
    };
    assert_eq!(
        (goodbye.code, &goodbye.reason["code"]),
        (4401, &json!("token"))
    );
}
