//! Keys for programs: what they open, from where, until when, and for whose plan.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::Answer;

use crate::api::{problem, read, text};
use crate::people::{Person, Town, closed, now};
use crate::wait::until;

/// Makes a key, and gives its name and the key itself.
async fn make(town: &Town, whose: &Person, wish: Value) -> Answer {
    town.ask(
        &whose.bearer(),
        Method::POST,
        "/v1/account/keys",
        Some(wish),
    )
    .await
}

fn made(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let made = read(answer);
    (
        text(&made["key"], "id"),
        format!("Bearer {}", text(&made, "secret")),
    )
}

#[tokio::test]
async fn a_program_brings_posts_to_the_channels_of_its_owner_alone() {
    let town = Town::found().await;
    let admin = town.admin().await;
    let anna = town.settle("anna").await;
    town.raise(&anna.email, "granted = 'pro'").await;
    until("she has the plan", async || {
        let shown = town.told(&anna.bearer(), "/v1/account").await;
        (shown["allows"]["plan"] == "pro").then_some(())
    })
    .await;
    for id in ["hers", "anothers"] {
        let hook = Some(json!({ "id": id, "source": "webhook" }));
        let hook = town
            .ask(&admin.bearer(), Method::POST, "/v1/channels", hook)
            .await;
        assert_eq!(hook.status, 201, "{:?}", hook.body);
    }
    let id = text(&town.told(&anna.bearer(), "/v1/account").await, "id");
    let own = Some(json!({ "account": id }));
    let path = "/v1/admin/channels/hers/owner";
    let given = town.ask(&admin.bearer(), Method::PUT, path, own).await;
    assert_eq!(given.status, 204, "{:?}", given.body);
    let key = async |scope: &str| {
        let wish = json!({ "name": "bot", "scopes": [scope] });
        made(&make(&town, &anna, wish).await).1
    };
    let (brings, reads) = (key("ingest:write").await, key("signals:read").await);
    let bring = async |bearer: &str, channel: &str| {
        let headers = [("authorization", bearer), ("content-type", "text/plain")];
        let path = format!("/v1/ingest/{channel}");
        town.running.api.post(&path, &headers, "good morning").await
    };
    assert_eq!(bring(&brings, "hers").await.status, 200);
    for (bearer, channel) in [
        (&brings, "anothers"),
        (&brings, "nobodys"),
        (&reads, "hers"),
        (&anna.bearer(), "hers"),
        (&admin.bearer(), "hers"),
    ] {
        problem(&bring(bearer, channel).await, 401, "wrong_key");
    }
}

async fn status(town: &Town, bearer: &str, path: &str) -> u16 {
    town.ask(bearer, Method::GET, path, None)
        .await
        .status
        .as_u16()
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_only_while_the_plan_has_keys() {
    let town = Town::found().await;
    let admin = town.admin().await;
    let anna = town.settle("anna").await;
    let wish = json!({ "name": "bot", "scopes": ["signals:read", "analytics:read"] });
    let told = problem(
        &make(&town, &anna, wish.clone()).await,
        403,
        "plan_required",
    );
    assert_eq!(told["plan"], "Pro");
    let id = text(&town.told(&anna.bearer(), "/v1/account").await, "id");
    let grant = async |plan: Value| {
        let path = format!("/v1/admin/accounts/{id}");
        let body = Some(json!({ "granted": plan }));
        let changed = town.ask(&admin.bearer(), Method::PATCH, &path, body).await;
        assert_eq!(changed.status, 200, "{:?}", changed.body);
    };
    grant(json!("pro")).await;

    for (bad, field) in [
        (json!({ "name": " ", "scopes": ["signals:read"] }), "name"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["everything"] }), "scopes"),
        (
            json!({ "name": "x", "scopes": ["signals:read"], "networks": ["home"] }),
            "networks",
        ),
        (
            json!({ "name": "x", "scopes": ["signals:read"], "expires": 1 }),
            "expires",
        ),
    ] {
        let told = problem(&make(&town, &anna, bad).await, 400, "invalid_request");
        assert_eq!(told["field"], field);
    }
    let (key, bearer) = made(&make(&town, &anna, wish).await);
    assert!(bearer.starts_with("Bearer ts_live_"));
    let listed = town.told(&anna.bearer(), "/v1/account/keys").await;
    assert_eq!(listed[0]["id"], key);
    assert!(bearer.contains(listed[0]["prefix"].as_str().unwrap()));
    assert!(!listed.to_string().contains(&bearer["Bearer ".len()..]));

    for open in ["/v1/signals", "/v1/analytics/leaderboard"] {
        assert_eq!(status(&town, &bearer, open).await, 200, "{open}");
    }
    for shut in [
        "/v1/exports/signals",
        "/v1/ml/models",
        "/v1/stream/sse",
        "/v1/stream",
    ] {
        let answer = town.ask(&bearer, Method::GET, shut, None).await;
        let told = problem(&answer, 403, "not_allowed");
        assert!(
            text(&told, "detail").contains("a key with the scope"),
            "{told}"
        );
    }
    // Whatever its owner may do, a program is no person and runs nothing.
    town.raise(&anna.email, "role = 'admin'").await;
    town.becomes(&anna, "/v1/admin/audit", 200).await;
    for person in [
        "/v1/account",
        "/v1/account/keys",
        "/v1/admin/audit",
        "/v1/reviews",
        "/metrics",
    ] {
        assert_eq!(status(&town, &bearer, person).await, 403, "{person}");
    }
    town.raise(&anna.email, "role = 'user'").await;
    town.becomes(&anna, "/v1/admin/audit", 403).await;

    until("its use is noted", async || {
        let listed = town.told(&anna.bearer(), "/v1/account/keys").await;
        listed[0]["used"].is_i64().then_some(())
    })
    .await;
    // The plan goes: the key stays, and opens nothing meanwhile.
    grant(Value::Null).await;
    assert_eq!(status(&town, &bearer, "/v1/signals").await, 403);
    grant(json!("pro")).await;
    assert_eq!(status(&town, &bearer, "/v1/signals").await, 200);
    // A closed account has no programs.
    let path = format!("/v1/admin/accounts/{id}");
    let close = Some(json!({ "closed": true }));
    town.ask(&admin.bearer(), Method::PATCH, &path, close).await;
    assert_eq!(status(&town, &bearer, "/v1/signals").await, 401);
}

