//! What a client may say, and what becomes of one that says something else.

use actix_web::{App, middleware, test, web};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use touchstone::http::guarded;
use touchstone::http::stream::{self, Limits};

use super::client::Client;
use super::raw::{BYTES, CLOSE, END, MORE, PING, PONG, Raw, TEXT, frame};
use super::scene::{limits, raise};

#[actix_web::test]
async fn an_address_subscribes_at_once() {
    let scene = raise(limits()).await;
    let epoch = scene.epoch().await;
    scene.many(2).await;
    let query = format!("?channels=*&symbols=BTC/USDT&from={epoch}:1");
    let mut client = Client::connect(&scene, &query).await;
    let answer = client.until(|frame| frame["ok"] == true).await;
    assert_eq!((&answer["id"], &answer["sub"]), (&Value::Null, &json!(1)));
    let event = client.until(|frame| frame["seq"].is_u64()).await;
    assert_eq!((&event["prev"], &event["seq"]), (&json!(1), &json!(2)));
}

#[actix_web::test]
async fn the_subprotocol_may_be_asked_for() {
    let scene = raise(limits()).await;
    let address = format!("ws://{}/v1/stream", scene.address);
    let mut request = address.into_client_request().unwrap();
    let asked = "touchstone.v1+json".parse().unwrap();
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", asked);
    let (_, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(
        response.headers()["Sec-WebSocket-Protocol"],
        "touchstone.v1+json"
    );
}

#[actix_web::test]
async fn the_position_is_told_and_bad_addresses_are_refused() {
    let scene = raise(limits()).await;
    scene.many(2).await;
    let app = App::new()
        .app_data(web::Data::new(scene.state.clone()))
        .app_data(web::Data::new(scene.people.door.clone()))
        .wrap(middleware::from_fn(guarded::identify))
        .route("/v1/stream", web::get().to(stream::stream))
        .route("/v1/stream/position", web::get().to(stream::position));
    let app = test::init_service(app).await;
    let ask = test::TestRequest::get().uri("/v1/stream/position");
    let position: Value = test::call_and_read_body_json(&app, ask.to_request()).await;
    assert_eq!(
        (&position["head"], &position["first"]),
        (&json!(2), &json!(1))
    );
    for (query, remedy) in [
        ("", "WebSocket"),
        ("?chanels=*", "chanels"),
        ("?channels=*&from=5", "EPOCH:SEQ"),
        ("?channels=*&sides=up", "long or short"),
        ("?symbols=BTC/USDT", "channels=*"),
    ] {
        let ask = test::TestRequest::get().uri(&format!("/v1/stream{query}"));
        let problem: Value = test::call_and_read_body_json(&app, ask.to_request()).await;
        assert_eq!(problem["status"], 400);
        assert!(
            problem["detail"].as_str().unwrap().contains(remedy),
            "{problem}"
        );
    }
    assert_eq!(scene.state.connected(), 0);
}

#[actix_web::test]
async fn every_command_is_answered() {
    let scene = raise(limits()).await;
    let mut client = Client::connect(&scene, "").await;
    assert_eq!(client.command(json!({"op": "ping"})).await["ok"], true);
    for (command, code) in [
        (json!({"op": "auth", "token": "t"}), "unauthenticated"),
        (
            json!({"op": "ack", "consumer": "c", "sub": 1, "seq": 1}),
            "not_available",
        ),
        (json!({"op": "dance"}), "bad_command"),
        (json!({"op": "subscribe", "chanels": []}), "bad_command"),
        (json!({"op": "subscribe", "stream": "prices"}), "bad_stream"),
        (json!({"op": "subscribe", "mode": "some"}), "bad_mode"),
        (json!({"op": "subscribe", "symbols": ["BTC"]}), "bad_filter"),
        (json!({"op": "update", "sub": 1}), "no_such_subscription"),
    ] {
        let answer = client.command(command).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
}

#[actix_web::test]
async fn a_session_has_only_so_many_subscriptions() {
    let scene = raise(Limits {
        subscriptions: 2,
        ..limits()
    })
    .await;
    let mut client = Client::connect(&scene, "").await;
    for _ in 0..2 {
        assert_eq!(client.subscribe(json!({})).await["ok"], true);
    }
    let third = client.subscribe(json!({})).await;
    assert_eq!(third["error"]["code"], "too_many_subscriptions");
    client.command(json!({"op": "unsubscribe", "sub": 1})).await;
    assert_eq!(client.subscribe(json!({})).await["sub"], 3);
}

#[actix_web::test]
async fn bad_frames_are_closed_with_their_code() {
    let scene = raise(Limits {
        commands: (3.0, 0.01),
        ..limits()
    })
    .await;
    let large = "x".repeat(64 * 1024 + 1);
    for (message, code) in [
        (Message::text("hello"), 4400),
        (Message::binary(b"{}".to_vec()), 4400),
        (Message::text(large), 4413),
    ] {
        let mut client = Client::connect(&scene, "").await;
        client.send(message).await;
        assert_eq!(client.goodbye().await.code, code);
    }
    let mut client = Client::connect(&scene, "").await;
    for id in 0..4 {
        let ping = json!({"id": id, "op": "ping"});
        client.send(Message::text(ping.to_string())).await;
    }
    let goodbye = client.goodbye().await;
    assert_eq!(goodbye.code, 4429);
    assert!(goodbye.reason["retry_after_ms"].as_u64().unwrap() > 0);
}

#[actix_web::test]
async fn a_command_may_come_in_pieces_with_signs_between_them() {
    let scene = raise(limits()).await;
    let mut raw = Raw::connect(scene.address, "/v1/stream", "").await;
    let pieces = [
        frame(TEXT, b"{\"id\":7,"),
        frame(END | PING, b"now"),
        frame(MORE, b"\"op\":"),
        frame(END, b"\"ping\"}"),
    ];
    raw.send(&pieces.concat(), usize::MAX).await;
    let mut pong = false;
    loop {
        let (first, body) = raw.hear().await.unwrap();
        pong |= (first, &body[..]) == (END | PONG, b"now");
        if String::from_utf8(body)
            .unwrap()
            .starts_with(r#"{"id":7,"ok":true"#)
        {
            break;
        }
    }
    assert!(pong);
}

#[actix_web::test]
async fn what_breaks_the_protocol_is_closed_after_the_commands_before_it() {
    let scene = raise(limits()).await;
    let ping = frame(END | TEXT, b"{\"id\":7,\"op\":\"ping\"}");
    for (bad, code) in [
        (frame(END | TEXT, b"\xff"), 1007_u16),
        (frame(END | 0x40 | TEXT, b"{}"), 1002),
        (frame(END, b"{}"), 1002),
        (frame(BYTES, b"{}"), 4400),
        (frame(END | TEXT, &[b' '; 64 * 1024 + 1]), 4413),
        (
            [frame(TEXT, &[b' '; 64 * 1024]), frame(END, b" ")].concat(),
            4413,
        ),
    ] {
        let mut raw = Raw::connect(scene.address, "/v1/stream", "").await;
        raw.send(&[ping.clone(), bad].concat(), usize::MAX).await;
        let mut answered = false;
        let goodbye = loop {
            let (first, body) = raw.hear().await.unwrap();
            if first == END | CLOSE {
                break body;
            }
            answered |= body.starts_with(b"{\"id\":7");
        };
        assert!(answered, "{code}");
        assert_eq!(goodbye[..2], code.to_be_bytes());
    }
}

#[actix_web::test]
async fn bad_json_is_answered_before_the_goodbye() {
    let scene = raise(limits()).await;
    let mut client = Client::connect(&scene, "").await;
    client.send(Message::text("{\"id\":1")).await;
    let answer = client.until(|frame| frame["error"].is_object()).await;
    assert_eq!(answer["error"]["code"], "bad_json");
    assert_eq!(client.goodbye().await.code, 4400);
}

#[actix_web::test]
async fn a_client_that_does_not_answer_pings_is_asked_to_come_back() {
    let scene = raise(Limits {
        unanswered_pings: 2,
        ..limits()
    })
    .await;
    let mut socket = tokio::net::TcpStream::connect(scene.address).await.unwrap();
    let host = scene.address;
    let hello = format!(
        "GET /v1/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(hello.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    socket.read_to_end(&mut said).await.unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains(r#"{"code":"no_pong","retry_after_ms":"#),
        "{said}"
    );
}

#[actix_web::test]
async fn a_full_house_asks_to_come_back_later() {
    let scene = raise(Limits {
        connections: 1,
        ..limits()
    })
    .await;
    let address = format!("ws://{}/v1/stream", scene.address);
    let (mut first, _) = tokio_tungstenite::connect_async(&address).await.unwrap();
    let refused = tokio_tungstenite::connect_async(&address)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    first.send(Message::Close(None)).await.unwrap();
    while first.next().await.is_some() {}
    while scene.state.connected() > 0 {
        tokio::task::yield_now().await;
    }
    tokio_tungstenite::connect_async(&address).await.unwrap();
}
