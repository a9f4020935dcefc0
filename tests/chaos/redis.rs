//! Redis is killed under load, and comes back with its data or without it.

use std::time::Duration;

use serde_json::Value;

use crate::kills::in_redis;
use crate::postgres::Cluster;
use crate::running::Running;
use crate::scene::{Scene, for_a_while};
use crate::wait::until;
use crate::{Server, rounds};

const CLIENTS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_is_killed_and_comes_back_disturbs_nobody() {
    let (cluster, mut redis) = (Cluster::start(), Server::start());
    let mut scene = Scene::new(|site| site.on(cluster.url()).with("REDIS__URL", &redis.url()));
    let node = scene.site.start().await;
    scene.listen(CLIENTS);
    for round in 0..rounds() {
        scene.goes_on(10).await;
        redis.kill();
        status(&node, "degraded").await;
        if round % 2 == 1 {
            redis.forget();
        }
        scene.goes_on(5).await;
        for_a_while(Duration::from_millis(200)).await;
        redis.again();
        status(&node, "ready").await;
    }
    scene.goes_on(10).await;
    assert_eq!(scene.ends(), 0, "a listener was disturbed");
    let ended = scene
        .end(node, &format!("{} restarts of Redis", rounds()))
        .await;
    in_redis(&redis, &ended.stored.epoch, ended.stored.events.len()).await;
}

/// Waits until the node says so of itself, with 200 all the time.
async fn status(node: &Running, status: &str) {
    until(status, async || {
        let ready: Value = node.api.json("/readyz").await;
        (ready["status"] == status).then_some(())
    })
    .await;
}
