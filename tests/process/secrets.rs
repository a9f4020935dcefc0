//! No secret in any log: a whole life at the most talkative setting, with a database that fails.

use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use touchstone::accounts::mailer;
use touchstone::accounts::seal::Seal;

use crate::api::{Api, read, text};
use crate::people::{PASSWORD, code, field, fill, now};
use crate::wait::until;

const SECRET: &str = "a-seal-that-is-long-enough-for-anybody-91";
const OTHER: &str = "walnut sleigh parsnip 12";
const WRONG: &str = "typed-on-the-wrong-keyboard";
const HOOK: &str = "hook-key-of-the-desk-55";

#[expect(clippy::disallowed_methods, reason = "a test asks where its server is")]
fn server() -> url::Url {
    let server = std::env::var("TOUCHSTONE_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("this test needs a PostgreSQL: run it by `scripts/services cargo nextest run`")
    });
    url::Url::parse(&server).unwrap()
}

async fn tell(sql: String) {
    let mut connection = PgConnection::connect(server().as_str()).await.unwrap();
    let told = sqlx::query(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await;
    told.unwrap();
}

/// What was used and must not be told.
#[derive(Default)]
struct Used(Vec<(&'static str, String)>);

impl Used {
    fn add(&mut self, what: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        self.0.push((what, secret.clone()));
        secret
    }

    /// Which of them stand in a text, as they are or as headers and addresses carry them.
    fn in_text(&self, text: &str) -> Vec<&'static str> {
        let stands = |secret: &str| {
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            text.contains(secret) || text.contains(&encoded)
        };
        let found = self.0.iter().filter(|(_, secret)| stands(secret));
        found.map(|(what, _)| *what).collect()
    }
}

#[tokio::test]
async fn no_secret_stands_in_any_log_whatever_fails() {
    let name = format!("secrets_{}", std::process::id());
    let role = format!("teller_{}", std::process::id());
    let mut used = Used::default();
    let database = used.add("the password of the database", "geheim-and-long-37");
    tell(format!("CREATE ROLE {role} LOGIN PASSWORD '{database}'")).await;
    tell(format!("CREATE DATABASE {name} OWNER {role}")).await;
    let mut url = server();
    url.set_path(&name);
    let ours = url.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some(&database)).unwrap();

    let home = crate::people::closed()
        .configured(&format!(
            "[simulator]\nenabled = false\n\
             [venues.sim]\nkind = \"binance-spot\"\nws_url = \"ws://127.0.0.1:9\"\nrest_url = \"http://127.0.0.1:9\"\n\
             [channels.desk]\nsource = \"webhook\"\nkey = \"{HOOK}\"\n"
        ))
        .with("STORE__URL", url.as_str())
        .with("ACCOUNTS__SECRET", SECRET)
        .with("LOG__FILTER", "trace");
    used.add("accounts.secret", SECRET);
    used.add("the password of the mail server", "brandy-ladder-comet");
    used.add("a channel's key", HOOK);
    used.add("a password", PASSWORD);
    used.add("another password", OTHER);
    used.add("a wrong password", WRONG);
    let running = home.start(&[]).await;
    let api = &running.api;
    let seal = Seal::new(&secrecy::SecretString::from(SECRET.to_owned())).unwrap();
    let link = async || {
        let mut connection = PgConnection::connect(ours.as_str()).await.unwrap();
        let sql = "SELECT params FROM mails ORDER BY number DESC LIMIT 1";
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        let params = domain::account::Sealed(row.get("params"));
        let params = seal.open(mailer::USE, &params).unwrap();
        text(&serde_json::from_slice(&params).unwrap(), "token")
    };

    // A life, in which everything happens once.
    let email = "anna@example.org";
    let post = async |path: &str, body: serde_json::Value| {
        api.send(Method::POST, path, &[], Some(body)).await
    };
    let register = json!({ "email": email, "password": PASSWORD });
    assert_eq!(
        post("/v1/auth/register", register.clone()).await.status,
        202
    );
    let verify = used.add("a link's token", link().await);
    assert_eq!(
        post("/v1/auth/verify", json!({ "token": verify }))
            .await
            .status,
        204
    );
    let log_in = async |password: &str, code: Option<&str>| {
        let body = json!({ "email": email, "password": password, "code": code });
        post("/v1/auth/login", body).await
    };
    assert_eq!(log_in(WRONG, None).await.status, 401);
    let tokens = read(&log_in(PASSWORD, None).await);
    used.add("an access token", text(&tokens, "access_token"));
    let refresh = used.add("a refresh token", text(&tokens, "refresh_token"));
    let rotated = read(&post("/v1/auth/refresh", json!({ "refresh_token": refresh })).await);
    let access = used.add("an access token", text(&rotated, "access_token"));
    let newest = used.add("a refresh token", text(&rotated, "refresh_token"));
    let ask = async |bearer: &str, method: Method, path: &str, body: Option<serde_json::Value>| {
        let bearer = format!("Bearer {bearer}");
        api.send(method, path, &[("authorization", &bearer)], body)
            .await
    };
    let factor = "/v1/account/second-factor";
    let proof = Some(json!({ "password": PASSWORD }));
    let begun = read(&ask(&access, Method::POST, factor, proof).await);
    let base32 = used.add("the secret of an authenticator", text(&begun, "secret"));
    let first = code(&base32, email, -1);
    let confirm = Some(json!({ "code": first }));
    let confirmed = read(&ask(&access, Method::PUT, factor, confirm).await);
    for code in confirmed["recovery_codes"].as_array().unwrap() {
        used.add("a recovery code", code.as_str().unwrap());
    }
    let mut person = PgConnection::connect(ours.as_str()).await.unwrap();
    for sql in [
        "UPDATE accounts SET granted = 'pro', role = 'admin', revision = revision + 1",
        "UPDATE meta SET door = door + 1",
    ] {
        sqlx::query(sql).execute(&mut person).await.unwrap();
    }
    let wish = json!({ "name": "bot", "scopes": ["signals:read"] });
    let key = until("the plan has keys", async || {
        let made = ask(
            &access,
            Method::POST,
            "/v1/account/keys",
            Some(wish.clone()),
        )
        .await;
        (made.status == 200).then(|| text(&read(&made), "secret"))
    })
    .await;
    let key = used.add("a program's key", key);
    assert_eq!(
        ask(&key, Method::GET, "/v1/signals", None).await.status,
        200
    );
    let change = Some(json!({ "current": PASSWORD, "new": OTHER }));
    let changed = ask(&access, Method::POST, "/v1/account/password", change).await;
    assert_eq!(changed.status, 204);
    assert_eq!(
        post("/v1/auth/forgot", json!({ "email": email }))
            .await
            .status,
        202
    );
    let reset = used.add("a link's token", link().await);
    bring(api).await;
    for page in ["verify", "reset"] {
        let page = api.get(&format!("/{page}?token={reset}"), &[]).await;
        assert_eq!(page.status, 200);
    }
    let (cookie, second) = fill(api, "/login", &[("email", email), ("password", OTHER)]).await;
    used.add("the cookie of a form", cookie);
    used.add("the ticket of a first step", field(&second, "ticket"));
    let counted = ask(&access, Method::GET, "/metrics", None).await;
    assert_eq!(counted.status, 200);
    let counted = String::from_utf8_lossy(&counted.body).into_owned();
    // Secrets where they do not belong: in addresses, in names, in what cannot be read.
    for (path, bearer) in [
        (format!("/v1/signals?access_token={access}"), ""),
        (format!("/v1/{key}"), key.as_str()),
        (format!("/v1/verify?token={reset}"), ""),
        ("/v1/account".to_owned(), "nonsense"),
    ] {
        let answer = ask(bearer, Method::GET, &path, None).await;
        assert!(answer.status.is_client_error(), "{path}");
    }
    let torn = format!("{{\"email\":\"{email}\",\"password\":\"{OTHER}\"");
    api.post(
        "/v1/auth/login",
        &[("content-type", "application/json")],
        &torn,
    )
    .await;
    let odd = json!({ "email": email, "password": { "is": OTHER }, OTHER: 1 });
    post("/v1/auth/login", odd).await;
    // One that was used: its session is ended, and that is logged.
    post("/v1/auth/refresh", json!({ "refresh_token": refresh })).await;

    // The database goes away in the middle of it, for good.
    tell(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    tell(format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    ))
    .await;
    let mut failed = 0;
    for _ in 0..2 {
        let answers = [
            post(
                "/v1/auth/register",
                json!({ "email": "max@example.org", "password": OTHER }),
            )
            .await,
            log_in(OTHER, Some(&first)).await,
            post("/v1/auth/refresh", json!({ "refresh_token": newest })).await,
            post("/v1/auth/verify", json!({ "token": verify })).await,
            post(
                "/v1/auth/reset",
                json!({ "token": reset, "password": PASSWORD }),
            )
            .await,
            ask(&access, Method::GET, "/v1/account/export", None).await,
            ask(&key, Method::GET, "/v1/signals", None).await,
            api.get(
                "/v1/account",
                &[("cookie", "__Host-touchstone=ts_refresh_cookie_of_anna")],
            )
            .await,
        ];
        failed += answers
            .iter()
            .filter(|answer| answer.status.is_server_error())
            .count();
        for answer in answers {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            assert_eq!(used.in_text(&body), [""; 0], "in an answer: {body}");
        }
    }
    used.add("a cookie", "ts_refresh_cookie_of_anna");
    bring(api).await;
    assert!(failed >= 12, "only {failed} of 16 failed");

    let (said, logged) = (running.said(), running.logged());
    assert!(logged.contains("TRACE") && logged.contains("could not be answered"));
    println!(
        "{} secrets, {} bytes of logs at {}",
        used.0.len(),
        logged.len(),
        now()
    );
    for (place, text) in [("said", &said), ("logged", &logged), ("counted", &counted)] {
        let found = used.in_text(text);
        for secret in &found {
            let line = used.0.iter().find(|(what, _)| what == secret);
            let line =
                line.and_then(|(_, secret)| text.lines().find(|it| it.contains(secret.as_str())));
            println!("{secret} {place}: {}", line.unwrap_or_default());
        }
        assert!(found.is_empty(), "{place}: {found:?}");
    }
    running.kill();
    tell(format!("DROP DATABASE {name} WITH (FORCE)")).await;
    tell(format!("DROP ROLE {role}")).await;
}

/// Brings posts with the channel's key wherever it may stand.
async fn bring(api: &Api) {
    let plain = [("content-type", "text/plain")];
    api.post("/v1/ingest/desk", &[("x-touchstone-key", HOOK)], "hello")
        .await;
    api.post(
        &format!("/v1/ingest/desk?key={HOOK}"),
        &plain,
        "hello by query",
    )
    .await;
    let body = json!({ "secret": HOOK, "text": "hello by body" }).to_string();
    api.post("/v1/ingest/desk", &plain, &body).await;
}
