//! The life of an account over the API, from registering to its end.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::Answer;

use crate::api::{problem, read, text};
use crate::people::{PASSWORD, Person, Town, code, fill, person};

const OTHER: &str = "walnut sleigh parsnip 12";

#[tokio::test]
async fn somebody_registers_verifies_logs_in_and_comes_back_by_a_token_for_each_time() {
    let town = Town::found().await;
    let email = "anna@example.org";
    town.registered(email, PASSWORD).await;
    // Not before the link was opened, and it opens once.
    problem(
        &town.log_in(email, PASSWORD, None).await,
        401,
        "unauthenticated",
    );
    let token = town.link(email, "verify").await;
    town.verified(email).await;
    let again = town
        .post("/v1/auth/verify", json!({ "token": token }))
        .await;
    assert_eq!(problem(&again, 400, "invalid_request")["field"], "token");

    let anna = town.logged_in(email, PASSWORD).await;
    let shown = town.told(&anna.bearer(), "/v1/account").await;
    assert_eq!(
        (&shown["email"], &shown["role"]),
        (&email.into(), &"user".into())
    );
    assert_eq!(shown["allows"]["plan"], "free");

    let next = refreshed(&town, &anna).await;
    let third = refreshed(&town, &next).await;
    assert_ne!(next.refresh, third.refresh);
    // Somebody comes with one that was used: the whole session is over, at once, its newest token
    // and the access tokens of all its generations included.
    let stolen = refresh(&town, &anna.refresh).await;
    let told = problem(&stolen, 401, "unauthenticated");
    assert!(text(&told, "detail").contains("used before"), "{told}");
    for dead in [&anna, &next, &third] {
        problem(&refresh(&town, &dead.refresh).await, 401, "unauthenticated");
        refused(&town, dead).await;
    }
    for nonsense in ["", "ts_refresh_0", &third.access] {
        problem(&refresh(&town, nonsense).await, 401, "unauthenticated");
    }
}

#[tokio::test]
async fn whoever_leaves_is_out_at_once_on_this_device_or_on_all() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let mut devices = vec![anna.clone()];
    for _ in 0..3 {
        devices.push(town.logged_in(&anna.email, PASSWORD).await);
    }
    let listed = town.told(&anna.bearer(), "/v1/account/sessions").await;
    let current: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["current"] == true)
        .collect();
    assert_eq!(current.iter().filter(|it| **it).count(), 1);
    assert_eq!(current.len(), 4);

    let left = town
        .ask(&devices[1].bearer(), Method::POST, "/v1/auth/logout", None)
        .await;
    assert_eq!(read(&left)["sessions"], 1);
    refused(&town, &devices[1]).await;
    refused(&town, &devices[1]).await;
    problem(
        &refresh(&town, &devices[1].refresh).await,
        401,
        "unauthenticated",
    );

    // Another device of one's own is ended by its name, and no device of anybody else.
    let max = town.settle("max").await;
    let his = town.told(&max.bearer(), "/v1/account/sessions").await;
    let end = async |id: &Value| {
        let path = format!("/v1/account/sessions/{}", id.as_str().unwrap());
        town.ask(&anna.bearer(), Method::DELETE, &path, None).await
    };
    problem(&end(&his[0]["id"]).await, 404, "not_found");
    let listed = town
        .told(&devices[2].bearer(), "/v1/account/sessions")
        .await;
    let own = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["current"] == true)
        .unwrap();
    assert_eq!(end(&own["id"]).await.status, 204);
    refused(&town, &devices[2]).await;
    town.told(&max.bearer(), "/v1/account").await;

    let all = Some(json!({ "everywhere": true }));
    let left = town
        .ask(&anna.bearer(), Method::POST, "/v1/auth/logout", all)
        .await;
    assert_eq!(read(&left)["sessions"], 2);
    for device in &devices {
        refused(&town, device).await;
    }
    town.told(&max.bearer(), "/v1/account").await;
}

