//! Whoever answers for a channel: he sees all of it, says something beside it, and changes none of it.

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::Answer;

use crate::api::{problem, read, text};
use crate::people::{Person, Town, closed};
use crate::wait::until;

/// A trade that cannot be: the stop of a long above its entry.
const HELD: &str = "BUY #QBT/USDT\nEntry: 100\nTarget 1: 110\nStop: 120";

struct Hook {
    town: Town,
    admin: Person,
    owner: Person,
    other: Person,
    key: String,
}

impl Hook {
    /// A channel that its owner brings posts to, and somebody else with the same plan.
    async fn found() -> Self {
        let town = Town::at(closed()).await;
        let admin = town.admin().await;
        let (owner, other) = (town.settle("owner").await, town.settle("other").await);
        let bearer = admin.bearer();
        let wish = json!({ "id": "hook", "source": "webhook", "title": "A hook" });
        let made = town
            .ask(&bearer, Method::POST, "/v1/channels", Some(wish))
            .await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        let id = text(&town.told(&owner.bearer(), "/v1/account").await, "id");
        let whose = Some(json!({ "account": id }));
        let path = "/v1/admin/channels/hook/owner";
        let given = town.ask(&bearer, Method::PUT, path, whose).await;
        assert_eq!(given.status, 204);
        Self {
            key: text(&read(&made), "key"),
            town,
            admin,
            owner,
            other,
        }
    }

    async fn bring(&self, body: &str) -> Value {
        let headers = [
            ("x-touchstone-key", self.key.as_str()),
            ("content-type", "text/plain"),
        ];
        let api = &self.town.running.api;
        until("the post is taken", async || {
            let answer = api.post("/v1/ingest/hook", &headers, body).await;
            (answer.status == 200).then(|| read(&answer))
        })
        .await
    }

    /// A signal near where the simulated market trades.
    async fn signal(&self) -> String {
        let admin = self.admin.bearer();
        let price = until("the market trades", async || {
            let path = "/v1/markets/QBT-USDT/candles?interval=1m";
            let answer = self.town.ask(&admin, Method::GET, path, None).await;
            (answer.status == 200).then_some(())?;
            let candles = read(&answer)["candles"].as_array()?.clone();
            let close = &candles.last()?["close"];
            close.as_str()?.parse::<f64>().ok()
        })
        .await;
        let [one, stop] = [1.05, 0.9].map(|share| price * share);
        format!("BUY #QBT/USDT\nEntry: {price:.1}\nTarget 1: {one:.1}\nStop: {stop:.1}")
    }

    async fn ask(&self, who: &Person, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.town.ask(&who.bearer(), method, path, body).await
    }
}

#[tokio::test]
async fn an_owner_sees_all_of_his_channel_at_once_and_another_with_his_plan_does_not() {
    let hook = Hook::found().await;
    let signal = hook.signal().await;
    assert_eq!(text(&hook.bring(&signal).await, "outcome"), "signal");
    assert_eq!(text(&hook.bring(HELD).await, "outcome"), "quarantined");

    let posts = hook
        .town
        .told(&hook.owner.bearer(), "/v1/channels/hook/posts")
        .await;
    let readings = posts["readings"].as_array().unwrap();
    assert_eq!(readings.len(), 2, "{posts}");
    assert_eq!(readings[0]["class"], "quarantined");
    assert!(
        !readings[0]["reason"].as_str().unwrap().is_empty(),
        "{posts}"
    );
    assert_eq!(readings[0]["text"], HELD);
    let held = hook
        .town
        .told(
            &hook.owner.bearer(),
            "/v1/channels/hook/posts?class=quarantined&limit=1",
        )
        .await;
    assert_eq!(held["readings"].as_array().unwrap().len(), 1);
    let page = hook
        .town
        .told(&hook.owner.bearer(), "/v1/channels/hook/posts?limit=1")
        .await;
    let next = format!(
        "/v1/channels/hook/posts?limit=1&before={}",
        text(&page, "next")
    );
    let next = hook.town.told(&hook.owner.bearer(), &next).await;
    assert_eq!(
        (&next["readings"][0]["class"], &next["next"]),
        (&json!("signal"), &Value::Null)
    );

    // His plan withholds signals for a quarter of an hour: of others', not of his own.
    let own = hook
        .town
        .told(&hook.owner.bearer(), "/v1/signals?channels=hook")
        .await;
    assert_eq!(own["signals"].as_array().unwrap().len(), 1, "{own}");
    assert_eq!(own["withheld"]["delayed"], Value::Null, "{own}");
    assert!(own["withheld"]["scores"].is_object(), "{own}");
    let all = hook.town.told(&hook.owner.bearer(), "/v1/signals").await;
    assert!(all["withheld"]["delayed"].is_object(), "{all}");
    let shown = all["withheld"]["limited"]["channels"].to_string();
    assert!(shown.contains("\"hook\""), "{shown}");
    let story = format!("/v1/signals/{}", text(&own["signals"][0], "id"));
    let told = hook.town.told(&hook.owner.bearer(), &story).await;
    assert!(!told["events"].as_array().unwrap().is_empty(), "{told}");
    let figures = hook
        .town
        .told(&hook.owner.bearer(), "/v1/channels/hook/figures")
        .await;
    assert_eq!(
        (&figures["channel"], &figures["figures"]["signals"]),
        (&json!("hook"), &json!(1))
    );

    for path in ["/v1/channels/hook/posts", "/v1/channels/hook/figures"] {
        problem(
            &hook.ask(&hook.other, Method::GET, path, None).await,
            403,
            "not_allowed",
        );
        let answer = hook.town.running.api.get(path, &[]).await;
        problem(&answer, 401, "unauthenticated");
    }
    let others = hook.ask(&hook.other, Method::GET, &story, None).await;
    problem(&others, 403, "plan_required");
    let others = hook
        .town
        .told(&hook.other.bearer(), "/v1/signals?channels=hook")
        .await;
    assert_eq!(others["signals"], json!([]));
    // Whoever has it no more sees it no more.
    let path = "/v1/admin/channels/hook/owner";
    let taken = Some(json!({ "account": null }));
    assert_eq!(
        hook.ask(&hook.admin, Method::PUT, path, taken).await.status,
        204
    );
    let answer = hook
        .ask(&hook.owner, Method::GET, "/v1/channels/hook/posts", None)
        .await;
    problem(&answer, 403, "not_allowed");
    problem(
        &hook.ask(&hook.owner, Method::GET, &story, None).await,
        403,
        "plan_required",
    );
}

