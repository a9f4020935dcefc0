//! Those who run the place: what they do holds at once, and stands in a log that nobody changes.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::Answer;

use crate::api::{number, problem, read, text};
use crate::people::{PASSWORD, Person, Town, closed, code};
use crate::wait::until;

const ADMIN: &str = "quilt hammer saffron 77";

#[tokio::test]
async fn what_an_admin_changes_holds_within_a_second_and_stands_in_the_log() {
    let home = closed();
    let words = ["admin", "create", "--email", "root@example.org"];
    let weak = home.run(&words, "password123\n");
    assert_eq!(weak.code, Some(1), "{weak:?}");
    let made = home.run(&words, &format!("{ADMIN}\n"));
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(!made.out.contains(ADMIN) && !made.err.contains(ADMIN));
    let town = Town::at(home).await;
    let root = town.logged_in("root@example.org", ADMIN).await;
    let anna = town.settle("anna").await;
    let id = text(&town.told(&anna.bearer(), "/v1/account").await, "id");

    for path in [
        "/v1/admin/accounts",
        "/v1/admin/audit",
        "/v1/reviews",
        "/metrics",
    ] {
        let answer = town.ask(&anna.bearer(), Method::GET, path, None).await;
        problem(&answer, 403, "not_allowed");
    }
    // The token stays the same; what it opens changes.
    for (role, expected) in [
        ("reviewer", 200),
        ("user", 403),
        ("admin", 200),
        ("user", 403),
    ] {
        change(&town, &root, &id, json!({ "role": role })).await;
        let began = Instant::now();
        town.becomes(&anna, "/v1/reviews", expected).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{role}");
    }
    // Another node did it: this one hears of it within a second, too.
    town.raise(&anna.email, "role = 'reviewer'").await;
    let began = Instant::now();
    town.becomes(&anna, "/v1/reviews", 200).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    town.raise(&anna.email, "role = 'user'").await;

    let own = text(&town.told(&root.bearer(), "/v1/account").await, "id");
    for own_end in [json!({ "role": "user" }), json!({ "closed": true })] {
        let answer = changed(&town, &root, &own, own_end).await;
        problem(&answer, 409, "conflict");
    }
    let nobody = "00000000-0000-4000-8000-000000000000";
    let answer = changed(&town, &root, nobody, json!({ "role": "user" })).await;
    problem(&answer, 404, "not_found");
    let answer = changed(&town, &root, &id, json!({ "granted": "gold" })).await;
    problem(&answer, 404, "not_found");

    // A plan is written, a channel is made, given away, changed and archived.
    let bearer = root.bearer();
    let plans = town.told(&bearer, "/v1/plans").await;
    let mut terms = plans
        .as_array()
        .unwrap()
        .iter()
        .find(|plan| plan["id"] == "pro")
        .unwrap()
        .clone();
    terms.as_object_mut().unwrap().remove("id");
    terms["title"] = json!("Professional");
    let put =
        async |path: &str, body: Value| town.ask(&bearer, Method::PUT, path, Some(body)).await;
    assert_eq!(put("/v1/admin/plans/pro", terms).await.status, 200);
    let plans = town.told(&anna.bearer(), "/v1/plans").await;
    assert!(plans.to_string().contains("Professional"));
    let hook = json!({ "id": "hook", "source": "webhook", "title": "A hook" });
    let hook = town
        .ask(&bearer, Method::POST, "/v1/channels", Some(hook))
        .await;
    assert_eq!(hook.status, 201, "{:?}", hook.body);
    let rekey = async |whose: &Person| {
        town.ask(&whose.bearer(), Method::POST, "/v1/channels/hook/key", None)
            .await
    };
    problem(&rekey(&anna).await, 403, "not_allowed");
    let owner = "/v1/admin/channels/hook/owner";
    assert_eq!(put(owner, json!({ "account": id })).await.status, 204);
    assert_eq!(rekey(&anna).await.status, 201);
    // Its owner cannot touch its history.
    let any = [
        ("authorization", anna.bearer()),
        ("if-match", "*".to_owned()),
    ];
    let any = any.each_ref().map(|(name, value)| (*name, value.as_str()));
    let archive = town
        .running
        .api
        .send(Method::DELETE, "/v1/channels/hook", &any, None)
        .await;
    problem(&archive, 403, "not_allowed");
    assert_eq!(put(owner, json!({ "account": null })).await.status, 204);
    problem(&rekey(&anna).await, 403, "not_allowed");
    let archive = async |state: &str| {
        let meant = [("authorization", bearer.as_str()), ("if-match", state)];
        let api = &town.running.api;
        api.send(Method::DELETE, "/v1/channels/hook", &meant, None)
            .await
    };
    problem(&archive("\"99\"").await, 412, "stale");
    let archived = archive("*").await;
    assert_eq!(archived.status, 204, "{:?}", archived.body);

    let log = town.told(&bearer, "/v1/admin/audit?limit=500").await;
    let log = log.as_array().unwrap();
    let actions: Vec<_> = log
        .iter()
        .rev()
        .map(|deed| deed["action"].as_str().unwrap())
        .collect();
    let mut expected = vec!["admin.create"];
    // Four roles, and a plan that there is not is refused before it is noted.
    expected.extend(["account.change"; 4]);
    expected.extend([
        "plan.write",
        "channel.make",
        "channel.owner",
        "channel.key",
        "channel.owner",
    ]);
    // What is refused once it has begun is said to have failed.
    expected.extend(["channel.change"; 3]);
    assert_eq!(actions, expected);
    let failed: Vec<_> = log.iter().map(|deed| &deed["detail"]["failed"]).collect();
    assert_eq!(failed[..3], [&Value::Null, &json!(true), &Value::Null]);
    assert!(failed[3..].iter().all(|failed| failed.is_null()));
    assert_eq!(log.last().unwrap()["actor"], "operator");
    let key = log
        .iter()
        .find(|deed| deed["action"] == "channel.key")
        .unwrap();
    assert_eq!(
        (&key["actor"], &key["subject"]),
        (&json!(id), &json!("hook"))
    );
    let numbers: Vec<_> = log.iter().map(|deed| number(deed, "number")).collect();
    let newest = actions.len() as u64;
    assert_eq!(numbers, (1..=newest).rev().collect::<Vec<_>>());
    let page = format!("/v1/admin/audit?limit=2&before={newest}");
    let page = town.told(&bearer, &page).await;
    assert_eq!(number(&page[0], "number"), newest - 1);
    assert!(
        !json!(log).to_string().contains('@'),
        "an address of mail is in the log"
    );
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = town
            .ask(&bearer, method, "/v1/admin/audit", Some(json!({})))
            .await;
        problem(&answer, 405, "method_not_allowed");
    }
    // Whoever is erased takes nothing of it along.
    let proof = Some(json!({ "password": PASSWORD }));
    town.ask(&anna.bearer(), Method::DELETE, "/v1/account", proof)
        .await;
    let after = town.told(&bearer, "/v1/admin/audit?limit=500").await;
    assert_eq!(after, json!(log));
}

