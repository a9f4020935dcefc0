//! The faults, each switched on and off again.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Listener, TUESDAY, ask, standing};

#[actix_web::test]
async fn dropped_connections_are_gone_and_new_ones_work() {
    let (simulator, hand) = standing(TUESDAY);
    let mut listener = Listener::at(&simulator, "/ws/qbtusdt@trade").await;
    hand.pass(1_000_000);
    listener.frame().await;
    simulator.faults().exchange.drop_connections();
    while listener.text().await.is_some() {}
    let mut again = Listener::at(&simulator, "/ws/qbtusdt@trade").await;
    hand.pass(1_000_000);
    again.frame().await;
}

#[actix_web::test]
async fn a_stalled_exchange_accepts_and_says_nothing() {
    let (simulator, hand) = standing(TUESDAY);
    simulator.faults().exchange.stall(true);
    let mut listener = Listener::at(&simulator, "/ws/qbtusdt@trade").await;
    hand.pass(10_000_000);
    let silence = tokio::time::timeout(Duration::from_millis(200), listener.frame()).await;
    assert!(silence.is_err());
    let page = ask(&simulator, "/api/v3/time", &[]);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), page)
            .await
            .is_err()
    );
    // The channels are another house.
    assert_eq!(ask(&simulator, "/s/sim_steady", &[]).await.0, 200);
    simulator.faults().exchange.stall(false);
    listener.frame().await;
}

#[actix_web::test]
async fn a_refusing_house_names_the_time_to_come_back() {
    let (simulator, _) = standing(TUESDAY);
    let faults = simulator.faults();
    faults.exchange.refuse(Some(Duration::from_secs(3)));
    let (status, headers, _) = ask(&simulator, "/api/v3/time", &[]).await;
    assert_eq!(
        (status, headers.get("retry-after").unwrap().as_bytes()),
        (429, &b"3"[..])
    );
    assert_eq!(ask(&simulator, "/s/sim_steady", &[]).await.0, 200);
    faults.exchange.refuse(None);
    assert_eq!(ask(&simulator, "/api/v3/time", &[]).await.0, 200);
    faults.pages.refuse(Some(Duration::from_secs(9)));
    assert_eq!(ask(&simulator, "/s/sim_steady", &[]).await.0, 429);
}

#[actix_web::test]
async fn broken_frames_are_broken_and_the_next_ones_are_whole() {
    let (simulator, hand) = standing(TUESDAY);
    let mut listener = Listener::at(&simulator, "/ws/qbtusdt@trade").await;
    simulator.faults().exchange.malform(2);
    hand.pass(3_000_000);
    let mut readable = Vec::new();
    for _ in 0..5 {
        let text = listener.text().await.unwrap();
        readable.push(serde_json::from_str::<Value>(&text).is_ok());
    }
    assert_eq!(readable, [false, false, true, true, true]);
}
