//! The edge against pages of other sites: headers, origins, cookies, and bodies that are too large.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use touchstone::accounts::secrets;

use crate::api::{problem, text};
use crate::people::{Person, Town, closed, field, now};

const DESK: (&str, &str) = ("origin", "https://desk.example");
const EVIL: (&str, &str) = ("origin", "https://evil.example");

async fn town() -> Town {
    Town::at(closed().with("HTTP__ALLOWED_ORIGINS", DESK.1)).await
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_may_not_do_with_it() {
    let town = town().await;
    let long = "x".repeat(70_000);
    let register = "/v1/auth/register";
    let json = [("content-type", "application/json")];
    let answers = [
        town.running.api.get("/", &[]).await,
        town.running.api.get("/docs", &[]).await,
        town.running.api.get("/v1/plans", &[]).await,
        town.running.api.get("/v1/account", &[]).await,
        town.running.api.get("/nowhere", &[]).await,
        town.running.api.get("/v1/plans", &[EVIL]).await,
        town.running.api.post(register, &json, "{").await,
        town.running.api.post(register, &json, &long).await,
    ];
    let statuses = answers.each_ref().map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [200, 200, 200, 401, 404, 403, 400, 413]);
    for answer in &answers {
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{header}: {answer:?}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe-eval"), "{policy}");
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header("server"), None);
    }
}

