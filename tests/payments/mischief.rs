//! What may go wrong at the till, each on its own: it is late, it hangs, it is stopped and started.

use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use simulator::{Options, PaymentsOptions, Simulator, StartError, start};
use stripe::ClientBuilder;
use stripe_product::product::{CreateProduct, ListProduct};
use stripe_webhook::Webhook;

use crate::scene::{Inbox, Scene, scene};

/// How long a request is watched that must not be answered.
const WATCHED: Duration = Duration::from_secs(1);

/// In which the courier has looked several times.
const LOOKED: Duration = Duration::from_millis(500);

#[actix_web::test]
async fn a_webhook_comes_so_much_later_as_is_switched_on_and_holds_no_other_back() {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    let late = Duration::from_millis(700);
    scene.room().mischief().delay(late);
    let began = Instant::now();
    scene.price("Late", 1900, "late_monthly").await;
    assert_eq!(inbox.all(&scene).await.len(), 2);
    assert!(inbox.first_came().unwrap() - began >= late);

    // What waits for an hour waits alone.
    scene.room().mischief().delay(Duration::from_secs(3_600));
    scene.price("Later", 2900, "later_monthly").await;
    // The courier looks at what is new before it holds it back.
    tokio::time::sleep(LOOKED).await;
    assert_eq!(scene.room().waiting(), 2);
    scene.room().mischief().delay(Duration::ZERO);
    scene.price("Soon", 4900, "soon_monthly").await;
    while inbox.came.lock().unwrap().len() < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let came = inbox.came.lock().unwrap().clone();
    assert!(
        came.iter()
            .skip(2)
            .all(|(body, _)| !body.contains("later_monthly") && !body.contains("\"Later\""))
    );
    assert_eq!(scene.room().waiting(), 2);
}

#[actix_web::test]
async fn a_request_that_is_stalled_is_neither_answered_nor_done_until_it_goes_on() {
    let scene = scene();
    scene.room().mischief().stall(true);
    let wish = CreateProduct::new("Premium");
    let mut asked = pin!(wish.send(&scene.client));
    let answered = tokio::time::timeout(WATCHED, &mut asked).await;
    assert!(answered.is_err(), "{answered:?}");
    // An event would wait for a listener if anything had been done.
    let inbox = Inbox::of(&scene);
    assert!(inbox.all(&scene).await.is_empty());

    scene.room().mischief().stall(false);
    let product = asked.await.unwrap();
    assert_eq!(inbox.all(&scene).await.len(), 1);
    let listed = ListProduct::new().send(&scene.client).await.unwrap();
    let ids: Vec<_> = listed.data.iter().map(|it| it.id.to_string()).collect();
    assert_eq!(ids, [product.id.to_string()]);
}

fn room(state: &Path) -> Result<Simulator, StartError> {
    start(Options {
        payments: Some(PaymentsOptions {
            state: Some(state.to_owned()),
            first_pause: Duration::from_millis(50),
            ..PaymentsOptions::default()
        }),
        ..Options::default()
    })
}

/// A room that keeps what it knows, and a client of it.
fn kept(state: &Path) -> Scene {
    let simulator = room(state).unwrap();
    let room = simulator.payments().unwrap();
    let client = ClientBuilder::new(room.secret_key()).url(room.base_url());
    Scene::of(client.build().unwrap(), simulator)
}

#[actix_web::test]
async fn what_the_till_knows_outlives_an_orderly_stop_to_the_last_request() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("payments.json");
    let scene = kept(&state);
    let keys = [scene.room().secret_key(), scene.room().webhook_secret()].map(str::to_owned);
    scene.room().pass(Duration::from_secs(40 * 86_400));
    let then = scene.room().now();
    // Somebody listens who is away; what he is to be told waits.
    scene
        .room()
        .send_webhooks_to("http://127.0.0.1:9/hook")
        .unwrap();
    let product = CreateProduct::new("Premium")
        .send(&scene.client)
        .await
        .unwrap();
    scene.stop();

    let again = kept(&state);
    assert_eq!(
        [again.room().secret_key(), again.room().webhook_secret()],
        keys.each_ref().map(String::as_str)
    );
    assert!(again.room().now() >= then, "its time went back");
    let listed = ListProduct::new().send(&again.client).await.unwrap();
    assert_eq!(listed.data.len(), 1);
    assert_eq!(listed.data[0].id, product.id);
    // And it is told, when somebody is there.
    let waiting = again.room().waiting();
    assert_eq!(waiting, 1);
    let other = CreateProduct::new("Pro").send(&again.client).await.unwrap();
    assert_ne!(other.id, product.id);
}

#[actix_web::test]
async fn the_file_of_the_till_is_whole_at_any_moment_and_a_broken_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (state, copy) = (
        folder.path().join("payments.json"),
        folder.path().join("copy.json"),
    );
    let scene = kept(&state);
    let inbox = Inbox::of(&scene);
    scene.price("Premium", 1900, "premium_monthly").await;
    assert_eq!(inbox.all(&scene).await.len(), 2);
    // As a crash would leave it: nobody was asked to stop.
    while !std::fs::read_to_string(&state).is_ok_and(|kept| kept.contains("premium_monthly")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..6 {
        CreateProduct::new("Another")
            .send(&scene.client)
            .await
            .unwrap();
        std::fs::copy(&state, &copy).unwrap();
        let after = kept(&copy);
        let listed = ListProduct::new().send(&after.client).await.unwrap();
        assert!(!listed.data.is_empty());
        after.stop();
    }
    let secret = scene.room().webhook_secret();
    let (body, signature) = &inbox.all(&scene).await[0];
    assert!(Webhook::construct_event(body, signature, secret).is_ok());

    std::fs::write(&copy, "{\"half\":").unwrap();
    assert!(matches!(room(&copy), Err(StartError::Payments(_))));
}
