//! A post that is brought to the platform: stored before it is answered, or refused and counted.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::{App, test, web};
use domain::ids::Seq;
use domain::ports::Clock;
use domain::ports::store::Store as _;
use domain::post::Origin;
use domain::time::Timestamp;
use touchstone::clock::WallClock;
use touchstone::http::ingest::{Inlets, ingest};
use touchstone::registrar::{Holder, Keyring, digest};

use super::faults::{Fault, Plan};
use super::scene::{Scene, Wrong, channel, memory, raise};

const CALL: &str =
    r#"{"id":"x1","text":"LONG #BTC/USDT\nEntry: 50000\nTarget 1: 53000\nStop loss: 48000"}"#;

/// A clock that stands where it was set.
struct SetTo(Timestamp);

impl Clock for SetTo {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Posts the call to channel `a`; the status, and how long it took in seconds.
async fn post(scene: &Scene) -> (StatusCode, f64) {
    bring(scene, CALL, Arc::new(WallClock)).await
}

async fn bring(scene: &Scene, body: &'static str, clock: Arc<dyn Clock>) -> (StatusCode, f64) {
    let keys = Keyring::default();
    let holder = Holder {
        key: digest("correct horse battery"),
        origin: Origin::Live,
        door: scene.house.crew.door(&channel("a")),
    };
    keys.insert(channel("a"), holder);
    let inlets = Inlets {
        keys,
        clock,
        store: Arc::clone(&scene.store) as _,
    };
    let route = web::post().to(ingest);
    let app = App::new()
        .app_data(web::Data::new(inlets))
        .route("/v1/ingest/{channel}", route);
    let app = test::init_service(app).await;
    let request = test::TestRequest::post()
        .uri("/v1/ingest/a")
        .insert_header(("content-type", "application/json"))
        .insert_header(("x-touchstone-key", "correct horse battery"))
        .set_payload(body)
        .to_request();
    let begun = Instant::now();
    let answer = test::call_service(&app, request).await;
    (answer.status(), begun.elapsed().as_secs_f64())
}

/// How often the post that is brought is a signal in the stream.
async fn told(scene: &Scene) -> usize {
    let events = scene.store.events(Seq::ZERO, 1_000).await.unwrap();
    let brought = |event: &&Arc<domain::event::Event>| {
        matches!(event.happening().map(|about| &about.body),
            Some(domain::event::Body::Signal { signal, .. }) if signal.post.as_str() == "id:x1")
    };
    events.iter().filter(brought).count()
}

#[actix::test]
async fn a_post_is_answered_after_its_commit_and_a_retry_is_known_again() {
    let scene = raise(memory().await, Wrong::nothing()).await;
    assert_eq!(post(&scene).await.0, StatusCode::OK);
    assert_eq!(told(&scene).await, 1, "what is answered is stored");
    assert_eq!(post(&scene).await.0, StatusCode::OK);
    assert_eq!(told(&scene).await, 1);
}

#[actix::test]
async fn a_store_that_is_away_for_two_seconds_is_a_503_and_the_retry_is_stored_once() {
    let commits = Plan::new(Fault::Fail, u32::MAX);
    let wrong = Wrong {
        commits: commits.clone(),
        ..Wrong::nothing()
    };
    let scene = raise(memory().await, wrong).await;
    let (status, seconds) = post(&scene).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(seconds < 3.0, "TradingView would have given up: {seconds}");
    commits.forgive();
    assert_eq!(post(&scene).await.0, StatusCode::OK);
    assert_eq!(told(&scene).await, 1);
}

#[actix::test]
async fn a_body_without_a_name_is_one_post_for_a_minute_wherever_the_clock_turns() {
    let scene = raise(memory().await, Wrong::nothing()).await;
    let body = r#"{"text":"nice weather"}"#;
    let mut posts = Vec::new();
    // A retry over the turn of the minute, a later one, and one that is a post of its own.
    for millis in [59_900, 60_100, 119_800, 120_200] {
        let clock = SetTo(Timestamp::from_millis(1_700_000_040_000 + millis));
        let (status, _) = bring(&scene, body, Arc::new(clock)).await;
        assert_eq!(status, StatusCode::OK, "{millis}");
        let kept = scene.store.resume(&channel("a"), 100).await.unwrap();
        let brought = kept
            .recent
            .iter()
            .filter(|(key, _)| key.as_str().starts_with("body:"));
        posts.push(brought.count());
    }
    assert_eq!(posts, [1, 1, 1, 2]);
}
