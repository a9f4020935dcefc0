//! Every event is in Redis once and in order, whatever happens to Redis.

use domain::ids::Epoch;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::client::from;
use super::node::{LONG, bell, relay, relay_with, rooms};
use super::reader::{Ear, Reader, ids, numbered};
use super::scene::{Scene, limits, raise};
use super::server::Server;

/// What a socket is told of the events after `seq`, without what belongs to the subscription.
async fn told(scene: &Scene, after: u64, many: usize) -> Vec<String> {
    let epoch = scene.epoch().await;
    let address = format!(
        "ws://{}/v1/stream?channels=*&from={epoch}:{after}",
        scene.address
    );
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    let mut told = Vec::new();
    while told.len() < many {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap()
            && let Some(at) = text.find("\"seq\":")
            && text.contains("\"prev\":")
        {
            told.push(format!("{{{}", &text[at..]));
        }
    }
    told
}

#[actix_web::test]
async fn every_event_is_there_once_in_order_as_a_socket_is_told_it() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    scene.many(3).await;
    let mut node = relay(&scene, &server).await;
    scene.many(100).await;
    scene.burst(600).await;
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 703).await;
    assert_eq!(ids(&entries), numbered(0, 703));
    let events: Vec<_> = entries.into_iter().map(|(_, event)| event).collect();
    assert_eq!(events, told(&scene, 0, 703).await);
    for (event, seq) in events.iter().zip(1..) {
        let event: serde_json::Value = serde_json::from_str(event).unwrap();
        assert_eq!(event["seq"], json!(seq));
        assert_eq!(event["id"], json!(format!("{epoch}-{seq}")));
    }
    assert_eq!(reader.epoch().await, Some(epoch));
    node.well().await;
}

#[actix_web::test]
async fn a_server_that_is_killed_and_comes_back_with_its_data_misses_nothing() {
    let (mut server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    let mut node = relay(&scene, &server).await;
    scene.many(50).await;
    Reader::connect(&server).await.until(&epoch, 50).await;
    server.kill();
    // More than an outbox holds, so that the store has to be read.
    scene.many(50).await;
    scene.burst(5_000).await;
    node.in_trouble().await;
    server.again();
    scene.many(50).await;
    node.well().await;
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 5_150).await;
    assert_eq!(ids(&entries), numbered(0, 5_150));
}

#[actix_web::test]
async fn a_server_that_is_killed_again_and_again_misses_nothing() {
    let (mut server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    let mut node = relay(&scene, &server).await;
    for round in 1..=4 {
        // It dies with appends on their way.
        scene.many(40).await;
        server.kill();
        scene.many(10).await;
        node.in_trouble().await;
        server.again();
        node.well().await;
        let reader = Reader::connect(&server).await;
        let entries = reader.until(&epoch, round * 50).await;
        assert_eq!(ids(&entries), numbered(0, entries.len() as u64));
    }
}

#[actix_web::test]
async fn a_server_that_comes_back_without_its_data_is_filled_again() {
    let (mut server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    let mut node = relay(&scene, &server).await;
    scene.many(50).await;
    Reader::connect(&server).await.until(&epoch, 50).await;
    server.kill();
    server.forget();
    scene.many(5).await;
    node.in_trouble().await;
    server.again();
    node.well().await;
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 55).await;
    assert_eq!(ids(&entries), numbered(0, 55));
    assert_eq!(reader.epoch().await, Some(epoch));
}

#[actix_web::test]
async fn a_server_that_is_emptied_unnoticed_is_filled_again_without_a_hole() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    relay(&scene, &server).await;
    scene.many(20).await;
    let reader = Reader::connect(&server).await;
    reader.until(&epoch, 20).await;
    reader.flush().await;
    // The next event is not put into an empty stream alone.
    scene.signal().await;
    let entries = reader.until(&epoch, 21).await;
    assert_eq!(ids(&entries), numbered(0, 21));
    reader.flush().await;
    // Nor is an event needed to notice.
    let entries = reader.until(&epoch, 21).await;
    assert_eq!(ids(&entries), numbered(0, 21));
    assert_eq!(reader.epoch().await, Some(epoch));
}

#[actix_web::test]
async fn nobody_waits_for_a_server_that_is_not_there() {
    let (mut server, scene) = (Server::start(), raise(limits()).await);
    server.kill();
    let mut node = relay(&scene, &server).await;
    bell(&scene, &server).await;
    let epoch = scene.epoch().await;
    node.in_trouble().await;
    let (mut client, _) = super::client::Client::subscribed(&scene, from(&epoch, 0)).await;
    scene.many(100).await;
    assert_eq!(client.seqs(100).await.len(), 100);
    assert!(node.trouble.borrow().is_some());
}

#[actix_web::test]
async fn the_death_of_the_hub_leaves_no_hole() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    relay(&scene, &server).await;
    scene.many(5).await;
    scene.break_the_hub();
    scene.many(5).await;
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 10).await;
    assert_eq!(ids(&entries), numbered(0, 10));
}

#[actix_web::test]
async fn what_the_hub_was_never_told_is_found_in_the_store() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    relay(&scene, &server).await;
    let idea = scene.idea("a", "BTC/USDT", super::scene::LATER);
    scene.only_store(&[idea]).await;
    let reader = Reader::connect(&server).await;
    assert_eq!(ids(&reader.until(&epoch, 1).await), numbered(0, 1));
}

#[actix_web::test]
async fn a_password_is_shown_and_a_wrong_one_is_said_without_being_told() {
    let (server, scene) = (
        Server::start_with(Some("open%20sesame")),
        raise(limits()).await,
    );
    // The server takes the text as it stands; an address writes its percent sign as %25.
    let url = server.url().replace("%20", "%2520");
    let epoch = scene.epoch().await;
    let wrong = rooms(&scene, &url.replace("sesame", "barley"), &scene.hub, LONG);
    let node = relay_with(&scene, "wrong", wrong).await;
    let why = node.says("WRONGPASS").await;
    assert!(!why.contains("barley"), "{why}");
    node.dismiss().await;
    let right = rooms(&scene, &url, &scene.hub, LONG);
    let bus = std::sync::Arc::clone(&right.bus);
    let mut node = relay_with(&scene, "right", right).await;
    scene.many(3).await;
    node.well().await;
    let there = async {
        let epoch = domain::ids::Epoch::new(epoch.as_str());
        while bus.tail(&epoch).await.unwrap().seq.get() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG / 180, there).await.unwrap();
}

#[actix_web::test]
async fn the_bell_tells_whoever_listens_what_the_stream_holds() {
    let (mut server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    relay(&scene, &server).await;
    let bus = bell(&scene, &server).await;
    let told = Epoch::new(epoch.as_str());
    while bus.tail(&told).await.is_err() {
        tokio::task::yield_now().await;
    }
    let mut ear = Ear::listen(&server, &epoch).await;
    scene.many(20).await;
    let mut heard = Vec::new();
    while heard.len() < 20 {
        heard.push(ear.next().await);
    }
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 20).await;
    assert_eq!(
        heard,
        entries
            .into_iter()
            .map(|(_, event)| event)
            .collect::<Vec<_>>()
    );
    // It rings again when the server is back; what it could not tell is in the stream.
    server.kill();
    scene.many(2).await;
    server.again();
    let mut ear = Ear::listen(&server, &epoch).await;
    let ringing = async {
        loop {
            scene.signal().await;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        event = ear.next() => assert!(event.starts_with("{\"seq\":"), "{event}"),
        () = ringing => {}
    }
}