#[tokio::test]
async fn a_key_comes_from_its_networks_and_ends_in_time_or_by_its_owner_alone() {
    let home = closed().with("HTTP__TRUSTED_PROXIES", "127.0.0.1");
    let town = Town::at(home).await;
    let (anna, max) = (town.settle("anna").await, town.settle("max").await);
    for person in [&anna, &max] {
        town.raise(&person.email, "granted = 'pro'").await;
        until("he has the plan", async || {
            let shown = town.told(&person.bearer(), "/v1/account").await;
            (shown["allows"]["plan"] == "pro").then_some(())
        })
        .await;
    }
    let wish = |more: Value| {
        let mut wish = json!({ "name": "bot", "scopes": ["signals:read"] });
        wish.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        wish
    };
    let networks = json!({ "networks": ["203.0.113.0/24", "2001:db8::7"] });
    let (id, bearer) = made(&make(&town, &anna, wish(networks)).await);
    // What the trusted proxy says counts, and what stands behind it does not.
    for (said, expected) in [
        ("203.0.113.9", 200),
        ("2001:db8::7", 200),
        ("198.51.100.1, 203.0.113.9", 200),
        ("203.0.113.9, 198.51.100.1", 403),
        ("2001:db8::8", 403),
    ] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-forwarded-for", said),
        ];
        let answer = town.running.api.get("/v1/signals", &headers).await;
        assert_eq!(answer.status, expected, "{said}");
    }
    problem(
        &town.ask(&bearer, Method::GET, "/v1/signals", None).await,
        403,
        "not_allowed",
    );

    // Nobody ends or exchanges another's key, or learns that it is there.
    let of = async |whose: &Person, method: Method, path: &str, body: Option<Value>| {
        let path = format!("/v1/account/keys/{path}");
        town.ask(&whose.bearer(), method, &path, body).await
    };
    let (rotate, nobody) = (
        format!("{id}/rotate"),
        "00000000-0000-4000-8000-000000000000",
    );
    problem(&of(&max, Method::DELETE, &id, None).await, 404, "not_found");
    problem(
        &of(&max, Method::DELETE, nobody, None).await,
        404,
        "not_found",
    );
    problem(
        &of(&max, Method::POST, &rotate, None).await,
        404,
        "not_found",
    );
    assert_eq!(of(&anna, Method::DELETE, &id, None).await.status, 204);
    problem(
        &of(&anna, Method::DELETE, &id, None).await,
        404,
        "not_found",
    );
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    let over = town.running.api.get("/v1/signals", &headers).await;
    problem(&over, 401, "unauthenticated");

    // It ends by itself.
    let soon = json!({ "expires": (now() + 3) * 1_000_000 });
    let (_, short) = made(&make(&town, &anna, wish(soon)).await);
    assert_eq!(status(&town, &short, "/v1/signals").await, 200);
    // An exchanged one goes on beside the new one for as long as was said, and no longer.
    let (id, former) = made(&make(&town, &anna, wish(json!({}))).await);
    let overlap = Some(json!({ "overlap_s": 3 }));
    let rotated = of(&anna, Method::POST, &format!("{id}/rotate"), overlap).await;
    let (next_id, next) = made(&rotated);
    for bearer in [&former, &next] {
        assert_eq!(status(&town, bearer, "/v1/signals").await, 200);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    for (bearer, expected) in [(&former, 401), (&short, 401), (&next, 200)] {
        assert_eq!(status(&town, bearer, "/v1/signals").await, expected);
    }
    let at_once = Some(json!({ "overlap_s": 0 }));
    let rotated = of(&anna, Method::POST, &format!("{next_id}/rotate"), at_once).await;
    let (_, last) = made(&rotated);
    assert_eq!(status(&town, &next, "/v1/signals").await, 401);
    assert_eq!(status(&town, &last, "/v1/signals").await, 200);
    let too_long = Some(json!({ "overlap_s": 604_801 }));
    let refused = of(&anna, Method::POST, &format!("{id}/rotate"), too_long).await;
    assert_eq!(refused.status, 400);
    for unknown in ["Bearer ts_live_", "Bearer ts_live_0123"] {
        assert_eq!(status(&town, unknown, "/v1/signals").await, 401);
    }
}
