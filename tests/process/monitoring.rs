//! The second door, for what watches: nobody is asked who he is, and nothing else is told.

use crate::api::{Api, problem};
use crate::home::Home;
use crate::people::closed;
use crate::running::Running;
use crate::wait::until;

/// Where a process says that its monitoring is.
fn second_door(running: &Running) -> Api {
    let said = running.said();
    let at = said.split("Monitoring is at http://").nth(1);
    let address = at.and_then(|rest| rest.lines().next());
    Api::new(address.unwrap_or_else(|| panic!("no second door: {said}")))
}

#[tokio::test]
async fn whoever_comes_to_the_second_door_by_whatever_name_is_told_how_it_is_and_nothing_else() {
    let home = closed().with("MONITORING__LISTEN", "127.0.0.1:0");
    let running = home.start(&[]).await;
    let watched = second_door(&running);
    // As the kubelet and Prometheus come: by the address of a pod.
    let pod = [("host", "10.42.0.17:9090")];
    assert_eq!(watched.get("/healthz", &pod).await.status, 200);
    let ready = watched.get("/readyz", &pod).await;
    assert_eq!(ready.status, 200);
    assert_eq!(crate::api::read(&ready)["status"], "ready");
    let counted = watched.get("/metrics", &pod).await;
    assert_eq!(counted.status, 200);
    let counted = String::from_utf8(counted.body.to_vec()).unwrap();
    assert!(counted.contains("touchstone_door_waiting"), "{counted}");
    for elsewhere in ["/", "/docs", "/openapi.json", "/v1/channels", "/v1/stream"] {
        assert_eq!(watched.get(elsewhere, &pod).await.status, 404);
    }
    // At the door for people it stays as it was.
    problem(
        &running.api.get("/metrics", &[]).await,
        401,
        "unauthenticated",
    );
    problem(&running.api.get("/healthz", &pod).await, 403, "forbidden");
    running.stop().await;
}

#[tokio::test]
async fn from_sigterm_on_it_says_at_both_doors_that_it_leaves_and_still_lives() {
    let home = Home::simulated()
        .with("MONITORING__LISTEN", "127.0.0.1:0")
        .with("HTTP__DRAIN_MS", "4000");
    let running = home.start(&[]).await;
    let watched = second_door(&running);
    assert_eq!(watched.get("/readyz", &[]).await.status, 200);
    running.signal("TERM");
    let leaving = until("it says that it leaves", async || {
        let answer = watched.get("/readyz", &[]).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    problem(&leaving, 503, "leaving");
    problem(&running.api.get("/readyz", &[]).await, 503, "leaving");
    assert_eq!(watched.get("/healthz", &[]).await.status, 200);
    assert_eq!(running.api.get("/v1/channels", &[]).await.status, 200);
    assert_eq!(running.ended().await, Some(0));
}

#[test]
fn the_address_for_people_is_no_second_door() {
    let home = Home::new()
        .with("HTTP__LISTEN", "127.0.0.1:18080")
        .with("MONITORING__LISTEN", "127.0.0.1:18080");
    let said = home.run(&["check"], "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("monitoring.listen"), "{said:?}");
    let apart = home.with("MONITORING__LISTEN", "127.0.0.1:19090");
    let said = apart.run(&["check"], "");
    assert!(said.out.contains("127.0.0.1:19090"), "{said:?}");
}
