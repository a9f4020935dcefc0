//! What Kraken and Coinbase document, played to their feeds.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use domain::market::{Instrument, Interval, Tick};
use domain::ports::{Candles, Clock, Feed};
use domain::time::Timestamp;
use touchstone::feeds::{coinbase, kraken};

use crate::recorded::{shared, unpacked};
use crate::server::{Reply, Request, Server, Wall};
use crate::speech::{Exchange, Speech, bitcoin_at_coinbase, feed, rfc3339};
use crate::stage::Stage;
use crate::venues::Listener;

/// A clock that stands still.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}

/// A documented frame or answer of a venue.
fn fixture(path: &str) -> Option<Value> {
    let text = shared(&format!("ws/nautilus/{path}"))?;
    Some(serde_json::from_slice(&text).unwrap())
}

#[tokio::test]
async fn the_documented_frames_of_kraken_are_told_as_their_trades() {
    let (Some(trades), Some(candle)) = (
        shared("ws/nautilus/kraken/ws_trade_update.json"),
        fixture("kraken/ws_ohlc_update.json"),
    ) else {
        return;
    };
    let exchange = Exchange::open(Speech::Kraken).await;
    let clock = Arc::new(Still(at("2023-10-06T17:35:57Z")));
    let stage = Stage::open(|request| {
        let mut answer = Speech::Kraken.answer(request);
        answer[0]["time_out"] = json!("2023-10-06T17:35:57Z");
        answer
    })
    .await;
    let feed = feed(kraken::spot, &stage, &exchange.rest, clock);
    let instrument = Speech::Kraken.instrument();
    let mut listener = Listener::new(feed.follow(&instrument, None));
    listener.settle(&feed, &instrument).await;
    stage.tell(candle);
    // As it stands, so that no number is read and written before the feed reads it.
    stage.tell(String::from_utf8(trades).unwrap());
    listener.hear(10_218_209).await;
    let prices: Vec<_> = listener.told.iter().filter_map(Tick::last_price).collect();
    assert_eq!(prices.map_to_text(), ["105944.2", "105910.5"]);
    assert_eq!(listener.told[1].at(), at("2023-10-06T17:35:56.123456Z"));
}

#[tokio::test]
async fn the_documented_frames_of_coinbase_are_told_as_their_trades() {
    let names = [
        "heartbeats",
        "candles",
        "l2_data_snapshot",
        "ticker",
        "market_trades",
    ];
    let frames: Option<Vec<Value>> = names
        .iter()
        .map(|name| fixture(&format!("coinbase/ws_{name}.json")))
        .collect();
    let Some(frames) = frames else { return };
    // It says nothing but that there is such a product, least of all today's time.
    let rest = Server::start(
        |request| match request.path.ends_with("/products/BTC-USD") {
            true => Reply::ok(bitcoin_at_coinbase().to_string()),
            false => Reply::status(503),
        },
    )
    .await;
    let clock = Arc::new(Still(at("2026-04-07T14:30:03Z")));
    let stage = Stage::open(|request| {
        let mut answer = Speech::Coinbase.answer(request);
        answer[0]["timestamp"] = json!("2026-04-07T14:30:03Z");
        answer
    })
    .await;
    let feed = feed(coinbase::spot, &stage, &rest, clock);
    let instrument = Speech::Coinbase.instrument();
    let mut listener = Listener::new(feed.follow(&instrument, None));
    listener.settle(&feed, &instrument).await;
    for mut frame in frames {
        // They are of different connections.
        frame.as_object_mut().unwrap().remove("sequence_num");
        stage.tell(frame);
    }
    listener.hear(995_098_701).await;
    let prices: Vec<_> = listener.told.iter().filter_map(Tick::last_price).collect();
    assert_eq!(prices.map_to_text(), ["68900.5", "68900"]);
}

trait Texts {
    fn map_to_text(&self) -> Vec<String>;
}

