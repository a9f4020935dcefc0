//! Markets over REST: what is followed, and candles with every gap said.

use serde_json::Value;

use crate::api::{Api, problem};
use crate::home::Home;
use crate::wait::until;

const HOUR: i64 = 3_600_000_000;

/// A pair that the simulated venue lists, once the platform knows that it does.
async fn candles(api: &Api, query: &str) -> Value {
    let path = format!("/v1/markets/QBT-USDT/candles?{query}");
    until("the venue is listed", async || {
        let answer = api.get(&path, &[]).await;
        (answer.status == 200).then_some(())
    })
    .await;
    api.json(&path).await
}

#[tokio::test]
async fn a_market_on_which_a_signal_is_open_is_shown_with_its_last_trade_and_its_feed() {
    let home = Home::simulated().with("SIMULATOR__PACE", "50");
    let running = home.start(&[]).await;
    let market = until("a market is live", async || {
        let markets = running.api.json("/v1/markets").await;
        let live = |market: &&Value| market["feed"] == "live" && market["last"].is_object();
        markets.as_array().unwrap().iter().find(live).cloned()
    })
    .await;
    assert_eq!(market["venue"], "sim", "{market}");
    assert_eq!(market["market"], "spot");
    assert_eq!(market["mark"], Value::Null, "spot has none");
    let since = market["since"].as_i64().unwrap();
    let last = market["last"]["at"].as_i64().unwrap();
    assert!((last - since).abs() < HOUR, "{market}");
    let price: f64 = market["last"]["price"].as_str().unwrap().parse().unwrap();
    assert!(price > 0.0);
    let feeds = running.api.json("/v1/feeds").await;
    assert_eq!(feeds[0]["venue"], "sim", "{feeds}");
    assert!(feeds[0]["live"].as_u64().unwrap() >= 1, "{feeds}");
    assert!(feeds[0]["last"].as_i64() >= Some(last), "{feeds}");
    running.stop().await;
}

#[tokio::test]
async fn candles_come_by_pages_and_join_and_what_the_venue_has_not_is_a_gap() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let api = &running.api;

    let usual = candles(api, "interval=1m").await;
    assert_eq!(usual["candles"].as_array().unwrap().len(), 500, "{usual}");
    assert_eq!(usual["next"], Value::Null);
    let to = usual["to"].as_i64().unwrap();
    assert_eq!(to % 60_000_000, 0, "only whole candles");

    let from = to - 20 * HOUR;
    let mut opens = Vec::new();
    let (mut next, mut pages) = (Some(from), 0);
    while let Some(from) = next {
        let page = candles(api, &format!("interval=1m&from={from}&to={to}")).await;
        assert_eq!(page["gaps"], serde_json::json!([]), "{page}");
        let candles = page["candles"].as_array().unwrap();
        opens.extend(candles.iter().map(|candle| candle["at"].as_i64().unwrap()));
        next = page["next"].as_i64();
        pages += 1;
    }
    assert_eq!(pages, 2, "1,200 by 1,000");
    let every_minute: Vec<i64> = (0..1_200).map(|nth| from + nth * 60_000_000).collect();
    assert_eq!(opens, every_minute);

    // Before the simulated market began there was nothing.
    let began = 1_767_225_600_000_000;
    let from = began - 990 * HOUR;
    let old = candles(api, &format!("interval=1h&from={from}")).await;
    assert_eq!(
        old["gaps"],
        serde_json::json!([{"from": from, "to": began}])
    );
    assert_eq!(old["candles"].as_array().unwrap().len(), 10);
    assert_eq!(old["candles"][0]["at"], began);
    assert_eq!(old["next"], began + 10 * HOUR);

    let slashed = "/v1/markets/QBT%2FUSDT/candles?interval=1m&venue=sim&market=spot";
    let slashed = api.json(slashed).await;
    assert_eq!(slashed["instrument"], "sim:spot:QBT/USDT");
    let candle = &slashed["candles"][0];
    for member in ["open", "high", "low", "close", "volume"] {
        assert!(candle[member].is_string(), "{candle}");
    }

    for path in [
        "/v1/markets/NO-USDT/candles?interval=1m",
        "/v1/markets/QBT-USDT/candles?interval=1m&market=perpetual",
    ] {
        problem(&api.get(path, &[]).await, 404, "not_found");
    }
    running.stop().await;
}
