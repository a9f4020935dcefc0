//! Which processes serve a record: they say so themselves, and one that was killed is missed.

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Executor as _};

use crate::api::{Api, text};
use crate::home::Home;
use crate::wait::until;

/// The nodes, when the one that answers has said that it is here.
async fn nodes(api: &Api) -> Vec<Value> {
    until("it says that it is here", async || {
        let told = api.json("/v1/system/nodes").await;
        let nodes = told["nodes"].as_array()?.clone();
        let own = nodes.iter().find(|node| node["self"] == true)?;
        // At first not everybody is inside yet.
        let roles = own["roles"].as_array()?.len();
        (own["state"] == "here" && roles >= 2).then_some(nodes)
    })
    .await
}

#[tokio::test]
async fn a_node_says_what_it_is_and_leaves_with_a_word_or_is_missed() {
    let home = Home::simulated().with("MONITORING__LISTEN", "127.0.0.1:0");
    let running = home.start(&[]).await;
    let [first] = &nodes(&running.api).await[..] else {
        panic!("more than one");
    };
    assert_eq!(text(first, "version"), env!("CARGO_PKG_VERSION"));
    assert!(!text(first, "host").is_empty());
    assert_eq!(
        first["addresses"][0],
        format!("http://{}", running.api.address)
    );
    assert_eq!(first["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(first["roles"], serde_json::json!(["sealer", "retrier"]));
    running.stop().await;

    let running = home.start(&[]).await;
    let told = nodes(&running.api).await;
    let states: Vec<_> = told.iter().map(|node| text(node, "state")).collect();
    assert_eq!(states, ["here", "left"]);
    assert_eq!(told[1]["id"], first["id"]);
    assert!(told[1]["left"].is_i64() && told[1]["roles"] == serde_json::json!([]));
    let killed = told[0]["id"].clone();
    running.kill();

    // A minute later, as far as the record knows.
    let mut record: SqliteConnection = SqliteConnectOptions::new()
        .filename(home.path("data/simulator.db"))
        .connect()
        .await
        .unwrap();
    record
        .execute("UPDATE nodes SET seen = seen - 60000000")
        .await
        .unwrap();
    drop(record);
    let running = home.start(&[]).await;
    let told = nodes(&running.api).await;
    let states: Vec<_> = told.iter().map(|node| text(node, "state")).collect();
    assert_eq!(states, ["here", "gone", "left"]);
    assert_eq!(told[1]["id"], killed);
    running.stop().await;
}
