//! The REST API: what is refused and how, and what describes it.

use futures_util::StreamExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, http::HeaderValue};

use crate::api::{Api, problem};
use crate::home::Home;

#[tokio::test]
async fn a_bad_parameter_is_refused_by_its_name() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let bad = [
        ("/v1/signals?side=up", "side"),
        ("/v1/signals?origin=mars", "origin"),
        ("/v1/signals?symbols=BTCUSDT", "symbols"),
        ("/v1/signals?min_score=2", "min_score"),
        ("/v1/signals?limit=0", "limit"),
        ("/v1/signals?limit=501", "limit"),
        ("/v1/signals/seven", "id"),
        ("/v1/events?limit=0", "limit"),
        ("/v1/stream?channels=*&from=7", "from"),
        ("/v1/markets/QBTUSDT/candles?interval=1m", "symbol"),
        ("/v1/markets/QBT-USDT/candles", "interval"),
        ("/v1/markets/QBT-USDT/candles?interval=2m", "interval"),
        (
            "/v1/markets/QBT-USDT/candles?interval=1m&from=1700000000",
            "from",
        ),
        (
            "/v1/markets/QBT-USDT/candles?interval=1m&to=yesterday",
            "to",
        ),
        (
            "/v1/markets/QBT-USDT/candles?interval=1m&market=margin",
            "market",
        ),
        (
            "/v1/markets/QBT-USDT/candles?interval=1m&venue=moon",
            "venue",
        ),
    ];
    for (path, field) in bad {
        let said = problem(&running.api.get(path, &[]).await, 400, "invalid_request");
        assert_eq!(said["field"], field, "{path}: {said}");
    }
    for path in [
        "/v1/signals?sides=long",
        "/v1/events?from=x",
        "/v1/signals?limit=-1",
    ] {
        problem(&running.api.get(path, &[]).await, 400, "invalid_request");
    }
    let unknown = running.api.get("/v1/signals?sides=long", &[]).await;
    let said = problem(&unknown, 400, "invalid_request").to_string();
    assert!(said.contains("sides") && said.contains("side`"), "{said}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let nobody = "/v1/signals/00000000-0000-0000-0000-000000000000";
    for path in ["/nowhere", "/v1/channels/nobody", nobody] {
        problem(&running.api.get(path, &[]).await, 404, "not_found");
    }
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_refused_at_every_door() {
    let home = Home::simulated().with("HTTP__ALLOWED_ORIGINS", "https://desk.example");
    let running = home.start(&[]).await;
    let api = &running.api;
    let own = format!("http://{}", api.address);
    for foreign in [
        ("host", "rebound.example"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        for path in ["/v1/signals", "/", "/metrics", "/openapi.json", "/nowhere"] {
            problem(&api.get(path, &[foreign]).await, 403, "forbidden");
        }
        problem(
            &api.post("/v1/ingest/sim_desk", &[foreign], "x").await,
            403,
            "forbidden",
        );
        assert_eq!(handshake(api, foreign).await, 403, "{foreign:?}");
    }
    for known in [("origin", own.as_str()), ("origin", "https://desk.example")] {
        assert_eq!(api.get("/v1/signals", &[known]).await.status, 200);
        assert_eq!(handshake(api, known).await, 101, "{known:?}");
    }
}

/// Knocks at the stream, and says with which status it was answered.
async fn handshake(api: &Api, (name, value): (&'static str, &str)) -> u16 {
    let url = format!("ws://{}/v1/stream?channels=*", api.address);
    let mut request: Request = url.into_client_request().unwrap();
    let value = HeaderValue::from_str(value).unwrap();
    request.headers_mut().insert(name, value);
    let socket = TcpStream::connect(&api.address).await.unwrap();
    match client_async(request, socket).await {
        Ok((mut socket, answer)) => {
            assert!(socket.next().await.unwrap().is_ok());
            answer.status().as_u16()
        }
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_description_lists_every_route() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let described = running.api.json("/openapi.json").await;
    assert!(described["openapi"].as_str().unwrap().starts_with("3."));
    let routes = [
        ("/v1/stream", "get"),
        ("/v1/stream/position", "get"),
        ("/v1/ingest/{channel}", "post"),
        ("/v1/channels", "get"),
        ("/v1/channels/{id}", "get"),
        ("/v1/signals", "get"),
        ("/v1/signals/{id}", "get"),
        ("/v1/events", "get"),
        ("/v1/system/actors", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    ];
    for (path, method) in routes {
        assert!(
            described["paths"][path][method].is_object(),
            "no {method} {path}"
        );
    }
    assert_eq!(running.api.json("/readyz").await["status"], "ready");
    assert_eq!(running.api.get("/healthz", &[]).await.status, 200);
}