#[tokio::test]
async fn a_listed_origin_may_ask_with_a_token_and_no_origin_with_a_cookie() {
    let town = town().await;
    let api = &town.running.api;
    let ask = async |origin: (&str, &str), wanted: &str| {
        let headers = [
            origin,
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", wanted),
        ];
        api.call(Method::OPTIONS, "/v1/account", &headers, "").await
    };
    let may = ask(DESK, "authorization,content-type,if-match").await;
    assert_eq!(may.status, 200, "{may:?}");
    assert_eq!(may.header("access-control-allow-origin"), Some(DESK.1));
    let allowed = may
        .header("access-control-allow-headers")
        .unwrap()
        .to_lowercase();
    assert!(allowed.contains("authorization"), "{allowed}");
    assert!(
        may.header("access-control-allow-methods")
            .unwrap()
            .contains("PATCH")
    );
    // Without it no browser sends a cookie along.
    assert_eq!(may.header("access-control-allow-credentials"), None);
    // What proves that a page is ours is nothing that another site's may send.
    let proof = ask(DESK, "x-touchstone-page").await;
    let allowed = proof
        .header("access-control-allow-headers")
        .unwrap_or_default();
    assert!(
        proof.status == 400 || !allowed.to_lowercase().contains("touchstone-page"),
        "{proof:?}"
    );
    problem(&ask(EVIL, "authorization").await, 403, "forbidden");

    let anna = town.settle("anna").await;
    let bearer = anna.bearer();
    let token = ("authorization", bearer.as_str());
    let told = api.get("/v1/account", &[token, DESK]).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.header("access-control-allow-origin"), Some(DESK.1));
    assert!(
        told.header("vary")
            .unwrap()
            .to_lowercase()
            .contains("origin")
    );
    problem(
        &api.get("/v1/account", &[token, EVIL]).await,
        403,
        "forbidden",
    );
    let none = api.get("/v1/account", &[token]).await;
    assert_eq!(none.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_page_of_another_site_opens_no_stream_even_with_a_token() {
    let town = town().await;
    let anna = town.settle("anna").await;
    let bearer = anna.bearer();
    let token = ("authorization", bearer.as_str());
    assert_eq!(knock(&town, &[token]).await, 101);
    assert_eq!(knock(&town, &[token, DESK]).await, 101);
    assert_eq!(knock(&town, &[token, EVIL]).await, 403);
    assert_eq!(knock(&town, &[token, ("origin", "null")]).await, 403);
    // Whoever can send no header says on the stream itself who he is; until then he hears nothing.
    assert_eq!(knock(&town, &[]).await, 101);
    assert_eq!(knock(&town, &[EVIL]).await, 403);
    assert_eq!(
        knock(&town, &[("authorization", "Bearer nonsense")]).await,
        401
    );
    let cookie = browser(&town, &anna).await;
    let cookie = ("cookie", cookie.as_str());
    let own = format!("http://{}", town.running.api.address);
    assert_eq!(knock(&town, &[cookie, ("origin", &own)]).await, 101);
    assert_eq!(knock(&town, &[cookie, EVIL]).await, 403);
}

#[tokio::test]
async fn a_cookie_changes_something_only_from_a_page_of_ours() {
    let town = town().await;
    let anna = town.settle("anna").await;
    let cookie = browser(&town, &anna).await;
    let cookie = ("cookie", cookie.as_str());
    let own = format!("http://{}", town.running.api.address);
    let (own, page) = (("origin", own.as_str()), ("x-touchstone-page", "1"));
    let api = &town.running.api;
    let shown = api.get("/v1/account", &[cookie]).await;
    assert_eq!(shown.status, 200);

    let change = async |headers: &[(&str, &str)]| {
        let mut all = vec![cookie];
        all.extend(headers);
        let body = Some(json!({ "language": "ru" }));
        api.send(Method::PATCH, "/v1/account", &all, body).await
    };
    for foreign in [&[][..], &[own], &[EVIL, page], &[("origin", "null"), page]] {
        problem(&change(foreign).await, 403, "forbidden");
    }
    // A listed origin may ask with a token; with a cookie it is another site.
    problem(&change(&[DESK, page]).await, 403, "forbidden");
    assert_eq!(api.get("/v1/account", &[cookie]).await.body, shown.body);
    assert_eq!(change(&[own, page]).await.status, 204);
    assert_eq!(change(&[page]).await.status, 204);

    // A token beside it is what counts, and a wrong one is not made good by a cookie.
    let wrong = ("authorization", "Bearer nonsense");
    problem(
        &api.get("/v1/account", &[cookie, wrong]).await,
        401,
        "unauthenticated",
    );
    // Another name is no cookie of ours, and one that nobody has is none.
    for other in ["touchstone=ts_refresh_0", "__Host-touchstone=ts_refresh_0"] {
        let answer = api.get("/v1/account", &[("cookie", other)]).await;
        problem(&answer, 401, "unauthenticated");
    }
    // It ends as any other device.
    let out = api
        .send(Method::POST, "/v1/auth/logout", &[cookie, page], None)
        .await;
    assert_eq!(out.status, 200, "{:?}", out.body);
    problem(
        &api.get("/v1/account", &[cookie]).await,
        401,
        "unauthenticated",
    );
}

#[tokio::test]
async fn a_page_takes_no_form_but_its_own() {
    let town = town().await;
    let anna = town.settle("anna").await;
    let max = town.settle("max").await;
    let (hers, his) = (browser(&town, &anna).await, browser(&town, &max).await);
    let api = &town.running.api;
    let token = async |cookie: &str| {
        let page = api.get("/account/keys", &[("cookie", cookie)]).await;
        assert_eq!(page.status, 200, "{page:?}");
        field(&page, "token")
    };
    let (own, another) = (token(&hers).await, token(&his).await);
    assert_ne!(own, token(&hers).await, "each page has one of its own");
    let post = async |path: &str, token: &str, more: &str, headers: &[(&str, &str)]| {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let mut all = vec![("cookie", hers.as_str()), form];
        all.extend(headers);
        api.post(path, &all, &format!("token={token}{more}")).await
    };
    for path in [
        "/account/language",
        "/account/password",
        "/account/sessions/end",
        "/account/second-factor",
        "/account/second-factor/confirm",
        "/account/second-factor/end",
        "/account/recovery-codes",
        "/account/delete",
        "/account/keys",
        "/account/keys/rotate",
        "/account/keys/end",
        "/account/plan",
        "/account/plan/portal",
        "/account/plan/end",
        "/logout",
    ] {
        for token in ["", "00ff", another.as_str()] {
            let posted = post(path, token, "&language=ru", &[]).await;
            assert_eq!(posted.status, 403, "{path} with {token}");
        }
        let foreign = post(path, &own, "&language=ru", &[EVIL]).await;
        assert_eq!(foreign.status, 403, "{path}");
    }
    let told = town.told(&anna.bearer(), "/v1/account").await;
    assert_eq!(told["language"], "en");
    let done = post("/account/language", &own, "&language=ru", &[]).await;
    assert!(done.status.is_redirection(), "{done:?}");
    let told = town.told(&anna.bearer(), "/v1/account").await;
    assert_eq!(told["language"], "ru");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_not_what_is_read_is_refused_at_every_door() {
    let town = town().await;
    let anna = town.settle("anna").await;
    let bearer = anna.bearer();
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let large = json!({ "email": "x".repeat(70_000) }).to_string();
    let document = town.running.api.json("/openapi.json").await;
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let bodies = item.as_object().unwrap().iter();
        for (method, operation) in bodies.filter(|(_, it)| it["requestBody"].is_object()) {
            let policy = operation["security"][0]["bearer"][0].as_str();
            if !matches!(policy, None | Some("person")) {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{channel}", "nobody");
            let api = &town.running.api;
            let told = api.call(method.clone(), &path, &headers, &large).await;
            problem(&told, 413, "too_large");
            let form = [
                headers[0],
                ("content-type", "multipart/form-data; boundary=x"),
            ];
            let told = api.call(method, &path, &form, "{}").await;
            problem(&told, 415, "unsupported_media_type");
            tried += 1;
        }
    }
    assert!(tried >= 14, "{tried}");
    // A member that nobody reads is refused, and named.
    let more = json!({ "email": "a@example.org", "password": "x", "role": "admin" });
    let told = town.post("/v1/auth/register", more).await;
    assert!(text(&problem(&told, 400, "invalid_request"), "detail").contains("role"));
    let told: Value = json!({ "email": ["a@example.org"], "password": "x" });
    problem(
        &town.post("/v1/auth/login", told).await,
        400,
        "invalid_request",
    );
}

#[tokio::test]
async fn what_is_brought_with_a_key_is_not_limited_as_a_strangers_visit_and_a_path_costs_what_it_leads_to()
 {
    let town = town().await;
    let api = &town.running.api;
    let key = [("x-touchstone-key", "none that holds")];
    for _ in 0..150 {
        let answer = api.post("/v1/ingest/nobody", &key, "BUY").await;
        problem(&answer, 401, "wrong_key");
    }
    let left = async |path: &str| -> i64 {
        let answer = api.get(path, &[]).await;
        answer
            .header("ratelimit-remaining")
            .unwrap()
            .parse()
            .unwrap()
    };
    let (before, after) = (
        left("/v1/plans").await,
        left("/v1/%61nalytics/leaderboard").await,
    );
    // What is asked for comes back bit by bit, at most one in this time.
    assert!(before - after >= 2, "{before} {after}");
}

/// A browser of somebody's, and the cookie that it shows.
async fn browser(town: &Town, whose: &Person) -> String {
    let secret = secrets::fresh(secrets::REFRESH);
    let secret = secrecy::ExposeSecret::expose_secret(&secret).to_owned();
    let sql = "INSERT INTO sessions (id, account, cookie, agent, began, seen, expires) \
         SELECT $1, id, $2, 'a browser', $3, $3, $4 FROM accounts WHERE email = $5";
    sqlx::query(sql)
        .bind(secrets::opaque().hyphenated().to_string())
        .bind(secrets::digest(&secret).0.to_vec())
        .bind(now() * 1_000_000)
        .bind((now() + 600) * 1_000_000)
        .bind(&whose.email)
        .execute(&town.pool().await)
        .await
        .unwrap();
    town.tell("UPDATE meta SET door = door + 1".to_owned())
        .await;
    let cookie = format!("__Host-touchstone={secret}");
    crate::wait::until("the cookie is known", async || {
        let answer = town
            .running
            .api
            .get("/v1/account", &[("cookie", &cookie)])
            .await;
        (answer.status == 200).then_some(())
    })
    .await;
    cookie
}

/// Knocks at the stream, and says with which status it was answered.
async fn knock(town: &Town, headers: &[(&'static str, &str)]) -> u16 {
    let address = &town.running.api.address;
    let mut request = format!("ws://{address}/v1/stream")
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().insert(*name, value);
    }
    let socket = TcpStream::connect(address).await.unwrap();
    match client_async(request, socket).await {
        Ok((_, answer)) => answer.status().as_u16(),
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}