#[tokio::test]
async fn another_password_ends_the_other_devices_and_a_reset_ends_all() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let other = town.logged_in(&anna.email, PASSWORD).await;
    let change = async |current: &str, new: &str| {
        let body = Some(json!({ "current": current, "new": new }));
        town.ask(&anna.bearer(), Method::POST, "/v1/account/password", body)
            .await
    };
    problem(
        &change("not this one at all", OTHER).await,
        401,
        "unauthenticated",
    );
    for weak in ["short", "password1234", "anna@example.org"] {
        let told = problem(&change(PASSWORD, weak).await, 400, "invalid_request");
        assert_eq!(told["field"], "password", "{weak}");
    }
    assert_eq!(change(PASSWORD, OTHER).await.status, 204);
    refused(&town, &other).await;
    problem(
        &refresh(&town, &other.refresh).await,
        401,
        "unauthenticated",
    );
    town.told(&anna.bearer(), "/v1/account").await;
    problem(
        &town.log_in(&anna.email, PASSWORD, None).await,
        401,
        "unauthenticated",
    );
    let templates = town.templates(&anna.email).await;
    assert_eq!(templates, ["verify", "password_changed"]);

    let forgot = json!({ "email": anna.email });
    assert_eq!(town.post("/v1/auth/forgot", forgot).await.status, 202);
    let token = town.link(&anna.email, "reset").await;
    let reset = async |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        town.post("/v1/auth/reset", body).await
    };
    assert_eq!(reset(&token, PASSWORD).await.status, 204);
    problem(&reset(&token, OTHER).await, 400, "invalid_request");
    refused(&town, &anna).await;
    problem(&refresh(&town, &anna.refresh).await, 401, "unauthenticated");
    problem(
        &town.log_in(&anna.email, OTHER, None).await,
        401,
        "unauthenticated",
    );
    town.logged_in(&anna.email, PASSWORD).await;
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_of_its_codes_opens_once() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let path = "/v1/account/second-factor";
    let begun = town
        .ask(
            &anna.bearer(),
            Method::POST,
            path,
            Some(json!({ "password": PASSWORD })),
        )
        .await;
    let secret = text(&read(&begun), "secret");
    // Until its first code was shown it is asked for nowhere.
    town.logged_in(&anna.email, PASSWORD).await;
    let wrong = Some(json!({ "code": "000000" }));
    problem(
        &town.ask(&anna.bearer(), Method::PUT, path, wrong).await,
        401,
        "unauthenticated",
    );
    let first = code(&secret, &anna.email, -1);
    let confirm = Some(json!({ "code": first }));
    let confirmed = town.ask(&anna.bearer(), Method::PUT, path, confirm).await;
    assert_eq!(confirmed.status, 200, "{:?}", confirmed.body);
    let recovery = read(&confirmed)["recovery_codes"].clone();
    assert_eq!(recovery.as_array().unwrap().len(), 10);

    let log_in = async |code: Option<&str>| town.log_in(&anna.email, PASSWORD, code).await;
    problem(&log_in(None).await, 401, "second_factor_required");
    // The code that confirmed it was used.
    for used in [first.as_str(), "nonsense"] {
        problem(&log_in(Some(used)).await, 401, "unauthenticated");
    }
    let spare = recovery[0].as_str().unwrap();
    let opened = person(&anna.email, &log_in(Some(spare)).await);
    problem(&log_in(Some(spare)).await, 401, "unauthenticated");

    // A wrong password says nothing of the second factor.
    let told = town
        .log_in(&anna.email, OTHER, Some(recovery[1].as_str().unwrap()))
        .await;
    problem(&told, 401, "unauthenticated");

    // Others guess at the password, 30 times and more: the right one with its factor opens all the
    // same, and without it says no more than to everybody.
    let mut held = 0;
    for _ in 0..30 {
        held += u32::from(town.log_in(&anna.email, OTHER, None).await.status == 429);
    }
    assert!(held >= 20, "{held}");
    let waits = log_in(None).await;
    problem(&waits, 429, "too_many_requests");
    assert!(waits.header("retry-after").is_some());
    person(&anna.email, &log_in(recovery[1].as_str()).await);
    let second = code(&secret, &anna.email, 0);
    person(&anna.email, &log_in(Some(&second)).await);
    assert_ne!(
        log_in(Some(&second)).await.status,
        200,
        "the same code once more"
    );

    // Whoever has the password may not try all codes: the right one is not even looked at any more. A
    // recovery code opens even then.
    for _ in 0..25 {
        log_in(Some("111111")).await;
    }
    let third = code(&secret, &anna.email, 1);
    problem(&log_in(Some(&third)).await, 429, "too_many_requests");
    person(&anna.email, &log_in(recovery[2].as_str()).await);

    // So it is on the page, which asks for both at once then.
    let api = &town.running.api;
    let both = [("email", anna.email.as_str()), ("password", PASSWORD)];
    let (_, page) = fill(api, "/login", &both).await;
    assert_eq!(page.status, 429);
    assert!(String::from_utf8_lossy(&page.body).contains("name=\"code\""));
    let spare = ("code", recovery[4].as_str().unwrap());
    let (_, page) = fill(api, "/login", &[both[0], both[1], spare]).await;
    assert_eq!(page.header("location"), Some("/account"), "{page:?}");

    // It is taken away by both factors alone.
    let drop = async |code: Option<&str>| {
        let body = Some(json!({ "password": PASSWORD, "code": code }));
        town.ask(&opened.bearer(), Method::DELETE, path, body).await
    };
    problem(&drop(None).await, 401, "unauthenticated");
    assert_eq!(drop(recovery[3].as_str()).await.status, 204);
    let left = town.told(&opened.bearer(), "/v1/account/export").await;
    assert_eq!(left["recovery_codes"], 0);
}

