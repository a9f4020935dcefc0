//! The Autobahn suite itself against the stream's way in; `scripts/test autobahn` installs it.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use super::echo;

/// Whether the suite calls this right. Some of its cases only ask what a server does.
fn is_right(behaviour: &Value) -> bool {
    matches!(behaviour.as_str(), Some("OK" | "INFORMATIONAL"))
}

#[actix_web::test]
#[ignore = "needs the Autobahn suite, which needs Python 2.7: run scripts/test autobahn"]
async fn the_autobahn_suite_finds_nothing_wrong() {
    let suite = std::env::var_os("TOUCHSTONE_TEST_WSTEST");
    let suite = suite.expect("TOUCHSTONE_TEST_WSTEST: set it to the program wstest");
    let address = echo::serve();
    let home = tempfile::tempdir().unwrap();
    let spec = json!({
        "outdir": home.path().join("report"),
        "servers": [{"agent": "touchstone", "url": format!("ws://{address}/echo")}],
        "cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*", "12.1.*"],
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let file = home.path().join("spec.json");
    std::fs::write(&file, spec.to_string()).unwrap();
    let run = move || {
        let mut suite = Command::new(suite);
        suite.args(["-m", "fuzzingclient", "-s"]).arg(file).status()
    };
    let run = actix_web::rt::task::spawn_blocking(run).await;
    let run = run.unwrap().unwrap();
    assert!(run.success(), "{run}");
    let index = home.path().join("report/index.json");
    let index: Value = serde_json::from_str(&std::fs::read_to_string(index).unwrap()).unwrap();
    let cases: BTreeMap<String, Value> =
        serde_json::from_value(index["touchstone"].clone()).unwrap();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, result) in &cases {
        let behaviour = result["behavior"].as_str().unwrap_or("none");
        *counted.entry(behaviour).or_default() += 1;
        // Compression is not offered, and the suite says so of each of its cases.
        let left_out = number.starts_with("12.") && behaviour == "UNIMPLEMENTED";
        if !(left_out || is_right(&result["behavior"])) || !is_right(&result["behaviorClose"]) {
            wrong.push(format!("{number}: {result}"));
        }
    }
    println!("{} cases: {counted:?}", cases.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() > 250, "only {} cases were run", cases.len());
}
