//! A deploy, as the manifest does it: the schema is brought up to date beside the old node, the old node
//! is told to stop and lets its clients go, and the new one starts. One node at a time.
//!
//! Which build is the old one `TOUCHSTONE_TEST_OLD` may say; else both are this one.

use std::path::PathBuf;
use std::time::Instant;

use sqlx::{Connection as _, PgConnection};

use crate::Server;
use crate::kills::in_redis;
use crate::postgres::Cluster;
use crate::scene::Scene;

/// So many resume.
const CLIENTS: usize = 200;

/// The goodbye of a node that stops (docs/STREAM.md).
const DRAINING: u16 = 4503;

/// What a release to come may do to the schema while the release before it runs (migrations/README.md):
/// tables, columns that may be empty or have a default, indexes.
const EXPANSION: &[&str] = &[
    "ALTER TABLE signals ADD COLUMN to_come TEXT",
    "ALTER TABLE events ADD COLUMN to_come BIGINT",
    "ALTER TABLE versions ADD COLUMN to_come BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE posts ADD COLUMN to_come TEXT",
    "ALTER TABLE tracks ADD COLUMN to_come TEXT",
    "ALTER TABLE outcomes ADD COLUMN to_come TEXT",
    "ALTER TABLE meta ADD COLUMN to_come BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE channels ADD COLUMN to_come TEXT",
    "CREATE TABLE to_come (signal TEXT NOT NULL PRIMARY KEY REFERENCES signals (id))",
    "CREATE INDEX events_to_come ON events (to_come)",
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
     VALUES (9999, 'from a release to come', TRUE, '\\x00', 0)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_loses_nothing() {
    let (cluster, redis) = (Cluster::start(), Server::start());
    let mut scene = Scene::new(|site| site.on(cluster.url()).with("REDIS__URL", &redis.url()));
    let new: PathBuf = env!("CARGO_BIN_EXE_touchstone").into();
    let old = old();
    if let Some(old) = &old {
        scene.site.runs(old);
    }
    let node = scene.site.start().await;
    scene.listen(CLIENTS);
    scene.goes_on(30).await;

    // The migration Job of the new release, beside the old node.
    scene.site.runs(&new);
    let (done, said) = scene.site.run(&["migrate"]);
    assert!(done && said.contains("is up to date"), "{said}");
    assert_eq!(
        said.contains("applied"),
        old.is_some(),
        "the old build is one of before the newest step of the schema: {said}"
    );
    scene.goes_on(20).await;
    assert_eq!(scene.ends(), 0, "the migration disturbed a listener");

    let begun = Instant::now();
    node.stop().await;
    let stopped = begun.elapsed();
    let node = scene.site.start().await;
    let away = begun.elapsed();
    scene.goes_on(50).await;
    let what = format!(
        "a deploy of {}, stopped in {stopped:?} and ready again {away:?} after SIGTERM",
        if old.is_some() {
            "an old build and a new one"
        } else {
            "one build after itself"
        }
    );
    let ended = scene.end(node, &what).await;
    for log in &ended.logs {
        let ends: Vec<_> = log.ends.iter().collect();
        let sent_away = |code| code == Some(DRAINING);
        assert!(
            ends.len() == 1 && ends[0].announced && sent_away(ends[0].code),
            "a client was not sent away in order: {ends:?}"
        );
    }
    in_redis(&redis, &ended.stored.epoch, ended.stored.events.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_goes_on_while_the_schema_is_ahead_of_it_and_is_refused_at_its_next_start() {
    let cluster = Cluster::start();
    let mut scene = Scene::new(|site| site.on(cluster.url()));
    let node = scene.site.start().await;
    scene.listen(8);
    scene.goes_on(30).await;
    let mut job = PgConnection::connect(cluster.url()).await.unwrap();
    for step in EXPANSION {
        sqlx::query(*step).execute(&mut job).await.unwrap();
        scene.goes_on(1).await;
    }
    scene.goes_on(60).await;
    assert_eq!(scene.ends(), 0, "a listener was disturbed");
    for path in [
        "/v1/signals",
        "/v1/channels",
        "/v1/events?limit=5",
        "/readyz",
    ] {
        assert_eq!(node.api.get(path, &[]).await.status, 200, "{path}");
    }
    let logged = node.logged();
    assert!(!logged.contains("could not store"), "{logged}");

    let (done, said) = scene.site.run(&["migrate"]);
    assert!(!done && said.contains("9999"), "{said}");
    let (served, said) = scene.site.run(&[]);
    assert!(!served && said.contains("9999"), "{said}");
    scene.end(node, "a schema that is ahead of the node").await;
}

fn old() -> Option<PathBuf> {
    std::env::var_os("TOUCHSTONE_TEST_OLD").map(PathBuf::from)
}