#[tokio::test]
async fn an_owner_says_something_beside_the_record_and_it_stands_in_the_log() {
    let hook = Hook::found().await;
    let path = "/v1/channels/hook/words";
    let statement = "We stopped in March.\nThe model was changed.";
    let said = json!({ "description": " Breakouts of <b>majors</b>. ", "statement": statement });
    let answer = hook.ask(&hook.owner, Method::PUT, path, Some(said)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let shown = hook
        .town
        .told(&hook.other.bearer(), "/v1/channels/hook")
        .await;
    assert_eq!(shown["words"]["description"], "Breakouts of <b>majors</b>.");
    assert_eq!(shown["words"]["statement"], statement);
    assert!(shown["words"]["at"].as_i64().unwrap() > 0);

    for (words, field) in [
        (json!({ "statement": "" }), "statement"),
        (json!({ "statement": "x".repeat(2_001) }), "statement"),
        (json!({ "description": "a\u{1b}[2J" }), "description"),
    ] {
        let answer = hook.ask(&hook.owner, Method::PUT, path, Some(words)).await;
        assert_eq!(problem(&answer, 400, "invalid_request")["field"], field);
    }
    let own = json!({ "title": "Best of all" });
    let answer = hook.ask(&hook.owner, Method::PUT, path, Some(own)).await;
    problem(&answer, 400, "invalid_request");
    let theirs = Some(json!({ "statement": "Do not believe it." }));
    let answer = hook
        .ask(&hook.other, Method::PUT, path, theirs.clone())
        .await;
    problem(&answer, 403, "not_allowed");
    let nowhere = hook
        .ask(
            &hook.admin,
            Method::PUT,
            "/v1/channels/nobody/words",
            theirs,
        )
        .await;
    problem(&nowhere, 404, "not_found");
    // What is left out is not said any more.
    let answer = hook
        .ask(
            &hook.owner,
            Method::PUT,
            path,
            Some(json!({ "description": "Other." })),
        )
        .await;
    assert_eq!(read(&answer)["words"]["statement"], Value::Null);

    let log = hook
        .town
        .told(&hook.admin.bearer(), "/v1/admin/audit")
        .await;
    let words: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|deed| deed["action"] == "channel.words")
        .collect();
    assert_eq!(words.len(), 2, "{log}");
    assert_eq!(words[1]["detail"]["statement"], statement);
    assert_eq!(words[0]["subject"], "hook");
}

#[tokio::test]
async fn an_owner_cannot_touch_the_history_of_his_channel() {
    let hook = Hook::found().await;
    assert_eq!(text(&hook.bring(HELD).await, "outcome"), "quarantined");
    let path = "/v1/channels/hook/posts";
    let posts = hook.town.told(&hook.owner.bearer(), path).await;
    let review = format!("/v1/reviews/{}", text(&posts["readings"][0], "id"));
    let before = hook
        .town
        .told(&hook.admin.bearer(), "/v1/channels/hook")
        .await;
    let any = [
        ("authorization", hook.owner.bearer()),
        ("if-match", "*".to_owned()),
    ];
    let any = any.each_ref().map(|(name, value)| (*name, value.as_str()));
    for (method, path, body) in [
        // He neither labels nor reads again nor says how his posts arrive, and it is not his to end it.
        (
            Method::POST,
            review.as_str(),
            json!({ "verdict": "corrected", "class": "noise" }),
        ),
        (Method::GET, "/v1/reviews?channels=hook", Value::Null),
        (
            Method::PATCH,
            "/v1/channels/hook",
            json!({ "archived": true }),
        ),
        (
            Method::PATCH,
            "/v1/channels/hook",
            json!({ "title": "Another" }),
        ),
        (Method::DELETE, "/v1/channels/hook", Value::Null),
        (
            Method::PUT,
            "/v1/admin/channels/hook/owner",
            json!({ "account": null }),
        ),
    ] {
        let body = Some(body).filter(|body| !body.is_null());
        let answer = hook
            .town
            .running
            .api
            .send(method.clone(), path, &any, body)
            .await;
        assert_eq!(answer.status, 403, "{method} {path}: {:?}", answer.body);
        problem(&answer, 403, "not_allowed");
    }
    // Nor is there any way to take a post, a signal or an outcome away.
    for path in [
        "/v1/channels/hook/posts",
        "/v1/channels/hook/figures",
        "/v1/signals",
    ] {
        for method in [Method::DELETE, Method::PUT, Method::PATCH, Method::POST] {
            let answer = hook.ask(&hook.owner, method, path, Some(json!({}))).await;
            assert_eq!(answer.status, 405, "{path}");
        }
    }
    let after = hook
        .town
        .told(&hook.admin.bearer(), "/v1/channels/hook")
        .await;
    for member in ["title", "posts", "classes", "made"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    let again = hook.town.told(&hook.owner.bearer(), path).await;
    assert_eq!(again["readings"], posts["readings"]);
}
