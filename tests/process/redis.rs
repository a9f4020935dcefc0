//! The whole program beside a Redis that goes away and comes back, and a bot that knows only that.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::api::number;
use crate::home::Home;
use crate::listener::Listener;
use crate::redis_reader::Reader;
use crate::redis_server::Server;
use crate::running::Running;
use crate::wait::until;

fn home(server: &Server) -> Home {
    Home::simulated().with("REDIS__URL", &server.url())
}

/// Waits until the program says so of itself, always with 200.
async fn status(running: &Running, status: &str) -> Value {
    until(status, async || {
        let ready = running.api.json("/readyz").await;
        (ready["status"] == status).then_some(ready)
    })
    .await
}

/// Redis holds what the REST API shows, and nothing else.
async fn agrees(running: &Running, reader: &Reader) {
    let (epoch, head) = running.api.position().await;
    let entries = reader.until(&epoch, usize::try_from(head).unwrap()).await;
    let events = running.api.events().await;
    for ((id, entry), event) in entries.iter().zip(&events) {
        assert_eq!(id, &format!("{}-0", number(event, "seq")));
        assert_eq!(&serde_json::from_str::<Value>(entry).unwrap(), event);
    }
    assert!(head > 0 && entries.len() as u64 >= head);
    assert_eq!(reader.epoch().await, Some(epoch));
}

#[tokio::test]
async fn a_redis_that_dies_degrades_the_platform_and_is_healed() {
    let mut server = Server::start();
    let home = home(&server);
    let running = home.start(&[]).await;
    status(&running, "ready").await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    listener.event().await;
    server.kill();
    let degraded = status(&running, "degraded").await;
    assert_eq!(degraded["degraded"][0]["what"], "redis", "{degraded}");
    // Nobody else is disturbed.
    for _ in 0..5 {
        listener.event().await;
    }
    server.again();
    assert_eq!(status(&running, "ready").await["degraded"], Value::Null);
    agrees(&running, &Reader::connect(&server).await).await;
    server.kill();
    server.forget();
    status(&running, "degraded").await;
    listener.event().await;
    server.again();
    status(&running, "ready").await;
    agrees(&running, &Reader::connect(&server).await).await;
    let metrics = running.api.get("/metrics", &[]).await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    for name in [
        "lag_events",
        "lag_seconds",
        "appended_total",
        "failures_total",
    ] {
        assert!(
            metrics.contains(&format!("touchstone_relay_{name} ")),
            "{name}"
        );
    }
    assert!(metrics.contains("touchstone_redis_reconnects_total "));
    running.stop().await;
}

#[tokio::test]
async fn a_platform_whose_redis_is_not_there_starts_and_brings_it_everything_later() {
    let mut server = Server::start_with(Some("correct-horse"));
    server.kill();
    let home = home(&server);
    let running = home.start(&[]).await;
    status(&running, "degraded").await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    listener.event().await;
    server.again();
    status(&running, "ready").await;
    agrees(&running, &Reader::connect(&server).await).await;
    assert!(!running.logged().contains("correct-horse"));
    running.stop().await;
    let checked = home.run(&["check"], "");
    assert!(checked.out.contains("redis     127.0.0.1:"), "{checked:?}");
    assert!(!checked.out.contains("correct-horse"), "{checked:?}");
}

#[tokio::test]
async fn a_store_that_was_put_back_begins_a_new_epoch() {
    let server = Server::start();
    let home = home(&server);
    let reader = Reader::connect(&server).await;
    let running = home.start(&[]).await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    listener.event().await;
    running.stop().await;
    let (file, copy) = (home.path("data/simulator.db"), home.path("copy.db"));
    std::fs::copy(&file, &copy).unwrap();
    let running = home.start(&[]).await;
    let (before, head) = running.api.position().await;
    let more = usize::try_from(head).unwrap() + 5;
    reader.until(&before, more).await;
    running.stop().await;
    std::fs::copy(&copy, &file).unwrap();
    let running = home.start(&[]).await;
    status(&running, "ready").await;
    let (now, _) = running.api.position().await;
    assert_ne!(now, before);
    agrees(&running, &reader).await;
    assert!(reader.goes_in(&before).await > 0);
    let position = format!("{before}:{more}");
    let told = Listener::connect(&running.api.address, Some(&position)).await;
    assert_eq!(told.resumed, "reset");
    running.stop().await;
}

/// The example as a process; it ends when it is dropped.
struct Bot(Child);

impl Bot {
    fn start(home: &Home, server: &Server, out: &Path) -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bot_redis.py");
        let mut command = Command::new("python3");
        command
            .arg(example)
            .args(["127.0.0.1", &server.port().to_string()]);
        command.arg(home.path("position"));
        command
            .stdin(Stdio::null())
            .stdout(File::options().append(true).create(true).open(out).unwrap());
        Self(command.spawn().expect("python3 is on the PATH"))
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The signals on which the bot acted, as an exchange sees them that takes the signal's id as the
/// client id of the order. The bot that was killed may have died between acting and keeping that it
/// did: then, and only for the signal at which it died, it acts once more.
fn acted(out: &Path) -> Vec<String> {
    let said = std::fs::read_to_string(out).unwrap();
    assert!(!said.contains("missed"), "{said}");
    let acts = said.lines().filter_map(|line| line.strip_prefix("act "));
    let mut acted: Vec<_> = acts
        .map(|act| act.split(' ').next().unwrap().to_owned())
        .collect();
    let all = acted.len();
    acted.dedup();
    assert!(all - acted.len() <= 1, "one kill, one repeat: {said}");
    acted
}

#[tokio::test]
async fn the_example_bot_acts_once_on_each_signal_whatever_dies() {
    let mut server = Server::start();
    let home = home(&server);
    let out = home.path("bot");
    let running = home.start(&[]).await;
    let so_many = async |many: usize| {
        until("the bot acts", async || {
            (acted(&out).len() >= many).then_some(())
        })
        .await;
    };
    let bot = Bot::start(&home, &server, &out);
    so_many(2).await;
    drop(bot);
    let _bot = Bot::start(&home, &server, &out);
    so_many(4).await;
    server.kill();
    status(&running, "degraded").await;
    server.again();
    so_many(6).await;
    let acted = acted(&out);
    let events = running.api.events().await;
    let signals = events
        .iter()
        .filter(|event| event["type"] == json!("signal"));
    let signals: Vec<_> = signals
        .map(|event| crate::api::text(event, "signal"))
        .collect();
    assert_eq!(acted, signals[..acted.len()]);
    running.stop().await;
}
