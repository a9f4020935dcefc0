//! The channels that come by webhook, and how they insist.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::Value;
use simulator::{Clock, Options, Simulator, WebhookTarget, start};

use crate::support::{MINUTE, TUESDAY};

/// What was received, and how many requests are turned away first.
#[derive(Default)]
struct Inbox {
    turned_away: u32,
    requests: Vec<(String, String, bool)>,
}

type Shared = Data<Mutex<Inbox>>;

async fn take(place: Path<String>, body: Bytes, inbox: Shared) -> HttpResponse {
    let mut inbox = inbox.lock().unwrap();
    let taken = inbox.turned_away == 0;
    inbox.turned_away = inbox.turned_away.saturating_sub(1);
    let body = String::from_utf8(body.to_vec()).unwrap();
    inbox.requests.push((place.into_inner(), body, taken));
    if taken {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::ServiceUnavailable().finish()
    }
}

fn receiver(turned_away: u32) -> (Arc<Mutex<Inbox>>, WebhookTarget) {
    let inbox = Arc::new(Mutex::new(Inbox {
        turned_away,
        requests: Vec::new(),
    }));
    let shared: Shared = Data::from(Arc::clone(&inbox));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in/{{channel}}", listener.local_addr().unwrap());
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .route("/in/{channel}", web::post().to(take))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .listen(listener)
        .unwrap()
        .run();
    actix_web::rt::spawn(server);
    (inbox, WebhookTarget { url })
}

fn posting_to(target: WebhookTarget, now: i64) -> (Simulator, simulator::Hand) {
    let (clock, hand) = Clock::by_hand(now);
    let options = Options {
        clock,
        webhooks: Some(target),
        ..Options::default()
    };
    (start(options).unwrap(), hand)
}

async fn until_taken(inbox: &Mutex<Inbox>, count: usize) {
    let taken = || {
        inbox
            .lock()
            .unwrap()
            .requests
            .iter()
            .filter(|(_, _, taken)| *taken)
            .count()
    };
    while taken() < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn delivery(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(body) => body["id"].as_str().unwrap().to_owned(),
        Err(_) => body.rsplit_once("\nid: ").unwrap().1.to_owned(),
    }
}

#[actix_web::test]
async fn every_post_arrives_with_its_secret_and_its_number() {
    let (inbox, target) = receiver(0);
    let (simulator, hand) = posting_to(target, TUESDAY);
    hand.pass(5 * MINUTE);
    let truths = simulator.truth_between(TUESDAY - MINUTE, TUESDAY + 5 * MINUTE);
    let expected: Vec<_> = truths
        .iter()
        .filter(|truth| truth.delivery.is_some())
        .collect();
    until_taken(&inbox, expected.len()).await;
    let requests = std::mem::take(&mut inbox.lock().unwrap().requests);
    assert_eq!(requests.len(), expected.len());
    for (channel, body, _) in &requests {
        let truth = expected
            .iter()
            .find(|truth| truth.delivery == Some(delivery(body)));
        let truth = truth.unwrap();
        assert_eq!(truth.channel, channel);
        let Ok(alert) = serde_json::from_str::<Value>(body) else {
            assert!(body.starts_with(&truth.text));
            continue;
        };
        let cards = simulator.channels();
        let card = cards.iter().find(|card| card.name == channel).unwrap();
        assert_eq!(alert["secret"].as_str(), card.secret.as_deref());
    }
}

#[actix_web::test]
async fn a_post_that_was_turned_away_comes_again_under_the_same_number() {
    let (inbox, target) = receiver(3);
    let (simulator, hand) = posting_to(target, TUESDAY);
    hand.pass(MINUTE);
    let truths = simulator.truth_between(TUESDAY - MINUTE, TUESDAY + MINUTE);
    let expected: Vec<_> = truths
        .into_iter()
        .filter_map(|truth| truth.delivery)
        .collect();
    until_taken(&inbox, expected.len()).await;
    let inbox = inbox.lock().unwrap();
    let (taken, turned): (Vec<_>, Vec<_>) = inbox.requests.iter().partition(|request| request.2);
    assert_eq!(turned.len(), 3);
    for (_, body, _) in turned {
        assert!(taken.iter().any(|(_, again, _)| again == body));
    }
}

#[actix_web::test]
async fn a_restart_sends_again_what_is_still_news() {
    let (inbox, target) = receiver(0);
    let (simulator, _) = posting_to(target.clone(), TUESDAY);
    let news = simulator.truth_between(TUESDAY - MINUTE, TUESDAY);
    let news: Vec<_> = news
        .into_iter()
        .filter_map(|truth| truth.delivery)
        .collect();
    until_taken(&inbox, news.len()).await;
    simulator.stop();
    let (_again, _) = posting_to(target, TUESDAY);
    until_taken(&inbox, 2 * news.len()).await;
    let inbox = inbox.lock().unwrap();
    for id in news {
        let count = inbox
            .requests
            .iter()
            .filter(|(_, body, _)| delivery(body) == id)
            .count();
        assert_eq!(count, 2);
    }
}

#[actix_web::test]
async fn whatever_the_json_machine_sends_is_json() {
    let (simulator, _) = crate::support::standing(TUESDAY);
    let truths = simulator.truth_between(TUESDAY, TUESDAY + 60 * MINUTE);
    let machine: Vec<_> = truths
        .iter()
        .filter(|truth| truth.channel == "sim_keltner")
        .collect();
    let actions: std::collections::BTreeSet<String> = machine
        .iter()
        .map(|truth| serde_json::from_str::<Value>(&truth.text).unwrap())
        .filter_map(|alert| alert["action"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(
        actions.into_iter().collect::<Vec<_>>(),
        ["buy", "close", "sell"]
    );
}
