//! What is counted adds up.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::alerts::Desk;
use crate::home::Home;
use crate::listener::Listener;

/// What a series says, labels included; none where there is none.
fn series(text: &str, name: &str) -> Option<f64> {
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

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
    // Ages, moments and clocks are measured in seconds, too.
    let others = ["skew", "oldest", "lag", "timestamp", "start_time", "cpu"];
    let latencies: Vec<_> = text
        .lines()
        .filter(typed)
        .filter(|line| !others.iter().any(|other| line.contains(other)))
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

#[tokio::test]
async fn every_request_is_counted_once_by_its_route_and_how_it_ended() {
    let home = Home::new().with("SIMULATOR__PACE", "1");
    let running = home.start(&[]).await;
    let api = &running.api;
    for path in ["/v1/signals", "/v1/signals?side=sideways", "/healthz"] {
        api.get(path, &[]).await;
    }
    for id in ["7", "8", "9"] {
        assert_eq!(api.get(&format!("/v1/chain/{id}"), &[]).await.status, 400);
    }
    // Whatever strangers try is one series, and refused before it is looked for it is one of its route.
    for scan in ["/wp-login.php", "/.env", "/v1/signals/7/8"] {
        assert_eq!(api.get(scan, &[]).await.status, 404);
    }
    let elsewhere = [("host", "other.example")];
    assert_eq!(api.get("/v1/plans", &elsewhere).await.status, 403);
    let wrong = api.send(reqwest::Method::DELETE, "/v1/plans", &[], None);
    assert_eq!(wrong.await.status, 405);
    // What goes on for as long as somebody listens is counted when it begins, and not timed.
    let socket = Listener::connect(&api.address, None).await;
    let mut sse = TcpStream::connect(&api.address).await.unwrap();
    let head = format!(
        "GET /v1/stream/sse?channels=* HTTP/1.1\r\nHost: {}\r\n\r\n",
        api.address
    );
    sse.write_all(head.as_bytes()).await.unwrap();
    assert!(sse.peek(&mut [0; 4]).await.unwrap() > 0);
    assert_eq!(api.get("/v1/exports/signals", &[]).await.status, 200);

    let text = metrics(api).await;
    let counted = |method: &str, route: &str, status: &str| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        series(
            &text,
            &format!("touchstone_http_requests_total{{{labels}}}"),
        )
    };
    for (method, route, status, times) in [
        ("GET", "/v1/signals", "200", 1.0),
        ("GET", "/v1/signals", "400", 1.0),
        ("GET", "/healthz", "200", 1.0),
        ("GET", "/v1/chain/{day}", "400", 3.0),
        ("GET", "unmatched", "404", 3.0),
        ("GET", "/v1/plans", "403", 1.0),
        ("DELETE", "/v1/plans", "405", 1.0),
        ("GET", "/v1/stream", "101", 1.0),
        ("GET", "/v1/stream/sse", "200", 1.0),
        ("GET", "/v1/exports/signals", "200", 1.0),
    ] {
        let found = counted(method, route, status);
        assert_eq!(found, Some(times), "{method} {route} {status}: {text}");
    }
    let timed = |route: &str| {
        let count = format!("touchstone_http_request_seconds_count{{route=\"{route}\"}}");
        series(&text, &count)
    };
    assert_eq!(timed("/v1/signals"), Some(2.0));
    assert_eq!(timed("/v1/chain/{day}"), Some(3.0));
    assert_eq!(timed("unmatched"), Some(3.0));
    for stream in ["/v1/stream", "/v1/stream/sse", "/v1/exports/signals"] {
        assert_eq!(timed(stream), None, "{stream} is timed");
    }
    drop((socket, sse));
}

#[tokio::test]
async fn a_request_for_whose_answer_nobody_waits_is_counted_as_such() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let mut socket = TcpStream::connect(&api.address).await.unwrap();
    let head = format!(
        "POST /v1/auth/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        api.address
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // It is told to go on, so its handler waits for the body. What is not read resets the connection.
    assert!(socket.peek(&mut [0; 4]).await.unwrap() > 0);
    drop(socket);
    let gone =
        "touchstone_http_requests_total{method=\"POST\",route=\"/v1/auth/login\",status=\"gone\"}";
    crate::wait::until("it is counted", async || {
        series(&metrics(api).await, gone).filter(|times| (times - 1.0).abs() < 0.5)
    })
    .await;
}
