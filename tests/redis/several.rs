//! Who takes over goes on, and two at once do no harm.

use actors::hub::Publish;
use domain::ids::Seq;
use domain::ports::store::Store as _;

use super::node::{LONG, hub, relay, relay_with, rooms};
use super::reader::{Reader, ids, numbered};
use super::scene::{limits, raise};
use super::server::Server;

#[actix_web::test]
async fn a_relay_that_takes_over_goes_on_where_the_stream_ends() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    let reader = Reader::connect(&server).await;
    let first = relay(&scene, &server).await;
    scene.many(30).await;
    first.dismiss().await;
    // Nobody relays these.
    scene.many(30).await;
    let mut second = relay(&scene, &server).await;
    scene.many(30).await;
    let entries = reader.until(&epoch, 90).await;
    assert_eq!(ids(&entries), numbered(0, 90));
    second.well().await;
}

#[actix_web::test]
async fn two_relays_at_once_append_each_event_once() {
    let (server, scene) = (Server::start(), raise(limits()).await);
    let epoch = scene.epoch().await;
    let other = hub(&scene).await;
    let mut one = relay(&scene, &server).await;
    let two = rooms(&scene, &server.url(), &other, LONG);
    let mut two = relay_with(&scene, "relay 2", two).await;
    let mut shown = Seq::ZERO;
    for round in 0..300 {
        scene.signal().await;
        let events = scene.store.events(shown, 100).await.unwrap();
        shown = events.last().unwrap().seq;
        // Now and then the other node is told late, or of nothing at all.
        if round % 3 != 2 {
            other.ask(Publish(events)).await.unwrap();
        }
    }
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&epoch, 300).await;
    assert_eq!(ids(&entries), numbered(0, 300));
    one.well().await;
    two.well().await;
    // Whichever of them is left goes on.
    one.dismiss().await;
    scene.many(10).await;
    let entries = reader.until(&epoch, 310).await;
    assert_eq!(ids(&entries), numbered(0, 310));
    two.well().await;
}