#[tokio::test]
async fn no_answer_tells_whether_an_address_has_an_account() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    town.registered("half@example.org", PASSWORD).await;
    let answers = async |email: &str| {
        let register = json!({ "email": email, "password": OTHER });
        [
            town.post("/v1/auth/register", register).await,
            town.post("/v1/auth/forgot", json!({ "email": email }))
                .await,
            town.log_in(email, "not the right one", None).await,
            // With the password that he who asks set himself at registering.
            town.log_in(email, OTHER, None).await,
            town.log_in(email, OTHER, Some("000000")).await,
        ]
    };
    let known = answers(&anna.email).await.map(|answer| bare(&answer));
    for other in ["half@example.org", "nobody@example.org"] {
        let told = answers(other).await.map(|answer| bare(&answer));
        for (one, other) in known.iter().zip(told) {
            assert_eq!(*one, other);
        }
    }
    // Nor does the time: there is nothing to do for nobody, and it takes the grain all the same.
    for email in [&anna.email, "nobody@example.org"] {
        let began = Instant::now();
        town.post("/v1/auth/forgot", json!({ "email": email }))
            .await;
        assert!(began.elapsed() >= Duration::from_millis(250), "{email}");
    }
    // The mails know the difference.
    let mails = async |email: &str| town.templates(email).await;
    assert_eq!(
        mails(&anna.email).await,
        ["verify", "already", "reset", "reset"]
    );
    assert_eq!(
        mails("half@example.org").await,
        ["verify", "verify", "reset"]
    );
    // And of the one who registered nothing of it changed.
    town.logged_in(&anna.email, PASSWORD).await;
}

#[tokio::test]
async fn an_account_is_written_out_and_erased_with_all_that_is_its_own() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let export = town.told(&anna.bearer(), "/v1/account/export").await;
    assert_eq!(export["account"]["email"], anna.email);
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    let said = export.to_string();
    for secret in [&anna.access, &anna.refresh, "argon2", "digest"] {
        assert!(!said.contains(secret), "{said}");
    }
    let erase = async |password: &str| {
        let body = Some(json!({ "password": password }));
        town.ask(&anna.bearer(), Method::DELETE, "/v1/account", body)
            .await
    };
    problem(&erase(OTHER).await, 401, "unauthenticated");
    assert_eq!(erase(PASSWORD).await.status, 204);
    refused(&town, &anna).await;
    problem(&refresh(&town, &anna.refresh).await, 401, "unauthenticated");
    problem(
        &town.log_in(&anna.email, PASSWORD, None).await,
        401,
        "unauthenticated",
    );
    let pool = town.pool().await;
    for table in [
        "accounts",
        "sessions",
        "refreshes",
        "links",
        "recovery_codes",
        "api_keys",
        "mails",
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let left: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

/// What an answer says, without what is another each time.
fn bare(answer: &Answer) -> (u16, Vec<String>, Value) {
    let mut body = read(answer);
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort_unstable();
    (answer.status.as_u16(), names, body)
}

async fn refresh(town: &Town, token: &str) -> Answer {
    town.post("/v1/auth/refresh", json!({ "refresh_token": token }))
        .await
}

async fn refreshed(town: &Town, whose: &Person) -> Person {
    person(&whose.email, &refresh(town, &whose.refresh).await)
}

async fn refused(town: &Town, whose: &Person) {
    let answer = town
        .ask(&whose.bearer(), Method::GET, "/v1/account", None)
        .await;
    problem(&answer, 401, "unauthenticated");
}
