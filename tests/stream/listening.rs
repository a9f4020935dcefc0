//! Server-sent events promise what the WebSocket promises.

use actors::hub::Room;
use domain::time::Timestamp;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use touchstone::http::stream::Limits;

use super::client::Client;
use super::listener::{Listener, ask};
use super::scene::{LATER, START, limits, raise};

#[actix_web::test]
async fn a_listener_is_told_the_frames_of_the_socket() {
    let scene = raise(limits()).await;
    let (mut listener, answer) = Listener::listen(&scene, "?channels=a").await;
    assert_eq!(
        (&answer["head"], &answer["resumed"]),
        (&json!(0), &json!("live"))
    );
    let (mut client, _) = Client::subscribed(&scene, json!({"channels": ["a"]})).await;
    scene.signals(&[scene.idea("b", "ETH/USDT", LATER)]).await;
    scene.signal().await;
    assert_eq!(listener.told().await, client.told().await);
    assert_eq!(listener.last_id, format!("{}:2", scene.epoch().await));
    assert_eq!(listener.retry_ms, 1_000);
}

#[actix_web::test]
async fn a_listener_resumes_without_a_hole_or_a_double_after_its_connection_is_killed() {
    let page = 16;
    let scene = raise(Limits { page, ..limits() }).await;
    let query = format!("?channels=*&from={}:20", scene.epoch().await);
    scene.many(100).await;
    let reading = async {
        let mut seqs = Vec::new();
        let mut last_id = String::new();
        for many in [37, 50, 1, 80, 112] {
            // The address is as old as the first visit; the last id goes before it.
            let (mut listener, answer) = Listener::come_back(&scene, &query, &last_id).await;
            assert_eq!(answer["resumed"], "replay");
            seqs.append(&mut listener.seqs(many).await);
            last_id = listener.last_id.clone();
        }
        seqs
    };
    let ((), seqs) = futures_util::future::join(scene.many(200), reading).await;
    assert_eq!(seqs, (21..=300).collect::<Vec<_>>());
    while scene.state.connected() > 0 {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn the_id_of_a_heartbeat_is_a_place_to_resume_from() {
    let scene = raise(limits()).await;
    let (mut listener, _) = Listener::listen(&scene, "?channels=b").await;
    scene.many(3).await;
    listener.position(3).await;
    let epoch = scene.epoch().await;
    assert_eq!(listener.last_id, format!("{epoch}:3"));
    drop(listener);
    scene.signal().await;
    let last = format!("{epoch}:3");
    let (mut listener, _) = Listener::come_back(&scene, "?channels=*", &last).await;
    assert_eq!(listener.seqs(1).await, [4]);
}

#[actix_web::test]
async fn a_listener_of_another_history_is_reset_to_the_head() {
    let scene = raise(limits()).await;
    scene.many(3).await;
    let (mut listener, answer) = Listener::come_back(&scene, "?channels=*", "another:1").await;
    assert_eq!(
        (&answer["head"], &answer["resumed"]),
        (&json!(3), &json!("reset"))
    );
    assert_eq!(listener.last_id, format!("{}:3", scene.epoch().await));
    scene.signal().await;
    assert_eq!(listener.seqs(1).await, [4]);
}

#[actix_web::test]
async fn what_a_listener_cannot_act_upon_any_more_is_a_gap() {
    let scene = raise(limits()).await;
    let query = format!("?channels=*&from={}:0", scene.epoch().await);
    for expires_at in [LATER, START, START, LATER] {
        let idea = scene.idea("a", "BTC/USDT", expires_at);
        scene.signals(&[idea]).await;
    }
    let (mut listener, _) = Listener::listen(&scene, &query).await;
    assert_eq!(listener.told().await["seq"], 1);
    let gap = listener.told().await;
    assert_eq!((&gap["from"], &gap["to"]), (&json!(2), &json!(3)));
    assert_eq!((&gap["why"], &gap["count"]), (&json!("expired"), &json!(2)));
    assert_eq!(listener.told().await["seq"], 4);
    scene.set_clock(Timestamp::from_micros(LATER.as_micros()));
    scene.signal().await;
    assert_eq!(listener.told().await["why"], "expired");
    assert!(listener.last_id.ends_with(":5"));
}

#[actix_web::test]
async fn a_slow_listener_is_told_of_a_gap_and_then_closed_with_the_place_to_resume_from() {
    let frames = 8;
    let room = Room::default();
    let outbox = Room { frames, ..room };
    let scene = raise(Limits { outbox, ..limits() }).await;
    let (mut listener, _) = Listener::listen(&scene, "?channels=*").await;
    listener.position(0).await;
    scene.burst(12).await;
    let gap = listener.told().await;
    assert_eq!((&gap["to"], &gap["why"]), (&json!(9), &json!("slow")));
    assert_eq!(listener.seqs(3).await, [10, 11, 12]);
    listener.position(12).await;
    scene.burst(20).await;
    let closing = listener.until(|frame| frame["type"] == "closing").await;
    assert_eq!(
        (&closing["code"], &closing["reason"]["seq"]),
        (&json!(4504), &json!(12))
    );
    assert_eq!(listener.retry_ms, 500);
    assert_eq!(listener.next().await, None);
    let last = listener.last_id.clone();
    let (mut listener, _) = Listener::come_back(&scene, "?channels=*", &last).await;
    assert_eq!(listener.seqs(20).await, (13..=32).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_listener_that_reads_nothing_holds_up_nobody_and_loses_its_place() {
    let scene = raise(limits()).await;
    let (mut idle, _) = Listener::listen(&scene, "?channels=*").await;
    let (mut keen, _) = Listener::listen(&scene, "?channels=*").await;
    // More than both ends of a socket keep: it is the outbox that overflows, more than once.
    for idea in scene.large(400, 100_000) {
        let events = scene.only_store(&[idea]).await;
        let seq = events[0].seq.get();
        scene.only_show(events).await;
        assert_eq!(keen.seqs(1).await, [seq]);
    }
    let mut last = 0;
    let closing = loop {
        let frame = idle.next().await.unwrap();
        if frame["type"] == "closing" {
            break frame;
        }
        last = frame["seq"].as_u64().unwrap_or(last);
    };
    assert!(last < 400);
    assert_eq!(closing["reason"]["seq"], last);
}

#[actix_web::test]
async fn the_death_of_the_hub_is_not_noticed_by_a_listener() {
    let scene = raise(limits()).await;
    let (mut listener, _) = Listener::listen(&scene, "?channels=*").await;
    scene.many(2).await;
    scene.break_the_hub();
    scene.many(4).await;
    assert_eq!(listener.seqs(6).await, [1, 2, 3, 4, 5, 6]);
}

#[actix_web::test]
async fn a_drain_tells_a_listener_when_to_come_back() {
    let scene = raise(limits()).await;
    let (mut listener, _) = Listener::listen(&scene, "?channels=*").await;
    scene.drain.send_replace(true);
    let drain = listener.until(|frame| frame["type"] == "drain").await;
    assert_eq!(drain["reconnect_in_ms"], listener.retry_ms);
    let closing = listener.until(|frame| frame["type"] == "closing").await;
    assert_eq!(closing["code"], 4503);
    assert!(listener.retry_ms <= 20);
    assert_eq!(listener.next().await, None);
    let (status, ..) = ask(&scene, "?channels=*", "").await;
    assert_eq!(status, 503);
}

#[actix_web::test]
async fn bad_addresses_and_last_ids_are_refused_by_name() {
    let scene = raise(limits()).await;
    for (query, last_id, remedy) in [
        ("", "", "channels=*"),
        ("?channels=*&hz=5", "", "mode latest"),
        ("?channels=*&chanels=a", "", "chanels"),
        ("?channels=*", "5", "Last-Event-ID: write it as EPOCH:SEQ"),
    ] {
        let (status, head, mut socket) = ask(&scene, query, last_id).await;
        assert_eq!(status, 400);
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        let mut problem = vec![0; length];
        socket.read_exact(&mut problem).await.unwrap();
        let problem = String::from_utf8(problem).unwrap();
        assert!(problem.contains(remedy), "{problem}");
    }
    assert_eq!(scene.state.connected(), 0);
}
