//! A record on PostgreSQL, dumped by its own tools while the platform writes, and put back into an empty
//! database.

use std::path::Path;
use std::process::Command;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::api::number;
use crate::home::Home;
use crate::listener::Listener;

#[expect(clippy::disallowed_methods, reason = "a test asks where its server is")]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("this test needs a PostgreSQL: run it by `scripts/services cargo nextest run`")
    })
}

pub(crate) async fn tell(sql: String) {
    let server = variable("TOUCHSTONE_TEST_POSTGRES");
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let told = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection);
    told.await.unwrap();
}

/// Makes an empty database, and gives its address.
pub(crate) async fn database(name: &str) -> String {
    tell(format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&variable("TOUCHSTONE_TEST_POSTGRES")).unwrap();
    url.set_path(name);
    url.into()
}

/// Runs one of PostgreSQL's own programs.
fn run(program: &str, args: &[&str]) {
    let program = Path::new(&variable("TOUCHSTONE_TEST_POSTGRES_PROGRAMS")).join(program);
    let output = Command::new(program).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[tokio::test]
async fn a_dump_under_load_is_put_back_and_everybody_is_told() {
    let (first, second) = (
        format!("dumped_{}", std::process::id()),
        format!("restored_{}", std::process::id()),
    );
    let (from, to) = (database(&first).await, database(&second).await);
    let home = Home::simulated().with("STORE__URL", &from);
    let running = home.start(&[]).await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    for _ in 0..20 {
        listener.event().await;
    }
    let shown = listener.at;
    let dump = home.path("record.dump");
    let dump = dump.to_str().unwrap();
    run("pg_dump", &["-Fc", "-f", dump, "-d", &from]);
    for _ in 0..20 {
        listener.event().await;
    }
    let before = running.api.events().await;
    let refused = home.run(&["epoch", "new", "--why", "trying"], "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("stop it first"), "{refused:?}");
    running.stop().await;

    run("pg_restore", &["--exit-on-error", "-d", &to, dump]);
    let home = home.with("STORE__URL", &to);
    let why = "restored from the dump of the night";
    let begun = home.run(&["epoch", "new", "--why", why], "");
    assert_eq!(begun.code, Some(0), "{begun:?}");
    let running = home.start(&[]).await;
    let told = Listener::connect(&running.api.address, Some(&listener.position())).await;
    assert_eq!(told.resumed, "reset");
    assert_ne!(told.epoch, listener.epoch);
    let deeds = running.api.json("/v1/admin/audit").await;
    assert!(deeds.to_string().contains(why), "{deeds}");
    // Everything that had been shown when the dump began is there, and the numbers go on.
    let after = running.api.events().await;
    let kept = before.iter().zip(&after);
    let kept = kept.take_while(|(old, new)| same(old, new)).count();
    assert!(kept as u64 >= shown, "{kept} of {shown}");
    running.stop().await;
    let verified = home.run(&["verify"], "");
    assert_eq!(verified.code, Some(0), "{verified:?}");
    for name in [first, second] {
        tell(format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    println!("{} events, {kept} of them in the dump", before.len());
}

/// The same event under another epoch.
fn same(old: &serde_json::Value, new: &serde_json::Value) -> bool {
    number(old, "seq") == number(new, "seq")
        && old["type"] == new["type"]
        && old["signal"] == new["signal"]
        && old["data"] == new["data"]
        && old["at"] == new["at"]
}

#[tokio::test]
async fn a_record_on_a_server_is_backed_up_by_its_own_tools() {
    let home = Home::simulated().with("STORE__URL", "postgres://me:geheim@127.0.0.1:1/record");
    for (command, tool) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let said = home.run(&[command, "copy.db"], "");
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains(tool) && !said.err.contains("geheim"),
            "{said:?}"
        );
    }
}
