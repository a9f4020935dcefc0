//! The REST API: what is refused and how, and what describes it.

use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, http::HeaderValue};

use crate::api::{Api, number, problem, read, text};
use crate::home::Home;
use crate::wait::until;

#[tokio::test]
async fn a_bad_parameter_is_refused_by_its_name() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let bad = [
        ("/v1/signals?side=up", "side"),
        ("/v1/signals?origin=mars", "origin"),
        ("/v1/signals?symbols=BTCUSDT", "symbols"),
        ("/v1/signals?min_score=2", "min_score"),
        ("/v1/signals?market=binance", "market"),
        ("/v1/signals?state=over", "state"),
        ("/v1/signals?from=yesterday", "from"),
        ("/v1/signals?cursor=7", "cursor"),
        ("/v1/channels?limit=501", "limit"),
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
    assert!(said.contains("sides") && said.contains("`side`"), "{said}");
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
async fn every_request_has_a_name_that_its_problem_and_its_answer_tell() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let api = &running.api;
    let own = api.get("/nowhere", &[("x-request-id", "desk-7")]).await;
    assert_eq!(own.header("x-request-id"), Some("desk-7"));
    assert_eq!(problem(&own, 404, "not_found")["request_id"], "desk-7");
    let made = api.get("/v1/channels", &[("x-request-id", "a b")]).await;
    assert_eq!(made.header("x-request-id").unwrap().len(), 32);
    let refused = api
        .get("/v1/channels", &[("host", "rebound.example")])
        .await;
    let told = problem(&refused, 403, "forbidden");
    assert_eq!(told["request_id"], refused.header("x-request-id").unwrap());
    for header in [
        "x-content-type-options",
        "content-security-policy",
        "x-frame-options",
    ] {
        assert!(refused.header(header).is_some(), "{header}");
    }
}

#[tokio::test]
async fn a_client_that_has_the_answer_is_told_so_and_one_that_asks_for_packed_gets_it() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let api = &running.api;
    for path in ["/", "/openapi.json", "/v1/signals?to=2020-01-01T00:00:00Z"] {
        let first = api.get(path, &[]).await;
        let mark = first.header("etag").unwrap();
        let again = api.get(path, &[("if-none-match", mark)]).await;
        assert_eq!(again.status, 304, "{path}");
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), Some(mark));
        let other = api.get(path, &[("if-none-match", "W/\"other\"")]).await;
        assert_eq!((other.status.as_u16(), &other.body), (200, &first.body));
    }
    let packed = raw(api, "GET", "/openapi.json", "Accept-Encoding: gzip").await;
    assert!(packed.contains("content-encoding: gzip"), "{packed}");
}

