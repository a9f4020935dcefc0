//! Channels that are made, changed and archived while the program runs.

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::Answer;

use crate::alerts::{Desk, outcome};
use crate::api::{Api, problem, read, text};
use crate::home::Home;
use crate::wait::until;

async fn make(api: &Api, channel: Value) -> Answer {
    api.send(Method::POST, "/v1/channels", &[], Some(channel))
        .await
}

/// Makes a webhook, and gives its key.
async fn webhook(api: &Api, id: &str) -> String {
    let made = make(api, json!({"id": id, "source": "webhook"})).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(
        made.header("location"),
        Some(format!("/v1/channels/{id}").as_str())
    );
    assert_eq!(made.header("etag"), Some("\"r1\""));
    text(&read(&made), "key")
}

async fn bring(api: &Api, id: &str, key: &str, post: &str) -> Answer {
    let headers = [("x-touchstone-key", key), ("content-type", "text/plain")];
    api.post(&format!("/v1/ingest/{id}"), &headers, post).await
}

async fn patch(api: &Api, id: &str, state: &str, change: Value) -> Answer {
    let path = format!("/v1/channels/{id}");
    api.send(Method::PATCH, &path, &[("if-match", state)], Some(change))
        .await
}

async fn state(api: &Api, id: &str) -> String {
    let told = api.get(&format!("/v1/channels/{id}"), &[]).await;
    assert_eq!(told.status, 200);
    told.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn a_made_channel_takes_a_signal_at_once_and_after_a_kill() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let key = webhook(api, "fresh").await;
    assert_eq!(
        outcome(&bring(api, "fresh", &key, &desk.signal()).await),
        "signal"
    );
    let signals = api.json("/v1/signals?channels=fresh").await;
    assert_eq!(signals["signals"][0]["origin"], "live");

    let Desk {
        home,
        running,
        exchange: _exchange,
    } = desk;
    running.kill();
    let running = home.start(&[]).await;
    let api = &running.api;
    let told = api.json("/v1/channels/fresh").await;
    assert_eq!(told["made"]["source"], "webhook");
    assert_eq!(told["signals"], 1);
    until("the venue's listing is known", async || {
        let answer = bring(api, "fresh", &key, "good morning").await;
        (answer.status == 200).then_some(())
    })
    .await;
    let wrong = bring(api, "fresh", "ts_hook_00", "good morning").await;
    problem(&wrong, 401, "wrong_key");
}

#[tokio::test]
async fn an_archived_channel_takes_nothing_and_keeps_everything() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let key = webhook(api, "fresh").await;
    outcome(&bring(api, "fresh", &key, &desk.signal()).await);

    let path = "/v1/channels/fresh";
    let unsaid = api.send(Method::DELETE, path, &[], None).await;
    problem(&unsaid, 428, "precondition_required");
    let at = state(api, "fresh").await;
    let archived = api
        .send(Method::DELETE, path, &[("if-match", &at)], None)
        .await;
    assert_eq!(archived.status, 204);

    let refused = bring(api, "fresh", &key, "good evening").await;
    problem(&refused, 410, "archived");
    let told = api.json(path).await;
    assert!(told["made"]["archived_at"].is_i64(), "{told}");
    assert_eq!((&told["signals"], &told["posts"]), (&json!(1), &json!(1)));
    let tree = api.json("/v1/system/actors").await.to_string();
    assert!(!tree.contains("channel fresh"), "{tree}");

    let stale = patch(api, "fresh", &at, json!({"archived": false})).await;
    problem(&stale, 412, "stale");
    let back = patch(api, "fresh", "*", json!({"archived": false})).await;
    assert_eq!(back.status, 200, "{:?}", back.body);
    assert_eq!(back.header("etag"), Some("\"r3\""));
    assert_eq!(
        outcome(&bring(api, "fresh", &key, "good night").await),
        "noise"
    );
}

#[tokio::test]
async fn a_state_is_not_made_stale_by_posts() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let key = webhook(api, "fresh").await;
    let before = state(api, "fresh").await;
    outcome(&bring(api, "fresh", &key, "good morning").await);
    let after = state(api, "fresh").await;
    assert_ne!(before, after, "a client that asks again is told the count");
    let renamed = patch(api, "fresh", &before, json!({"title": "Fresh calls"})).await;
    assert_eq!(renamed.status, 200, "{:?}", renamed.body);
    assert_eq!(read(&renamed)["title"], "Fresh calls");
}

