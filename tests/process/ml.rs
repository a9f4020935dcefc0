//! Models over REST: what would this trade score, which models are there, and who may speak.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{problem, read};
use crate::home::Home;
use crate::wait::until;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn a_trade_that_nobody_posted_is_scored_and_what_cannot_be_is_named() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let told = until("a market has a price", async || {
        let told = running.api.json("/v1/markets").await;
        let first = told[0].clone();
        first["last"].is_object().then_some(first)
    })
    .await;
    let price: f64 = told["last"]["price"].as_str().unwrap().parse().unwrap();
    let text = |price: f64| format!("{price:.10}");
    let trade = |entry: f64| {
        json!({
            "symbol": told["symbol"], "side": "long",
            "entry": {"kind": "limit", "low": text(entry)},
            "targets": [text(entry * 1.02), text(entry * 1.05)],
            "stop": text(entry * 0.98),
        })
    };
    let one = trade(price * 0.99).to_string();
    let answer = running.api.post("/v1/ml/predict", &JSON, &one).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let one = read(&answer);
    let score = &one["predictions"][0]["score"];
    assert_eq!(score["targets"].as_array().unwrap().len(), 2, "{one}");
    assert!(
        score["targets"][0].as_f64() > score["targets"][1].as_f64(),
        "{one}"
    );
    let many = json!({"trades": [trade(price), trade(price * 0.95)]}).to_string();
    let many = running
        .api
        .post("/v1/ml/predict?channel=new", &JSON, &many)
        .await;
    assert_eq!(many.status, 200, "{:?}", many.body);
    assert_eq!(read(&many)["predictions"].as_array().unwrap().len(), 2);

    let mut stopless = trade(price);
    stopless["stop"] = json!(null);
    let mut unknown = trade(price);
    unknown["symbol"] = json!("NOBODY/USDT");
    for (body, field) in [
        (stopless.clone(), "stop"),
        (unknown, "symbol"),
        (json!({"trades": []}), "trades"),
        (json!({"trades": [stopless]}), "trades[0].stop"),
        (json!({"symbol": "BTC/USDT"}), "side"),
    ] {
        let answer = running
            .api
            .post("/v1/ml/predict", &JSON, &body.to_string())
            .await;
        let said = problem(&answer, 400, "invalid_request");
        let named = said["field"].as_str().unwrap_or_default();
        assert!(
            named.contains(field) || said.to_string().contains(field),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_damaged_model_is_refused_with_the_reason_and_geometry_speaks() {
    let home = Home::simulated();
    let damaged = home.path("models/simulator");
    std::fs::create_dir_all(&damaged).unwrap();
    std::fs::write(damaged.join("card.json"), "{\"form\":1").unwrap();
    let running = home.start(&[]).await;
    let told = running.api.json("/v1/ml/models").await;
    assert_eq!(told["origin"], "simulator");
    assert_eq!(told["speaks"], "geometry/2");
    assert_eq!(told["models"][0]["id"], "simulator");
    let why = told["models"][0]["refused"].as_str().unwrap();
    assert!(
        why.contains("card.json") && why.contains("touchstone train"),
        "{why}"
    );
    assert!(
        running.logged().contains("a model is refused"),
        "{}",
        running.logged()
    );

    let one = running.api.json("/v1/ml/models/simulator").await;
    assert_eq!(one["refused"], why);
    let promote = "/v1/ml/models/simulator/promote";
    let said = running.api.send(Method::POST, promote, &[], None).await;
    problem(&said, 409, "conflict");
    let nobody = "/v1/ml/models/nobody/promote";
    let said = running.api.send(Method::POST, nobody, &[], None).await;
    problem(&said, 404, "not_found");
    problem(
        &running.api.get("/v1/ml/models/nobody", &[]).await,
        404,
        "not_found",
    );

    // Signals are scored all the same, and every score is kept as a prediction.
    until("a signal is scored", async || {
        let told = running.api.json("/v1/signals?limit=50").await;
        let told = told["signals"].as_array()?.clone();
        let by_geometry = |signal: &Value| signal["idea"]["score"]["model"] == "geometry/2";
        told.iter().any(by_geometry).then_some(())
    })
    .await;
}
