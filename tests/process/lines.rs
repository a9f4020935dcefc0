//! A log for machines: one JSON object a line, whatever happens and on whichever stream.

use std::process::Command;

use serde_json::Value;

use crate::api::{Api, text};
use crate::home::{Home, Said};
use crate::wait::until;

/// Every line, read; fails over one that is no object with what each must have.
fn read(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| {
        let read: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for member in ["timestamp", "level", "message", "target"] {
            assert!(read[member].is_string(), "no {member}: {line}");
        }
        read
    });
    lines.collect()
}

/// The one line that a command says of why it ended.
fn only(said: &Said) -> Value {
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    let [line] = &*read(&said.err) else {
        panic!("not one line: {said:?}");
    };
    assert_eq!(line["level"], "ERROR");
    line.clone()
}

#[tokio::test]
async fn a_life_from_start_to_end_is_told_in_json_on_both_streams() {
    let home = Home::simulated()
        .with("LOG__FORMAT", "json")
        .with("MONITORING__LISTEN", "127.0.0.1:0");
    let (mut child, log) = home.begin_merged(&[]);
    let said = || std::fs::read_to_string(&log).unwrap();
    let announced = until("it says where it is", async || {
        let said = said();
        // The last line may be half there.
        let whole = said.rsplit_once('\n')?.0;
        read(whole)
            .into_iter()
            .find(|it| it["http.address"].is_string())
    })
    .await;
    assert_eq!(announced["simulator.enabled"], true);
    for member in ["http.address", "monitoring.address"] {
        let api = Api::new(&text(&announced, member));
        assert_eq!(api.json("/readyz").await["status"], "ready", "{member}");
    }
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(told.unwrap().success());
    let status = until("it ends", async || child.try_wait().unwrap()).await;
    assert!(status.success(), "{status}");
    assert!(read(&said()).len() >= 3, "{}", said());
}

#[test]
fn a_start_that_fails_says_why_in_one_line_of_json() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let json = || Home::new().with("LOG__FORMAT", "json");
    let home = json().with("HTTP__LISTEN", &taken);
    for command in [&[][..], &["serve"]] {
        let line = only(&home.run(command, ""));
        assert!(text(&line, "message").contains(&taken), "{line}");
    }
    // Whatever is filtered.
    let quiet = json()
        .with("HTTP__LISTEN", &taken)
        .with("LOG__FILTER", "off");
    only(&quiet.run(&[], ""));
    let filter = only(&json().with("LOG__FILTER", "touchstone=loud").run(&[], ""));
    assert!(text(&filter, "message").contains("log.filter"), "{filter}");
}

#[test]
fn a_configuration_that_is_refused_is_told_as_it_wants_its_log() {
    let wants = "[log]\nformat = \"json\"\n[http]\nlisen = \"127.0.0.1:1\"\n";
    let home = Home::new().configured(wants);
    for command in [&[][..], &["migrate"]] {
        let line = only(&home.run(command, ""));
        assert!(text(&line, "message").contains("http.lisen"), "{line}");
    }
    // Somebody sits before the others.
    let said = home.run(&["check"], "");
    assert!(said.err.starts_with("touchstone: "), "{said:?}");

    // One that cannot be read at all wants nothing, but the environment may.
    let broken = "[log]\nformat = \"json\"\n[http\n";
    let said = Home::new().configured(broken).run(&[], "");
    assert!(said.err.starts_with("touchstone: "), "{said:?}");
    let home = Home::new().configured(broken).with("LOG__FORMAT", "json");
    only(&home.run(&[], ""));
}