impl<T: ToString> Texts for Vec<T> {
    fn map_to_text(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn seven_recorded_hours_of_kraken_are_fetched_by_candles_and_their_end_trade_by_trade() {
    let (Some(trades), Some(candles)) = (
        fixture("kraken/http_trades.json"),
        fixture("kraken/http_ohlc.json"),
    ) else {
        return;
    };
    let recorded = trades["result"]["XBTUSDT"].as_array().unwrap().len();
    assert_eq!(recorded, 1_000);
    let answers = move |request: &Request| match request.path.as_str() {
        "/0/public/Trades" => {
            let since: i128 = request.query["since"].parse().unwrap();
            let nanos = |row: &Value| {
                let seconds: Decimal = row[2].to_string().parse().unwrap();
                let nanos = (seconds * Decimal::from(1_000_000_000)).trunc();
                nanos.to_string().parse::<i128>().unwrap()
            };
            let rows: Vec<&Value> = trades["result"]["XBTUSDT"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|row| nanos(row) > since)
                .collect();
            let answer = json!({"error": [], "result": {"XBTUSDT": rows, "last": "0"}});
            Reply::ok(answer.to_string())
        }
        "/0/public/OHLC" => {
            assert_eq!(request.query["pair"], "XBTUSDT");
            Reply::ok(candles.to_string())
        }
        "/0/public/AssetPairs" => Reply::ok(
            json!({"error": [], "result": {"XBTUSDT": {"wsname": "XBT/USDT", "status": "online"}}})
                .to_string(),
        ),
        other => panic!("{other} is not served"),
    };
    let rest = Server::start(answers).await;
    // A moment after the last trade that was recorded.
    let now = at("2025-11-11T00:13:57Z");
    let stage = Stage::open(move |request| {
        let mut answer = Speech::Kraken.answer(request);
        answer[0]["time_out"] = json!(rfc3339(now));
        answer
    })
    .await;
    let feed = feed(kraken::spot, &stage, &rest, Arc::new(Still(now)));
    let instrument = Instrument::parse("venue:spot:BTC/USDT").unwrap();
    let since = Timestamp::from_millis(1_762_795_433_000);
    let mut listener = Listener::new(feed.follow(&instrument, Some(since)));
    listener.hear(10_219_207).await;
    let candles = |tick: &&Tick| matches!(tick, Tick::Candle(_));
    let told = listener.told.iter().filter(candles).count();
    assert_eq!((told, listener.holes()), (409, 0));
    assert_eq!(
        listener.ids()[0],
        10_218_208,
        "before the first whole minute"
    );
    assert!(listener.told.is_sorted_by_key(Tick::at));

    let (from, to) = (at("2025-11-10T23:00:00Z"), at("2025-11-11T00:00:00Z"));
    let hour = feed.candles(&instrument, Interval::Minute, from, to).await;
    assert_eq!(hour.unwrap().len(), 60);
}

#[tokio::test]
async fn candles_of_coinbase_come_in_order_page_by_page() {
    let Some(hours) = fixture("coinbase/http_candles.json") else {
        return;
    };
    let rest = Server::start(move |request| {
        assert_eq!(request.query["granularity"], "ONE_HOUR");
        let (start, end): (i64, i64) = (
            request.query["start"].parse().unwrap(),
            request.query["end"].parse().unwrap(),
        );
        assert!((end - start) / 3_600 < 300, "more than one answer holds");
        let within = |candle: &&Value| {
            let open: i64 = candle["start"].as_str().unwrap().parse().unwrap();
            (start..=end).contains(&open)
        };
        let found: Vec<_> = hours["candles"]
            .as_array()
            .unwrap()
            .iter()
            .filter(within)
            .collect();
        Reply::ok(json!({"candles": found}).to_string())
    })
    .await;
    let stage = Stage::open(|request| Speech::Coinbase.answer(request)).await;
    let feed = feed(coinbase::spot, &stage, &rest, Arc::new(Wall));
    let instrument = Speech::Coinbase.instrument();
    let (from, to) = (at("2024-03-01T00:00:00Z"), at("2024-04-10T00:00:00Z"));
    let told = feed
        .candles(&instrument, Interval::Hour, from, to)
        .await
        .unwrap();
    let opens: Vec<i64> = told
        .iter()
        .map(|candle| candle.open_time.as_millis())
        .collect();
    assert_eq!(opens, [1_712_188_800_000, 1_712_192_400_000]);
    assert_eq!(told[1].close.to_string(), "66181.6");
    assert_eq!(rest.count("candles"), 4, "960 hours by 300");
}

#[tokio::test]
async fn frames_of_the_older_protocols_are_let_pass_and_the_next_trade_is_told() {
    for (speech, path) in [
        (Speech::Kraken, "ws/cryptofeed/KRAKEN.ws.50.0.txt.gz"),
        (Speech::Coinbase, "ws/cryptofeed/COINBASE.ws.28.0.txt.gz"),
    ] {
        let Some(recorded) = unpacked(path) else {
            return;
        };
        let exchange = Exchange::open(speech).await;
        let (feed, instrument) = (exchange.feed(), speech.instrument());
        let mut listener = Listener::new(feed.follow(&instrument, None));
        listener.settle(&feed, &instrument).await;
        let mut frames = 0;
        for (_, frame) in recorded.lines().filter_map(|line| line.split_once(": ")) {
            exchange.stage.tell(frame);
            frames += 1;
        }
        assert!(frames > 4_000, "{frames}");
        let id = exchange.trade("100");
        listener.hear(id).await;
        assert_eq!(listener.told.len(), 1, "{speech:?}: {:?}", listener.told);
    }
}
