//! A fresh start, and listening beyond this machine.

use std::time::Duration;

use crate::api::problem;
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

#[tokio::test]
async fn beyond_this_machine_everybody_needs_an_account() {
    let home = Home::simulated()
        .with("HTTP__LISTEN", "0.0.0.0:0")
        .with("ACCOUNTS__PUBLIC_URL", "https://desk.example");
    let checked = home.run(&["check"], "");
    assert!(
        checked
            .out
            .contains("accounts; whoever sits at this machine may do everything"),
        "{checked:?}"
    );
    let running = home.start(&[]).await;
    let port = running.api.address.rsplit_once(':').unwrap().1;
    let here = crate::api::Api::new(&format!("127.0.0.1:{port}"));
    // By its public name, or from behind a proxy, one is a stranger; by another name nobody.
    let by_name = ("host", "desk.example");
    let by_proxy = ("x-forwarded-for", "127.0.0.1");
    let by_another = ("forwarded", "for=127.0.0.1");
    for stranger in [by_name, by_proxy, by_another] {
        for path in ["/v1/signals", "/metrics", "/v1/admin/accounts"] {
            let answer = here.get(path, &[stranger]).await;
            problem(&answer, 401, "unauthenticated");
        }
        assert_eq!(here.get("/readyz", &[stranger]).await.status, 200);
    }
    let unknown = here.get("/readyz", &[("host", "other.example")]).await;
    problem(&unknown, 403, "forbidden");
    assert_eq!(here.get("/v1/admin/accounts", &[]).await.status, 200);
    let insists = here.get("/readyz", &[by_name]).await;
    assert_eq!(
        insists.header("strict-transport-security"),
        Some("max-age=31536000")
    );
    running.stop().await;
}

#[tokio::test]
async fn with_the_word_everybody_may_do_everything() {
    let home = Home::simulated().with("HTTP__LISTEN", "0.0.0.0:0");
    for args in [["serve", "--open-access"].as_slice(), &["--open-access"]] {
        let running = home.start(args).await;
        let port = running.api.address.rsplit_once(':').unwrap().1;
        let here = crate::api::Api::new(&format!("127.0.0.1:{port}"));
        let answer = here
            .get("/v1/admin/accounts", &[("host", "desk.example")])
            .await;
        assert_eq!(answer.status, 200);
        running.stop().await;
    }
}

#[tokio::test]
async fn the_door_of_this_machine_can_be_closed() {
    let home = Home::simulated().with("ACCOUNTS__OPEN_ON_THIS_MACHINE", "false");
    let running = home.start(&[]).await;
    let answer = running.api.get("/v1/signals", &[]).await;
    problem(&answer, 401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(answer.header("strict-transport-security"), None);
}
