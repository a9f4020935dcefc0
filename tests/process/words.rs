//! What it says to those who ask wrongly, and to those who ask.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::program::{Program, touchstone};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = touchstone(folder.path());
    command.args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}

fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_does_not_listen_beyond_this_machine_without_the_explicit_word() {
    let everywhere = [("TOUCHSTONE__HTTP__LISTEN", "0.0.0.0:0")];
    let said = refused(&[], &everywhere);
    assert!(
        said.contains("http.listen") && said.contains("--open-access"),
        "{said}"
    );
    assert!(
        run(&["check", "--open-access"], &everywhere)
            .status
            .success()
    );
}

#[test]
fn a_wrong_configuration_is_refused_by_its_key_and_the_remedy() {
    let said = refused(&["check"], &[("TOUCHSTONE__HTTP__LISEN", "x")]);
    assert!(
        said.contains("http") && said.contains("lisen") && said.contains("listen"),
        "{said}"
    );
    let said = refused(&[], &[("TOUCHSTONE__STORE__DURABILITY", "maybe")]);
    assert!(
        said.contains("store.durability") && said.contains("normal"),
        "{said}"
    );
    let real = [
        ("TOUCHSTONE__CHANNELS__CAPO__SOURCE", "telegram"),
        ("TOUCHSTONE__CHANNELS__CAPO__NAME", "CryptoCapoTG"),
    ];
    let said = refused(&[], &real);
    assert!(
        said.contains("channels.capo") && said.contains("enabled = false"),
        "{said}"
    );
}

#[test]
fn parse_prints_one_reading_a_line_and_names_a_line_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = touchstone(folder.path())
        .arg("parse")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = "{\"id\":7,\"text\":\"LONG #BTC/USDT\\nEntry: 60000\\nTarget: 63000\\nStop: 58500\"}\n{\"id\":8,\"text\":\"gm\"}\nnothing\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["id"], 7);
    assert_eq!(lines[0]["signals"][0]["entry"]["low"], "60000");
    assert_eq!(lines[1]["kind"], "noise");
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("line 3"));
}

#[test]
fn migrate_makes_a_database_and_finds_it_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = || {
        let output = touchstone(folder.path()).arg("migrate").output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(migrate().contains("applied 1"));
    let again = migrate();
    assert!(
        !again.contains("applied") && again.contains("up to date"),
        "{again}"
    );
}

#[actix::test]
async fn the_edge_answers_with_problems_that_programs_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let bad = [
        "/v1/signals?side=up",
        "/v1/signals?limit=0",
        "/v1/signals?sidee=long",
        "/v1/signals/x",
        "/v1/events?from=-1",
    ];
    for path in bad {
        let (status, body) = program.ask(path, &[]).await;
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, problem["code"].as_str()),
            (400, Some("invalid_request")),
            "{path}: {body}"
        );
    }
    for path in [
        "/v1/channels/nobody",
        "/v1/signals/00000000-0000-0000-0000-000000000000",
        "/nowhere",
    ] {
        let (status, body) = program.ask(path, &[]).await;
        assert_eq!(status, 404, "{path}: {body}");
        assert!(body.contains("\"not_found\""), "{body}");
    }
    for headers in [
        [("host", "rebound.example")],
        [("origin", "http://evil.example")],
    ] {
        for path in ["/v1/signals", "/v1/stream", "/"] {
            assert_eq!(program.ask(path, &headers).await.0, 403, "{path}");
        }
    }
    let (status, body) = program.post("/v1/ingest/sim_desk", 70_000).await;
    assert_eq!(status, 413, "{body}");
    assert!(
        body.contains("\"too_large\"") && body.contains("65536"),
        "{body}"
    );
    let (status, body) = program.post("/v1/ingest/sim_desk", 10).await;
    assert_eq!(status, 401, "{body}");
    let api = program.get("/openapi.json").await;
    for path in [
        "/v1/stream",
        "/v1/ingest/{channel}",
        "/v1/signals",
        "/v1/system/actors",
    ] {
        assert!(api["paths"][path].is_object(), "{path}");
    }
    assert_eq!(program.ask("/readyz", &[]).await.0, 200);
    assert_eq!(program.ask("/healthz", &[]).await.0, 200);
}

#[actix::test]
async fn arrivals_balance_with_outcomes_and_latencies_are_histograms() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let mut client = super::program::Client::default();
    client.listen(&program, |frames| frames.len() > 20).await;
    let (_, metrics) = program.ask("/metrics", &[]).await;
    assert!(metrics.contains("# TYPE touchstone_stage_seconds histogram"));
    let sum = |name: &str| -> f64 {
        metrics
            .lines()
            .filter(|line| line.starts_with(name))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    };
    let (received, settled, in_flight) = (
        sum("touchstone_posts_received_total"),
        sum("touchstone_post_outcomes_total"),
        sum("touchstone_posts_in_flight"),
    );
    assert!(received > 0.0);
    // The three are read one after the other while posts flow: at most those in flight may differ.
    assert!(
        (received - settled - in_flight).abs() <= 9.0,
        "{received} {settled} {in_flight}"
    );
}
