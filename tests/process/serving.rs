//! A fresh start, and listening beyond this machine.

use std::time::Duration;

use crate::home::Home;
use crate::listener::Listener;
use crate::wait::within;

#[tokio::test]
async fn a_fresh_start_says_where_it_is_and_shows_a_signal_and_an_outcome() {
    let home = Home::simulated();
    let ten = Duration::from_secs(10);
    let (running, mut listener) = within(
        ten,
        "a signal of a fresh start",
        Box::pin(async {
            let running = home.start(&[]).await;
            let mut listener = Listener::connect(&running.api.address, None).await;
            let signal = listener.event_of("signal").await;
            assert_eq!(signal["origin"], "simulator");
            assert!(
                signal["data"]["score"]["targets"][0].is_number(),
                "{signal}"
            );
            (running, listener)
        }),
    )
    .await;
    assert_eq!(listener.resumed, "live");
    let said = running.said();
    assert!(
        said.contains(&format!("is at http://{}", running.api.address)),
        "{said}"
    );
    assert!(
        said.contains("simulated") && said.contains("/v1/stream?channels=*"),
        "{said}"
    );
    assert_eq!(running.api.json("/readyz").await["status"], "ready");

    let outcome = listener.event_of("outcome").await;
    assert!(
        outcome["data"]["pessimistic"]["state"].is_string(),
        "{outcome}"
    );
}

#[test]
fn an_address_beyond_this_machine_is_refused_without_the_word() {
    let home = Home::simulated().with("HTTP__LISTEN", "0.0.0.0:0");
    for command in ["serve", "check"] {
        let said = home.run(&[command], "");
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains("http.listen") && said.err.contains("--open-access"),
            "{said:?}"
        );
        assert!(!home.path("data").exists(), "it began before it refused");
    }
}

#[tokio::test]
async fn an_address_beyond_this_machine_is_taken_with_the_word() {
    let home = Home::simulated().with("HTTP__LISTEN", "0.0.0.0:0");
    for args in [["serve", "--open-access"].as_slice(), &["--open-access"]] {
        let running = home.start(args).await;
        let port = running.api.address.rsplit_once(':').unwrap().1;
        let here = crate::api::Api::new(&format!("127.0.0.1:{port}"));
        let answer = here.get("/readyz", &[("host", "desk.example")]).await;
        assert_eq!(answer.status, 200);
        running.stop().await;
    }
}
