//! `kill -9` of the node under load, again and again.

use rand::RngExt as _;

use crate::postgres::Cluster;
use crate::redis_server::Server;
use crate::rounds;
use crate::scene::Scene;

const CLIENTS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_minus_nine_of_a_node_on_a_file_loses_nothing() {
    let mut scene = Scene::new(|site| site);
    killed(&mut scene).await;
    let node = scene.site.start().await;
    scene.goes_on(30).await;
    let what = format!("{} kills on a file", rounds());
    scene.end(node, &what).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_minus_nine_of_a_node_on_servers_loses_nothing() {
    let (cluster, redis) = (Cluster::start(), crate::Server::start());
    let mut scene = Scene::new(|site| site.on(cluster.url()).with("REDIS__URL", &redis.url()));
    killed(&mut scene).await;
    let node = scene.site.start().await;
    scene.goes_on(30).await;
    let what = format!("{} kills on PostgreSQL and Redis", rounds());
    let ended = scene.end(node, &what).await;
    in_redis(&redis, &ended.stored.epoch, ended.stored.events.len()).await;
}

async fn killed(scene: &mut Scene) {
    let mut node = scene.site.start().await;
    scene.listen(CLIENTS);
    for _ in 0..rounds() {
        let until = rand::rng().random_range(1..60);
        scene.goes_on(until).await;
        node.kill();
        node = scene.site.start().await;
    }
    node.kill();
}

/// Redis has at least so many events, each once and in order.
pub(crate) async fn in_redis(redis: &Server, epoch: &str, events: usize) {
    let reader = crate::redis_reader::Reader::connect(redis).await;
    let entries = reader.until(epoch, events).await;
    let ids = crate::redis_reader::ids(&entries);
    assert_eq!(ids, crate::redis_reader::numbered(0, ids.len() as u64));
}
