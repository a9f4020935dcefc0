//! Stops, kills, and going on.

use serde_json::Value;

use super::program::{Client, Program};

fn of_type(frames: &[Value], kind: &str) -> usize {
    frames.iter().filter(|frame| frame["type"] == kind).count()
}

#[actix::test]
async fn signals_flow_from_a_fresh_start_and_outcomes_follow() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let mut client = Client::default();
    let begun = std::time::Instant::now();
    client
        .listen(&program, |frames| of_type(frames, "signal") > 0)
        .await;
    assert!(begun.elapsed().as_secs() < 10, "within ten seconds");
    client
        .listen(&program, |frames| of_type(frames, "outcome") > 2)
        .await;
    let origins = client
        .frames
        .iter()
        .map(|frame| frame["origin"].as_str().unwrap());
    assert!(origins.clone().all(|origin| origin == "simulator"));
    let signal = client
        .frames
        .iter()
        .find(|frame| frame["type"] == "signal")
        .unwrap();
    assert_eq!(signal["data"]["score"]["model"], "geometry/1");
}

#[actix::test]
async fn a_stop_drains_and_exits_with_zero_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::default();
    for (nth, signal) in ["-TERM", "-INT"].into_iter().enumerate() {
        let program = Program::start(folder.path());
        let wanted = 30 * (nth + 1);
        client
            .listen(&program, |frames| frames.len() >= wanted)
            .await;
        client.drained = false;
        let heard = client.frames.len();
        let listening = client.listen(&program, |_| false);
        let stopping = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            program.signal(signal);
        };
        futures_util::future::join(listening, stopping).await;
        assert!(client.drained, "it announced its end");
        assert_eq!(client.closed, Some(4503));
        assert!(client.frames.len() >= heard);
        assert_eq!(program.wait().code(), Some(0));
    }
    let program = Program::start(folder.path());
    let events = program.events().await;
    same(&client, &events);
}

#[actix::test]
async fn killed_again_and_again_it_loses_nothing_doubles_nothing_and_shows_nothing_unstored() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::default();
    for wanted in [40, 90, 150] {
        let program = Program::start(folder.path());
        client
            .listen(&program, |frames| frames.len() >= wanted)
            .await;
        program.signal("-KILL");
        assert_eq!(program.wait().code(), None, "it was killed");
    }
    let program = Program::start(folder.path());
    let open: Vec<String> = program.get("/v1/signals?open=true&limit=500").await["signals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| signal["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        !open.is_empty(),
        "some signals were open when it was killed"
    );
    let ended = |frames: &[Value]| {
        frames.iter().any(|frame| {
            frame["type"] == "outcome" && open.iter().any(|id| frame["signal"] == id.as_str())
        })
    };
    client.listen(&program, ended).await;

    let events = program.events().await;
    same(&client, &events);
    let mut told: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "signal")
        .map(|event| event["signal"].as_str().unwrap())
        .collect();
    let all = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), all, "no signal is told twice");
    let tree = program.get("/v1/system/actors").await;
    assert!(
        tree.as_array()
            .unwrap()
            .iter()
            .all(|actor| actor["restarts"] == 0),
        "{tree}"
    );
}

/// What the client was shown is what is stored.
fn same(client: &Client, events: &[Value]) {
    for frame in &client.frames {
        let seq = usize::try_from(frame["seq"].as_u64().unwrap()).unwrap();
        let stored = &events[seq - 1];
        for member in ["type", "id", "signal", "channel", "at", "data"] {
            assert_eq!(frame[member], stored[member], "seq {seq}");
        }
    }
}
