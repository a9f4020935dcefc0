//! The chain of records, as an operator and those who do not trust him see it.

use domain::ids::ChannelId;
use domain::ports::store::{ChannelCard, Entry, Store as _};
use domain::post::Origin;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use touchstone::store::{Durability, Options, SqliteStore};
use touchstone::wire::chain::SealOut;

use crate::analytics::{day, judged};
use crate::api::problem;
use crate::home::Home;
use crate::running::Running;
use crate::wait::until;

/// Signals of a hundred days ago that nobody has judged yet.
async fn recorded(home: &Home) {
    std::fs::create_dir_all(home.path("data")).unwrap();
    let store = SqliteStore::open(Options {
        durability: Durability::Normal,
        ..Options::file(home.path("data/touchstone.db"))
    })
    .await
    .unwrap();
    let alpha = ChannelId::parse("alpha").unwrap();
    let card = ChannelCard {
        id: alpha.clone(),
        platform: "file".to_owned(),
        title: "Alpha".to_owned(),
        origin: Origin::Live,
    };
    store.register(&card, day(0)).await.unwrap();
    for nth in 0..3 {
        let mut entry = judged(&alpha, nth, None);
        entry.happenings.truncate(1);
        let entries = [Entry::Post(Box::new(entry))];
        store.commit(&entries, day(nth)).await.unwrap();
    }
    store.close().await;
}

async fn tamper(home: &Home, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(home.path("data/touchstone.db"));
    let mut person = options.connect().await.unwrap();
    let told = sqlx::query(sql).execute(&mut person).await.unwrap();
    assert_eq!(told.rows_affected(), 1, "{sql}");
}

/// Waits until the days that are over are sealed.
async fn sealed(running: &Running) -> Value {
    until("a seal", async || {
        let page = running.api.json("/v1/chain").await;
        let some = page["seals"].as_array().unwrap().first().cloned();
        some.map(|_| page)
    })
    .await
}

#[tokio::test]
async fn a_day_is_sealed_told_and_verified_and_a_changed_byte_is_named() {
    let home = Home::new().configured("[simulator]\nenabled = false\n");
    recorded(&home).await;
    let running = home.start(&[]).await;
    let page = sealed(&running).await;
    assert_eq!(page["next"], Value::Null);
    let seal = &page["seals"][0];
    assert_eq!((&seal["after"], &seal["through"]), (&json!(0), &json!(3)));

    let name = seal["day"].as_str().unwrap();
    let whole = running.api.json(&format!("/v1/chain/{name}")).await;
    assert_eq!(whole["seal"], *seal);
    assert_eq!(whole["published"][0]["channel"], "alpha");
    assert_eq!(whole["published"][0]["figures"]["signals"], 3);

    for (path, status, code) in [
        ("/v1/chain?before=yesterday", 400, "invalid_request"),
        ("/v1/chain?before=2025-02-30", 400, "invalid_request"),
        ("/v1/chain?limit=0", 400, "invalid_request"),
        ("/v1/chain?after=2025-01-01", 400, "invalid_request"),
        ("/v1/chain/2025-1-1", 400, "invalid_request"),
        ("/v1/chain/2025-01-01", 404, "not_found"),
    ] {
        let answer = running.api.get(path, &[]).await;
        problem(&answer, status, code);
    }
    let none = running.api.json("/v1/chain?before=2025-01-01").await;
    assert_eq!(none, json!({"seals": [], "next": null}));

    // What a bot keeps.
    let events = running.api.json("/v1/events?from=3").await;
    let told = &events["events"][0];
    assert_eq!((&told["type"], &told["seq"]), (&json!("seal"), &json!(4)));
    assert_eq!(told["data"]["hash"], seal["hash"]);
    std::fs::write(home.path("seals.jsonl"), format!("{told}\n")).unwrap();

    running.kill();
    let said = home.run(&["verify"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("holds."), "{said:?}");
    let running = home.start(&[]).await;
    assert_eq!(sealed(&running).await, page, "a day is sealed once");
    running.stop().await;
    let said = home.run(&["verify", "--seals", "seals.jsonl"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("1 seals that somebody kept"), "{said:?}");

    let proves = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/prove.py");
        let database = home.path("data/touchstone.db");
        let mut python = std::process::Command::new("python3");
        python.arg(script).arg(database).output().unwrap()
    };
    let said = proves();
    let out = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success() && out.contains("15 records, holds"),
        "{said:?}"
    );

    tamper(&home, "UPDATE versions SET text = 'call 9' WHERE key = '1'").await;
    let said = home.run(&["verify"], "");
    assert_eq!(said.code, Some(1), "{said:?}");
    let found = said.out.lines().next().unwrap();
    assert!(!proves().status.success());
    assert!(
        found.starts_with("versions alpha/1/1: it was changed"),
        "{said:?}"
    );
    tamper(&home, "UPDATE versions SET text = 'call 1' WHERE key = '1'").await;

    // Somebody was told another seal of that day.
    let seal: SealOut = serde_json::from_value(told["data"].clone()).unwrap();
    let mut other = seal.read().unwrap().sealed;
    other.records += 1;
    let frame = json!({"type": "seal", "data": SealOut::from(&other.seal())});
    std::fs::write(
        home.path("other.jsonl"),
        format!("{{\"type\":\"heartbeat\"}}\ndata: {frame}\n"),
    )
    .unwrap();
    let said = home.run(&["verify", "--seals", "other.jsonl"], "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains(&format!("seals {name}: somebody kept")),
        "{said:?}"
    );
}

#[test]
fn a_file_without_seals_is_refused_by_its_flag() {
    let home = Home::new().configured("[simulator]\nenabled = false\n");
    std::fs::write(home.path("empty.jsonl"), "{\"type\":\"signal\"}\n").unwrap();
    let torn = json!({"type": "seal", "data": {"day": "2025-01-01"}});
    std::fs::write(home.path("torn.jsonl"), torn.to_string()).unwrap();
    for (file, why) in [
        ("none.jsonl", "could not open"),
        ("empty.jsonl", "no frame of type `seal`"),
        ("torn.jsonl", "line 1 is no seal"),
    ] {
        let said = home.run(&["verify", "--seals", file], "");
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains("--seals") && said.err.contains(why),
            "{said:?}"
        );
    }
    let said = home.run(&["verify", "--from", "March"], "");
    assert_eq!(said.code, Some(2), "{said:?}");
}
