//! The exchange over the wire.

use serde_json::{Value, json};
use simulator::{SYMBOLS, find};

use crate::support::{Listener, TUESDAY, TUESDAY_MS, ask, json as asked, standing, with};

#[actix_web::test]
async fn trades_come_gapless_in_both_forms_of_stream() {
    let (simulator, hand) = standing(TUESDAY);
    let symbol = find("QBTUSDT").unwrap();
    let mut raw = Listener::at(&simulator, "/ws/qbtusdt@trade").await;
    let mut combined =
        Listener::at(&simulator, "/stream?streams=qbtusdt@trade/zetusdt@trade").await;
    let first = simulator.market().last_id(symbol, TUESDAY_MS) + 1;
    let expected: Vec<_> = simulator.market().trades(symbol, first).take(100).collect();
    let mut heard = Vec::new();
    for trade in &expected {
        hand.set(trade.at_ms * 1000);
        let frame = raw.frame().await;
        assert_eq!(frame["e"], "trade");
        assert_eq!(frame["s"], "QBTUSDT");
        assert_eq!(frame["t"], trade.id);
        assert_eq!(frame["T"], trade.at_ms);
        assert_eq!(frame["p"], trade.price.padded());
        assert_eq!(frame["q"], trade.quantity.padded());
        assert_eq!(frame["m"], trade.buyer_is_maker);
        heard.push(frame["t"].clone());
    }
    let mut wrapped = Vec::new();
    while wrapped.len() < heard.len() {
        let frame = combined.frame().await;
        if frame["stream"] == "qbtusdt@trade" {
            wrapped.push(frame["data"]["t"].clone());
        }
    }
    assert_eq!(heard, wrapped);
}

#[actix_web::test]
async fn subscriptions_can_be_asked_for_listed_and_ended() {
    let (simulator, hand) = standing(TUESDAY);
    let mut listener = Listener::at(&simulator, "/ws").await;
    let subscribe = json!({
        "method": "SUBSCRIBE", "params": ["zetusdt@trade", "zetusdt@bookTicker"], "id": 1,
    });
    let (answer, _) = listener.request(subscribe).await;
    assert_eq!(answer, json!({ "result": null, "id": 1 }));
    let list = json!({ "method": "LIST_SUBSCRIPTIONS", "id": 2 });
    let (answer, _) = listener.request(list).await;
    assert_eq!(
        answer["result"],
        json!(["zetusdt@trade", "zetusdt@bookTicker"])
    );
    let unsubscribe = json!({ "method": "UNSUBSCRIBE", "params": ["zetusdt@trade"], "id": "x" });
    let (answer, _) = listener.request(unsubscribe).await;
    assert_eq!(answer, json!({ "result": null, "id": "x" }));
    hand.pass(1_000_000);
    for _ in 0..4 {
        let ticker = listener.frame().await;
        assert_eq!(ticker.get("e"), None, "a spot book ticker has no event");
        assert_eq!(ticker.get("E"), None, "and no time");
        let price = |key: &str| ticker[key].as_str().unwrap().parse::<f64>().unwrap();
        assert!(price("b") < price("a"));
    }
}

#[actix_web::test]
async fn a_stream_that_does_not_exist_is_an_error() {
    let (simulator, _) = standing(TUESDAY);
    let mut listener = Listener::at(&simulator, "/ws").await;
    for (id, stream) in [
        (1, "btcusdt@trade"),
        (2, "QBTUSDT@trade"),
        (3, "qbtusdt@nothing"),
    ] {
        let request = json!({ "method": "SUBSCRIBE", "params": [stream], "id": id });
        let (answer, _) = listener.request(request).await;
        assert_eq!(answer["error"]["code"], 2);
    }
    let (status, _, body) = ask(&simulator, "/stream?streams=btcusdt@trade", &[]).await;
    assert_eq!(status, 400, "{body}");
}

