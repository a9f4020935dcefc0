//! Where a stream begins, and where a history ends.

use std::time::Duration;

use domain::ids::Epoch;

use super::node::{after, relay, relay_with, rooms};
use super::reader::{Reader, ids, numbered};
use super::scene::{limits, raise};
use super::server::Server;

/// How long these tests keep events; the relay looks for old ones every second then.
const KEEP: Duration = Duration::from_secs(16);

#[actix_web::test]
async fn events_are_trimmed_by_their_age() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    let reader = Reader::connect(&server).await;
    let short = rooms(&scene, &server.url(), &scene.hub, KEEP);
    let mut node = relay_with(&scene, "relay", short).await;
    scene.many(10).await;
    scene.set_clock(after(KEEP / 2));
    scene.many(5).await;
    assert_eq!(ids(&reader.until(&epoch, 15).await), numbered(0, 15));
    scene.set_clock(after(KEEP + Duration::from_micros(1)));
    let entries = reader
        .until_they(&epoch, |entries| entries.len() < 15)
        .await;
    assert_eq!(ids(&entries), numbered(10, 5));
    // When all of it is too old the stream still knows where it ends.
    scene.set_clock(after(KEEP * 2));
    reader.until_they(&epoch, Vec::is_empty).await;
    scene.many(2).await;
    assert_eq!(ids(&reader.until(&epoch, 2).await), numbered(15, 2));
    node.well().await;
}

#[actix_web::test]
async fn an_empty_stream_begins_with_what_it_would_still_keep() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    scene.many(10).await;
    scene.set_clock(after(KEEP + Duration::from_secs(1)));
    scene.many(5).await;
    let short = rooms(&scene, &server.url(), &scene.hub, KEEP);
    relay_with(&scene, "relay", short).await;
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 5).await;
    assert_eq!(ids(&entries), numbered(10, 5));
}

#[actix_web::test]
async fn the_stream_of_a_new_epoch_begins_and_the_old_one_goes_when_its_time_has_passed() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let old = scene.epoch().await;
    let reader = Reader::connect(&server).await;
    let first = relay(&scene, &server).await;
    scene.many(3).await;
    reader.until(&old, 3).await;
    assert_eq!(reader.goes_in(&old).await, -1);
    first.dismiss().await;
    scene.store.begin_epoch(&Epoch::new("anew")).await.unwrap();
    let mut second = relay(&scene, &server).await;
    assert_eq!(ids(&reader.until("anew", 3).await), numbered(0, 3));
    assert_eq!(reader.epoch().await.as_deref(), Some("anew"));
    assert!(reader.goes_in(&old).await > 0);
    second.well().await;
}

#[actix_web::test]
async fn nothing_is_appended_to_a_stream_that_is_ahead_of_the_store() {
    let (server, ahead) = (Server::start(), raise(limits()).await);
    let reader = Reader::connect(&server).await;
    ahead.store.begin_epoch(&Epoch::new("same")).await.unwrap();
    let first = relay(&ahead, &server).await;
    ahead.many(5).await;
    reader.until("same", 5).await;
    first.dismiss().await;
    // A store that has fewer of that history, and one that has others.
    let behind = raise(limits()).await;
    behind.store.begin_epoch(&Epoch::new("same")).await.unwrap();
    behind.many(2).await;
    let node = relay(&behind, &server).await;
    let why = node.says("went back").await;
    assert!(why.contains("same"), "{why}");
    node.dismiss().await;
    behind.set_clock(after(Duration::from_secs(1)));
    behind.many(8).await;
    let node = relay(&behind, &server).await;
    node.says("went back").await;
    assert_eq!(ids(&reader.entries("same").await), numbered(0, 5));
}