#[tokio::test]
async fn a_new_key_ends_the_old_one() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let old = webhook(api, "fresh").await;
    let path = "/v1/channels/fresh/key";
    let changed = api.send(Method::POST, path, &[], None).await;
    assert_eq!(changed.status, 201);
    let new = text(&read(&changed), "key");
    problem(&bring(api, "fresh", &old, "hello").await, 401, "wrong_key");
    assert_eq!(outcome(&bring(api, "fresh", &new, "hello").await), "noise");
    desk.running.stop().await;
    for key in [old, new] {
        assert!(!crate::alerts::stands_in(&desk.home.path("data"), &key));
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_by_its_member_and_nothing_is_made() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let before = api.json("/v1/channels").await;
    let telegram = |name: &str| json!({"id": "x", "source": "telegram", "name": name});
    let bad = [
        (json!({"id": "Big", "source": "webhook"}), "id"),
        (json!({"source": "webhook"}), "body"),
        (json!({"id": "x", "source": "carrier-pigeon"}), "source"),
        (
            json!({"id": "x", "source": "webhook", "colour": 1}),
            "colour",
        ),
        (
            json!({"id": "x", "source": "webhook", "interval_s": 9}),
            "interval_s",
        ),
        (
            json!({"id": "x", "source": "webhook", "title": " "}),
            "title",
        ),
        (json!({"id": "x", "source": "telegram"}), "name"),
        (telegram("a b"), "name"),
        (
            json!({"id": "x", "source": "rss", "url": "file:///etc/passwd"}),
            "url",
        ),
        (
            json!({"id": "x", "source": "rss", "url": "https://a.example/", "interval_s": 1}),
            "interval_s",
        ),
    ];
    for (channel, field) in bad {
        let said = problem(&make(api, channel.clone()).await, 400, "invalid_request");
        assert_eq!(said["field"], field, "{channel}: {said}");
    }
    assert_eq!(api.json("/v1/channels").await, before);
}

#[tokio::test]
async fn a_channel_of_the_configuration_is_changed_there_alone() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    let taken = make(api, json!({"id": "desk", "source": "webhook"})).await;
    problem(&taken, 409, "conflict");
    let fixed = patch(api, "desk", "*", json!({"title": "Mine"})).await;
    let said = problem(&fixed, 409, "conflict");
    assert!(text(&said, "detail").contains("configuration"), "{said}");
    let path = "/v1/channels/desk";
    let kept = api
        .send(Method::DELETE, path, &[("if-match", "*")], None)
        .await;
    problem(&kept, 409, "conflict");
    let nobody = patch(api, "nobody", "*", json!({})).await;
    problem(&nobody, 404, "not_found");
}

#[tokio::test]
async fn a_telegram_channel_is_read_as_soon_as_it_is_made() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let api = &running.api;
    let there = api.json("/v1/channels").await;
    let there = there.as_array().unwrap();
    let preview = there
        .iter()
        .find(|channel| channel["platform"] == "telegram");
    let name = text(preview.unwrap(), "id");

    let made = make(
        api,
        json!({"id": "second-look", "source": "telegram", "name": name, "interval_s": 5}),
    )
    .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    until("its posts are read", async || {
        let told = api.json("/v1/channels/second-look").await;
        (told["posts"].as_u64() > Some(0)).then_some(())
    })
    .await;

    let feed = json!({"id": "feed", "source": "rss", "url": "https://a.example/rss"});
    let said = problem(&make(api, feed).await, 409, "conflict");
    assert!(text(&said, "detail").contains("simulator"), "{said}");
    let gone = patch(api, "second-look", "\"r1\"", json!({"archived": true})).await;
    assert_eq!(gone.status, 200, "{:?}", gone.body);
    let sources = api.json("/v1/sources").await;
    let source = sources.as_array().unwrap().iter();
    let source = source
        .into_iter()
        .find(|source| source["channel"] == "second-look");
    assert_eq!(source.unwrap()["state"], "archived");
}