#[actix_web::test]
async fn a_kline_is_told_while_open_and_once_when_it_closes() {
    let start = TUESDAY - TUESDAY % 60_000_000;
    let (simulator, hand) = standing(start);
    let symbol = find("FENQUSDT").unwrap();
    let mut listener = Listener::at(&simulator, "/ws/fenqusdt@kline_1m").await;
    hand.pass(61_000_000);
    let mut frames = Vec::new();
    while frames.len() < 30 {
        frames.push(listener.frame().await);
    }
    let closed: Vec<&Value> = frames
        .iter()
        .filter(|frame| frame["k"]["x"] == true)
        .collect();
    assert_eq!(closed.len(), 1);
    let kline = simulator
        .market()
        .kline(symbol, start / 1000, 1, start / 1000 + 60_000);
    let kline = kline.unwrap();
    let k = &closed[0]["k"];
    assert_eq!(k["t"], start / 1000);
    assert_eq!(k["o"], kline.open.padded());
    assert_eq!(k["c"], kline.close.padded());
    assert_eq!(k["h"], kline.high.padded());
    assert_eq!(k["l"], kline.low.padded());
    assert_eq!(k["v"], kline.volume.padded());
    assert_eq!(k["n"], 300);
    assert_eq!(frames.last().unwrap()["k"]["x"], true);
}

#[actix_web::test]
async fn aggregated_trades_carry_the_same_numbers() {
    let (simulator, hand) = standing(TUESDAY);
    let symbol = find("DRAZUSDT").unwrap();
    let mut listener = Listener::at(&simulator, "/stream?streams=drazusdt@aggTrade").await;
    let next = simulator.market().last_id(symbol, TUESDAY_MS) + 1;
    hand.pass(5_000_000);
    for id in next..next + 20 {
        let frame = listener.frame().await;
        assert_eq!(frame["data"]["e"], "aggTrade");
        assert_eq!(
            (&frame["data"]["a"], &frame["data"]["l"]),
            (&json!(id), &json!(id))
        );
    }
}

#[actix_web::test]
async fn a_connection_has_an_end_and_a_limit_of_messages() {
    let (simulator, _) = with(TUESDAY, |options| {
        options.connection_age = std::time::Duration::from_millis(50);
    });
    let mut listener = Listener::at(&simulator, "/ws").await;
    assert_eq!(listener.text().await, None);
    let (patient, _) = standing(TUESDAY);
    let mut hasty = Listener::at(&patient, "/ws").await;
    for id in 0..8 {
        hasty
            .say(&json!({ "method": "LIST_SUBSCRIPTIONS", "id": id }).to_string())
            .await;
    }
    let mut answers = 0;
    while hasty.text().await.is_some() {
        answers += 1;
    }
    assert!(answers <= 5, "{answers}");
}

#[actix_web::test]
async fn the_venue_lists_what_it_trades() {
    let (simulator, _) = standing(TUESDAY);
    let info = asked(&simulator, "/api/v3/exchangeInfo").await;
    let listed = info["symbols"].as_array().unwrap();
    assert_eq!(listed.len(), SYMBOLS.len());
    for (listing, symbol) in listed.iter().zip(&SYMBOLS) {
        assert_eq!(listing["symbol"], symbol.name);
        assert_eq!(listing["status"], "TRADING");
        assert_eq!(listing["baseAsset"], symbol.base);
        assert_eq!(listing["quoteAsset"], "USDT");
        assert_eq!(listing["filters"][0]["filterType"], "PRICE_FILTER");
        assert_eq!(listing["filters"][0]["tickSize"], symbol.tick.padded());
    }
    let one = asked(&simulator, "/api/v3/exchangeInfo?symbol=ZETUSDT").await;
    assert_eq!(one["symbols"].as_array().unwrap().len(), 1);
    assert_eq!(
        asked(&simulator, "/api/v3/time").await["serverTime"],
        TUESDAY_MS
    );
    assert_eq!(asked(&simulator, "/api/v3/ping").await, json!({}));
    let prices = asked(&simulator, "/api/v3/ticker/price").await;
    assert_eq!(prices.as_array().unwrap().len(), SYMBOLS.len());
    let one = asked(&simulator, "/api/v3/ticker/price?symbol=FENQUSDT").await;
    let last = simulator.market().last_trade(&SYMBOLS[7], TUESDAY_MS);
    assert_eq!(one["price"], last.price.padded());
}