#[tokio::test]
async fn a_closed_account_is_out_at_once_and_back_when_it_is_opened_again() {
    let town = Town::found().await;
    let admin = town.admin().await;
    let anna = town.settle("anna").await;
    let id = text(&town.told(&anna.bearer(), "/v1/account").await, "id");
    change(&town, &admin, &id, json!({ "closed": true })).await;
    let answer = town
        .ask(&anna.bearer(), Method::GET, "/v1/account", None)
        .await;
    problem(&answer, 401, "unauthenticated");
    let body = json!({ "refresh_token": anna.refresh });
    problem(
        &town.post("/v1/auth/refresh", body).await,
        401,
        "unauthenticated",
    );
    let told = problem(
        &town.log_in(&anna.email, PASSWORD, None).await,
        401,
        "unauthenticated",
    );
    let nobody = problem(
        &town.log_in("nobody@example.org", PASSWORD, None).await,
        401,
        "unauthenticated",
    );
    assert_eq!(told["detail"], nobody["detail"]);
    // It is not opened by a link, either.
    let before = town.mails(&anna.email).await.len();
    town.post("/v1/auth/forgot", json!({ "email": anna.email }))
        .await;
    assert_eq!(town.mails(&anna.email).await.len(), before);
    let rows = town.told(&admin.bearer(), "/v1/admin/accounts").await;
    let row = rows["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == id)
        .unwrap();
    assert!(row["closed"].is_i64());

    change(&town, &admin, &id, json!({ "closed": false })).await;
    let anna = town.logged_in(&anna.email, PASSWORD).await;
    until("she is let in", async || {
        let answer = town
            .ask(&anna.bearer(), Method::GET, "/v1/account", None)
            .await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lost_second_factor_is_reset_by_an_admin_or_at_the_machine_and_its_owner_is_told() {
    let home = closed();
    let words = ["admin", "create", "--email", "root@example.org"];
    assert_eq!(home.run(&words, &format!("{ADMIN}\n")).code, Some(0));
    let town = Town::at(home).await;
    let root = town.logged_in("root@example.org", ADMIN).await;
    let anna = town.settle("anna").await;
    let id = text(&town.told(&anna.bearer(), "/v1/account").await, "id");
    let own = text(&town.told(&root.bearer(), "/v1/account").await, "id");
    let reset = async |who: &Person, id: &str| {
        let path = format!("/v1/admin/accounts/{id}/second-factor");
        town.ask(&who.bearer(), Method::DELETE, &path, None).await
    };
    let nobody = "00000000-0000-4000-8000-000000000000";
    problem(&reset(&root, &id).await, 409, "conflict");
    problem(&reset(&root, nobody).await, 404, "not_found");
    problem(&reset(&root, "anna").await, 400, "invalid_request");
    let spare = second_factor(&town, &anna, PASSWORD).await;
    second_factor(&town, &root, ADMIN).await;
    problem(&reset(&anna, &own).await, 403, "not_allowed");
    // Nobody is rid of his own like this: whoever took over an admin's session has neither password nor code.
    problem(&reset(&root, &own).await, 409, "conflict");
    problem(
        &town.log_in(&anna.email, PASSWORD, None).await,
        401,
        "second_factor_required",
    );

    assert_eq!(reset(&root, &id).await.status, 204);
    let answer = town
        .ask(&anna.bearer(), Method::GET, "/v1/account", None)
        .await;
    problem(&answer, 401, "unauthenticated");
    let anna = town.logged_in(&anna.email, PASSWORD).await;
    let left = town.told(&anna.bearer(), "/v1/account/export").await;
    assert_eq!(
        (&left["account"]["second_factor"], &left["recovery_codes"]),
        (&json!(false), &json!(0))
    );
    let told = town.templates(&anna.email).await;
    assert_eq!(
        told,
        ["verify", "second_factor_added", "second_factor_reset"]
    );
    // The former codes came with it.
    second_factor(&town, &anna, PASSWORD).await;
    problem(
        &town.log_in(&anna.email, PASSWORD, Some(&spare)).await,
        401,
        "unauthenticated",
    );
    let log = town.told(&root.bearer(), "/v1/admin/audit?limit=1").await;
    assert_eq!(
        (&log[0]["action"], &log[0]["actor"], &log[0]["subject"]),
        (&json!("account.second_factor"), &json!(own), &json!(id))
    );

    // The only admin has lost his: nobody but the machine lets him in again.
    let home = town.stop().await;
    let words = ["admin", "reset-second-factor", "--email"];
    let nobody = home.run(&[words[0], words[1], words[2], "nobody@example.org"], "");
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    let done = home.run(&[words[0], words[1], words[2], "root@example.org"], "");
    assert_eq!(done.code, Some(0), "{done:?}");
    let town = Town::at(home).await;
    let root = town.logged_in("root@example.org", ADMIN).await;
    let log = town.told(&root.bearer(), "/v1/admin/audit?limit=1").await;
    assert_eq!(
        (&log[0]["action"], &log[0]["actor"]),
        (&json!("account.second_factor"), &json!("operator"))
    );
    let told = town.templates("root@example.org").await;
    assert_eq!(told, ["second_factor_added", "second_factor_reset"]);
}

#[tokio::test]
async fn whoever_guards_his_account_otherwise_is_told_each_time_by_mail() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let spare = second_factor(&town, &anna, PASSWORD).await;
    let ask = async |method: Method, path: &str, body: Value| {
        let answer = town.ask(&anna.bearer(), method, path, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {:?}", answer.body);
        read(&answer)
    };
    let proof = json!({ "password": PASSWORD, "code": spare });
    let codes = ask(Method::POST, "/v1/account/recovery-codes", proof).await;
    let spare = codes["recovery_codes"][0].as_str().unwrap();
    let bare = json!({ "current": PASSWORD, "new": ADMIN });
    let path = "/v1/account/password";
    let bare = town
        .ask(&anna.bearer(), Method::POST, path, Some(bare))
        .await;
    problem(&bare, 401, "second_factor_required");
    let proof = json!({ "password": PASSWORD, "code": spare });
    town.ask(
        &anna.bearer(),
        Method::DELETE,
        "/v1/account/second-factor",
        Some(proof),
    )
    .await;
    let change = json!({ "current": PASSWORD, "new": ADMIN });
    town.ask(
        &anna.bearer(),
        Method::POST,
        "/v1/account/password",
        Some(change),
    )
    .await;
    let told = town.templates(&anna.email).await;
    assert_eq!(
        told,
        [
            "verify",
            "second_factor_added",
            "recovery_codes",
            "second_factor_removed",
            "password_changed"
        ]
    );
    // What failed is told nobody.
    let wrong = json!({ "current": PASSWORD, "new": ADMIN });
    let answer = town
        .ask(
            &anna.bearer(),
            Method::POST,
            "/v1/account/password",
            Some(wrong),
        )
        .await;
    problem(&answer, 401, "unauthenticated");
    assert_eq!(town.mails(&anna.email).await.len(), 5);
}

#[tokio::test]
async fn accounts_are_paged_on_when_the_last_of_a_page_was_erased_meanwhile() {
    let town = Town::found().await;
    let admin = town.admin().await;
    let mut all = vec![admin.email.clone()];
    for name in ["anna", "ben", "max", "zoe"] {
        all.push(town.settle(name).await.email);
    }
    let emails = |page: &Value| -> Vec<String> {
        let rows = page["accounts"].as_array().unwrap().iter();
        rows.map(|row| text(row, "email")).collect()
    };
    let first = town
        .told(&admin.bearer(), "/v1/admin/accounts?limit=2")
        .await;
    assert_eq!(emails(&first), all[..2]);
    let anna = town.logged_in(&all[1], PASSWORD).await;
    let proof = Some(json!({ "password": PASSWORD }));
    let erased = town
        .ask(&anna.bearer(), Method::DELETE, "/v1/account", proof)
        .await;
    assert_eq!(erased.status, 204);
    let next = format!("/v1/admin/accounts?limit=2&after={}", text(&first, "next"));
    let next = town.told(&admin.bearer(), &next).await;
    assert_eq!(emails(&next), all[2..4]);
    let last = format!("/v1/admin/accounts?limit=2&after={}", text(&next, "next"));
    let last = town.told(&admin.bearer(), &last).await;
    assert_eq!(
        (emails(&last), &last["next"]),
        (all[4..].to_vec(), &Value::Null)
    );
    for after in [
        "x",
        "1",
        "1.x",
        "-1.00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-000000000000",
    ] {
        let path = format!("/v1/admin/accounts?after={after}");
        let answer = town.ask(&admin.bearer(), Method::GET, &path, None).await;
        assert_eq!(problem(&answer, 400, "invalid_request")["field"], "after");
    }
}

#[tokio::test]
async fn the_log_is_added_to_and_changed_by_nobody_not_even_past_the_program() {
    let town = Town::found().await;
    let admin = town.admin().await;
    let anna = town.settle("anna").await;
    let id = text(&town.told(&anna.bearer(), "/v1/account").await, "id");
    change(&town, &admin, &id, json!({ "role": "reviewer" })).await;
    let before = town.told(&admin.bearer(), "/v1/admin/audit").await;
    assert_eq!(before.as_array().unwrap().len(), 1);
    let pool = town.pool().await;
    for sql in [
        "UPDATE deeds SET actor = 'nobody'",
        "DELETE FROM deeds",
        "INSERT OR REPLACE INTO deeds (number, at, actor, action, subject, detail) VALUES (1, 0, 'a', 'b', 'c', '{}')",
    ] {
        let done = sqlx::query(sql).execute(&pool).await;
        let why = done.unwrap_err().to_string();
        assert!(why.contains("only added to"), "{sql}: {why}");
    }
    assert_eq!(town.told(&admin.bearer(), "/v1/admin/audit").await, before);
}

/// Sets a second factor up, and says one of its recovery codes.
async fn second_factor(town: &Town, whose: &Person, password: &str) -> String {
    let path = "/v1/account/second-factor";
    let proof = Some(json!({ "password": password }));
    let begun = read(&town.ask(&whose.bearer(), Method::POST, path, proof).await);
    let first = code(&text(&begun, "secret"), &whose.email, -1);
    let first = Some(json!({ "code": first }));
    let confirmed = read(&town.ask(&whose.bearer(), Method::PUT, path, first).await);
    confirmed["recovery_codes"][0].as_str().unwrap().to_owned()
}

async fn changed(town: &Town, admin: &Person, id: &str, what: Value) -> Answer {
    let path = format!("/v1/admin/accounts/{id}");
    town.ask(&admin.bearer(), Method::PATCH, &path, Some(what))
        .await
}

async fn change(town: &Town, admin: &Person, id: &str, what: Value) {
    let answer = changed(town, admin, id, what.clone()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let row = read(&answer);
    for (member, value) in what.as_object().unwrap() {
        if member != "closed" {
            assert_eq!(row[member], *value);
        }
    }
}
