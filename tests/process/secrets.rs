//! No secret in any log: a whole life at the most talkative setting, with a till, a Redis and a database that
//! fail in every way, and starts that fail because of what holds a secret.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use simulator::{Options, PaymentsOptions, Simulator};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use stripe_webhook::Webhook;
use touchstone::accounts::mailer;
use touchstone::accounts::seal::Seal;

use crate::api::{Api, read, text};
use crate::buying::pay;
use crate::home::Home;
use crate::people::{PASSWORD, SMTP, code, field, fill, now};
use crate::redis_server::Server;
use crate::wait::until;

const SECRET: &str = "a-seal-that-is-long-enough-for-anybody-91";
const OTHER: &str = "walnut sleigh parsnip 12";
const WRONG: &str = "typed-on-the-wrong-keyboard";
const HOOK: &str = "hook-key-of-the-desk-55";
const TILL: &str = "sk_test_marzipan0otter0kettle0brandy";
const REDIS: &str = "ladder-of-the-bus-73";
const BOT: &str = "123456789:AAladder-of-the-bot-in-the-channel-x";
const ROOT: &str = "quilt hammer saffron 77";

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

/// A till at an address that it keeps, spoken to with this key.
fn till(port: u16, key: &str) -> Simulator {
    let payments = PaymentsOptions {
        listen: ([127, 0, 0, 1], port).into(),
        secret_key: Some(key.to_owned()),
        first_pause: Duration::from_millis(50),
        ..PaymentsOptions::default()
    };
    simulator::start(Options {
        payments: Some(payments),
        ..Options::default()
    })
    .unwrap()
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

    let mut redis = Server::start_with(Some(REDIS));
    let room = till(0, TILL);
    let signs = room.payments().unwrap().webhook_secret().to_owned();
    let home = crate::people::closed()
        .configured(&format!(
            "[simulator]\nenabled = false\n\
             [venues.sim]\nkind = \"binance-spot\"\nws_url = \"ws://127.0.0.1:9\"\nrest_url = \"http://127.0.0.1:9\"\n\
             [channels.desk]\nsource = \"webhook\"\nkey = \"{HOOK}\"\n\
             [channels.bot]\nsource = \"telegram_bot\"\nchat = \"@desk\"\ntoken = \"{BOT}\"\n\
             base_url = \"http://127.0.0.1:9\"\n\
             [payments]\nbase_url = \"{}\"\n",
            room.payments().unwrap().base_url()
        ))
        .with("STORE__URL", url.as_str())
        .with("ACCOUNTS__SECRET", SECRET)
        .with("PAYMENTS__SECRET_KEY", TILL)
        .with("PAYMENTS__WEBHOOK_SECRET", &signs)
        .with("REDIS__URL", &redis.url())
        .with("LOG__FILTER", "trace");
    used.add("accounts.secret", SECRET);
    used.add("the password of the mail server", "brandy-ladder-comet");
    used.add("a channel's key", HOOK);
    used.add("a bot's token", BOT);
    used.add("the password of Redis", REDIS);
    used.add("the till's key", TILL);
    used.add("what the till signs with", &signs);
    used.add("the password of an admin", ROOT);
    let mut commands = Vec::new();
    let mut run = |home: &Home, words: &[&str], input: &str, code: Option<i32>| {
        let said = home.run(words, input);
        assert_eq!(said.code, code, "{words:?}: {said:?}");
        commands.push(said.out + &said.err);
    };
    run(&home, &["stripe", "sync"], "", Some(0));
    let admin = ["admin", "create", "--email", "root@example.org"];
    run(&home, &admin, &format!("{ROOT}\n"), Some(0));
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
    // A plan is bought, and the till tells of it.
    let payments = room.payments().unwrap();
    payments
        .send_webhooks_to(&format!("http://{}/v1/billing/webhook", api.address))
        .unwrap();
    let wish = Some(json!({ "plan": "premium", "period": "month" }));
    let checkout = "/v1/billing/checkout";
    let page = ask(&access, Method::POST, checkout, wish.clone()).await;
    assert_eq!(page.status, 200, "{:?}", page.body);
    assert_eq!(
        pay(&text(&read(&page), "url"), "4242424242424242").await,
        303
    );
    let subscription = "/v1/billing/subscription";
    until("the plan is learned", async || {
        let learned = read(&ask(&access, Method::GET, subscription, None).await);
        (learned["plan"] == "premium").then_some(())
    })
    .await;
    for signature in ["t=1,v1=00", &signs, "nonsense"] {
        let headers = [("stripe-signature", signature)];
        let told = api
            .post("/v1/billing/webhook", &headers, "{\"id\":\"evt_1\"}")
            .await;
        assert!(told.status.is_client_error(), "{told:?}");
    }
    // Then it fails, refuses the key, and is gone.
    payments.mischief().fail(u64::MAX);
    let mut refusals = 0;
    let mut bother = async |answered: bool| {
        for (method, path, body) in [
            (Method::POST, "/v1/billing/portal", None),
            (
                Method::POST,
                "/v1/billing/change",
                Some(json!({ "plan": "pro", "period": "year" })),
            ),
            (
                Method::POST,
                "/v1/billing/end",
                Some(json!({ "ends": true })),
            ),
            (Method::GET, "/v1/billing/invoices", None),
        ] {
            let answer = ask(&access, method, path, body).await;
            assert!(!answer.status.is_success(), "{path}: {answer:?}");
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(
                ![TILL, &signs].iter().any(|it| body.contains(*it)),
                "{body}"
            );
            refusals += 1;
        }
        let reconciled = home.run(&["stripe", "reconcile"], "");
        assert_ne!(reconciled.code, Some(0), "{reconciled:?}");
        assert!(
            answered || reconciled.err.contains("reach"),
            "{reconciled:?}"
        );
        reconciled.out + &reconciled.err
    };
    let failing = bother(true).await;
    let event = "{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"data\":{\"object\":{\"id\":\"in_1\",\"object\":\"invoice\"}}}";
    let signature = Webhook::generate_test_header(event, &signs, None);
    let headers = [("stripe-signature", signature.as_str())];
    let told = api.post("/v1/billing/webhook", &headers, event).await;
    assert_eq!(told.status, 204, "{:?}", told.body);
    until("an event fails", async || {
        running
            .logged()
            .contains("was not dealt with")
            .then_some(())
    })
    .await;
    let port = url::Url::parse(&payments.base_url())
        .unwrap()
        .port()
        .unwrap();
    room.stop();
    let room = till(port, "sk_test_another");
    let refusing = bother(true).await;
    room.stop();
    let gone = bother(false).await;
    assert_eq!(refusals, 12);
    redis.kill();
    until("the loss of Redis is noticed", async || {
        let ready = api.json("/readyz").await;
        (ready["status"] == "degraded").then_some(())
    })
    .await;
    let spare = confirmed["recovery_codes"][0].as_str().unwrap();
    let change = Some(json!({ "current": PASSWORD, "new": OTHER, "code": spare }));
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
    let root = [("email", "root@example.org"), ("password", ROOT)];
    let (_, entered) = fill(api, "/login", &root).await;
    assert_eq!(entered.status, 303, "{:?}", entered.body);
    let cookie = entered
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let cookie = used.add("the cookie of a browser", cookie.split_once('=').unwrap().1);
    let cookie = format!("__Host-touchstone={cookie}");
    let account = api.get("/account", &[("cookie", &cookie)]).await;
    assert_eq!(account.status, 200);
    used.add("what a form is known by", field(&account, "token"));
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
            api.get("/v1/account", &[("cookie", &cookie)]).await,
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
    bring(api).await;
    assert!(failed >= 12, "only {failed} of 16 failed");

    // Starts that fail because of what holds a secret, each at the most talkative setting.
    let mut closed_port = url.clone();
    closed_port.set_port(Some(9)).unwrap();
    let mut stranger = url.clone();
    stranger.set_password(Some(WRONG)).unwrap();
    let mut starts = vec![failing, refusing, gone];
    for (key, value) in [
        ("STORE__URL", closed_port.as_str()),
        ("STORE__URL", stranger.as_str()),
        ("STORE__URL", &database),
        ("REDIS__URL", REDIS),
        ("MAIL__SMTP_URL", &SMTP.replace("smtp:", "imap:")),
        ("ACCOUNTS__SECRET", &SECRET[..20]),
        ("CHANNELS__BOT__TOKEN", &BOT[10..]),
        ("CHANNELS__DESK__KEY", &HOOK[..10]),
    ] {
        used.add("a part of a secret", value);
        let home = crate::people::closed()
            .configured(&format!(
                "[simulator]\nenabled = false\n[channels.desk]\nsource = \"webhook\"\nkey = \"{HOOK}\"\n\
                 [channels.bot]\nsource = \"telegram_bot\"\nchat = \"@desk\"\ntoken = \"{BOT}\"\n"
            ))
            .with("LOG__FILTER", "trace")
            .with(key, value);
        let refused = home.run(&[], "");
        assert!(
            refused.code.is_some_and(|code| code != 0),
            "{key}: {refused:?}"
        );
        assert!(!refused.err.is_empty());
        starts.push(refused.out + &refused.err);
    }
    // A file that was torn while it was written, in the middle of each secret.
    for torn in [
        format!("[accounts]\nsecret = \"{SECRET}\n"),
        format!("[payments]\nsecret_key = {TILL}\n"),
        format!("[mail]\nsmtp_url = \"{SMTP}\" \"\n"),
        format!("[accounts]\nsecret = [\"{SECRET}\"]\n"),
        format!("[accounts]\nsecrets = \"{SECRET}\"\n"),
        format!("[channels.desk]\nsource = \"webhook\"\nkey = \"{HOOK}\"\nkey = \"{HOOK}\"\n"),
        format!(
            "[channels.feed]\nsource = \"rss\"\nurl = \"https://me:{REDIS}@example.org/feed\"\n"
        ),
    ] {
        let refused = Home::new().configured(&torn).run(&["check"], "");
        assert!(
            refused.code.is_some_and(|code| code != 0),
            "{torn}: {refused:?}"
        );
        starts.push(refused.out + &refused.err);
    }
    commands.extend(starts);
    let commands = commands.join("\n");

    let (said, logged) = (running.said(), running.logged());
    assert!(logged.contains("TRACE") && logged.contains("could not be answered"));
    println!(
        "{} secrets, {} bytes of logs at {}",
        used.0.len(),
        logged.len(),
        now()
    );
    for what in ["events do not reach the bus", "could not read bot"] {
        assert!(
            logged.to_lowercase().contains(what),
            "nothing is said of {what}"
        );
    }
    for (place, text) in [
        ("said", &said),
        ("logged", &logged),
        ("counted", &counted),
        ("told by a command", &commands),
    ] {
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