#[actix_web::test]
async fn klines_are_served_for_any_past_time() {
    let (simulator, _) = standing(TUESDAY);
    let symbol = find("KELDUSDT").unwrap();
    let start = TUESDAY_MS - 40 * 86_400_000;
    let path = format!("/api/v3/klines?symbol=KELDUSDT&interval=1m&startTime={start}&limit=1000");
    let rows = asked(&simulator, &path).await;
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 1000);
    for (at, row) in rows.iter().enumerate() {
        let open = row[0].as_i64().unwrap();
        assert_eq!(
            open,
            (start + 59_999) / 60_000 * 60_000 + i64::try_from(at).unwrap() * 60_000
        );
        let kline = simulator
            .market()
            .kline(symbol, open, 1, TUESDAY_MS)
            .unwrap();
        let told =
            [kline.open, kline.high, kline.low, kline.close].map(|price| json!(price.padded()));
        assert_eq!(row.as_array().unwrap()[1..5], told);
        assert_eq!(row[6], open + 59_999);
        assert_eq!(row[8], 300);
        assert_eq!(row.as_array().unwrap().len(), 12);
    }
}

#[actix_web::test]
async fn without_a_start_the_last_klines_are_served_and_the_last_one_is_open() {
    let (simulator, _) = standing(TUESDAY);
    for (interval, minutes) in [("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60)] {
        let path = format!("/api/v3/klines?symbol=QBTUSDT&interval={interval}&limit=3");
        let rows = asked(&simulator, &path).await;
        let opens: Vec<_> = (0..3).map(|at| rows[at][0].as_i64().unwrap()).collect();
        let long = minutes * 60_000;
        let last = TUESDAY_MS - TUESDAY_MS % long;
        assert_eq!(opens, [last - 2 * long, last - long, last]);
        assert_eq!(rows[1][8], 300 * minutes);
        assert!(rows[2][8].as_i64().unwrap() < 300 * minutes);
    }
}

#[actix_web::test]
async fn what_cannot_be_answered_is_refused_in_the_exchanges_words() {
    let (simulator, _) = standing(TUESDAY);
    for (path, code) in [
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m", -1121),
        ("/api/v3/klines?symbol=QBTUSDT&interval=7m", -1120),
        ("/api/v3/klines?symbol=QBTUSDT", -1102),
        (
            "/api/v3/klines?symbol=QBTUSDT&interval=1m&limit=many",
            -1100,
        ),
        ("/api/v3/ticker/price?symbol=NOPE", -1121),
        ("/api/v3/trades", -1102),
    ] {
        let (status, _, body) = ask(&simulator, path, &[]).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{path}");
        assert!(body["msg"].is_string());
    }
}

#[actix_web::test]
async fn past_trades_are_served_from_any_number() {
    let (simulator, _) = standing(TUESDAY);
    let rows = asked(
        &simulator,
        "/api/v3/aggTrades?symbol=MUXAUSDT&fromId=12345&limit=7",
    )
    .await;
    let symbol = find("MUXAUSDT").unwrap();
    for (at, trade) in simulator
        .market()
        .trades(symbol, 12_345)
        .take(7)
        .enumerate()
    {
        assert_eq!(rows[at]["a"], trade.id);
        assert_eq!(rows[at]["p"], trade.price.padded());
    }
    let rows = asked(&simulator, "/api/v3/trades?symbol=MUXAUSDT&limit=3").await;
    assert_eq!(
        rows[2]["id"],
        simulator.market().last_id(symbol, TUESDAY_MS)
    );
}
