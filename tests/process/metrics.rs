//! What is counted adds up.

use crate::alerts::Desk;
use crate::home::Home;
use crate::listener::Listener;

/// The sum over all series of a metric.
fn sum(text: &str, name: &str) -> f64 {
    let series = text.lines().filter(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
    });
    series
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        .sum()
}

fn adds_up(text: &str) -> bool {
    let received = sum(text, "touchstone_posts_received_total");
    let settled = sum(text, "touchstone_post_outcomes_total");
    let in_flight = sum(text, "touchstone_posts_in_flight");
    assert!(received > 0.0, "nothing is counted: {text}");
    (received - settled - in_flight).abs() < 0.5
}

async fn metrics(api: &crate::api::Api) -> String {
    let answer = api.get("/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[tokio::test]
async fn posts_received_are_the_sum_of_what_became_of_them() {
    let desk = Desk::open().await;
    for body in [desk.signal().as_str(), "hello", "hello", "nice weather"] {
        desk.with_key(body, "text/plain").await;
    }
    desk.with_key("no json", "application/json").await;
    let text = metrics(&desk.running.api).await;
    assert!(adds_up(&text), "{text}");
    assert!(
        sum(&text, "touchstone_posts_in_flight").abs() < 0.5,
        "{text}"
    );
}

#[tokio::test]
async fn posts_received_add_up_while_they_flow_and_latencies_are_histograms() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    listener.event_of("signal").await;
    // One look may fall between two counters of one post; not every look does.
    let text = crate::wait::until("posts add up", async || {
        let text = metrics(&running.api).await;
        adds_up(&text).then_some(text)
    })
    .await;
    let typed = |line: &&str| line.starts_with("# TYPE ") && line.contains("_seconds ");
    let latencies: Vec<_> = text
        .lines()
        .filter(typed)
        .filter(|line| !line.contains("skew"))
        .collect();
    assert!(!latencies.is_empty(), "{text}");
    for line in latencies {
        assert!(line.ends_with(" histogram"), "{line}");
    }
    assert!(
        text.contains("touchstone_store_commit_seconds_bucket{le=\"0.01\"}"),
        "{text}"
    );
}