#[tokio::test]
async fn a_method_a_kind_or_a_parameter_that_is_not_there_is_refused_with_what_is() {
    let home = Home::simulated().with("HTTP__ALLOWED_ORIGINS", "https://desk.example");
    let running = home.start(&[]).await;
    let api = &running.api;

    let wrong = api.post("/v1/signals", &[], "x").await;
    problem(&wrong, 405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
    let wrong = api.get("/v1/ingest/sim_desk", &[]).await;
    problem(&wrong, 405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), Some("POST, OPTIONS"));

    let head = raw(api, "HEAD", "/openapi.json", "Accept: */*").await;
    assert!(
        head.starts_with("http/1.1 200") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(head.contains("etag: w/"), "{head}");
    let options = raw(api, "OPTIONS", "/v1/signals", "Accept: */*").await;
    assert!(options.starts_with("http/1.1 204"), "{options}");
    assert!(options.contains("allow: get, head, options"), "{options}");

    let page = api.get("/v1/signals", &[("accept", "text/html")]).await;
    problem(&page, 406, "not_acceptable");
    let any = api
        .get("/v1/signals", &[("accept", "text/html,*/*;q=0.8")])
        .await;
    assert_eq!(any.status, 200);
    let form = [("content-type", "multipart/form-data; boundary=x")];
    let form = api.post("/v1/ingest/sim_desk", &form, "x").await;
    problem(&form, 415, "unsupported_media_type");

    for path in [
        "/v1/system/actors?all=1",
        "/v1/stream/position?from=1",
        "/v1/channels/x?y=1",
    ] {
        problem(&api.get(path, &[]).await, 400, "invalid_request");
    }

    let preflight = "Origin: https://desk.example\r\nAccess-Control-Request-Method: GET";
    let preflight = raw(api, "OPTIONS", "/v1/signals", preflight).await;
    assert!(
        preflight.contains("access-control-allow-origin: https://desk.example"),
        "{preflight}"
    );
    let desk = [("origin", "https://desk.example")];
    let desk = api.get("/v1/signals", &desk).await;
    assert_eq!(
        desk.header("access-control-allow-origin"),
        Some("https://desk.example")
    );
    assert!(
        desk.header("access-control-expose-headers")
            .unwrap()
            .contains("etag")
    );
}

/// What a request is answered with, to its last byte, in lower case.
async fn raw(api: &Api, method: &str, path: &str, headers: &str) -> String {
    let mut socket = TcpStream::connect(&api.address).await.unwrap();
    let host = &api.address;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn a_channel_is_looked_at_before_it_is_read() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let api = &running.api;
    let seen = api.json("/v1/discover/telegram?name=@sim_steady").await;
    assert_eq!(seen["name"], "sim_steady");
    let posts = seen["posts"].as_array().unwrap();
    assert!(
        !posts.is_empty() && !text(&seen, "title").is_empty(),
        "{seen}"
    );
    let of_kind = |kind: &str| {
        posts
            .iter()
            .filter(|p| p["reading"]["kind"] == kind)
            .count()
    };
    assert_eq!(number(&seen, "signals"), of_kind("signal") as u64);
    assert!(of_kind("signal") > 0, "{seen}");

    let again = api.get("/v1/discover/telegram?name=sim_steady", &[]).await;
    problem(&again, 429, "too_many_requests");
    assert!(again.header("retry-after").is_some());
    let nobody = until("the next look is allowed", async || {
        let answer = api.get("/v1/discover/telegram?name=nobody_here", &[]).await;
        (answer.status != 429).then_some(answer)
    })
    .await;
    let told = problem(&nobody, 404, "not_found").to_string();
    assert!(told.contains("telegram_bot"), "{told}");
    let bad = api
        .get("/v1/discover/telegram?name=evil.example/x", &[])
        .await;
    assert_eq!(problem(&bad, 400, "invalid_request")["field"], "name");
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
        ("/v1/discover/telegram", "get"),
        ("/v1/system/actors", "get"),
        ("/v1/system/nodes", "get"),
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

#[tokio::test]
async fn pages_of_signals_join_to_the_whole_though_more_are_stored_meanwhile() {
    let home = Home::simulated().with("SIMULATOR__PACE", "200");
    let running = home.start(&[]).await;
    let api = &running.api;
    let stored = async || api.json("/v1/signals?limit=500").await["signals"].clone();
    until("there are some signals", async || {
        (stored().await.as_array().unwrap().len() >= 9).then_some(())
    })
    .await;

    let first = api.json("/v1/signals?limit=2").await;
    let newest = number(&first["signals"][0], "seq");
    let mut paged = first["signals"].as_array().unwrap().clone();
    let mut next = first["next"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        // What is stored meanwhile is newer than the first page and moves none of the others.
        let answer = api
            .get(&format!("/v1/signals?limit=2&cursor={cursor}"), &[])
            .await;
        assert_eq!(answer.status, 200);
        let page = read(&answer);
        paged.extend(page["signals"].as_array().unwrap().iter().cloned());
        next = page["next"].as_str().map(str::to_owned);
        let link = next
            .as_ref()
            .map(|next| format!("</v1/signals?limit=2&cursor={next}>; rel=\"next\""));
        assert_eq!(answer.header("link"), link.as_deref());
    }
    let id = |signal: &serde_json::Value| text(signal, "id");
    let whole = stored().await;
    let whole = whole.as_array().unwrap().iter();
    let whole: Vec<_> = whole
        .filter(|signal| number(signal, "seq") <= newest)
        .map(id)
        .collect();
    assert!(whole.len() < 500);
    assert_eq!(paged.iter().map(id).collect::<Vec<_>>(), whole);

    let cursor = text(&first, "next");
    let path = format!("/v1/signals?side=long&limit=2&cursor={cursor}");
    problem(&api.get(&path, &[]).await, 404, "not_found");
}

#[tokio::test]
async fn signals_are_found_by_market_state_and_time() {
    let home = Home::simulated().with("SIMULATOR__PACE", "200");
    let running = home.start(&[]).await;
    let api = &running.api;
    let found = async |query: &str| {
        let page = api.json(&format!("/v1/signals?limit=500{query}")).await;
        page["signals"].as_array().unwrap().clone()
    };
    let all = until("there are some signals", async || {
        let all = found("").await;
        (all.len() >= 5).then_some(all)
    })
    .await;
    // Two channels are read at once, so the order of receipt is not quite that of the stream.
    let middle = number(&all[2], "received");
    let before = found(&format!("&to={middle}")).await;
    let since = found(&format!("&from={middle}")).await;
    for signal in &all {
        let (here, there) = match number(signal, "received") < middle {
            true => (&before, &since),
            false => (&since, &before),
        };
        let has = |list: &[serde_json::Value]| list.iter().any(|other| other["id"] == signal["id"]);
        assert!(has(here) && !has(there), "{signal}");
    }
    assert!(found("&from=2020-01-01T00:00:00Z").await.len() >= all.len());
    assert!(found("&to=2020-01-01T00:00:00Z").await.is_empty());
    assert!(found("&market=sim:spot").await.len() >= all.len());
    assert!(found("&market=elsewhere:spot").await.is_empty());
    let waiting = found("&state=pending,active,partial").await;
    assert!(waiting.iter().all(|signal| {
        ["pending", "active", "partial"].contains(&signal["state"].as_str().unwrap())
    }));

    let page = api.json("/v1/channels?limit=2").await;
    assert_eq!(page.as_array().unwrap().len(), 2);
    let rest = api
        .json(&format!("/v1/channels?after={}", text(&page[1], "id")))
        .await;
    let whole = api.json("/v1/channels").await;
    assert_eq!(
        whole.as_array().unwrap().len(),
        2 + rest.as_array().unwrap().len()
    );
}
